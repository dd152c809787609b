"""UpdateUser: give a user another name, another path, or both.

The user keeps its unique id, and with it its keys, policies, groups and everything else. Who renames needs the
right on the user as it is called now and on the user as it will be called.

Errors: NoSuchEntity, EntityAlreadyExists, ValidationError.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.authorisation import authorise
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import check_name, check_path, existing, find_target
from strongroom.services.iam.shapes import ExistingUserName, NewPath, NewUserName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which user, and what changes."""

    user_name: ExistingUserName
    new_path: NewPath | None = None
    new_user_name: NewUserName | None = None


def target(context: Context, request: Request) -> Target:
    """Name the user as it is called now."""
    if request.new_user_name is not None:
        check_name("newUserName", request.new_user_name)
    if request.new_path is not None:
        check_path("newPath", request.new_path)
    return find_target(context, USERS, request.user_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Rename it, when the caller may use the new name as well."""
    user = existing(USERS, target)
    renamed = replace(user, name=request.new_user_name or user.name, path=request.new_path or user.path)
    label = f"user {renamed.name}"
    authorise(context, "iam:UpdateUser", Target(renamed.arn, user.account, label, None, target.conditions))
    other = USERS.find(context.rows, user.account, renamed.name)
    if other is not None and other.unique_id != user.unique_id:
        raise errors.identity_exists("user", renamed.name)
    USERS.rename(context.transaction, user, renamed)


UPDATE_USER: Operation[Request, Shape] = Operation(
    name="UpdateUser",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:UpdateUser",
    target=target,
    handle=handle,
    recorded_request=(
        "user_name",
        "new_path",
        "new_user_name",
    ),
)
