"""Rows of another time under a real server (K-03, D-05): what a client gets who asks for them.

What is put back is a whole set of rows that were true together, with their leaves, pages and the head of the record
of live rows: the attack that codes of rows alone do not catch. ``test_live_rows.py`` does it to every table.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from strongroom.store.engine import DATABASE_NAME
from strongroom.store.table import Row
from tests.faults.client import Answer, KeptConnection
from tests.faults.polling import until
from tests.support.accounts import Key
from tests.support.deployments import make_deployment
from tests.support.server import Server, ServerDidNotStart

RECORD = ("store_leaves", "store_pages", "store_meta")
OF_SECRETS = ("secrets", "secret_versions", "secret_policies")
OF_USERS = ("iam_users", "iam_access_keys", "iam_user_policies")
ALLOW = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
ASKED = 6
"""How often, each time on a new connection: with two workers both are asked, but for one case in 32."""


class Attacked:
    """A running server, and an attacker who writes to its store."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.store = apsw.Connection(str(server.data_dir / DATABASE_NAME))
        self.store.set_busy_timeout(10_000)

    def ask(self, target: str, members: dict[str, Any], key: Key | None = None) -> Answer:
        """Ask as the administrator, or with another key, on a new connection."""
        client = KeptConnection(self.server.endpoint, key or self.server.first)
        try:
            return client.ask(target, members)
        finally:
            client.close()

    def do(self, target: str, **members: Any) -> None:
        """Ask for what must succeed."""
        answer = self.ask(target, members)
        assert answer.status == 200, answer

    def statuses(self, key: Key | None = None) -> set[int]:
        """Read the secret several times, after every worker forgot what it has in memory."""
        with self.store:
            self.store.execute("DELETE FROM changes")
            self.store.execute("INSERT INTO changes (cache_key) VALUES (CAST(X'ff' AS TEXT))")
        return {self.ask("GetSecretValue", {"SecretId": "s"}, key).status for _ in range(ASKED)}

    def copy(self, *tables: str) -> dict[str, list[Row]]:
        """Copy tables, in one state."""
        held: dict[str, list[Row]] = {}
        with self.store:
            for name in tables:
                held[name] = list(self.store.execute(f"SELECT * FROM {name}"))
        return held

    @contextlib.contextmanager
    def put_back(self, old: dict[str, list[Row]]) -> Iterator[None]:
        """Write copies over the tables for a while. No row is changed meanwhile, so nothing is lost afterwards."""
        present = self._write(old)
        try:
            yield
        finally:
            self._write(present)

    def _write(self, copies: dict[str, list[Row]]) -> dict[str, list[Row]]:
        """Replace tables, between two commits of the server; give what they held."""
        self.store.execute("BEGIN IMMEDIATE")
        held = self.copy(*copies)
        for name, rows in copies.items():
            self.store.execute(f"DELETE FROM {name}")
            for row in rows:
                self.store.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", row)
        self.store.execute("COMMIT")
        return held


@pytest.fixture(params=["dev", "two workers"])
def attacked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Attacked]:
    """A server with one secret of one version."""
    if request.param == "dev":
        server = Server(tmp_path / "data", settings={"deletion_interval_s": 1})
    else:
        server = make_deployment(tmp_path).server("--workers", "2", settings={"deletion_interval_s": 1})
    try:
        server.start()
        made = Attacked(server)
        made.do("CreateSecret", Name="s", ClientRequestToken="1" * 32, SecretString="first")
        assert made.statuses() == {200}  # the first read of a day writes
        yield made
        made.store.close()
    finally:
        server.close()


@pytest.mark.parametrize("pieces", [0, 1, 2, 3])
def test_k03_a_label_that_is_put_back_with_all_that_hangs_on_it_is_caught(
    attacked: Attacked, pieces: int
) -> None:
    """AWSCURRENT pointed at the first version once; the value that was replaced is not given out again."""
    old = attacked.copy(*OF_SECRETS, *RECORD[:pieces])
    attacked.do("PutSecretValue", SecretId="s", ClientRequestToken="2" * 32, SecretString="second")
    assert attacked.statuses() == {200}
    with attacked.put_back(old):
        assert attacked.statuses() == {500}
        put = {"SecretId": "s", "ClientRequestToken": "3" * 32, "SecretString": "third"}
        assert attacked.ask("PutSecretValue", put).status == 500
    assert attacked.statuses() == {200}
    answer = attacked.ask("GetSecretValue", {"SecretId": "s"})
    assert answer.says["SecretString"] == "second"


def test_k03_a_secret_that_is_brought_back_or_taken_away_is_caught(attacked: Attacked) -> None:
    """A deleted secret is not read again, and one that was taken out of the store is not called absent."""
    there = attacked.copy(*OF_SECRETS)
    with attacked.put_back({name: [] for name in OF_SECRETS}):
        assert attacked.statuses() == {500}
    assert attacked.statuses() == {200}
    attacked.do("DeleteSecret", SecretId="s", ForceDeleteWithoutRecovery=True)
    until(lambda: not attacked.copy("secrets")["secrets"])
    assert attacked.statuses() == {400}
    with attacked.put_back(there):
        assert attacked.statuses() == {500}
    assert attacked.statuses() == {400}


def test_k03_a_key_that_was_made_inactive_is_not_let_in_again(attacked: Attacked) -> None:
    """Its row and its user's row put back together, so that they agree."""
    iam = attacked.server.client("iam")
    iam.create_user(UserName="app")
    iam.put_user_policy(UserName="app", PolicyName="may", PolicyDocument=ALLOW)
    made = iam.create_access_key(UserName="app")["AccessKey"]
    key = Key(made["AccessKeyId"], made["SecretAccessKey"])
    assert attacked.statuses(key) == {200}
    old = attacked.copy(*OF_USERS, "store_leaves", "store_pages")
    iam.update_access_key(UserName="app", AccessKeyId=key.access_key_id, Status="Inactive")
    assert attacked.statuses(key) == {400}
    for names in (OF_USERS, (*OF_USERS, "store_leaves"), tuple(old)):
        with attacked.put_back({name: old[name] for name in names}):
            assert 200 not in attacked.statuses(key)
    assert attacked.statuses(key) == {400}


def test_d05_what_is_put_back_while_no_server_runs_is_caught_after_the_start(attacked: Attacked) -> None:
    """Without the head the start goes well and the read fails; with it the start is refused."""
    # The use of a key is marked at the first request of every worker, and the end of the attack would take such a
    # mark back; the use of a user's temporary credentials is not marked.
    held = attacked.server.client("sts").get_session_token()["Credentials"]
    unmarked = Key(held["AccessKeyId"], held["SecretAccessKey"], held["SessionToken"])
    old = attacked.copy(*OF_SECRETS, *RECORD)
    attacked.do("PutSecretValue", SecretId="s", ClientRequestToken="2" * 32, SecretString="second")
    assert attacked.server.stop() == 0
    with attacked.put_back({name: rows for name, rows in old.items() if name != "store_meta"}):
        attacked.server.start()
        assert attacked.statuses(unmarked) == {500}
        attacked.server.kill9()  # so that nothing is written that the end of the attack would take back
    with attacked.put_back(old):
        with pytest.raises(ServerDidNotStart, match="acknowledge-rollback"):
            attacked.server.start()
        attacked.server.kill9()
    attacked.server.start()
    assert attacked.statuses() == {200}
