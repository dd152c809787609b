"""IAM, API 2010-05-08: users, their access keys and their inline policies.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/
"""

from __future__ import annotations

from functools import cache
from typing import Any

from strongroom.gateway.operation import QUERY_ERRORS, Operation, Service
from strongroom.services.iam.unserved import UNSERVED


@cache
def _operations() -> tuple[Operation[Any, Any], ...]:
    from strongroom.services.iam.create_access_key import CREATE_ACCESS_KEY
    from strongroom.services.iam.create_role import CREATE_ROLE
    from strongroom.services.iam.create_user import CREATE_USER
    from strongroom.services.iam.delete_access_key import DELETE_ACCESS_KEY
    from strongroom.services.iam.delete_role import DELETE_ROLE
    from strongroom.services.iam.delete_user import DELETE_USER
    from strongroom.services.iam.delete_user_policy import DELETE_USER_POLICY
    from strongroom.services.iam.get_role import GET_ROLE
    from strongroom.services.iam.get_user import GET_USER
    from strongroom.services.iam.get_user_policy import GET_USER_POLICY
    from strongroom.services.iam.list_access_keys import LIST_ACCESS_KEYS
    from strongroom.services.iam.list_role_tags import LIST_ROLE_TAGS
    from strongroom.services.iam.list_roles import LIST_ROLES
    from strongroom.services.iam.list_user_policies import LIST_USER_POLICIES
    from strongroom.services.iam.list_users import LIST_USERS
    from strongroom.services.iam.put_user_policy import PUT_USER_POLICY
    from strongroom.services.iam.tag_role import TAG_ROLE
    from strongroom.services.iam.untag_role import UNTAG_ROLE
    from strongroom.services.iam.update_access_key import UPDATE_ACCESS_KEY
    from strongroom.services.iam.update_assume_role_policy import UPDATE_ASSUME_ROLE_POLICY
    from strongroom.services.iam.update_role import UPDATE_ROLE
    from strongroom.services.iam.update_role_description import UPDATE_ROLE_DESCRIPTION

    return (
        CREATE_ACCESS_KEY,
        CREATE_ROLE,
        CREATE_USER,
        DELETE_ACCESS_KEY,
        DELETE_ROLE,
        DELETE_USER,
        DELETE_USER_POLICY,
        GET_ROLE,
        GET_USER,
        GET_USER_POLICY,
        LIST_ACCESS_KEYS,
        LIST_ROLES,
        LIST_ROLE_TAGS,
        LIST_USERS,
        LIST_USER_POLICIES,
        PUT_USER_POLICY,
        TAG_ROLE,
        UNTAG_ROLE,
        UPDATE_ACCESS_KEY,
        UPDATE_ASSUME_ROLE_POLICY,
        UPDATE_ROLE,
        UPDATE_ROLE_DESCRIPTION,
    )


SERVICE = Service(
    name="iam",
    event_source="iam.amazonaws.com",
    protocol="query",
    target_prefix="",
    version="2010-05-08",
    namespace="https://iam.amazonaws.com/doc/2010-05-08/",
    home_region="us-east-1",
    errors=QUERY_ERRORS,
    prints_values=False,
    load=_operations,
    unserved=UNSERVED,
)
