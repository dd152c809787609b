"""Shapes that the tests of the wire engine use; they agree with the service models."""

from __future__ import annotations

from typing import Annotated, Literal

from strongroom.wire.shapes import SENSITIVE, Shape, Timestamp, limits, renamed, within

SecretId = Annotated[str, limits(1, 2048)]
ARN = Annotated[str, limits(20, 2048)]
VersionId = Annotated[str, limits(32, 64)]
VersionStages = Annotated[list[Annotated[str, limits(1, 256)]], limits(1, 20)]
SecretString = Annotated[str, limits(1, 65536), SENSITIVE]
SecretBinary = Annotated[bytes, limits(1, 65536), SENSITIVE]

TAG_PATTERN = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+"


class GetSecretValueRequest(Shape):
    """The input of GetSecretValue."""

    secret_id: SecretId
    version_id: VersionId | None = None
    version_stage: Annotated[str, limits(1, 256)] | None = None


class GetSecretValueResponse(Shape):
    """The output of GetSecretValue."""

    arn: ARN | None = renamed("ARN", default=None)
    name: Annotated[str, limits(1, 256)] | None = None
    version_id: VersionId | None = None
    secret_binary: SecretBinary | None = None
    secret_string: SecretString | None = None
    version_stages: VersionStages | None = None
    created_date: Timestamp | None = None


class PutSecretValueRequest(Shape):
    """The input of PutSecretValue."""

    secret_id: SecretId
    client_request_token: VersionId | None = None
    secret_binary: SecretBinary | None = None
    secret_string: SecretString | None = None
    version_stages: VersionStages | None = None
    rotation_token: Annotated[str, limits(36, 256, pattern=r"^[a-zA-Z0-9\-]+$"), SENSITIVE] | None = None


class PutSecretValueResponse(Shape):
    """The output of PutSecretValue."""

    arn: ARN | None = renamed("ARN", default=None)
    name: Annotated[str, limits(1, 256)] | None = None
    version_id: VersionId | None = None
    version_stages: VersionStages | None = None


class Filter(Shape):
    """One filter of ListSecrets."""

    key: (
        # In the order of the service's own shape: typing takes literals that differ by order alone for the same.
        Literal["all", "name", "tag-key", "description", "tag-value", "primary-region", "owning-service"]
        | None
    ) = None
    values: (
        Annotated[
            list[Annotated[str, limits(0, 512, pattern=r"^\!?[a-zA-Z0-9 :_@\/\+\=\.\-\!]*$")]], limits(1, 10)
        ]
        | None
    ) = None


class ListSecretsRequest(Shape):
    """The input of ListSecrets."""

    include_planned_deletion: bool | None = None
    max_results: Annotated[int, within(1, 100)] | None = None
    next_token: Annotated[str, limits(1, 4096)] | None = None
    filters: Annotated[list[Filter], limits(None, 10)] | None = None
    sort_order: Literal["asc", "desc"] | None = None
    sort_by: Literal["created-date", "last-accessed-date", "last-changed-date", "name"] | None = None


class Tag(Shape):
    """A tag as IAM has it."""

    key: Annotated[str, limits(1, 128, pattern=TAG_PATTERN)]
    value: Annotated[str, limits(0, 256)]


class Everything(Shape):
    """One member of each kind, for the query protocol and for random tests."""

    text: Annotated[str, limits(0, 40)] | None = None
    number: Annotated[int, within(-5, 5000)] | None = None
    ratio: float | None = None
    flag: bool | None = None
    instant: Timestamp | None = None
    blob: Annotated[bytes, limits(0, 64)] | None = None
    tags: Annotated[list[Tag], limits(0, 5)] | None = None
    names: Annotated[list[Annotated[str, limits(1, 8)]], limits(0, 4)] | None = None
    context: (
        Annotated[dict[Annotated[str, limits(1, 8)], Annotated[str, limits(0, 8)]], limits(0, 8)] | None
    ) = None
    level: Literal["OK", "ALARM"] | None = None
    inner: Everything | None = None
