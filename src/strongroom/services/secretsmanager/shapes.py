"""Members that several operations of Secrets Manager share, with their constraints.

Source: the service model ``secretsmanager`` 2017-10-17; Secrets Manager reference 1.3.
"""

from __future__ import annotations

from typing import Annotated, Literal

from strongroom.wire.shapes import SENSITIVE, Shape, Timestamp, limits, renamed, within

SecretId = Annotated[str, limits(1, 2048)]
SecretName = Annotated[str, limits(1, 512)]
ShownName = Annotated[str, limits(1, 256)]
SecretARN = Annotated[str, limits(20, 2048)]
ClientRequestToken = Annotated[str, limits(32, 64)]
VersionId = Annotated[str, limits(32, 64)]
VersionStage = Annotated[str, limits(1, 256)]
VersionStages = Annotated[list[VersionStage], limits(1, 20)]
SecretString = Annotated[str, limits(1, 65_536), SENSITIVE]
SecretBinary = Annotated[bytes, limits(1, 65_536), SENSITIVE]
Description = Annotated[str, limits(None, 2048)]
KmsKeyId = Annotated[str, limits(0, 2048)]
NextToken = Annotated[str, limits(1, 4096)]
RotationToken = Annotated[str, limits(36, 256, pattern="^[a-zA-Z0-9\\-]+$"), SENSITIVE]
ResourcePolicy = Annotated[str, limits(1, 20_480)]
TagKey = Annotated[str, limits(1, 128)]
Region = Annotated[str, limits(1, 128, pattern=r"^([a-z]+-)+\d+$")]
RoleARN = Annotated[str, limits(20, 2048)]
SecretType = Annotated[str, limits(0, 256)]
ReplicationState = Literal["InSync", "Failed", "InProgress", "Pending", "Detached"]
StatusMessage = Annotated[str, limits(1, 4096)]
PolicyName = Annotated[str, limits(1, 64, pattern="[0-9A-Za-z\\-\\_]+")]
FilterKey = Literal["all", "name", "tag-key", "description", "tag-value", "primary-region", "owning-service"]
FilterValue = Annotated[str, limits(None, 512, pattern="^\\!?[a-zA-Z0-9 :_@\\/\\+\\=\\.\\-\\!]*$")]


class Tag(Shape):
    """A key and a value; both may be absent in the model."""

    key: TagKey | None = None
    value: Annotated[str, limits(0, 256)] | None = None


class RotationRules(Shape):
    """When a secret is rotated."""

    automatically_after_days: Annotated[int, within(1, 1000)] | None = None
    duration: Annotated[str, limits(2, 3, pattern="[0-9]+h")] | None = None
    schedule_expression: Annotated[str, limits(1, 256, pattern=r"[0-9A-Za-z\(\)#\?\*\-\/, ]+")] | None = None


class ExternalSecretRotationMetadataItem(Shape):
    """What the rotation of a partner's secret needs to know."""

    key: Annotated[str, limits(1, 256)] | None = None
    value: Annotated[str, limits(1, 2048)] | None = None


class ReplicaRegion(Shape):
    """A Region to replicate to."""

    region: Region | None = None
    kms_key_id: KmsKeyId | None = None


class ReplicationStatus(Shape):
    """How far the replication to a Region is."""

    region: Region | None = None
    kms_key_id: KmsKeyId | None = None
    status: ReplicationState | None = None
    status_message: StatusMessage | None = None
    last_accessed_date: Timestamp | None = None


class CrossAccountPrimary(Shape):
    """The secret in another account that this one is a replica of."""

    primary_secret_arn: SecretARN | None = renamed("PrimarySecretARN", default=None)
    replication_status: ReplicationState | None = None
    status_message: StatusMessage | None = None


class CrossAccountReplica(Shape):
    """A replica of this secret in another account."""

    replica_secret_arn: SecretARN | None = renamed("ReplicaSecretARN", default=None)
    replication_role_arn: RoleARN | None = renamed("ReplicationRoleARN", default=None)
    replication_status: ReplicationState | None = None
    status_message: StatusMessage | None = None


class Filter(Shape):
    """A key and the values of which one has to match; both may be absent in the model."""

    key: FilterKey | None = None
    values: Annotated[list[FilterValue], limits(1, 10)] | None = None


Filters = Annotated[list[Filter], limits(None, 10)]
