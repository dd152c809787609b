"""A store of its own for tests of IAM's rows: real SQLite, two connections, as a worker has them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strongroom.crypto.keyring import new_keyring
from strongroom.crypto.mac import RowMAC
from strongroom.gateway.caller import Credential
from strongroom.services.iam.accounts import NewAdministrator, create_account
from strongroom.services.iam.credentials import StoredCredentials, new_access_key
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.model import AccessKey, User
from strongroom.services.iam.tables import insert_access_key
from strongroom.store.engine import open_connection
from strongroom.store.migration import migrate
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction
from tests.support.groups import begin_store, committed

NOW_MS = 1_700_000_000_000
ACCOUNT = "123456789012"


class IAMStore:
    """One store with one account; ``rows`` is the cached view of another worker."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "store.sqlite"
        self.connection = open_connection(self.path)
        migrate(self.connection)
        self.keyring = new_keyring(NOW_MS)
        authenticator = RowMAC.of(self.keyring)
        self.transaction = Transaction(self.connection, authenticator, 1_000_000)
        self.rows = Rows(open_connection(self.path, read_only=True), authenticator, 1_000_000)
        self.credentials = StoredCredentials(self.keyring)
        begin_store(self.transaction)
        with self.change() as transaction:
            self.admin: NewAdministrator = create_account(transaction, self.keyring, ACCOUNT, NOW_MS)

    @contextmanager
    def change(self) -> Iterator[Transaction]:
        """Make one committed change."""
        with committed(self.transaction) as transaction:
            yield transaction

    def find(self, access_key_id: str) -> Credential | None:
        """Look for a credential as the next request does."""
        self.rows.refresh()
        return self.credentials.find(self.rows, access_key_id)

    def make_user(self, name: str = "alice", user_id: str = "AIDAAAAAAAAAAAAAAAAAA") -> User:
        """Add a user without rights."""
        user = User(ACCOUNT, user_id, name, "/", NOW_MS)
        with self.change() as transaction:
            USERS.insert(transaction, user)
        return user

    def make_key(self, user: User) -> tuple[AccessKey, str]:
        """Add a key; return it with its secret."""
        key, secret = new_access_key(self.keyring, ACCOUNT, user.unique_id, NOW_MS)
        with self.change() as transaction:
            insert_access_key(transaction, key)
        return key, secret.reveal().decode()

    def administrator(self) -> User:
        """Read the user ``admin``."""
        user = USERS.find(self.rows, ACCOUNT, "admin")
        assert user is not None
        return user

    def close(self) -> None:
        """Close both connections."""
        self.rows.connection.close(True)
        self.connection.close(True)
