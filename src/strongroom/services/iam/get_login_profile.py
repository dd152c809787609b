"""GetLoginProfile: when a user got a console password; without a name the caller's own.

Errors: NoSuchEntity, also when there is no password.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetLoginProfile.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.login_profiles import LoginProfile, existing_login, show_login
from strongroom.services.iam.lookup import existing, find_user_or_self
from strongroom.services.iam.shapes import NewUserName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Whose login profile."""

    user_name: NewUserName | None = None


class Response(Shape):
    """The login profile."""

    login_profile: LoginProfile


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    return find_user_or_self(context, request.user_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Show it."""
    user = existing(USERS, target)
    return Response(login_profile=show_login(user, existing_login(user)))


GET_LOGIN_PROFILE = Operation(
    name="GetLoginProfile",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="iam:GetLoginProfile",
    target=target,
    handle=handle,
    recorded_request=("user_name",),
)
