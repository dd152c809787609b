"""Accounts and Regions, as init and the control socket make them."""

from __future__ import annotations

import pytest

from strongroom.ids import account_of_access_key
from strongroom.services.iam.accounts import (
    AccountRefused,
    NewAdministrator,
    add_region,
    create_account,
    list_accounts,
    list_regions,
)
from strongroom.services.iam.tables import list_access_keys
from tests.services.iam.store import ACCOUNT, NOW_MS, IAMStore


def test_a_new_account_has_an_administrator_with_one_key(store: IAMStore) -> None:
    """The user admin has AdministratorAccess and the key that is shown."""
    admin = store.administrator()
    assert admin.attributes.attached == ("arn:aws:iam::aws:policy/AdministratorAccess",)
    assert [key.access_key_id for key in list_access_keys(store.rows, admin.unique_id)] == [
        store.admin.access_key_id
    ]
    assert account_of_access_key(store.admin.access_key_id) == ACCOUNT
    credential = store.find(store.admin.access_key_id)
    assert credential is not None
    assert credential.secret.decode() == store.admin.secret_access_key
    assert credential.caller.arn == f"arn:aws:iam::{ACCOUNT}:user/admin"


def test_an_account_that_exists_is_refused_and_unchanged(store: IAMStore) -> None:
    """The sentence names the account; no second administrator comes into being."""
    with pytest.raises(AccountRefused, match=f"The account {ACCOUNT} exists already"):
        create_account(store.transaction, store.keyring, ACCOUNT, NOW_MS)
    assert list_accounts(store.rows) == (ACCOUNT,)
    assert len(list_access_keys(store.rows, store.administrator().unique_id)) == 1


@pytest.mark.parametrize("account", ["", "1234", "12345678901x", "1234567890123", "１２３４５６７８９０１２"])
def test_what_is_no_account_id_is_refused(store: IAMStore, account: str) -> None:
    """An account id has exactly twelve ASCII digits."""
    with pytest.raises(AccountRefused, match="exactly 12 digits"):
        create_account(store.transaction, store.keyring, account, NOW_MS)


def test_x01_the_administrator_hides_its_secret(store: IAMStore) -> None:
    """The representation shows the account but not the secret."""
    administrator = NewAdministrator("1" * 12, "AKIAX", "not-for-logs")
    assert "1" * 12 in repr(administrator)
    assert "not-for-logs" not in repr(administrator)


def test_adding_a_region_twice_changes_nothing(store: IAMStore) -> None:
    """The second time is no error and leaves one Region."""
    for _ in range(2):
        with store.change() as transaction:
            add_region(transaction, "eu-central-1", NOW_MS)
    store.rows.refresh()
    assert list_regions(store.rows) == ("eu-central-1",)


def test_what_is_no_region_is_refused(store: IAMStore) -> None:
    """A Region has the form of AWS's."""
    with pytest.raises(AccountRefused, match="eu-central-1"):
        add_region(store.transaction, "Mars", NOW_MS)


def test_a_new_region_is_seen_by_the_next_request_and_the_list_is_cached(store: IAMStore) -> None:
    """The list comes from the cache until a change names it."""
    with store.change() as transaction:
        add_region(transaction, "us-east-1", NOW_MS)
    store.rows.refresh()
    assert list_regions(store.rows) == ("us-east-1",)
    hits = store.rows.cache.hits
    assert list_regions(store.rows) == ("us-east-1",)
    assert store.rows.cache.hits == hits + 1
    with store.change() as transaction:
        add_region(transaction, "eu-west-1", NOW_MS)
    store.rows.refresh()
    assert list_regions(store.rows) == ("eu-west-1", "us-east-1")
