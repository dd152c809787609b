"""What is the same of rotations on PostgreSQL, MariaDB and MySQL: the JSON of a secret, and when all is well."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from strongroom.services.secretsmanager.model import AWSCURRENT, AWSPENDING
from tests.rotation.stand import Stand
from tests.support.postgresql import Proxy

PROOF = ("new_worked_before_promotion", "new_works_after", "old_refused_after")


class Database(Protocol):
    """A server of one of the kinds.

    Attributes:
        engine: As in a secret's JSON.
        port: Where it listens, on 127.0.0.1.
        log_path: What it logs: every statement.
    """

    engine: str
    port: int
    log_path: Path

    def make_user(self, name: str) -> None:
        """Make an account with the password ``first``, anew if it is there."""
        ...

    def logs_in(self, user: str, password: str) -> bool:
        """Whether somebody can log in; raises when that cannot be said."""
        ...


def document(database: Database, name: str = "app", **members: Any) -> dict[str, Any]:
    """Write the JSON of a secret."""
    return {
        "engine": database.engine,
        "host": "127.0.0.1",
        "port": database.port,
        "username": name,
        "password": "first",
        **members,
    }


def assert_usable(database: Database, stand: Stand, secret_id: int) -> None:
    """Promise 5: the value under AWSCURRENT, or failing that under AWSPENDING, logs in."""
    values = [stand.value(secret_id, label) for label in (AWSCURRENT, AWSPENDING)]
    assert any(
        value is not None and database.logs_in(value["username"], value["password"]) for value in values
    )


def assert_rotated(database: Database, stand: Stand, secret_id: int, old: str = "first") -> dict[str, Any]:
    """The rotation succeeded: the new value logs in, the old does not, the labels and the history say so."""
    work = stand.row(secret_id).work
    assert (work.cause, work.token) == ("", "")
    value = stand.value(secret_id)
    assert value is not None
    assert value["password"] != old
    assert database.logs_in(value["username"], value["password"])
    assert not database.logs_in(value["username"], old)
    assert AWSPENDING not in stand.secret(secret_id).labels
    last = stand.history(secret_id)[-1]
    assert last.outcome == "succeeded"
    assert {name: last.facts.get(name) for name in PROOF} == dict.fromkeys(PROOF, "yes")
    assert value["password"] not in str(last)
    assert old not in str(last)
    return value


def crash_at(database: Database, stand: Stand, boundary: int) -> bool:
    """End the process at a boundary of a rotation: the credential is usable, and the next process completes it.

    Returns:
        Whether there is such a boundary.
    """
    database.make_user("app")
    secret_id = stand.add(document(database))
    stand.begin(secret_id)
    crashed = stand.run_until_crash(secret_id, boundary)
    assert_usable(database, stand, secret_id)
    if crashed:
        stand.run(secret_id)
    assert_rotated(database, stand, secret_id)
    assert stand.versions(secret_id) == 2, "the value was made once"
    return crashed


def lose(database: Database, stand: Stand, proxy: Proxy, statement: bytes, *, arrives: bool) -> None:
    """Lose a statement, or its answer: what the target took is found out by logging in, and all is completed."""
    database.make_user("app")
    secret_id = stand.add(document(database, port=proxy.port, ssl=False))
    stand.begin(secret_id)
    (proxy.lose_after if arrives else proxy.drop_before).append(statement)
    for _ in range(3):
        stand.run(secret_id)
        assert_usable(database, stand, secret_id)
        if not stand.row(secret_id).work.token:
            break
    assert proxy.lost == 1
    assert_rotated(database, stand, secret_id)
    assert stand.versions(secret_id) == 2


class TwoAccounts(Protocol):
    """A secret whose accounts take turns."""

    name: str
    stand: Stand
    secret_id: int

    @property
    def cause(self) -> str:
        """Why it does not go on."""
        ...

    def rotate(self) -> dict[str, Any]:
        """Rotate once; return the value that is current then."""
        ...


def assert_accounts_take_turns(database: Database, pair: TwoAccounts) -> None:
    """Four rotations: the value before stays valid until the next one."""
    previous, old = pair.name, "first"
    for _ in range(4):
        value = pair.rotate()
        expected = f"{pair.name}_clone" if previous == pair.name else pair.name
        assert pair.cause == ""
        assert value["username"] == expected
        assert database.logs_in(expected, value["password"])
        assert database.logs_in(previous, old), "the value before must stay valid"
        previous, old = expected, value["password"]
    last = pair.stand.history(pair.secret_id)[-1]
    assert last.outcome == "succeeded"
    assert "old_refused_after" not in last.facts
