"""The password policy of an account, as the API writes it."""

from __future__ import annotations

from typing import Annotated

from strongroom.services.iam.model import PasswordPolicy
from strongroom.wire.shapes import Shape, within

MinimumPasswordLength = Annotated[int, within(6, 128)]
MaxPasswordAge = Annotated[int, within(1, 1095)]
PasswordReusePrevention = Annotated[int, within(1, 24)]


class PasswordPolicyDetail(Shape):
    """The rules that an account has set."""

    minimum_password_length: MinimumPasswordLength | None = None
    require_symbols: bool | None = None
    require_numbers: bool | None = None
    require_uppercase_characters: bool | None = None
    require_lowercase_characters: bool | None = None
    allow_users_to_change_password: bool | None = None
    expire_passwords: bool | None = None
    max_password_age: MaxPasswordAge | None = None
    password_reuse_prevention: PasswordReusePrevention | None = None
    hard_expiry: bool | None = None


def show_policy(policy: PasswordPolicy) -> PasswordPolicyDetail:
    """Show the rules."""
    return PasswordPolicyDetail(
        minimum_password_length=policy.least,
        require_symbols=policy.needs_symbols,
        require_numbers=policy.needs_numbers,
        require_uppercase_characters=policy.needs_upper,
        require_lowercase_characters=policy.needs_lower,
        allow_users_to_change_password=policy.users_may_change,
        expire_passwords=policy.most_days is not None,
        max_password_age=policy.most_days,
        password_reuse_prevention=policy.remembered,
        hard_expiry=policy.is_expiry_hard,
    )
