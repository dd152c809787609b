"""Secrets Manager, API 2017-10-17: the table of its operations.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strongroom.gateway.operation import JSON_ERRORS, Operation, Service

_NO_REPLICATION = "this version does not replicate secrets to other Regions yet."


def _operations() -> Iterator[Operation[Any, Any]]:
    # Each is imported when it is asked for; what needs little comes first, so that little is imported before it.
    from strongroom.services.secretsmanager.list_secrets import LIST_SECRETS

    yield LIST_SECRETS
    from strongroom.services.secretsmanager.describe_secret import DESCRIBE_SECRET

    yield DESCRIBE_SECRET
    from strongroom.services.secretsmanager.get_secret_value import GET_SECRET_VALUE

    yield GET_SECRET_VALUE
    from strongroom.services.secretsmanager.batch_get_secret_value import BATCH_GET_SECRET_VALUE

    yield BATCH_GET_SECRET_VALUE
    from strongroom.services.secretsmanager.cancel_rotate_secret import CANCEL_ROTATE_SECRET

    yield CANCEL_ROTATE_SECRET
    from strongroom.services.secretsmanager.create_secret import CREATE_SECRET

    yield CREATE_SECRET
    from strongroom.services.secretsmanager.delete_resource_policy import DELETE_RESOURCE_POLICY

    yield DELETE_RESOURCE_POLICY
    from strongroom.services.secretsmanager.delete_secret import DELETE_SECRET

    yield DELETE_SECRET
    from strongroom.services.secretsmanager.get_random_password import GET_RANDOM_PASSWORD

    yield GET_RANDOM_PASSWORD
    from strongroom.services.secretsmanager.get_resource_policy import GET_RESOURCE_POLICY

    yield GET_RESOURCE_POLICY
    from strongroom.services.secretsmanager.list_secret_version_ids import LIST_SECRET_VERSION_IDS

    yield LIST_SECRET_VERSION_IDS
    from strongroom.services.secretsmanager.put_resource_policy import PUT_RESOURCE_POLICY

    yield PUT_RESOURCE_POLICY
    from strongroom.services.secretsmanager.put_secret_value import PUT_SECRET_VALUE

    yield PUT_SECRET_VALUE
    from strongroom.services.secretsmanager.restore_secret import RESTORE_SECRET

    yield RESTORE_SECRET
    from strongroom.services.secretsmanager.rotate_secret import ROTATE_SECRET

    yield ROTATE_SECRET
    from strongroom.services.secretsmanager.tag_resource import TAG_RESOURCE

    yield TAG_RESOURCE
    from strongroom.services.secretsmanager.untag_resource import UNTAG_RESOURCE

    yield UNTAG_RESOURCE
    from strongroom.services.secretsmanager.update_secret import UPDATE_SECRET

    yield UPDATE_SECRET
    from strongroom.services.secretsmanager.update_secret_version_stage import UPDATE_SECRET_VERSION_STAGE

    yield UPDATE_SECRET_VERSION_STAGE
    from strongroom.services.secretsmanager.validate_resource_policy import VALIDATE_RESOURCE_POLICY

    yield VALIDATE_RESOURCE_POLICY


SERVICE = Service(
    name="secretsmanager",
    event_source="secretsmanager.amazonaws.com",
    protocol="json",
    target_prefix="secretsmanager",
    version="2017-10-17",
    errors=JSON_ERRORS,
    load=_operations,
    unserved={
        "RemoveRegionsFromReplication": _NO_REPLICATION,
        "ReplicateSecretToRegions": _NO_REPLICATION,
        "StopReplicationToReplica": _NO_REPLICATION,
        "AssociateCrossAccountReplica": _NO_REPLICATION,
        "DisassociateCrossAccountReplica": _NO_REPLICATION,
        "ListResourcePolicies": "a secret has at most one policy here; read it with GetResourcePolicy.",
    },
)
