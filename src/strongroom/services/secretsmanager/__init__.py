"""Secrets Manager, API 2017-10-17: the table of its operations.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/
"""

from __future__ import annotations

from functools import cache
from typing import Any

from strongroom.gateway.operation import JSON_ERRORS, Operation, Service

_NO_ROTATION = "this version does not rotate secrets yet; put a new value with PutSecretValue."
_NO_REPLICATION = "this version does not replicate secrets to other Regions yet."


@cache
def _operations() -> tuple[Operation[Any, Any], ...]:
    from strongroom.services.secretsmanager.batch_get_secret_value import BATCH_GET_SECRET_VALUE
    from strongroom.services.secretsmanager.create_secret import CREATE_SECRET
    from strongroom.services.secretsmanager.delete_resource_policy import DELETE_RESOURCE_POLICY
    from strongroom.services.secretsmanager.delete_secret import DELETE_SECRET
    from strongroom.services.secretsmanager.describe_secret import DESCRIBE_SECRET
    from strongroom.services.secretsmanager.get_random_password import GET_RANDOM_PASSWORD
    from strongroom.services.secretsmanager.get_resource_policy import GET_RESOURCE_POLICY
    from strongroom.services.secretsmanager.get_secret_value import GET_SECRET_VALUE
    from strongroom.services.secretsmanager.list_secret_version_ids import LIST_SECRET_VERSION_IDS
    from strongroom.services.secretsmanager.list_secrets import LIST_SECRETS
    from strongroom.services.secretsmanager.put_resource_policy import PUT_RESOURCE_POLICY
    from strongroom.services.secretsmanager.put_secret_value import PUT_SECRET_VALUE
    from strongroom.services.secretsmanager.restore_secret import RESTORE_SECRET
    from strongroom.services.secretsmanager.tag_resource import TAG_RESOURCE
    from strongroom.services.secretsmanager.untag_resource import UNTAG_RESOURCE
    from strongroom.services.secretsmanager.update_secret import UPDATE_SECRET
    from strongroom.services.secretsmanager.update_secret_version_stage import UPDATE_SECRET_VERSION_STAGE
    from strongroom.services.secretsmanager.validate_resource_policy import VALIDATE_RESOURCE_POLICY

    return (
        BATCH_GET_SECRET_VALUE,
        CREATE_SECRET,
        DELETE_RESOURCE_POLICY,
        DELETE_SECRET,
        DESCRIBE_SECRET,
        GET_RANDOM_PASSWORD,
        GET_RESOURCE_POLICY,
        GET_SECRET_VALUE,
        LIST_SECRET_VERSION_IDS,
        LIST_SECRETS,
        PUT_RESOURCE_POLICY,
        PUT_SECRET_VALUE,
        RESTORE_SECRET,
        TAG_RESOURCE,
        UNTAG_RESOURCE,
        UPDATE_SECRET,
        UPDATE_SECRET_VERSION_STAGE,
        VALIDATE_RESOURCE_POLICY,
    )


SERVICE = Service(
    name="secretsmanager",
    event_source="secretsmanager.amazonaws.com",
    protocol="json",
    target_prefix="secretsmanager",
    version="2017-10-17",
    errors=JSON_ERRORS,
    load=_operations,
    unserved={
        "CancelRotateSecret": _NO_ROTATION,
        "RotateSecret": _NO_ROTATION,
        "RemoveRegionsFromReplication": _NO_REPLICATION,
        "ReplicateSecretToRegions": _NO_REPLICATION,
        "StopReplicationToReplica": _NO_REPLICATION,
        "AssociateCrossAccountReplica": _NO_REPLICATION,
        "DisassociateCrossAccountReplica": _NO_REPLICATION,
        "ListResourcePolicies": "a secret has at most one policy here; read it with GetResourcePolicy.",
    },
)
