"""DeleteUser: remove a user that has nothing of its own any more: policies, groups, access keys, MFA devices,
login profile.

Errors: NoSuchEntity, DeleteConflict.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.boundaries import delete_boundary
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.shapes import ExistingUserName
from strongroom.services.iam.tables import list_access_keys
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which user."""

    user_name: ExistingUserName


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    return find_target(context, USERS, request.user_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove it, when nothing hangs on it."""
    user = existing(USERS, target)
    if user.attributes.attached:
        raise errors.must_detach_policies()
    if USERS.list_policies(context.rows, user.unique_id):
        raise errors.must_delete_policies()
    if user.attributes.groups:
        raise errors.must_remove_users()
    if list_access_keys(context.rows, user.unique_id):
        raise errors.must_delete_access_keys()
    if user.attributes.second_factors:
        raise errors.must_delete_devices()
    if user.attributes.login is not None:
        raise errors.must_delete_login()
    USERS.remove(context.transaction, delete_boundary(context, USERS, user))


DELETE_USER: Operation[Request, Shape] = Operation(
    name="DeleteUser",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:DeleteUser",
    target=target,
    handle=handle,
    recorded_request=("user_name",),
)
