"""IAM, API 2010-05-08: users, groups, roles, their keys and their policies.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/
"""

from __future__ import annotations

from functools import cache
from typing import Any

from strongroom.gateway.operation import QUERY_ERRORS, Operation, Service
from strongroom.services.iam.unserved import UNSERVED


@cache
def _operations() -> tuple[Operation[Any, Any], ...]:
    from strongroom.services.iam.add_client_id_to_open_id_connect_provider import (
        ADD_CLIENT_ID_TO_OPEN_ID_CONNECT_PROVIDER,
    )
    from strongroom.services.iam.add_role_to_instance_profile import ADD_ROLE_TO_INSTANCE_PROFILE
    from strongroom.services.iam.add_user_to_group import ADD_USER_TO_GROUP
    from strongroom.services.iam.attach_group_policy import ATTACH_GROUP_POLICY
    from strongroom.services.iam.attach_role_policy import ATTACH_ROLE_POLICY
    from strongroom.services.iam.attach_user_policy import ATTACH_USER_POLICY
    from strongroom.services.iam.change_password import CHANGE_PASSWORD
    from strongroom.services.iam.create_access_key import CREATE_ACCESS_KEY
    from strongroom.services.iam.create_account_alias import CREATE_ACCOUNT_ALIAS
    from strongroom.services.iam.create_group import CREATE_GROUP
    from strongroom.services.iam.create_instance_profile import CREATE_INSTANCE_PROFILE
    from strongroom.services.iam.create_login_profile import CREATE_LOGIN_PROFILE
    from strongroom.services.iam.create_open_id_connect_provider import CREATE_OPEN_ID_CONNECT_PROVIDER
    from strongroom.services.iam.create_policy import CREATE_POLICY
    from strongroom.services.iam.create_policy_version import CREATE_POLICY_VERSION
    from strongroom.services.iam.create_role import CREATE_ROLE
    from strongroom.services.iam.create_user import CREATE_USER
    from strongroom.services.iam.create_virtual_mfa_device import CREATE_VIRTUAL_MFA_DEVICE
    from strongroom.services.iam.deactivate_mfa_device import DEACTIVATE_MFA_DEVICE
    from strongroom.services.iam.delete_access_key import DELETE_ACCESS_KEY
    from strongroom.services.iam.delete_account_alias import DELETE_ACCOUNT_ALIAS
    from strongroom.services.iam.delete_account_password_policy import DELETE_ACCOUNT_PASSWORD_POLICY
    from strongroom.services.iam.delete_group import DELETE_GROUP
    from strongroom.services.iam.delete_group_policy import DELETE_GROUP_POLICY
    from strongroom.services.iam.delete_instance_profile import DELETE_INSTANCE_PROFILE
    from strongroom.services.iam.delete_login_profile import DELETE_LOGIN_PROFILE
    from strongroom.services.iam.delete_open_id_connect_provider import DELETE_OPEN_ID_CONNECT_PROVIDER
    from strongroom.services.iam.delete_policy import DELETE_POLICY
    from strongroom.services.iam.delete_policy_version import DELETE_POLICY_VERSION
    from strongroom.services.iam.delete_role import DELETE_ROLE
    from strongroom.services.iam.delete_role_permissions_boundary import DELETE_ROLE_PERMISSIONS_BOUNDARY
    from strongroom.services.iam.delete_role_policy import DELETE_ROLE_POLICY
    from strongroom.services.iam.delete_user import DELETE_USER
    from strongroom.services.iam.delete_user_permissions_boundary import DELETE_USER_PERMISSIONS_BOUNDARY
    from strongroom.services.iam.delete_user_policy import DELETE_USER_POLICY
    from strongroom.services.iam.delete_virtual_mfa_device import DELETE_VIRTUAL_MFA_DEVICE
    from strongroom.services.iam.detach_group_policy import DETACH_GROUP_POLICY
    from strongroom.services.iam.detach_role_policy import DETACH_ROLE_POLICY
    from strongroom.services.iam.detach_user_policy import DETACH_USER_POLICY
    from strongroom.services.iam.enable_mfa_device import ENABLE_MFA_DEVICE
    from strongroom.services.iam.generate_credential_report import GENERATE_CREDENTIAL_REPORT
    from strongroom.services.iam.get_access_key_last_used import GET_ACCESS_KEY_LAST_USED
    from strongroom.services.iam.get_account_authorization_details import GET_ACCOUNT_AUTHORIZATION_DETAILS
    from strongroom.services.iam.get_account_password_policy import GET_ACCOUNT_PASSWORD_POLICY
    from strongroom.services.iam.get_account_summary import GET_ACCOUNT_SUMMARY
    from strongroom.services.iam.get_context_keys_for_custom_policy import GET_CONTEXT_KEYS_FOR_CUSTOM_POLICY
    from strongroom.services.iam.get_context_keys_for_principal_policy import (
        GET_CONTEXT_KEYS_FOR_PRINCIPAL_POLICY,
    )
    from strongroom.services.iam.get_credential_report import GET_CREDENTIAL_REPORT
    from strongroom.services.iam.get_group import GET_GROUP
    from strongroom.services.iam.get_group_policy import GET_GROUP_POLICY
    from strongroom.services.iam.get_instance_profile import GET_INSTANCE_PROFILE
    from strongroom.services.iam.get_login_profile import GET_LOGIN_PROFILE
    from strongroom.services.iam.get_mfa_device import GET_MFA_DEVICE
    from strongroom.services.iam.get_open_id_connect_provider import GET_OPEN_ID_CONNECT_PROVIDER
    from strongroom.services.iam.get_policy import GET_POLICY
    from strongroom.services.iam.get_policy_version import GET_POLICY_VERSION
    from strongroom.services.iam.get_role import GET_ROLE
    from strongroom.services.iam.get_role_policy import GET_ROLE_POLICY
    from strongroom.services.iam.get_user import GET_USER
    from strongroom.services.iam.get_user_policy import GET_USER_POLICY
    from strongroom.services.iam.list_access_keys import LIST_ACCESS_KEYS
    from strongroom.services.iam.list_account_aliases import LIST_ACCOUNT_ALIASES
    from strongroom.services.iam.list_attached_group_policies import LIST_ATTACHED_GROUP_POLICIES
    from strongroom.services.iam.list_attached_role_policies import LIST_ATTACHED_ROLE_POLICIES
    from strongroom.services.iam.list_attached_user_policies import LIST_ATTACHED_USER_POLICIES
    from strongroom.services.iam.list_entities_for_policy import LIST_ENTITIES_FOR_POLICY
    from strongroom.services.iam.list_group_policies import LIST_GROUP_POLICIES
    from strongroom.services.iam.list_groups import LIST_GROUPS
    from strongroom.services.iam.list_groups_for_user import LIST_GROUPS_FOR_USER
    from strongroom.services.iam.list_instance_profile_tags import LIST_INSTANCE_PROFILE_TAGS
    from strongroom.services.iam.list_instance_profiles import LIST_INSTANCE_PROFILES
    from strongroom.services.iam.list_instance_profiles_for_role import LIST_INSTANCE_PROFILES_FOR_ROLE
    from strongroom.services.iam.list_mfa_device_tags import LIST_MFA_DEVICE_TAGS
    from strongroom.services.iam.list_mfa_devices import LIST_MFA_DEVICES
    from strongroom.services.iam.list_open_id_connect_provider_tags import LIST_OPEN_ID_CONNECT_PROVIDER_TAGS
    from strongroom.services.iam.list_open_id_connect_providers import LIST_OPEN_ID_CONNECT_PROVIDERS
    from strongroom.services.iam.list_policies import LIST_POLICIES
    from strongroom.services.iam.list_policy_tags import LIST_POLICY_TAGS
    from strongroom.services.iam.list_policy_versions import LIST_POLICY_VERSIONS
    from strongroom.services.iam.list_role_policies import LIST_ROLE_POLICIES
    from strongroom.services.iam.list_role_tags import LIST_ROLE_TAGS
    from strongroom.services.iam.list_roles import LIST_ROLES
    from strongroom.services.iam.list_user_policies import LIST_USER_POLICIES
    from strongroom.services.iam.list_user_tags import LIST_USER_TAGS
    from strongroom.services.iam.list_users import LIST_USERS
    from strongroom.services.iam.list_virtual_mfa_devices import LIST_VIRTUAL_MFA_DEVICES
    from strongroom.services.iam.put_group_policy import PUT_GROUP_POLICY
    from strongroom.services.iam.put_role_permissions_boundary import PUT_ROLE_PERMISSIONS_BOUNDARY
    from strongroom.services.iam.put_role_policy import PUT_ROLE_POLICY
    from strongroom.services.iam.put_user_permissions_boundary import PUT_USER_PERMISSIONS_BOUNDARY
    from strongroom.services.iam.put_user_policy import PUT_USER_POLICY
    from strongroom.services.iam.remove_client_id_from_open_id_connect_provider import (
        REMOVE_CLIENT_ID_FROM_OPEN_ID_CONNECT_PROVIDER,
    )
    from strongroom.services.iam.remove_role_from_instance_profile import REMOVE_ROLE_FROM_INSTANCE_PROFILE
    from strongroom.services.iam.remove_user_from_group import REMOVE_USER_FROM_GROUP
    from strongroom.services.iam.resync_mfa_device import RESYNC_MFA_DEVICE
    from strongroom.services.iam.set_default_policy_version import SET_DEFAULT_POLICY_VERSION
    from strongroom.services.iam.simulate_custom_policy import SIMULATE_CUSTOM_POLICY
    from strongroom.services.iam.simulate_principal_policy import SIMULATE_PRINCIPAL_POLICY
    from strongroom.services.iam.tag_instance_profile import TAG_INSTANCE_PROFILE
    from strongroom.services.iam.tag_mfa_device import TAG_MFA_DEVICE
    from strongroom.services.iam.tag_open_id_connect_provider import TAG_OPEN_ID_CONNECT_PROVIDER
    from strongroom.services.iam.tag_policy import TAG_POLICY
    from strongroom.services.iam.tag_role import TAG_ROLE
    from strongroom.services.iam.tag_user import TAG_USER
    from strongroom.services.iam.untag_instance_profile import UNTAG_INSTANCE_PROFILE
    from strongroom.services.iam.untag_mfa_device import UNTAG_MFA_DEVICE
    from strongroom.services.iam.untag_open_id_connect_provider import UNTAG_OPEN_ID_CONNECT_PROVIDER
    from strongroom.services.iam.untag_policy import UNTAG_POLICY
    from strongroom.services.iam.untag_role import UNTAG_ROLE
    from strongroom.services.iam.untag_user import UNTAG_USER
    from strongroom.services.iam.update_access_key import UPDATE_ACCESS_KEY
    from strongroom.services.iam.update_account_password_policy import UPDATE_ACCOUNT_PASSWORD_POLICY
    from strongroom.services.iam.update_assume_role_policy import UPDATE_ASSUME_ROLE_POLICY
    from strongroom.services.iam.update_group import UPDATE_GROUP
    from strongroom.services.iam.update_login_profile import UPDATE_LOGIN_PROFILE
    from strongroom.services.iam.update_open_id_connect_provider_thumbprint import (
        UPDATE_OPEN_ID_CONNECT_PROVIDER_THUMBPRINT,
    )
    from strongroom.services.iam.update_role import UPDATE_ROLE
    from strongroom.services.iam.update_role_description import UPDATE_ROLE_DESCRIPTION
    from strongroom.services.iam.update_user import UPDATE_USER

    return (
        ADD_CLIENT_ID_TO_OPEN_ID_CONNECT_PROVIDER,
        ADD_ROLE_TO_INSTANCE_PROFILE,
        ADD_USER_TO_GROUP,
        ATTACH_GROUP_POLICY,
        ATTACH_ROLE_POLICY,
        ATTACH_USER_POLICY,
        CHANGE_PASSWORD,
        CREATE_ACCESS_KEY,
        CREATE_ACCOUNT_ALIAS,
        CREATE_GROUP,
        CREATE_INSTANCE_PROFILE,
        CREATE_LOGIN_PROFILE,
        CREATE_OPEN_ID_CONNECT_PROVIDER,
        CREATE_POLICY,
        CREATE_POLICY_VERSION,
        CREATE_ROLE,
        CREATE_USER,
        CREATE_VIRTUAL_MFA_DEVICE,
        DEACTIVATE_MFA_DEVICE,
        DELETE_ACCESS_KEY,
        DELETE_ACCOUNT_ALIAS,
        DELETE_ACCOUNT_PASSWORD_POLICY,
        DELETE_GROUP,
        DELETE_GROUP_POLICY,
        DELETE_INSTANCE_PROFILE,
        DELETE_LOGIN_PROFILE,
        DELETE_OPEN_ID_CONNECT_PROVIDER,
        DELETE_POLICY,
        DELETE_POLICY_VERSION,
        DELETE_ROLE,
        DELETE_ROLE_PERMISSIONS_BOUNDARY,
        DELETE_ROLE_POLICY,
        DELETE_USER,
        DELETE_USER_PERMISSIONS_BOUNDARY,
        DELETE_USER_POLICY,
        DELETE_VIRTUAL_MFA_DEVICE,
        DETACH_GROUP_POLICY,
        DETACH_ROLE_POLICY,
        DETACH_USER_POLICY,
        ENABLE_MFA_DEVICE,
        GENERATE_CREDENTIAL_REPORT,
        GET_ACCESS_KEY_LAST_USED,
        GET_ACCOUNT_AUTHORIZATION_DETAILS,
        GET_ACCOUNT_PASSWORD_POLICY,
        GET_ACCOUNT_SUMMARY,
        GET_CONTEXT_KEYS_FOR_CUSTOM_POLICY,
        GET_CONTEXT_KEYS_FOR_PRINCIPAL_POLICY,
        GET_CREDENTIAL_REPORT,
        GET_GROUP,
        GET_GROUP_POLICY,
        GET_INSTANCE_PROFILE,
        GET_LOGIN_PROFILE,
        GET_MFA_DEVICE,
        GET_OPEN_ID_CONNECT_PROVIDER,
        GET_POLICY,
        GET_POLICY_VERSION,
        GET_ROLE,
        GET_ROLE_POLICY,
        GET_USER,
        GET_USER_POLICY,
        LIST_ACCESS_KEYS,
        LIST_ACCOUNT_ALIASES,
        LIST_ATTACHED_GROUP_POLICIES,
        LIST_ATTACHED_ROLE_POLICIES,
        LIST_ATTACHED_USER_POLICIES,
        LIST_ENTITIES_FOR_POLICY,
        LIST_GROUPS,
        LIST_GROUPS_FOR_USER,
        LIST_GROUP_POLICIES,
        LIST_INSTANCE_PROFILES,
        LIST_INSTANCE_PROFILES_FOR_ROLE,
        LIST_INSTANCE_PROFILE_TAGS,
        LIST_MFA_DEVICES,
        LIST_MFA_DEVICE_TAGS,
        LIST_OPEN_ID_CONNECT_PROVIDERS,
        LIST_OPEN_ID_CONNECT_PROVIDER_TAGS,
        LIST_POLICIES,
        LIST_POLICY_TAGS,
        LIST_POLICY_VERSIONS,
        LIST_ROLES,
        LIST_ROLE_POLICIES,
        LIST_ROLE_TAGS,
        LIST_USERS,
        LIST_USER_POLICIES,
        LIST_USER_TAGS,
        LIST_VIRTUAL_MFA_DEVICES,
        PUT_GROUP_POLICY,
        PUT_ROLE_PERMISSIONS_BOUNDARY,
        PUT_ROLE_POLICY,
        PUT_USER_PERMISSIONS_BOUNDARY,
        PUT_USER_POLICY,
        REMOVE_CLIENT_ID_FROM_OPEN_ID_CONNECT_PROVIDER,
        REMOVE_ROLE_FROM_INSTANCE_PROFILE,
        REMOVE_USER_FROM_GROUP,
        RESYNC_MFA_DEVICE,
        SET_DEFAULT_POLICY_VERSION,
        SIMULATE_CUSTOM_POLICY,
        SIMULATE_PRINCIPAL_POLICY,
        TAG_INSTANCE_PROFILE,
        TAG_MFA_DEVICE,
        TAG_OPEN_ID_CONNECT_PROVIDER,
        TAG_POLICY,
        TAG_ROLE,
        TAG_USER,
        UNTAG_INSTANCE_PROFILE,
        UNTAG_MFA_DEVICE,
        UNTAG_OPEN_ID_CONNECT_PROVIDER,
        UNTAG_POLICY,
        UNTAG_ROLE,
        UNTAG_USER,
        UPDATE_ACCESS_KEY,
        UPDATE_ACCOUNT_PASSWORD_POLICY,
        UPDATE_ASSUME_ROLE_POLICY,
        UPDATE_GROUP,
        UPDATE_LOGIN_PROFILE,
        UPDATE_OPEN_ID_CONNECT_PROVIDER_THUMBPRINT,
        UPDATE_ROLE,
        UPDATE_ROLE_DESCRIPTION,
        UPDATE_USER,
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
