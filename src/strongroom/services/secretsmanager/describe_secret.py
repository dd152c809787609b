"""DescribeSecret: what is known of a secret, without its value.

Members that have nothing to say are left out. It works on a secret that is marked for deletion too; then
``DeletedDate`` says when it was marked.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html; Secrets Manager
reference 3.3, 4.6.
"""

from __future__ import annotations

from typing import Annotated

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.secretsmanager.lookup import existing, find_target
from strongroom.services.secretsmanager.rotation_shown import shown_date, shown_rules
from strongroom.services.secretsmanager.shapes import (
    CrossAccountPrimary,
    CrossAccountReplica,
    Description,
    ExternalSecretRotationMetadataItem,
    KmsKeyId,
    Region,
    ReplicationStatus,
    RoleARN,
    RotationRules,
    SecretARN,
    SecretId,
    SecretType,
    ShownName,
    Tag,
    VersionId,
    VersionStages,
)
from strongroom.services.secretsmanager.tags import shown_tags
from strongroom.wire.shapes import Shape, Timestamp, limits, renamed, timestamp


class Request(Shape):
    """Which secret."""

    secret_id: SecretId


class Response(Shape):
    """The secret; what belongs to replicas and partners is never set yet."""

    arn: SecretARN | None = renamed("ARN", default=None)
    name: ShownName | None = None
    type: SecretType | None = None
    description: Description | None = None
    kms_key_id: KmsKeyId | None = None
    rotation_enabled: bool | None = None
    rotation_lambda_arn: Annotated[str, limits(0, 2048)] | None = renamed("RotationLambdaARN", default=None)
    rotation_rules: RotationRules | None = None
    external_secret_rotation_metadata: list[ExternalSecretRotationMetadataItem] | None = None
    external_secret_rotation_role_arn: RoleARN | None = None
    last_rotated_date: Timestamp | None = None
    last_changed_date: Timestamp | None = None
    last_accessed_date: Timestamp | None = None
    deleted_date: Timestamp | None = None
    next_rotation_date: Timestamp | None = None
    tags: list[Tag] | None = None
    version_ids_to_stages: dict[VersionId, VersionStages] | None = None
    owning_service: Annotated[str, limits(1, 128)] | None = None
    created_date: Timestamp | None = None
    primary_region: Region | None = None
    replication_status: list[ReplicationStatus] | None = None
    cross_account_primary: CrossAccountPrimary | None = None
    cross_account_replicas: Annotated[list[CrossAccountReplica], limits(1, 100)] | None = None


def target(context: Context, request: Request) -> Target:
    """Name the secret."""
    return find_target(context, request.secret_id)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Show the row."""
    secret = existing(target)
    attributes = secret.attributes
    rotation = attributes.rotation
    return Response(
        arn=secret.arn,
        name=secret.name,
        description=attributes.description,
        kms_key_id=attributes.key or None,
        rotation_enabled=rotation.is_enabled if rotation is not None else None,
        rotation_lambda_arn=rotation.function or None if rotation is not None else None,
        rotation_rules=shown_rules(rotation),
        last_rotated_date=shown_date(rotation.rotated_ms if rotation is not None else None),
        next_rotation_date=shown_date(rotation.next_ms if rotation is not None else None),
        last_changed_date=timestamp(secret.changed_ms),
        last_accessed_date=timestamp(secret.accessed_ms) if secret.accessed_ms else None,
        deleted_date=timestamp(secret.deleted_ms) if secret.deleted_ms is not None else None,
        tags=shown_tags(attributes.tags),
        version_ids_to_stages=secret.stages_by_version() or None,
        created_date=timestamp(secret.created_ms),
    )


DESCRIBE_SECRET = Operation(
    name="DescribeSecret",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="secretsmanager:DescribeSecret",
    target=target,
    handle=handle,
    recorded_request=("secret_id",),
    repeats=True,
)
