"""ChangePassword: set another console password for oneself, showing the one that was in force.

The caller needs the right to it, whatever the password policy of the account says of users: unlike AWS we give no
right that no policy gives. Neither password is recorded.

Errors: InvalidUserType, NoSuchEntity, AccessDenied for a wrong old password, PasswordPolicyViolation,
EntityTemporarilyUnmodifiable.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ChangePassword.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.account_settings import password_policy
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.login_profiles import Password, existing_login, new_password_hash
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.passwords import changed_login, is_right_password
from strongroom.wire.shapes import Shape


class Request(Shape):
    """The password in force, and the new one."""

    old_password: Password
    new_password: Password


def target(context: Context, request: Request) -> Target:
    """Name the caller's own user; who is none is refused later, if it may do this at all."""
    if context.caller.user_name is None:
        return Target(context.caller.arn, context.account, context.caller.arn)
    return find_target(context, USERS, context.caller.user_name)


def prepare(context: Context, request: Request, target: Target) -> tuple[bytes, bytes]:
    """Compare the old password and hash the new one; return the hash that was compared as well."""
    if context.caller.user_name is None:
        raise errors.not_a_user()
    user = existing(USERS, target)
    login = existing_login(user)
    if not is_right_password(context.deployment.keyring, user, request.old_password):
        raise errors.wrong_old_password()
    return login.sealed_hashes[0], new_password_hash(context, user, request.new_password)


def handle(context: Context, request: Request, target: Target) -> None:
    """Keep the new hash, when the old password is still the one that was compared."""
    user = existing(USERS, target)
    login = existing_login(user)
    compared, sealed = context.prepared
    if login.sealed_hashes[0] != compared:
        raise errors.temporarily_unmodifiable(user.name)
    policy = password_policy(context.rows, context.account)
    login = changed_login(login, sealed, policy, context.now_ms, must_change=False)
    USERS.change_attributes(context.transaction, user, login=login)


CHANGE_PASSWORD: Operation[Request, Shape] = Operation(
    name="ChangePassword",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:ChangePassword",
    target=target,
    handle=handle,
    prepare=prepare,
)
