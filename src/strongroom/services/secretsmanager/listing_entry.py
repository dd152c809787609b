"""One secret as ListSecrets shows it.

It is what DescribeSecret shows, with ``SecretVersionsToStages`` in place of ``VersionIdsToStages`` and without
the status of replicas. What is not set is absent: the key when it is the default one, tags that never were,
dates of what never happened. Tags that were all removed are an empty list (recorded).

Source: Secrets Manager reference 4.6, 4.7, 8.
"""

from __future__ import annotations

from typing import Annotated

from strongroom.services.secretsmanager.model import Secret
from strongroom.services.secretsmanager.rotation_shown import shown_date, shown_rules
from strongroom.services.secretsmanager.shapes import (
    Description,
    ExternalSecretRotationMetadataItem,
    KmsKeyId,
    Region,
    RoleARN,
    RotationRules,
    SecretARN,
    SecretType,
    ShownName,
    Tag,
    VersionId,
    VersionStages,
)
from strongroom.wire.shapes import Shape, Timestamp, limits, renamed, timestamp


class SecretListEntry(Shape):
    """A secret without its value."""

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
    secret_versions_to_stages: dict[VersionId, VersionStages] | None = None
    owning_service: Annotated[str, limits(1, 128)] | None = None
    created_date: Timestamp | None = None
    primary_region: Region | None = None


def listing_entry(secret: Secret) -> SecretListEntry:
    """Show a secret."""
    attributes = secret.attributes
    tags = attributes.tags
    rotation = attributes.rotation
    return SecretListEntry(
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
        deleted_date=None if secret.deleted_ms is None else timestamp(secret.deleted_ms),
        tags=None if tags is None else [Tag(key=key, value=value) for key, value in tags],
        secret_versions_to_stages=secret.stages_by_version() or None,
        created_date=timestamp(secret.created_ms),
    )
