"""DeleteLoginProfile: take the console password from a user; without a name from the caller.

Errors: NoSuchEntity, also when there is no password.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteLoginProfile.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.login_profiles import existing_login
from strongroom.services.iam.lookup import existing, find_user_or_self
from strongroom.services.iam.shapes import NewUserName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Whose login profile."""

    user_name: NewUserName | None = None


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    return find_user_or_self(context, request.user_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Forget the password."""
    user = existing(USERS, target)
    existing_login(user)
    USERS.change_attributes(context.transaction, user, login=None)


DELETE_LOGIN_PROFILE: Operation[Request, Shape] = Operation(
    name="DeleteLoginProfile",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:DeleteLoginProfile",
    target=target,
    handle=handle,
    recorded_request=("user_name",),
)
