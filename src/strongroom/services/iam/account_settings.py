"""What an account has set for itself: its alias and its password policy; and its last credential report.

Rules:
 - An account of a store that was made before there were settings has no row: it has set nothing. A row that was
   removed behind our back is noticed by the record of live rows (K-03).
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from strongroom.clock import Instant
from strongroom.services.iam.model import PasswordPolicy
from strongroom.store.rows import Rows
from strongroom.store.table import Table
from strongroom.store.transaction import Transaction

SETTINGS: Final = Table(
    "iam_account_settings", columns=("account_id", "alias", "attributes"), key=("account_id",)
)
REPORTS: Final = Table(
    "iam_credential_reports", columns=("account_id", "generated_ms", "content"), key=("account_id",)
)


class AccountAttributes(msgspec.Struct, frozen=True, omit_defaults=True):
    """One column of the row of an account's settings.

    Attributes:
        password_policy: None for the one that AWS gives to accounts that set none.
    """

    password_policy: PasswordPolicy | None = None


class AccountSettings(msgspec.Struct, frozen=True):
    """The settings of one account.

    Attributes:
        alias: Another name for the account; unique over all accounts. None for none.
    """

    account: str
    alias: str | None = None
    attributes: AccountAttributes = AccountAttributes()


class CredentialReport(msgspec.Struct, frozen=True):
    """The last report of an account, as it was made."""

    account: str
    generated_ms: Instant
    content: bytes


_decode_attributes = msgspec.msgpack.Decoder(AccountAttributes).decode
_encode_attributes = msgspec.msgpack.Encoder().encode


def account_settings(rows: Rows, account: str) -> AccountSettings:
    """Read what an account has set.

    Raises:
        StoreTampered: The row is not what Strongroom wrote, or was removed.
    """
    row: Any = rows.find(SETTINGS, account)
    if row is None:
        return AccountSettings(account)
    return AccountSettings(row[0], row[1], _decode_attributes(row[2]))


def password_policy(rows: Rows, account: str) -> PasswordPolicy | None:
    """Read the password policy of an account, or None."""
    return account_settings(rows, account).attributes.password_policy


def save_settings(transaction: Transaction, settings: AccountSettings) -> None:
    """Replace what an account has set."""
    transaction.delete(SETTINGS, settings.account)
    row = (settings.account, settings.alias, _encode_attributes(settings.attributes))
    transaction.insert(SETTINGS, row)


def account_of_alias(rows: Rows, alias: str) -> str | None:
    """Read whose an alias is, or None."""
    found: Any = rows.select(SETTINGS, "WHERE alias = ?", (alias,))
    return found[0][0] if found else None


def find_report(rows: Rows, account: str) -> CredentialReport | None:
    """Read the last credential report of an account, or None."""
    row: Any = rows.find(REPORTS, account)
    return None if row is None else CredentialReport(*row)


def save_report(transaction: Transaction, report: CredentialReport) -> None:
    """Replace the credential report of an account."""
    transaction.delete(REPORTS, report.account)
    transaction.insert(REPORTS, (report.account, report.generated_ms, report.content))
