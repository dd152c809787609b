"""UpdateAccountPasswordPolicy: set the rules for console passwords.

What is left out gets its default, not what was there.
They hold for passwords that are set from now on.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccountPasswordPolicy.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.account_settings import AccountAttributes, account_settings, save_settings
from strongroom.services.iam.lookup import account_target
from strongroom.services.iam.model import PasswordPolicy
from strongroom.services.iam.password_policies import (
    MaxPasswordAge,
    MinimumPasswordLength,
    PasswordReusePrevention,
)
from strongroom.wire.shapes import Shape


class Request(Shape):
    """The rules."""

    minimum_password_length: MinimumPasswordLength | None = None
    require_symbols: bool | None = None
    require_numbers: bool | None = None
    require_uppercase_characters: bool | None = None
    require_lowercase_characters: bool | None = None
    allow_users_to_change_password: bool | None = None
    max_password_age: MaxPasswordAge | None = None
    password_reuse_prevention: PasswordReusePrevention | None = None
    hard_expiry: bool | None = None


def target(context: Context, request: Request) -> Target:
    """There is no resource."""
    return account_target(context)


def handle(context: Context, request: Request, target: Target) -> None:
    """Keep the rules."""
    policy = PasswordPolicy(
        least=request.minimum_password_length or PasswordPolicy().least,
        needs_symbols=bool(request.require_symbols),
        needs_numbers=bool(request.require_numbers),
        needs_upper=bool(request.require_uppercase_characters),
        needs_lower=bool(request.require_lowercase_characters),
        users_may_change=bool(request.allow_users_to_change_password),
        most_days=request.max_password_age,
        remembered=request.password_reuse_prevention,
        is_expiry_hard=request.hard_expiry,
    )
    settings = account_settings(context.rows, context.account)
    save_settings(context.transaction, replace(settings, attributes=AccountAttributes(policy)))


UPDATE_ACCOUNT_PASSWORD_POLICY: Operation[Request, Shape] = Operation(
    name="UpdateAccountPasswordPolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:UpdateAccountPasswordPolicy",
    target=target,
    handle=handle,
    recorded_request=(
        "minimum_password_length",
        "require_symbols",
        "require_numbers",
        "require_uppercase_characters",
        "require_lowercase_characters",
        "allow_users_to_change_password",
        "max_password_age",
        "password_reuse_prevention",
        "hard_expiry",
    ),
)
