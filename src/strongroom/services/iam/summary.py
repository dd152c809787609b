"""The counts and quotas of an account.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
"""

from __future__ import annotations

from typing import Any, Final, Literal

from strongroom.services.iam.device_rows import count_devices
from strongroom.services.iam.identity_rows import GROUPS, ROLES, USERS
from strongroom.services.iam.model import (
    GROUPS_MOST,
    GROUPS_PER_USER_MOST,
    KEYS_PER_USER_MOST,
    USERS_MOST,
)
from strongroom.services.iam.policy_rows import count_policies
from strongroom.store.rows import Rows

SummaryKey = Literal[
    "Users",
    "UsersQuota",
    "Groups",
    "GroupsQuota",
    "ServerCertificates",
    "ServerCertificatesQuota",
    "UserPolicySizeQuota",
    "GroupPolicySizeQuota",
    "GroupsPerUserQuota",
    "SigningCertificatesPerUserQuota",
    "AccessKeysPerUserQuota",
    "MFADevices",
    "MFADevicesInUse",
    "AccountMFAEnabled",
    "AccountAccessKeysPresent",
    "AccountPasswordPresent",
    "AccountSigningCertificatesPresent",
    "AttachedPoliciesPerGroupQuota",
    "AttachedPoliciesPerRoleQuota",
    "AttachedPoliciesPerUserQuota",
    "Policies",
    "PoliciesQuota",
    "PolicySizeQuota",
    "PolicyVersionsInUse",
    "PolicyVersionsInUseQuota",
    "VersionsPerPolicyQuota",
    "GlobalEndpointTokenVersion",
    "AssumeRolePolicySizeQuota",
    "InstanceProfiles",
    "InstanceProfilesQuota",
    "Providers",
    "RolePolicySizeQuota",
    "Roles",
    "RolesQuota",
]

_QUOTAS: Final[dict[SummaryKey, int]] = {
    "AccessKeysPerUserQuota": KEYS_PER_USER_MOST,
    "AssumeRolePolicySizeQuota": 2_048,
    "AttachedPoliciesPerGroupQuota": 10,
    "AttachedPoliciesPerRoleQuota": 10,
    "AttachedPoliciesPerUserQuota": 10,
    "GlobalEndpointTokenVersion": 2,
    "GroupPolicySizeQuota": GROUPS.inline_most,
    "GroupsPerUserQuota": GROUPS_PER_USER_MOST,
    "GroupsQuota": GROUPS_MOST,
    "InstanceProfilesQuota": 1_000,
    "PoliciesQuota": 1_500,
    "PolicySizeQuota": 6_144,
    "PolicyVersionsInUseQuota": 10_000,
    "RolePolicySizeQuota": ROLES.inline_most,
    "RolesQuota": 1_000,
    "ServerCertificatesQuota": 20,
    "SigningCertificatesPerUserQuota": 2,
    "UserPolicySizeQuota": USERS.inline_most,
    "UsersQuota": USERS_MOST,
    "VersionsPerPolicyQuota": 5,
}
# The root of an account has neither a key nor a password nor a second factor here; there are no certificates.
_NONE: Final[dict[SummaryKey, int]] = {
    "AccountAccessKeysPresent": 0,
    "AccountMFAEnabled": 0,
    "AccountPasswordPresent": 0,
    "AccountSigningCertificatesPresent": 0,
    "ServerCertificates": 0,
}


def summarise(rows: Rows, account: str) -> dict[SummaryKey, int]:
    """Count what an account has, in one state of the store."""
    with rows.snapshot():
        devices, in_use = count_devices(rows, account)
        counts: dict[SummaryKey, int] = {
            "Users": USERS.count(rows, account),
            "Groups": GROUPS.count(rows, account),
            "Roles": ROLES.count(rows, account),
            "Policies": count_policies(rows, account),
            "PolicyVersionsInUse": _count(rows, _ATTACHED, account),
            "InstanceProfiles": _count(
                rows, "SELECT count(*) FROM iam_instance_profiles WHERE account_id = ?", account
            ),
            "Providers": _count(
                rows, "SELECT count(*) FROM iam_oidc_providers WHERE account_id = ?", account
            ),
            "MFADevices": devices,
            "MFADevicesInUse": in_use,
        }
    return {**_QUOTAS, **_NONE, **counts}


_ATTACHED: Final = "SELECT count(DISTINCT policy_arn) FROM iam_attachments WHERE account_id = ?"


def _count(rows: Rows, sql: str, account: str) -> int:
    counted: Any = rows.scalar(sql, (account,))
    return int(counted)
