"""The credential report of an account: one line for each user, with the state of its credentials.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html and identity
reference 4.6 (columns and literals recorded).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from strongroom.clock import Instant
from strongroom.services.iam.account_settings import password_policy
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.last_used import find_last_use
from strongroom.services.iam.model import (
    ACTIVE,
    KEYS_PER_USER_MOST,
    AccessKey,
    PasswordPolicy,
    User,
    fold_name,
)
from strongroom.services.iam.passwords import expires_ms
from strongroom.services.iam.tables import find_account, list_access_keys
from strongroom.store.rows import Rows

FRESH_MS: Final = 4 * 3_600_000
"""A report is made anew at most every four hours, and shown for as long."""

_NOT_APPLICABLE: Final = "N/A"
_NOT_SUPPORTED: Final = "not_supported"
_NO_INFORMATION: Final = "no_information"
_NO: Final = "false"
_KEY_COLUMNS: Final = ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
_COLUMNS: Final = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    *(f"access_key_{number}_{column}" for number in (1, 2) for column in _KEY_COLUMNS),
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
)
_NO_KEY: Final = (_NO, *(_NOT_APPLICABLE,) * 4)
_NO_CERTIFICATES: Final = (_NO, _NOT_APPLICABLE) * 2
_PAGE: Final = 500


def write_report(rows: Rows, account: str) -> bytes:
    """Write the report: the root of the account first, then the users by name."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    with rows.snapshot():
        policy = password_policy(rows, account)
        writer.writerow(_of_root(rows, account))
        for user in _users(rows, account):
            writer.writerow(_of_user(rows, user, policy))
    return out.getvalue().encode()


def _users(rows: Rows, account: str) -> Iterator[User]:
    after = ""
    while page := USERS.page(rows, account, "/", after, _PAGE):
        yield from page
        after = fold_name(page[-1].name)


def _of_root(rows: Rows, account: str) -> tuple[str, ...]:
    created_ms = find_account(rows, account)
    assert created_ms is not None
    return (
        "<root_account>",
        f"arn:aws:iam::{account}:root",
        _date(created_ms),
        _NOT_SUPPORTED,
        _NO_INFORMATION,
        _NOT_SUPPORTED,
        _NOT_SUPPORTED,
        _NO,
        *_NO_KEY,
        *_NO_KEY,
        *_NO_CERTIFICATES,
    )


def _of_user(rows: Rows, user: User, policy: PasswordPolicy | None) -> tuple[str, ...]:
    keys = [_of_key(rows, key) for key in list_access_keys(rows, user.unique_id)]
    keys += [_NO_KEY] * (KEYS_PER_USER_MOST - len(keys))
    return (
        user.name,
        user.arn,
        _date(user.created_ms),
        *_of_password(user, policy),
        _truth(bool(user.attributes.second_factors)),
        *(column for key in keys for column in key),
        *_NO_CERTIFICATES,
    )


def _of_password(user: User, policy: PasswordPolicy | None) -> tuple[str, str, str, str]:
    login = user.attributes.login
    if login is None:
        return _NO, _NOT_APPLICABLE, _NOT_APPLICABLE, _NOT_APPLICABLE
    until_ms = expires_ms(policy, login)
    return (
        "true",
        _NO_INFORMATION if login.used_ms is None else _date(login.used_ms),
        _date(login.changed_ms),
        _NOT_APPLICABLE if until_ms is None else _date(until_ms),
    )


def _of_key(rows: Rows, key: AccessKey) -> tuple[str, ...]:
    use = find_last_use(rows, key.access_key_id)
    used = (_NOT_APPLICABLE,) * 3 if use is None else (_date(use.used_ms), use.region, use.service)
    return (_truth(key.status == ACTIVE), _date(key.created_ms), *used)


def _truth(value: bool) -> str:
    return "true" if value else _NO


def _date(instant_ms: Instant) -> str:
    return datetime.fromtimestamp(instant_ms // 1000, UTC).isoformat()
