"""CreateLoginProfile: give a user a console password; without a name the caller itself.

The password is hashed before the change waits for its turn, and stored sealed. It is never recorded.

Errors: NoSuchEntity, EntityAlreadyExists, PasswordPolicyViolation, ValidationError.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateLoginProfile.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.login_profiles import (
    LoginProfile,
    Password,
    new_password_hash,
    record_login,
    show_login,
)
from strongroom.services.iam.lookup import existing, find_user_or_self
from strongroom.services.iam.model import Login
from strongroom.services.iam.shapes import NewUserName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Whose password, and what it is."""

    user_name: NewUserName | None = None
    password: Password | None = None
    password_reset_required: bool | None = None


class Response(Shape):
    """The login profile that was made."""

    login_profile: LoginProfile


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    return find_user_or_self(context, request.user_name)


def prepare(context: Context, request: Request, target: Target) -> bytes:
    """Hash the password, when there is no other reason to refuse it."""
    user = existing(USERS, target)
    if user.attributes.login is not None:
        raise errors.login_exists(user.name)
    if request.password is None:
        raise errors.password_missing()
    return new_password_hash(context, user, request.password)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Keep the hash."""
    user = existing(USERS, target)
    if user.attributes.login is not None:
        raise errors.login_exists(user.name)
    must_change = bool(request.password_reset_required)
    sealed: bytes = context.prepared
    login = Login(context.now_ms, context.now_ms, must_change, (sealed,))
    USERS.change_attributes(context.transaction, user, login=login)
    return Response(login_profile=show_login(user, login))


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the login profile."""
    return {"loginProfile": record_login(response.login_profile)}


CREATE_LOGIN_PROFILE = Operation(
    name="CreateLoginProfile",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="iam:CreateLoginProfile",
    target=target,
    handle=handle,
    prepare=prepare,
    recorded_request=(
        "user_name",
        "password_reset_required",
    ),
    recorded_response=recorded_response,
)
