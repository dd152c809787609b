"""Step 5 for users, groups and roles: from the name that the caller sent, or from the caller itself, to the row.

Rules (threat model P-01, P-09):
 - The policy is evaluated on the stored ARN, path and case included. For what is absent it is evaluated on the
   ARN that one of that name at the path ``/`` would have, and a refusal repeats only what the caller sent:
   who has no rights learns nothing.
 - Without a name the caller's own user is meant, where the operation allows that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Target
from strongroom.policy.match import fold
from strongroom.services.iam import errors
from strongroom.services.iam.identity_rows import USERS, IdentityRows
from strongroom.services.iam.model import NAME, PATH, AccessKey, GroupAttributes, Identity, User
from strongroom.services.iam.tables import find_access_key

I = TypeVar("I", bound=Identity)  # noqa: E741 - an identity, as in identity_rows

Conditions = Mapping[str, tuple[str, ...]]
"""Condition keys in lower case, with their values."""

NO_CONDITIONS: Final[Conditions] = {}


def find_target(
    context: Context,
    kind: IdentityRows[I],
    name: str,
    conditions: Conditions = NO_CONDITIONS,
    *,
    with_boundary: bool = False,
) -> Target:
    """Resolve the name of a user, group or role.

    Args:
        context: Who asks.
        kind: ``USERS``, ``GROUPS`` or ``ROLES``.
        name: As the caller sent it.
        conditions: Condition keys of the request; those of the identity's tags are added.
        with_boundary: Whether the identity's permissions boundary is a condition key too: AWS has it for what
            changes the policies of a user or role.

    Returns:
        The target; ``found`` is the identity, or None when there is none.

    Raises:
        Fault: Characters that no name has.
    """
    wanted = check_name(f"{kind.word}Name", name)
    label = f"{kind.word} {wanted}"
    found = kind.find(context.rows, context.account, wanted)
    if found is None:
        arn = kind.arn(context.account, "/", wanted)
        return Target(arn, context.account, label, conditions=conditions)
    arn = kind.arn(found.account, found.path, found.name)
    own = _own_conditions(found, with_boundary)
    return Target(arn, context.account, label, found, {**own, **conditions} if conditions else own)


def find_user_or_self(context: Context, name: str | None, conditions: Conditions = NO_CONDITIONS) -> Target:
    """Resolve the name of a user; without one the calling user is meant.

    Raises:
        Fault: Characters that no name has, or no name from a caller that is no user.
    """
    return find_target(context, USERS, own_name(context) if name is None else name, conditions)


def account_target(context: Context) -> Target:
    """Name no resource: the operation is about the caller's account."""
    return Target("*", context.account)


def list_target(context: Context, kind: IdentityRows[Any], path: str | None) -> Target:
    """Name all users, groups or roles of the caller's account under a path, for listings."""
    arn = kind.arn(context.account, path or "/", "")
    return Target(arn, context.account, arn)


def new_target(
    context: Context,
    kind: IdentityRows[Any],
    path: str | None,
    name: str,
    conditions: Conditions = NO_CONDITIONS,
) -> Target:
    """Name the user, group or role that will be.

    Raises:
        Fault: Characters that no name or no path has.
    """
    check_name(f"{kind.word}Name", name)
    if path is not None:
        check_path("path", path)
    arn = kind.arn(context.account, path or "/", name)
    return Target(arn, context.account, arn, conditions=conditions)


def existing(kind: IdentityRows[I], target: Target) -> I:
    """Return the user, group or role of a target.

    Raises:
        Fault: There is none.
    """
    found = target.found
    if found is None:
        raise errors.identity_not_found(kind.word, target.label.removeprefix(f"{kind.word} "))
    assert isinstance(found, kind.kind)
    return found


def existing_key(context: Context, user: User, access_key_id: str) -> AccessKey:
    """Return an access key of a user.

    Raises:
        Fault: The user has no such key; whether another user has it makes no difference (P-11).
    """
    key = find_access_key(context.rows, access_key_id)
    if key is None or key.user_id != user.unique_id:
        raise errors.access_key_not_found(access_key_id)
    return key


def own_name(context: Context) -> str:
    """Return the name of the calling user.

    Raises:
        Fault: The caller is no user.
    """
    name = context.caller.user_name
    if name is None:
        raise errors.user_name_missing()
    return name


def check_name(member: str, name: str) -> str:
    """Return ``name`` when it has only the characters of names.

    Raises:
        Fault: It has others.
    """
    if NAME.fullmatch(name) is None:
        raise errors.invalid_name(member)
    return name


def check_path(member: str, path: str) -> None:
    """Refuse what is not ``/`` or ``/.../`` in printable ASCII.

    Raises:
        Fault: It is not.
    """
    if PATH.fullmatch(path) is None:
        raise errors.invalid_path(member)


def tag_conditions(tags: tuple[tuple[str, str], ...]) -> Conditions:
    """Give the condition keys of the tags of a resource."""
    conditions: dict[str, tuple[str, ...]] = {}
    for key, value in tags:
        conditions[f"aws:resourcetag/{fold(key)}"] = (value,)
        conditions[f"iam:resourcetag/{fold(key)}"] = (value,)
    return conditions


def _own_conditions(identity: Any, with_boundary: bool) -> Conditions:
    """Give the condition keys of a user or role; groups have neither tags nor boundaries."""
    attributes = identity.attributes
    if isinstance(attributes, GroupAttributes):
        return NO_CONDITIONS
    conditions = tag_conditions(attributes.tags) if attributes.tags else NO_CONDITIONS
    if with_boundary and attributes.boundary is not None:
        return {**conditions, "iam:permissionsboundary": (attributes.boundary,)}
    return conditions
