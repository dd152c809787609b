"""Accounts and Regions of a deployment: made by ``strongroom init`` and over the control socket, never by the API.

Rules:
 - A new account has one IAM user, ``admin``, with AdministratorAccess and one access key; the root has no key.
 - The list of Regions is asked for by every request, so it comes from the row cache.
"""

from __future__ import annotations

from typing import Final

import msgspec

from strongroom.arn import is_account_id, is_region
from strongroom.clock import Instant
from strongroom.crypto.keyring import Keyring
from strongroom.errors import StrongroomError
from strongroom.ids import new_unique_id
from strongroom.policy.managed import ADMINISTRATOR_ACCESS
from strongroom.services.iam.account_settings import AccountSettings, save_settings
from strongroom.services.iam.credentials import new_access_key
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.model import User, UserAttributes
from strongroom.services.iam.policy_rows import insert_attachment
from strongroom.services.iam.tables import (
    REGIONS_KEY,
    account_ids,
    find_account,
    insert_access_key,
    insert_account,
    insert_region,
    region_names,
)
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction

ADMINISTRATOR_NAME: Final = "admin"


class AccountRefused(StrongroomError):
    """An account or a Region cannot be made as asked; the sentence says why."""


class NewAdministrator(msgspec.Struct, frozen=True):
    """The first administrator of an account, with the access key that is shown once.

    Attributes:
        account_id: Twelve digits.
        access_key_id: ``AKIA`` and 16 characters.
        secret_access_key: 40 characters; stored sealed only.
    """

    account_id: str
    access_key_id: str
    secret_access_key: str

    def __repr__(self) -> str:
        return f"<NewAdministrator of {self.account_id}>"  # never the secret


def check_account(account_id: str) -> None:
    """Refuse what is not the id of an account.

    Raises:
        AccountRefused: It does not have 12 digits.
    """
    if not is_account_id(account_id):
        raise AccountRefused("An account id has exactly 12 digits.")


def check_region(region: str) -> None:
    """Refuse what is not the name of a Region.

    Raises:
        AccountRefused: It does not have the form of one.
    """
    if not is_region(region):
        raise AccountRefused("A Region has a name like eu-central-1.")


def create_account(
    transaction: Transaction, keyring: Keyring, account_id: str, now_ms: Instant
) -> NewAdministrator:
    """Make an account and its administrator.

    Raises:
        AccountRefused: The id is not one, or is taken.
    """
    check_account(account_id)
    if find_account(transaction, account_id) is not None:
        raise AccountRefused(f"The account {account_id} exists already; nothing was changed.")
    insert_account(transaction, account_id, now_ms)
    save_settings(transaction, AccountSettings(account_id))
    administrator = User(
        account=account_id,
        unique_id=new_unique_id("AIDA"),
        name=ADMINISTRATOR_NAME,
        path="/",
        created_ms=now_ms,
        attributes=UserAttributes(attached=(ADMINISTRATOR_ACCESS.arn,)),
    )
    USERS.insert(transaction, administrator)
    insert_attachment(transaction, account_id, ADMINISTRATOR_ACCESS.arn, "policy", administrator.unique_id)
    key, secret = new_access_key(keyring, account_id, administrator.unique_id, now_ms)
    insert_access_key(transaction, key)
    return NewAdministrator(account_id, key.access_key_id, secret.reveal().decode("ascii"))


def list_accounts(rows: Rows) -> tuple[str, ...]:
    """Return the ids of all accounts, in order."""
    return account_ids(rows)


def add_region(transaction: Transaction, region: str, now_ms: Instant) -> None:
    """Open a Region; nothing happens when it is open already.

    Raises:
        AccountRefused: It does not have the form of a Region.
    """
    check_region(region)
    if region not in region_names(transaction):
        insert_region(transaction, region, now_ms)


def list_regions(rows: Rows) -> tuple[str, ...]:
    """Return the names of all Regions, in order; from the cache when it can be."""
    return rows.cached(REGIONS_KEY, region_names) or ()
