"""Members and structures that several operations of STS share, with their constraints.

Source: the service model ``sts`` 2011-06-15; identity reference 5.1.
"""

from __future__ import annotations

from typing import Annotated

from strongroom.wire.shapes import SENSITIVE, Shape, Timestamp, limits, renamed, within

Arn = Annotated[str, limits(20, 2048)]
"""The model's pattern leaves out control characters; no ARN of ours has any, so none is found under one."""
RoleSessionName = Annotated[str, limits(2, 64, pattern=r"[\w+=,.@-]*")]
SourceIdentity = Annotated[str, limits(2, 64, pattern=r"[\w+=,.@-]*")]
SessionPolicy = Annotated[str, limits(1, 2048, pattern=r"[\u0009\u000A\u000D\u0020-\u00FF]+")]
RoleDuration = Annotated[int, within(900, 43_200)]
UserDuration = Annotated[int, within(900, 129_600)]
SerialNumber = Annotated[str, limits(9, 256, pattern=r"[\w+=/:,.@-]*")]
TokenCode = Annotated[str, limits(6, 6, pattern=r"[\d]*")]
TagKey = Annotated[str, limits(1, 128, pattern=r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+")]
LeastTokenBytes = Annotated[int, within(0, 4_096)]
Size = Annotated[int, within(0)]


class Tag(Shape):
    """A key and a value."""

    key: TagKey
    value: Annotated[str, limits(0, 256, pattern=r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*")]


Tags = Annotated[list[Tag], limits(None, 50)]
TagKeys = Annotated[list[TagKey], limits(None, 50)]


class PolicyDescriptor(Shape):
    """A managed policy, by its ARN."""

    arn: Arn | None = renamed("arn", default=None)


class Credentials(Shape):
    """Temporary credentials."""

    access_key_id: Annotated[str, limits(16, 128, pattern=r"[\w]*")]
    secret_access_key: Annotated[str, SENSITIVE]
    session_token: str
    expiration: Timestamp


class AssumedRoleUser(Shape):
    """Who the credentials make their bearer."""

    assumed_role_id: Annotated[str, limits(2, 193, pattern=r"[\w+=,.@:-]*")]
    arn: Arn


class FederatedUser(Shape):
    """Who the credentials make their bearer."""

    federated_user_id: Annotated[str, limits(2, 193, pattern=r"[\w+=,.@\:-]*")]
    arn: Arn
