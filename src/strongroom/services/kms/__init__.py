"""KMS, API 2014-11-01: the table of its operations. Keys are symmetric encryption keys.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/
"""

from __future__ import annotations

from functools import cache
from typing import Any

from msgspec.structs import replace

from strongroom.gateway.operation import JSON_ERRORS, Operation, Service
from strongroom.services.kms.unserved import UNSERVED


@cache
def _operations() -> tuple[Operation[Any, Any], ...]:
    from strongroom.services.kms.cancel_key_deletion import CANCEL_KEY_DELETION
    from strongroom.services.kms.create_alias import CREATE_ALIAS
    from strongroom.services.kms.create_grant import CREATE_GRANT
    from strongroom.services.kms.create_key import CREATE_KEY
    from strongroom.services.kms.decrypt import DECRYPT
    from strongroom.services.kms.delete_alias import DELETE_ALIAS
    from strongroom.services.kms.describe_key import DESCRIBE_KEY
    from strongroom.services.kms.disable_key import DISABLE_KEY
    from strongroom.services.kms.disable_key_rotation import DISABLE_KEY_ROTATION
    from strongroom.services.kms.enable_key import ENABLE_KEY
    from strongroom.services.kms.enable_key_rotation import ENABLE_KEY_ROTATION
    from strongroom.services.kms.encrypt import ENCRYPT
    from strongroom.services.kms.generate_data_key import GENERATE_DATA_KEY
    from strongroom.services.kms.generate_data_key_without_plaintext import (
        GENERATE_DATA_KEY_WITHOUT_PLAINTEXT,
    )
    from strongroom.services.kms.generate_random import GENERATE_RANDOM
    from strongroom.services.kms.get_key_policy import GET_KEY_POLICY
    from strongroom.services.kms.get_key_rotation_status import GET_KEY_ROTATION_STATUS
    from strongroom.services.kms.list_aliases import LIST_ALIASES
    from strongroom.services.kms.list_grants import LIST_GRANTS
    from strongroom.services.kms.list_key_policies import LIST_KEY_POLICIES
    from strongroom.services.kms.list_key_rotations import LIST_KEY_ROTATIONS
    from strongroom.services.kms.list_keys import LIST_KEYS
    from strongroom.services.kms.list_resource_tags import LIST_RESOURCE_TAGS
    from strongroom.services.kms.list_retirable_grants import LIST_RETIRABLE_GRANTS
    from strongroom.services.kms.put_key_policy import PUT_KEY_POLICY
    from strongroom.services.kms.re_encrypt import RE_ENCRYPT
    from strongroom.services.kms.retire_grant import RETIRE_GRANT
    from strongroom.services.kms.revoke_grant import REVOKE_GRANT
    from strongroom.services.kms.rotate_key_on_demand import ROTATE_KEY_ON_DEMAND
    from strongroom.services.kms.schedule_key_deletion import SCHEDULE_KEY_DELETION
    from strongroom.services.kms.tag_resource import TAG_RESOURCE
    from strongroom.services.kms.untag_resource import UNTAG_RESOURCE
    from strongroom.services.kms.update_alias import UPDATE_ALIAS
    from strongroom.services.kms.update_key_description import UPDATE_KEY_DESCRIPTION

    return (
        CANCEL_KEY_DELETION,
        CREATE_ALIAS,
        CREATE_GRANT,
        CREATE_KEY,
        DECRYPT,
        DELETE_ALIAS,
        DESCRIBE_KEY,
        DISABLE_KEY,
        DISABLE_KEY_ROTATION,
        ENABLE_KEY,
        ENABLE_KEY_ROTATION,
        ENCRYPT,
        GENERATE_DATA_KEY,
        GENERATE_DATA_KEY_WITHOUT_PLAINTEXT,
        GENERATE_RANDOM,
        GET_KEY_POLICY,
        GET_KEY_ROTATION_STATUS,
        LIST_ALIASES,
        LIST_GRANTS,
        LIST_KEY_POLICIES,
        LIST_KEY_ROTATIONS,
        LIST_KEYS,
        LIST_RESOURCE_TAGS,
        LIST_RETIRABLE_GRANTS,
        PUT_KEY_POLICY,
        RE_ENCRYPT,
        RETIRE_GRANT,
        REVOKE_GRANT,
        ROTATE_KEY_ON_DEMAND,
        SCHEDULE_KEY_DELETION,
        TAG_RESOURCE,
        UNTAG_RESOURCE,
        UPDATE_ALIAS,
        UPDATE_KEY_DESCRIPTION,
    )


SERVICE = Service(
    name="kms",
    event_source="kms.amazonaws.com",
    protocol="json",
    target_prefix="TrentService",
    version="2014-11-01",
    errors=replace(JSON_ERRORS, internal=("KMSInternalException", 500)),
    load=_operations,
    unserved=UNSERVED,
    message_member="message",
)
