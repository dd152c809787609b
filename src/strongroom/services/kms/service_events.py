"""Service events: what KMS does to keys by itself, as audit records: ``DeleteKey`` and ``RotateKey``.

Source: audit reference 1.4; https://docs.aws.amazon.com/kms/latest/developerguide/ct-delete-key.html,
https://docs.aws.amazon.com/kms/latest/developerguide/ct-rotatekey.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from strongroom.audit.record import AuditEvent, Resource, UserIdentity, encode_record
from strongroom.clock import Instant
from strongroom.ids import new_uuid
from strongroom.services.kms.keys import RESOURCE_TYPE
from strongroom.services.kms.model import KeyRow, Rotation

_SELF: Final = "AWS Internal"


def deletion_event(key: KeyRow, now_ms: Instant) -> tuple[str, bytes]:
    """Write the event of a key that is gone; give its request id and the record."""
    return _event("DeleteKey", key, {"keyId": key.arn}, now_ms)


def rotation_event(key: KeyRow, rotation: Rotation, previous: str, now_ms: Instant) -> tuple[str, bytes]:
    """Write the event of a rotation; give its request id and the record."""
    details = {
        "rotationType": rotation.type,
        "keyId": key.arn,
        "previousKeyMaterialId": previous,
        "currentKeyMaterialId": rotation.material_id,
    }
    return _event("RotateKey", key, details, now_ms)


def _event(name: str, key: KeyRow, details: Mapping[str, str], now_ms: Instant) -> tuple[str, bytes]:
    request_id = new_uuid()
    event = AuditEvent(
        event_time_ms=now_ms,
        event_source="kms.amazonaws.com",
        event_name=name,
        region=key.region,
        request_id=request_id,
        source_ip=_SELF,
        user_agent=_SELF,
        identity=UserIdentity(account_id=key.account, invoked_by=_SELF),
        read_only=False,
        recipient_account=key.account,
        event_type="AwsServiceEvent",
        service_event_details=dict(details),
        resources=(Resource(key.account, RESOURCE_TYPE, key.arn),),
    )
    return request_id, encode_record(event, new_uuid())
