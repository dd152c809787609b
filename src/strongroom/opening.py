"""From settings to an opened deployment: lock, schema, root key, keyring, revision.

Order: the claim on the directory first, then the schema, then the root key; what is unsafe is refused with a
sentence that says what to do. Connections made here are closed before any worker is forked.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import apsw
import msgspec

from strongroom.audit.chain import genesis
from strongroom.audit.outbox import CHANGES_JOURNAL
from strongroom.audit.writer import JournalWriter
from strongroom.clock import Instant
from strongroom.config import Settings
from strongroom.crypto.derivation import Purpose
from strongroom.crypto.keyring import Keyring, new_keyring, unwrap_keyring, wrap_keyring
from strongroom.crypto.mac import RowMAC
from strongroom.crypto.material import RootKey
from strongroom.crypto.signing import SigningKey
from strongroom.seal.provider import SealProvider
from strongroom.seal.settings import save_settings, sync_directory
from strongroom.services.iam.accounts import (
    NewAdministrator,
    add_region,
    check_account,
    check_region,
    create_account,
)
from strongroom.store.engine import (
    DATABASE_NAME,
    StoreLock,
    check_sqlite_version,
    open_connection,
    prepare_directory,
)
from strongroom.store.errors import StoreRefused
from strongroom.store.migration import migrate
from strongroom.store.revision import (
    META,
    RevisionAnchor,
    begin_session_epoch,
    raise_revision,
    read_revision,
)
from strongroom.store.rows import Rows, Transaction

AUDIT_DIRECTORY: Final = "audit"
PUBLIC_KEY_NAME: Final = "audit-public-key"
UNFINISHED_NAME: Final = f"{DATABASE_NAME}.new"
SMALL_CACHE_BYTES: Final = 1_048_576


class Opened(msgspec.Struct, frozen=True):
    """A deployment whose keyring is open.

    Attributes:
        settings: What is in force.
        keyring: Seals and opens.
        authenticator: Makes and checks the codes of rows.
        signer: Signs audit checkpoints.
        anchor_key: Keys the notes of the newest audit heads.
    """

    settings: Settings
    keyring: Keyring
    authenticator: RowMAC
    signer: SigningKey
    anchor_key: bytes

    @property
    def audit_directory(self) -> Path:
        """Where the audit record lies."""
        return self.settings.data_dir / AUDIT_DIRECTORY

    @property
    def database(self) -> Path:
        """The store's file."""
        return self.settings.data_dir / DATABASE_NAME

    def open_rows(self, cache_bytes: int) -> Rows:
        """Open a connection that reads."""
        return Rows(open_connection(self.database, read_only=True), self.authenticator, cache_bytes)

    def open_transaction(self) -> Transaction:
        """Open a connection that writes."""
        return Transaction(open_connection(self.database), self.authenticator, self.settings.cache_bytes // 4)


def exists(data_dir: Path) -> bool:
    """Whether a data directory holds a deployment."""
    return (data_dir / DATABASE_NAME).exists()


def check_exists(data_dir: Path) -> None:
    """Refuse a directory that holds no deployment.

    Raises:
        StoreRefused: With how to make one.
    """
    if not exists(data_dir):
        raise StoreRefused(
            f"There is no deployment in {data_dir}. Make one: strongroom init --data-dir {data_dir}"
        )


def create(
    settings: Settings, seal: SealProvider, account_id: str, regions: tuple[str, ...], now_ms: Instant
) -> NewAdministrator:
    """Make a new deployment: store, keyring, first account, Regions.

    The store gets its name last: what was interrupted is no deployment, and may be tried again.

    Returns:
        The first account's administrator; its secret is shown once.

    Raises:
        StoreRefused: There is one already, or the directory is not safe.
        AccountRefused: The account or a Region does not have its form.
    """
    check_sqlite_version()
    check_account(account_id)
    for region in regions:
        check_region(region)
    prepare_directory(settings.data_dir)
    if exists(settings.data_dir):
        raise StoreRefused(f"{settings.data_dir} holds a deployment already; nothing was changed.")
    lock = StoreLock(settings.data_dir)
    unfinished = settings.data_dir / UNFINISHED_NAME
    try:
        for leftover in settings.data_dir.glob(f"{UNFINISHED_NAME}*"):
            leftover.unlink()
        root = seal.create()
        save_settings(settings.data_dir, seal.to_settings())
        keyring = new_keyring(now_ms)
        opened = _opened(settings, keyring)
        connection = open_connection(unfinished)
        try:
            migrate(connection)
            transaction = Transaction(connection, opened.authenticator, SMALL_CACHE_BYTES)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO keyring VALUES (0, ?)", (bytes(wrap_keyring(root, keyring)),))
            head = genesis(CHANGES_JOURNAL)
            connection.execute(
                "INSERT INTO audit_outbox_head VALUES (0, ?, ?, ?)", (head.seq, head.digest, head.seq)
            )
            administrator = create_account(transaction, keyring, account_id, now_ms)
            for region in regions:
                add_region(transaction, region, now_ms)
            revision = raise_revision(transaction)
            connection.execute("COMMIT")
        finally:
            root.wipe()
            connection.close(True)  # the last connection moves everything from the log into the file
        anchor = RevisionAnchor(settings.data_dir, opened.authenticator)
        anchor.write(revision)
        anchor.close()
        public_key = settings.data_dir / PUBLIC_KEY_NAME
        public_key.write_text(opened.signer.public_key.hex() + "\n", encoding="ascii")
        os.replace(unfinished, settings.data_dir / DATABASE_NAME)
        sync_directory(settings.data_dir)
    finally:
        lock.release()
    return administrator


def open_deployment(settings: Settings, seal: SealProvider, *, acknowledge_rollback: bool = False) -> Opened:
    """Open an existing deployment; the caller holds the claim on its directory.

    Raises:
        StoreRefused: There is none, or it was written by a later version.
        SealError: The root key is not to be had, or is another one.
        StoreRolledBack: An old copy of the store was put back.
    """
    check_sqlite_version()
    check_exists(settings.data_dir)
    connection = open_connection(settings.data_dir / DATABASE_NAME)
    try:
        migrate(connection)
        opened = _unseal(settings, seal, connection)
        rows = Rows(connection, opened.authenticator, SMALL_CACHE_BYTES)
        anchor = RevisionAnchor(settings.data_dir, opened.authenticator)
        try:
            revision = read_revision(rows)
            if acknowledge_rollback and (anchor.is_missing or revision < anchor.read()):
                revision = _accept_rollback(opened, connection, max(anchor.read(), revision))
                anchor.write(revision)
            anchor.check(revision)
        finally:
            anchor.close()
    finally:
        connection.close(True)
    return opened


def look_into(settings: Settings, seal: SealProvider) -> Opened:
    """Open a deployment to read from it, running or not; no claim is needed and nothing is written.

    Raises:
        StoreRefused: There is none.
        SealError: The root key is not to be had, or is another one.
    """
    check_exists(settings.data_dir)
    connection = open_connection(settings.data_dir / DATABASE_NAME, read_only=True)
    try:
        return _unseal(settings, seal, connection)
    finally:
        connection.close(True)


def run_alone(opened: Opened, change: Callable[[Transaction], Any]) -> Any:
    """Make one change while no server runs; the caller holds the claim on the directory."""
    transaction = opened.open_transaction()
    connection = transaction.connection
    anchor = RevisionAnchor(opened.settings.data_dir, opened.authenticator)
    try:
        connection.execute("BEGIN IMMEDIATE")
        result = change(transaction)
        revision = raise_revision(transaction)
        connection.execute("COMMIT")
        anchor.write(revision)
        return result
    finally:
        anchor.close()
        connection.close(True)


def _unseal(settings: Settings, seal: SealProvider, connection: apsw.Connection) -> Opened:
    row: Any = connection.execute("SELECT wrapped FROM keyring").fetchone()
    if row is None:
        raise StoreRefused(
            "The store has no keyring: init did not finish. Remove the directory and begin anew."
        )
    root: RootKey = seal.open()
    try:
        return _opened(settings, unwrap_keyring(root, row[0]))
    finally:
        root.wipe()


def _accept_rollback(opened: Opened, connection: apsw.Connection, acknowledged: int) -> int:
    """Let a store that was put back go on from here; return its new revision.

    Its revision passes the one that was acknowledged, so that neither copy is taken for the other again. Records
    of changes go on where the journal ends: those that the old store still held are in the journal already, and
    a chain that began anew in the middle would never be exported.
    """
    journal = JournalWriter(
        opened.audit_directory, CHANGES_JOURNAL, anchor_key=opened.anchor_key, accept_loss=True
    )
    head = journal.head
    journal.close()
    transaction = Transaction(connection, opened.authenticator, SMALL_CACHE_BYTES)
    connection.execute("BEGIN IMMEDIATE")
    transaction.update(META, ("revision", acknowledged.to_bytes(8, "big")))
    revision = raise_revision(transaction)
    begin_session_epoch(transaction, revision)
    known: Any = connection.execute("SELECT seq FROM audit_outbox_head").fetchone()
    if known is None or known[0] <= head.seq:
        connection.execute("DELETE FROM audit_outbox")
        connection.execute("DELETE FROM audit_outbox_head")
        connection.execute(
            "INSERT INTO audit_outbox_head VALUES (0, ?, ?, ?)", (head.seq, head.digest, head.seq)
        )
    connection.execute("DELETE FROM changes")  # whatever was cached elsewhere is of another history
    connection.execute("COMMIT")
    return revision


def _opened(settings: Settings, keyring: Keyring) -> Opened:
    # Signing and anchoring outlive rotations of the keyring: they hang on its first term.
    first = keyring.terms[0].term_id
    return Opened(
        settings=settings,
        keyring=keyring,
        authenticator=RowMAC.of(keyring),
        signer=SigningKey(keyring.subkey(Purpose.AUDIT_SIGNING, first)),
        anchor_key=keyring.subkey(Purpose.AUDIT_ANCHOR, first).reveal(),
    )
