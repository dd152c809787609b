"""Everything that decides what the principals of an account may do, piece by piece, in one order.

Rules:
 - Users come first, then groups, roles, the account's managed policies, and those of AWS that are in use; each by
   folded name. A position names the kind and the name, so that a page may end anywhere.
 - Documents are URL-encoded as RFC 3986 says.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, Literal
from urllib.parse import quote

from strongroom.policy.managed import MANAGED_POLICIES, ManagedPolicy
from strongroom.services.iam.attachments import AttachedPolicy
from strongroom.services.iam.identity_rows import GROUPS, ROLES, USERS, IdentityRows
from strongroom.services.iam.inline_policies import show_document
from strongroom.services.iam.instance_profiles import profiles_of_role
from strongroom.services.iam.managed_policies import get_version
from strongroom.services.iam.memberships import groups_of
from strongroom.services.iam.model import CustomerPolicy, Group, Role, User, fold_name
from strongroom.services.iam.policy_rows import page_of_policies
from strongroom.services.iam.policy_shapes import (
    PolicyDescription,
    PolicyPath,
    PolicyVersionDetail,
    VersionId,
    read_date,
    show_managed,
)
from strongroom.services.iam.profile_shapes import ProfileDetail, show_profile
from strongroom.services.iam.role_shapes import RoleLastUsed, RoleName, show_role
from strongroom.services.iam.shapes import (
    Arn,
    AttachedBoundary,
    GroupName,
    Path,
    PolicyDocument,
    PolicyName,
    Tags,
    UniqueId,
    UserName,
    show_boundary,
)
from strongroom.services.iam.tags import show_tags
from strongroom.store.rows import Rows
from strongroom.wire.shapes import Shape, Timestamp, timestamp

EntityType = Literal["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"]

_AT_ONCE: Final = 100


class InlinePolicyDetail(Shape):
    """An inline policy with its text."""

    policy_name: PolicyName | None = None
    policy_document: PolicyDocument | None = None


class UserAuthorization(Shape):
    """A user with its policies and groups."""

    path: Path | None = None
    user_name: UserName | None = None
    user_id: UniqueId | None = None
    arn: Arn | None = None
    create_date: Timestamp | None = None
    user_policy_list: list[InlinePolicyDetail] | None = None
    group_list: list[GroupName] | None = None
    attached_managed_policies: list[AttachedPolicy] | None = None
    permissions_boundary: AttachedBoundary | None = None
    tags: Tags | None = None


class GroupAuthorization(Shape):
    """A group with its policies."""

    path: Path | None = None
    group_name: GroupName | None = None
    group_id: UniqueId | None = None
    arn: Arn | None = None
    create_date: Timestamp | None = None
    group_policy_list: list[InlinePolicyDetail] | None = None
    attached_managed_policies: list[AttachedPolicy] | None = None


class RoleAuthorization(Shape):
    """A role with its policies, whom it trusts, and its instance profiles."""

    path: Path | None = None
    role_name: RoleName | None = None
    role_id: UniqueId | None = None
    arn: Arn | None = None
    create_date: Timestamp | None = None
    assume_role_policy_document: PolicyDocument | None = None
    instance_profile_list: list[ProfileDetail] | None = None
    role_policy_list: list[InlinePolicyDetail] | None = None
    attached_managed_policies: list[AttachedPolicy] | None = None
    permissions_boundary: AttachedBoundary | None = None
    tags: Tags | None = None
    role_last_used: RoleLastUsed | None = None


class PolicyAuthorization(Shape):
    """A managed policy with the text of every version."""

    policy_name: PolicyName | None = None
    policy_id: UniqueId | None = None
    arn: Arn | None = None
    path: PolicyPath | None = None
    default_version_id: VersionId | None = None
    attachment_count: int | None = None
    permissions_boundary_usage_count: int | None = None
    is_attachable: bool | None = None
    description: PolicyDescription | None = None
    create_date: Timestamp | None = None
    update_date: Timestamp | None = None
    policy_version_list: list[PolicyVersionDetail] | None = None


Detail = UserAuthorization | GroupAuthorization | RoleAuthorization | PolicyAuthorization


def details(
    rows: Rows, account: str, kinds: tuple[EntityType, ...], after: str
) -> Iterator[tuple[str, Detail]]:
    """Give what an account has of some kinds, with its position, from behind a position."""
    show: dict[EntityType, tuple[str, Callable[[str], Iterator[tuple[str, Detail]]]]] = {
        "User": ("a", lambda name: _identities(rows, account, USERS, name, _show_user)),
        "Group": ("b", lambda name: _identities(rows, account, GROUPS, name, _show_group)),
        "Role": ("c", lambda name: _identities(rows, account, ROLES, name, _show_role)),
        "LocalManagedPolicy": ("d", lambda name: _own_policies(rows, account, name)),
        "AWSManagedPolicy": ("e", lambda name: _aws_policies(rows, account, name)),
    }
    for kind, (letter, walk) in show.items():
        if kind in kinds and letter >= after[:1]:
            begin = after[1:] if letter == after[:1] else ""
            for name, detail in walk(begin):
                yield letter + name, detail


def _identities(
    rows: Rows, account: str, kind: IdentityRows[Any], after: str, show: Callable[[Rows, Any], Detail]
) -> Iterator[tuple[str, Detail]]:
    while page := kind.page(rows, account, "/", after, _AT_ONCE):
        for identity in page:
            yield fold_name(identity.name), show(rows, identity)
        after = fold_name(page[-1].name)


def _own_policies(rows: Rows, account: str, after: str) -> Iterator[tuple[str, Detail]]:
    while page := page_of_policies(rows, account, "/", after, _AT_ONCE):
        for policy in page:
            yield fold_name(policy.name), _show_policy(rows, account, policy)
        after = fold_name(page[-1].name)


def _aws_policies(rows: Rows, account: str, after: str) -> Iterator[tuple[str, Detail]]:
    for policy in sorted(MANAGED_POLICIES.values(), key=lambda each: fold_name(each.name)):
        if fold_name(policy.name) > after:
            shown = _show_policy(rows, account, policy)
            if shown.attachment_count or shown.permissions_boundary_usage_count:
                yield fold_name(policy.name), shown


def _show_user(rows: Rows, user: User) -> UserAuthorization:
    attributes = user.attributes
    return UserAuthorization(
        path=user.path,
        user_name=user.name,
        user_id=user.unique_id,
        arn=user.arn,
        create_date=timestamp(user.created_ms),
        user_policy_list=_inline(rows, USERS, user.unique_id),
        group_list=[group.name for group in groups_of(rows, user)],
        attached_managed_policies=_attached(attributes.attached),
        permissions_boundary=show_boundary(attributes.boundary),
        tags=show_tags(attributes.tags or ()),
    )


def _show_group(rows: Rows, group: Group) -> GroupAuthorization:
    return GroupAuthorization(
        path=group.path,
        group_name=group.name,
        group_id=group.unique_id,
        arn=group.arn,
        create_date=timestamp(group.created_ms),
        group_policy_list=_inline(rows, GROUPS, group.unique_id),
        attached_managed_policies=_attached(group.attributes.attached),
    )


def _show_role(rows: Rows, role: Role) -> RoleAuthorization:
    shown = show_role(rows, role)
    profiles = profiles_of_role(rows, role.unique_id, "", _AT_ONCE)
    return RoleAuthorization(
        path=role.path,
        role_name=role.name,
        role_id=role.unique_id,
        arn=role.arn,
        create_date=shown.create_date,
        assume_role_policy_document=shown.assume_role_policy_document,
        instance_profile_list=[show_profile(rows, profile, is_listed=True) for profile in profiles],
        role_policy_list=_inline(rows, ROLES, role.unique_id),
        attached_managed_policies=_attached(role.attributes.attached),
        permissions_boundary=shown.permissions_boundary,
        tags=show_tags(role.attributes.tags or ()),
        role_last_used=shown.role_last_used,
    )


def _show_policy(rows: Rows, account: str, policy: CustomerPolicy | ManagedPolicy) -> PolicyAuthorization:
    shown = show_managed(rows, account, policy, "whole")
    return PolicyAuthorization(
        policy_name=shown.policy_name,
        policy_id=shown.policy_id,
        arn=shown.arn,
        path=shown.path,
        default_version_id=shown.default_version_id,
        attachment_count=shown.attachment_count,
        permissions_boundary_usage_count=shown.permissions_boundary_usage_count,
        is_attachable=shown.is_attachable,
        description=shown.description,
        create_date=shown.create_date,
        update_date=shown.update_date,
        policy_version_list=_versions(rows, policy),
    )


def _versions(rows: Rows, policy: CustomerPolicy | ManagedPolicy) -> list[PolicyVersionDetail]:
    if isinstance(policy, ManagedPolicy):
        return [
            PolicyVersionDetail(
                document=quote(policy.document, safe=""),
                version_id=policy.version_id,
                is_default_version=True,
                create_date=read_date(policy.updated),
            )
        ]
    versions = []
    for number in sorted(policy.attributes.versions, reverse=True):
        version = get_version(rows, policy, number)
        versions.append(
            PolicyVersionDetail(
                document=quote(version.document, safe=""),
                version_id=f"v{number}",
                is_default_version=number == policy.attributes.default,
                create_date=timestamp(version.created_ms),
            )
        )
    return versions


def _inline(rows: Rows, kind: IdentityRows[Any], unique_id: str) -> list[InlinePolicyDetail]:
    return [
        InlinePolicyDetail(policy_name=policy.name, policy_document=show_document(policy))
        for policy in kind.list_policies(rows, unique_id)
    ]


def _attached(arns: tuple[str, ...]) -> list[AttachedPolicy]:
    return [AttachedPolicy(policy_name=arn.rpartition("/")[2], policy_arn=arn) for arn in arns]
