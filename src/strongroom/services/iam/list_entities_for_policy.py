"""ListEntitiesForPolicy: the users, groups and roles of the account that have a managed policy.

Attached as a permissions policy, as a boundary, or either; of one kind or of all; under a path. 100 together a page
unless MaxItems says otherwise (1 to 1,000), in the order of their unique ids.

Errors: NoSuchEntity; ValidationError for an ARN that is none, and for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListEntitiesForPolicy.html
"""

from __future__ import annotations

from typing import Any, Final, Literal

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.identity_rows import GROUPS, ROLES, USERS, IdentityRows
from strongroom.services.iam.managed_policies import policy_target
from strongroom.services.iam.marker import cut_page, open_marker
from strongroom.services.iam.model import Group, Role, User
from strongroom.services.iam.policy_rows import Use, attached_ids
from strongroom.services.iam.policy_shapes import PolicyUsage
from strongroom.services.iam.role_shapes import RoleName
from strongroom.services.iam.shapes import (
    MAX_ITEMS_DEFAULT,
    Arn,
    GroupName,
    Marker,
    MaxItems,
    Path,
    UniqueId,
    UserName,
)
from strongroom.store.errors import StoreTampered
from strongroom.wire.shapes import Shape

NAME = "ListEntitiesForPolicy"

_KINDS: Final[dict[str, tuple[str, IdentityRows[Any]]]] = {
    "AIDA": ("User", USERS),
    "AGPA": ("Group", GROUPS),
    "AROA": ("Role", ROLES),
}
_USES: Final[dict[PolicyUsage | None, tuple[Use, ...]]] = {
    None: ("policy", "boundary"),
    "PermissionsPolicy": ("policy",),
    "PermissionsBoundary": ("boundary",),
}


class PolicyUser(Shape):
    """A user that has the policy."""

    user_name: UserName | None = None
    user_id: UniqueId | None = None


class PolicyGroup(Shape):
    """A group that has the policy."""

    group_name: GroupName | None = None
    group_id: UniqueId | None = None


class PolicyRole(Shape):
    """A role that has the policy."""

    role_name: RoleName | None = None
    role_id: UniqueId | None = None


class Request(Shape):
    """Which policy, which entities, and which page."""

    policy_arn: Arn
    entity_filter: Literal["User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"] | None = None
    path_prefix: Path | None = None
    policy_usage_filter: PolicyUsage | None = None
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    policy_groups: list[PolicyGroup] | None = None
    policy_users: list[PolicyUser] | None = None
    policy_roles: list[PolicyRole] | None = None
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the policy."""
    return policy_target(context, request.policy_arn)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read a page."""
    if target.found is None:
        raise errors.not_attachable(request.policy_arn)
    question = f"{request.entity_filter} {request.path_prefix} {request.policy_usage_filter} {target.arn}"
    after = open_marker(context, NAME, question, request.marker)
    found = _entities(context, request, target.arn, after)
    most = request.max_items or MAX_ITEMS_DEFAULT
    page, marker = cut_page(context, NAME, question, found, most, lambda each: each.unique_id)
    users = [each for each in page if isinstance(each, User)]
    groups = [each for each in page if isinstance(each, Group)]
    roles = [each for each in page if isinstance(each, Role)]
    return Response(
        policy_groups=[PolicyGroup(group_name=each.name, group_id=each.unique_id) for each in groups],
        policy_users=[PolicyUser(user_name=each.name, user_id=each.unique_id) for each in users],
        policy_roles=[PolicyRole(role_name=each.name, role_id=each.unique_id) for each in roles],
        is_truncated=marker is not None,
        marker=marker,
    )


def _entities(context: Context, request: Request, arn: str, after: str) -> list[User | Group | Role]:
    """Read all that are asked for from behind a unique id: the quotas of an account bound how many there are.

    Raises:
        StoreTampered: One of them is gone, or there are not as many as the policy's row says.
    """
    ids = {
        unique_id
        for use in _USES[request.policy_usage_filter]
        for unique_id in attached_ids(context.rows, context.account, arn, use)
        if unique_id > after
    }
    found: list[User | Group | Role] = []
    for unique_id in sorted(ids):
        name, kind = _KINDS[unique_id[:4]]
        if request.entity_filter in (None, name):
            identity = kind.find_by_id(context.rows, unique_id)
            if identity is None:
                raise StoreTampered("an identity that has a managed policy is gone")
            if identity.path.startswith(request.path_prefix or "/"):
                found.append(identity)
    return found


LIST_ENTITIES_FOR_POLICY = Operation(
    name=NAME,
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:ListEntitiesForPolicy",
    target=target,
    handle=handle,
    recorded_request=("policy_arn", "entity_filter", "path_prefix", "policy_usage_filter", "max_items"),
)
