"""Login profiles: how they are shown, and how a new password is judged and hashed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from strongroom.gateway.context import Context
from strongroom.services.iam import errors
from strongroom.services.iam.account_settings import password_policy
from strongroom.services.iam.model import Login, User
from strongroom.services.iam.passwords import conforms, is_reused, seal_password
from strongroom.services.iam.recorded import render_date
from strongroom.services.iam.shapes import UserName
from strongroom.wire.shapes import SENSITIVE, Shape, Timestamp, limits, timestamp

Password = Annotated[str, limits(1, 128, pattern=r"[\u0009\u000A\u000D\u0020-\u00FF]+"), SENSITIVE]


class LoginProfile(Shape):
    """That a user has a console password."""

    user_name: UserName
    create_date: Timestamp
    password_reset_required: bool | None = None


def existing_login(user: User) -> Login:
    """Return the login of a user.

    Raises:
        Fault: It has none.
    """
    login = user.attributes.login
    if login is None:
        raise errors.login_not_found(user.name)
    return login


def new_password_hash(context: Context, user: User, password: str) -> bytes:
    """Judge a new password of a user by the policy of its account, and hash it; takes tens of milliseconds.

    Raises:
        Fault: It is too weak, or was used not long ago.
    """
    policy = password_policy(context.rows, user.account)
    keyring = context.deployment.keyring
    if not conforms(policy, password) or is_reused(keyring, user, policy, password):
        raise errors.password_policy_violated()
    return seal_password(keyring, user, password)


def show_login(user: User, login: Login) -> LoginProfile:
    """Show a login profile."""
    return LoginProfile(
        user_name=user.name,
        create_date=timestamp(login.created_ms),
        password_reset_required=login.must_change,
    )


def record_login(profile: LoginProfile) -> Mapping[str, Any]:
    """Show a login profile in a record."""
    return {
        "userName": profile.user_name,
        "createDate": render_date(profile.create_date),
        "passwordResetRequired": profile.password_reset_required,
    }
