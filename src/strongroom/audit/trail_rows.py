"""What the trail keeps of a record, beside the record: who, what, when, and the resources it names.

Pure functions. The resource names of a Secrets Manager record come from what the caller sent and what it was
answered: AWS leaves them mostly empty, here they make ``LookupEvents`` answer "who read this secret".

Source: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Event.html
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from strongroom.audit.errors import AuditDamaged

SECRET_TYPE: Final = "AWS::SecretsManager::Secret"
_SECRET_ARN: Final = re.compile(r"arn:[^:]+:secretsmanager:[^:]*:[^:]*:secret:(.+)", re.DOTALL)
_SUFFIX: Final = re.compile(r"(.+)-[A-Za-z0-9]{6}", re.DOTALL)


class ResourceName(NamedTuple):
    """A resource that an event names.

    Attributes:
        type: For example ``AWS::SecretsManager::Secret``.
        name: Its ARN, or its plain name.
        is_bare: Whether the plain name is all that the event says of the resource.
    """

    type: str
    name: str
    is_bare: bool


class TrailRow(NamedTuple):
    """The columns of an event."""

    account: str
    region: str
    time_s: int
    event_id: str
    event_name: str
    event_source: str
    read_only: bool
    username: str | None
    access_key_id: str | None
    resources: tuple[ResourceName, ...]


class _Identity(msgspec.Struct, rename="camel"):
    type: str | None = None
    principal_id: str | None = None
    access_key_id: str | None = None
    user_name: str | None = None


class _Resource(msgspec.Struct):
    type: str = ""
    arn: str = msgspec.field(name="ARN", default="")


class _Record(msgspec.Struct, rename="camel"):
    event_time: str
    event_source: str
    event_name: str
    aws_region: str
    recipient_account_id: str
    user_identity: _Identity
    event_id: str = msgspec.field(name="eventID")
    read_only: bool = False
    request_parameters: dict[str, Any] | None = None
    response_elements: dict[str, Any] | None = None
    additional_event_data: dict[str, Any] | None = None
    resources: tuple[_Resource, ...] = ()


_decode = msgspec.json.Decoder(_Record).decode


def read_row(record: bytes) -> TrailRow:
    """Take from a record what the trail is searched by.

    Raises:
        AuditDamaged: The bytes are no record of ours.
    """
    try:
        facts = _decode(record)
        time_s = _epoch_second(facts.event_time)
    except (msgspec.DecodeError, ValueError) as problem:
        raise AuditDamaged("a record of the journal is not a CloudTrail record") from problem
    return TrailRow(
        facts.recipient_account_id,
        facts.aws_region,
        time_s,
        facts.event_id,
        facts.event_name,
        facts.event_source,
        facts.read_only,
        _username(facts.user_identity),
        facts.user_identity.access_key_id,
        _resources(facts),
    )


def split_secret_arn(text: str) -> tuple[str, bool] | None:
    """Read the plain name out of a secret's ARN, and whether the ARN is complete with its six characters."""
    match = _SECRET_ARN.fullmatch(text)
    if match is None:
        return None
    whole = _SUFFIX.fullmatch(match[1])
    return (whole[1], True) if whole is not None else (match[1], False)


def _username(identity: _Identity) -> str | None:
    if identity.type == "Root":
        return "root"
    if identity.user_name is not None:
        return identity.user_name
    if identity.type in ("AssumedRole", "FederatedUser") and identity.principal_id is not None:
        return identity.principal_id.partition(":")[2] or None
    return None


def _resources(facts: _Record) -> tuple[ResourceName, ...]:
    found = {ResourceName(entry.type, entry.arn, False): None for entry in facts.resources if entry.arn}
    if facts.event_source == "secretsmanager.amazonaws.com":
        for text in _secret_texts(facts):
            split = split_secret_arn(text)
            if split is None:
                found[ResourceName(SECRET_TYPE, text, True)] = None
            else:
                name, is_whole = split
                found[ResourceName(SECRET_TYPE, text, False)] = None
                found[ResourceName(SECRET_TYPE, name, not is_whole)] = None
    # A name counts as bare only when no complete ARN in the same record says which secret it is.
    named = {entry.name for entry in found if not entry.is_bare}
    return tuple(entry for entry in found if not (entry.is_bare and entry.name in named))


def _secret_texts(facts: _Record) -> list[str]:
    texts: list[Any] = []
    if facts.request_parameters is not None:
        texts += [facts.request_parameters.get("secretId"), facts.request_parameters.get("name")]
        listed = facts.request_parameters.get("secretIdList")
        if isinstance(listed, list):
            texts += listed
    if facts.response_elements is not None:
        texts += [facts.response_elements.get("arn"), facts.response_elements.get("name")]
    if facts.additional_event_data is not None:
        texts.append(facts.additional_event_data.get("SecretId"))
    return [text for text in texts if isinstance(text, str) and 0 < len(text) <= 2048]


@lru_cache(maxsize=256)
def _epoch_second(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())
