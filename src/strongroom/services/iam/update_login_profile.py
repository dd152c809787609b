"""UpdateLoginProfile: set another console password for a user, or say whether the user has to.

Errors: NoSuchEntity, PasswordPolicyViolation.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateLoginProfile.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.account_settings import password_policy
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.login_profiles import Password, existing_login, new_password_hash
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.passwords import changed_login
from strongroom.services.iam.shapes import NewUserName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Whose password, and what changes."""

    user_name: NewUserName
    password: Password | None = None
    password_reset_required: bool | None = None


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    return find_target(context, USERS, request.user_name)


def prepare(context: Context, request: Request, target: Target) -> bytes | None:
    """Hash the password, if there is one."""
    user = existing(USERS, target)
    existing_login(user)
    return None if request.password is None else new_password_hash(context, user, request.password)


def handle(context: Context, request: Request, target: Target) -> None:
    """Keep the hash."""
    user = existing(USERS, target)
    login = existing_login(user)
    sealed: bytes | None = context.prepared
    if sealed is not None:
        policy = password_policy(context.rows, context.account)
        login = changed_login(login, sealed, policy, context.now_ms, must_change=login.must_change)
    if request.password_reset_required is not None:
        login = replace(login, must_change=request.password_reset_required)
    USERS.change_attributes(context.transaction, user, login=login)


UPDATE_LOGIN_PROFILE: Operation[Request, Shape] = Operation(
    name="UpdateLoginProfile",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:UpdateLoginProfile",
    target=target,
    handle=handle,
    prepare=prepare,
    recorded_request=(
        "user_name",
        "password_reset_required",
    ),
)
