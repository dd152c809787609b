"""Opening values with a data key that is kept beside the cached version, over a real store."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from strongroom import opening
from strongroom.config import Settings
from strongroom.crypto.material import Plaintext
from strongroom.errors import Fault
from strongroom.seal.file import FileSeal
from strongroom.services.kms.tables import find_key, update_key
from strongroom.services.secretsmanager.model import Attributes, Secret, Version
from strongroom.services.secretsmanager.tables import find_version, insert_version
from strongroom.services.secretsmanager.values import Value, open_version, seal_version
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction

ACCOUNT, REGION, NOW_MS = "111122223333", "us-east-1", 1_767_323_045_678
VERSION_ID = "v" * 32
SECRET = Secret(1, ACCOUNT, REGION, "a", "abcdef", NOW_MS, NOW_MS, 0, None, None, Attributes(labels={}))


def context_of(rows: Rows, opened: opening.Opened) -> Any:
    """Give the parts of a request's context that values need."""
    deployment = SimpleNamespace(keyring=opened.keyring)
    return SimpleNamespace(rows=rows, transaction=rows, now_ms=NOW_MS, deployment=deployment, account=ACCOUNT)


def store_value(transaction: Transaction, opened: opening.Opened) -> str:
    """Seal one value under the default key; return the key's id."""
    value = Value("SecretString", Plaintext(b"the value"))
    insert_version(transaction, seal_version(context_of(transaction, opened), SECRET, VERSION_ID, value))
    return str(transaction.scalar("SELECT key_id FROM kms_keys"))


def disable_key(transaction: Transaction, key_id: str) -> None:
    """Disable a default key, which nobody can by the API."""
    key = find_key(transaction, key_id)
    assert key is not None
    update_key(transaction, key.with_attributes(state="Disabled"))


def test_k05_a_disabled_key_refuses_the_next_read_though_the_data_key_is_kept(tmp_path: Path) -> None:
    """The version, with its data key, stays in the cache; the state of the KMS key is asked all the same."""
    settings = Settings(data_dir=tmp_path / "data")
    opening.create(settings, FileSeal(tmp_path / "key"), ACCOUNT, (REGION,), NOW_MS)
    opened = opening.open_deployment(settings, FileSeal(tmp_path / "key"))
    key_id = opening.run_alone(opened, lambda transaction: store_value(transaction, opened))
    rows = opened.open_rows(1_000_000)
    rows.refresh()

    def kept() -> Version:
        version = find_version(rows, SECRET.secret_id, VERSION_ID)
        assert version is not None
        return version

    for _ in range(2):
        assert open_version(context_of(rows, opened), SECRET, kept()).plaintext == Plaintext(b"the value")
    assert kept().opened
    opening.run_alone(opened, lambda transaction: disable_key(transaction, key_id))
    rows.refresh()
    assert kept().opened  # it was not dropped: what refuses is the question about the key
    with pytest.raises(Fault) as refused:
        open_version(context_of(rows, opened), SECRET, kept())
    assert refused.value.code == "DecryptionFailure"
    rows.connection.close()
