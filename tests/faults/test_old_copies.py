"""An old store put back, or the memory of the newest taken away: the start is refused (D-05).

Tried by hand: without either check of ``RevisionAnchor.check`` these tests fail.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import pytest
from botocore.exceptions import ClientError

from strongroom.store.engine import DATABASE_NAME
from strongroom.store.revision import ANCHOR_NAME
from tests.faults.client import KeptConnection
from tests.faults.intact import check_audit, check_store
from tests.services.sts.roles import assume, new_role, trusting
from tests.support.accounts import Account
from tests.support.server import Server, ServerDidNotStart, run_program


@dataclass
class Production:
    """A deployment for ``serve``, stopped."""

    data_dir: Path
    first: Account

    def server(self, *arguments: str) -> Server:
        """Make a server of it."""
        return Server(self.data_dir, ["--workers", "2", *arguments], command="serve", first=self.first)

    def put(self, token: str, *arguments: str) -> None:
        """Start, make one version, and stop."""
        server = self.server(*arguments).start()
        client = KeptConnection(server.endpoint, self.first)
        target, name = ("CreateSecret", "Name") if token == "1" else ("PutSecretValue", "SecretId")
        answer = client.ask(target, {name: "s", "ClientRequestToken": token * 32, "SecretString": token})
        assert answer.status == 200, answer
        client.close()
        assert server.stop() == 0

    def assert_refused(self, sentence: str, *arguments: str) -> None:
        """The start is refused with a sentence, not with a traceback."""
        server = self.server(*arguments)
        before = len(server.log)
        try:
            with pytest.raises(ServerDidNotStart) as refused:
                server.start()
        finally:
            server.kill9()
        said = str(refused.value)[before:]
        assert sentence in said
        assert "Traceback" not in said


@pytest.fixture
def production(tmp_path: Path) -> Production:
    """Make a deployment whose key file lies elsewhere."""
    data_dir = tmp_path / "deployment" / "data"
    (tmp_path / "keys").mkdir()
    run = run_program(
        "init", "--data-dir", data_dir, "--seal", f"file:{tmp_path / 'keys' / 'root'}", "--json"
    )
    assert run.returncode == 0, run.stderr
    made = json.loads(run.stdout)
    return Production(data_dir, Account(made["account_id"], made["access_key_id"], made["secret_access_key"]))


def test_d05_an_old_copy_of_the_store_is_refused_until_it_is_acknowledged(production: Production) -> None:
    """With the acknowledgement everything goes on: changes, their records, and the next start without it."""
    production.put("1")
    store = production.data_dir / DATABASE_NAME
    old = store.read_bytes()
    production.put("2")
    production.put("3")
    for leftover in production.data_dir.glob(f"{DATABASE_NAME}-*"):
        leftover.unlink()
    store.write_bytes(old)
    production.assert_refused("--acknowledge-rollback")
    production.assert_refused("--acknowledge-rollback")
    production.put("4", "--acknowledge-rollback")
    production.put("5")
    check_store(production.data_dir)
    check_audit(production.data_dir)
    tokens = [
        str(record["requestParameters"]["clientRequestToken"])
        for record in production.server().records()
        if record["eventName"] in ("CreateSecret", "PutSecretValue")
    ]
    assert sorted(tokens) == [number * 32 for number in "12345"]


def test_d05_an_acknowledged_old_copy_ends_all_sessions(production: Production) -> None:
    """What was issued before belongs to a history that was given up; what is issued after it is good."""
    production.put("1")
    server = production.server().start()
    trust = trusting(production.first.account_id)
    role = new_role(server.client("iam"), {"Effect": "Allow", "Action": "*", "Resource": "*"}, trust=trust)
    before = assume(server.client("sts"), role)
    server.client("sts", key=before).get_caller_identity()
    assert server.stop() == 0
    store = production.data_dir / DATABASE_NAME
    old = store.read_bytes()
    production.put("2")
    for leftover in production.data_dir.glob(f"{DATABASE_NAME}-*"):
        leftover.unlink()
    store.write_bytes(old)
    server = production.server("--acknowledge-rollback").start()
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        server.client("sts", key=before).get_caller_identity()
    after = assume(server.client("sts"), role)
    server.client("sts", key=after).get_caller_identity()
    server.close()


def test_d05_commits_that_were_cut_off_the_log_are_missed(production: Production) -> None:
    """After a crash the newest commits are in the write-ahead log: without it the store is an old copy."""
    production.put("1")
    server = production.server().start()
    client = KeptConnection(server.endpoint, production.first)
    for number in range(3):
        put = {"SecretId": "s", "ClientRequestToken": f"{number:032d}", "SecretString": "x"}
        assert client.ask("PutSecretValue", put).status == 200
    client.close()
    server.kill9()
    (production.data_dir / f"{DATABASE_NAME}-wal").unlink()
    production.assert_refused("--acknowledge-rollback")


@pytest.mark.parametrize("size", [0, 43, None], ids=["empty", "almost whole", "gone"])
def test_d05_a_cut_anchor_is_refused(production: Production, size: int | None) -> None:
    """Whoever puts an old copy back would take the anchor away as well."""
    production.put("1")
    anchor = production.data_dir / ANCHOR_NAME
    if size is None:
        anchor.unlink()
    else:
        os.truncate(anchor, size)
    production.assert_refused("--acknowledge-rollback")
    anchor.unlink(missing_ok=True)
    production.assert_refused("--acknowledge-rollback")
    production.put("2", "--acknowledge-rollback")
    production.put("3")


def test_d05_the_anchor_of_another_deployment_is_refused(production: Production, tmp_path: Path) -> None:
    """A low number with a code of another key."""
    production.put("1")
    other = tmp_path / "other" / "data"
    run = run_program("init", "--data-dir", other, "--seal", f"file:{tmp_path / 'keys' / 'other'}", "--json")
    assert run.returncode == 0, run.stderr
    shutil.copy(other / ANCHOR_NAME, production.data_dir / ANCHOR_NAME)
    production.assert_refused("was not written by this deployment")


def test_k03_a_spoilt_keyring_is_refused(production: Production) -> None:
    """It has no code of its own, because it holds the key of all codes: it is sealed."""
    production.put("1")
    store = apsw.Connection(str(production.data_dir / DATABASE_NAME))
    found: Any = store.execute("SELECT wrapped FROM keyring").fetchall()
    spoilt = bytearray(found[0][0])
    spoilt[len(spoilt) // 2] ^= 1
    store.execute("UPDATE keyring SET wrapped = ?", (bytes(spoilt),))
    store.close()
    production.assert_refused("key")
