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
from strongroom.store.errors import StoreRefused, StoreRolledBack, StoreTampered
from strongroom.store.leaves import Head
from strongroom.store.migration import migrate
from strongroom.store.revision import RevisionAnchor, begin_session_epoch, raise_revision
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction

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
        connection = open_connection(self.database, read_only=True)
        return Rows(connection, self.authenticator, cache_bytes, self.open_anchor())

    def open_transaction(self) -> Transaction:
        """Open a connection that writes."""
        connection = open_connection(self.database)
        return Transaction(connection, self.authenticator, self.settings.cache_bytes // 2, self.open_anchor())

    def open_anchor(self) -> RevisionAnchor:
        """Open the file that remembers what was acknowledged last."""
        return RevisionAnchor(self.settings.data_dir, self.authenticator)


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
            transaction.begin_empty()
            connection.execute("INSERT INTO keyring VALUES (0, ?)", (bytes(wrap_keyring(root, keyring)),))
            head = genesis(CHANGES_JOURNAL)
            connection.execute(
                "INSERT INTO audit_outbox_head VALUES (0, ?, ?, ?)", (head.seq, head.digest, head.seq)
            )
            administrator = create_account(transaction, keyring, account_id, now_ms)
            for region in regions:
                add_region(transaction, region, now_ms)
            first = raise_revision(transaction)
            connection.execute("COMMIT")
        finally:
            root.wipe()
            connection.close(True)  # the last connection moves everything from the log into the file
        anchor = opened.open_anchor()
        anchor.write(first)
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
        StoreTampered: The head of the store, or a row that is entered into the record of live rows, is not ours.
    """
    check_sqlite_version()
    check_exists(settings.data_dir)
    connection = open_connection(settings.data_dir / DATABASE_NAME)
    # The process that runs checkpoints comes later: here the start would wait for the disk, and nothing would be
    # loaded meanwhile, because closing does not let other threads run.
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    try:
        migrate(connection)
        opened = _unseal(settings, seal, connection)
        _check_newest(opened, connection, acknowledge_rollback)
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
    anchor = opened.open_anchor()
    try:
        connection.execute("BEGIN IMMEDIATE")
        transaction.refresh()
        result = change(transaction)
        head = raise_revision(transaction)
        connection.execute("COMMIT")
        anchor.write(head)
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


def _check_newest(opened: Opened, connection: apsw.Connection, acknowledge_rollback: bool) -> None:
    """Compare the store with its anchor, then make the record of live rows if a version before it wrote the store."""
    transaction = Transaction(connection, opened.authenticator, SMALL_CACHE_BYTES)
    head = transaction.read_head()
    anchor = opened.open_anchor()
    try:
        try:
            anchor.check(head)
        except StoreRolledBack:
            if not acknowledge_rollback or head is None:
                raise
            note = anchor.read()
            head = _accept_rollback(opened, transaction, head, 0 if note is None else note.revision)
            anchor.write(head)
        if head is None:
            raise StoreTampered("The head of the store is gone: restore a backup.")
        if not head.pages:
            from strongroom.older_stores import record_live_rows

            connection.execute("BEGIN IMMEDIATE")
            record_live_rows(transaction)
            head = raise_revision(transaction, head.revision)
            connection.execute("COMMIT")
            anchor.write(head)
    finally:
        anchor.close()


def _accept_rollback(opened: Opened, transaction: Transaction, head: Head, acknowledged: int) -> Head:
    """Let a store that was put back go on from here; return its new head.

    Its revision passes the one that was acknowledged, so that neither copy is taken for the other again. Records
    of changes go on where the journal ends: those that the old store still held are in the journal already, and
    a chain that began anew in the middle would never be exported.
    """
    journal = JournalWriter(
        opened.audit_directory, CHANGES_JOURNAL, anchor_key=opened.anchor_key, accept_loss=True
    )
    recorded = journal.head
    journal.close()
    connection = transaction.connection
    connection.execute("BEGIN IMMEDIATE")
    known: Any = connection.execute("SELECT seq FROM audit_outbox_head").fetchone()
    if known is None or known[0] <= recorded.seq:
        connection.execute("DELETE FROM audit_outbox")
        connection.execute("DELETE FROM audit_outbox_head")
        connection.execute(
            "INSERT INTO audit_outbox_head VALUES (0, ?, ?, ?)", (recorded.seq, recorded.digest, recorded.seq)
        )
    connection.execute("DELETE FROM changes")  # whatever was cached elsewhere is of another history
    epoch = max(head.revision, acknowledged) + 1
    if head.pages:
        transaction.refresh()
    else:
        from strongroom.older_stores import record_live_rows

        record_live_rows(transaction)
    begin_session_epoch(transaction, epoch)
    accepted = raise_revision(transaction, epoch - 1)
    connection.execute("COMMIT")
    return accepted


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
