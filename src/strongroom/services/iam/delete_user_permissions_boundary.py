"""DeleteUserPermissionsBoundary: take the permissions boundary from a user.

From the next request on the user may do all that its policies allow.

Errors: NoSuchEntity, also when it has none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPermissionsBoundary.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.boundaries import delete_boundary
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.shapes import NewUserName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which user."""

    user_name: NewUserName


def target(context: Context, request: Request) -> Target:
    """Name the user; the boundary it has is a condition key."""
    return find_target(context, USERS, request.user_name, with_boundary=True)


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove the boundary."""
    user = existing(USERS, target)
    if user.attributes.boundary is None:
        raise errors.no_boundary("user", user.name)
    delete_boundary(context, USERS, user)


DELETE_USER_PERMISSIONS_BOUNDARY: Operation[Request, Shape] = Operation(
    name="DeleteUserPermissionsBoundary",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:DeleteUserPermissionsBoundary",
    target=target,
    handle=handle,
    recorded_request=("user_name",),
)
