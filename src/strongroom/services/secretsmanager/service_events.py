"""Service events: what Secrets Manager does to versions by itself, as audit records.

``StartSecretVersionDelete`` when a version is given up, ``CancelSecretVersionDelete`` when its secret is
restored, ``EndSecretVersionDelete`` when its data is gone; one record for each version. ``RotationStarted``,
``RotationSucceeded``, ``RotationFailed`` for each attempt, ``RotationAbandoned``, and ``TestRotation...`` for the
test of a configuration; ``RotationHeld`` when no stored value logs in and somebody has to look.

Rules:
 - Who acts is the service; who asked for it stands in the record of the request beside.
 - Every record of a version has a request id of its own. Those of one rotation share ``Rotation-<arn>-<token>``.

Source: Secrets Manager reference 15.2; audit reference 1.4.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from strongroom.audit.record import AuditEvent, UserIdentity, encode_record
from strongroom.clock import Instant
from strongroom.ids import new_uuid
from strongroom.services.secretsmanager.model import Secret

PRINCIPAL: Final = "secretsmanager.amazonaws.com"

RotationEvent = Literal[
    "RotationStarted",
    "RotationSucceeded",
    "RotationFailed",
    "RotationAbandoned",
    "RotationHeld",
    "TestRotationStarted",
    "TestRotationSucceeded",
    "TestRotationFailed",
]
VersionEvent = Literal["StartSecretVersionDelete", "CancelSecretVersionDelete", "EndSecretVersionDelete"]


def version_events(
    name: VersionEvent, secret: Secret, version_ids: Iterable[str], now_ms: Instant
) -> list[tuple[str, bytes]]:
    """Write one event for each version.

    Returns:
        The request id of each record and the record.
    """
    return [_version_event(name, secret, version_id, now_ms) for version_id in version_ids]


def removal_events(secret: Secret, version_ids: Iterable[str], now_ms: Instant) -> list[tuple[str, bytes]]:
    """Write the events of versions that are given up and removed at once."""
    return [
        event
        for version_id in version_ids
        for event in (
            _version_event("StartSecretVersionDelete", secret, version_id, now_ms),
            _version_event("EndSecretVersionDelete", secret, version_id, now_ms),
        )
    ]


def rotation_event(
    name: RotationEvent, secret: Secret, token: str, now_ms: Instant, error_message: str | None = None
) -> tuple[str, bytes]:
    """Write one event of a rotation; the message of a failure holds no values."""
    request_id = f"Rotation-{secret.arn}-{token}"
    event = _service_event(name, secret, request_id, now_ms, {"SecretId": secret.arn}, error_message)
    return request_id, encode_record(event, new_uuid())


def _version_event(name: VersionEvent, secret: Secret, version_id: str, now_ms: Instant) -> tuple[str, bytes]:
    request_id = new_uuid()
    data = {"SecretId": secret.arn, "SecretVersionId": version_id}
    return request_id, encode_record(_service_event(name, secret, request_id, now_ms, data), new_uuid())


def _service_event(
    name: str,
    secret: Secret,
    request_id: str,
    now_ms: Instant,
    data: dict[str, str],
    error_message: str | None = None,
) -> AuditEvent:
    return AuditEvent(
        event_time_ms=now_ms,
        event_source=PRINCIPAL,
        event_name=name,
        region=secret.region,
        request_id=request_id,
        source_ip=PRINCIPAL,
        user_agent=PRINCIPAL,
        identity=UserIdentity(account_id=secret.account, invoked_by=PRINCIPAL),
        read_only=False,
        recipient_account=secret.account,
        event_type="AwsServiceEvent",
        additional_event_data=data,
        error_message=error_message,
    )
