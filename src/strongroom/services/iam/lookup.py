"""Step 5 for users: from the name that the caller sent, or from the caller itself, to the row and its ARN.

Rules (threat model P-01, P-09):
 - The policy is evaluated on the stored ARN, path and case included. For an absent user it is evaluated on the
   ARN that a user of that name at the path ``/`` would have, and a refusal repeats only what the caller sent:
   who has no rights learns nothing.
 - Without a name the caller's own user is meant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Target
from strongroom.policy.match import fold
from strongroom.services.iam import errors
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.model import NAME, AccessKey, User, user_arn
from strongroom.services.iam.tables import find_access_key

_LABEL: Final = "user "
_NO_CONDITIONS: Mapping[str, tuple[str, ...]] = {}


def find_target(context: Context, name: str | None) -> Target:
    """Resolve a user name.

    Returns:
        The target; ``found`` is the user, or None when there is none.

    Raises:
        Fault: Characters that no name has, or no name from a caller that is no user.
    """
    wanted = own_name(context) if name is None else check_name("userName", name)
    user = USERS.find(context.rows, context.account, wanted)
    label = f"{_LABEL}{wanted}"
    if user is None:
        return Target(user_arn(context.account, "/", wanted), context.account, label)
    return Target(user.arn, context.account, label, user, tag_conditions(user))


def account_target(context: Context, path: str = "/") -> Target:
    """Name all users of the caller's account under a path, for listings."""
    arn = user_arn(context.account, path, "")
    return Target(arn, context.account, arn)


def existing(target: Target) -> User:
    """Return the user of a target.

    Raises:
        Fault: There is none.
    """
    user = target.found
    if user is None:
        raise errors.user_not_found(target.label.removeprefix(_LABEL))
    assert isinstance(user, User)
    return user


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


def tag_conditions(user: User) -> Mapping[str, tuple[str, ...]]:
    """Give the condition keys of a user's tags."""
    if not user.attributes.tags:
        return _NO_CONDITIONS
    conditions: dict[str, tuple[str, ...]] = {}
    for key, value in user.attributes.tags:
        conditions[f"aws:resourcetag/{fold(key)}"] = (value,)
        conditions[f"iam:resourcetag/{fold(key)}"] = (value,)
    return conditions
