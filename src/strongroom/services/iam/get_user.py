"""GetUser: describe a user; without a name the caller's own.

Errors: NoSuchEntity. Tags are shown when the user has any.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import existing, find_user_or_self
from strongroom.services.iam.shapes import ExistingUserName, UserDetail, show_user
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which user."""

    user_name: ExistingUserName | None = None


class Response(Shape):
    """The user."""

    user: UserDetail


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    return find_user_or_self(context, request.user_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Show it."""
    return Response(user=show_user(existing(USERS, target)))


GET_USER = Operation(
    name="GetUser",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="iam:GetUser",
    target=target,
    handle=handle,
    recorded_request=("user_name",),
)
