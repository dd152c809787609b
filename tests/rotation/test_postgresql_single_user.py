"""Single-user rotation on a real PostgreSQL: crashes at every boundary, lost answers, people who interfere.

Tried by hand: with a runner that promotes before it probed, or that stops a displaced rotation without restoring, or
with an apply that does not make its intent durable, one of these fails.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from strongroom.services.secretsmanager.model import AWSCURRENT, AWSPENDING, AWSPREVIOUS
from tests.rotation.databases import assert_rotated, assert_usable, crash_at, document, lose
from tests.rotation.stand import Stand
from tests.support.postgresql import PostgreSQL, Proxy

NAMES = ("app", 'we"ird \'na;me" DROP', "Ünïcödé" + "x" * 52, "MiXed", "user:name@host/db")


@pytest.fixture
def proxy(postgresql: PostgreSQL) -> Iterator[Proxy]:
    """A proxy before the server."""
    made = Proxy(postgresql.port)
    yield made
    made.close()


@pytest.mark.parametrize("name", NAMES)
def test_r01_a_rotation_of_every_name(postgresql: PostgreSQL, stand: Stand, name: str) -> None:
    """Quotes, spaces, 63 bytes of several per character: the right account is changed, unknown members stay."""
    postgresql.make_user(name)
    secret_id = stand.add(document(postgresql, name, extra={"kept": [1, None]}, port=str(postgresql.port)))
    stand.begin(secret_id)
    stand.run(secret_id)
    value = assert_rotated(postgresql, stand, secret_id)
    assert value["extra"] == {"kept": [1, None]}
    assert value["port"] == str(postgresql.port)
    assert len(value["password"]) == 32
    assert not set(value["password"]) & set(":/@\"'\\")
    assert stand.history(secret_id)[-1].facts["old_worked_before"] == "yes"


def test_a_name_that_the_server_would_cut_is_refused(postgresql: PostgreSQL, stand: Stand) -> None:
    """64 bytes would name another account."""
    secret_id = stand.add(document(postgresql, "x" * 64))
    stand.begin(secret_id)
    stand.run(secret_id)
    assert "63 bytes" in stand.row(secret_id).work.cause


def test_the_password_is_as_the_secret_wants_it(postgresql: PostgreSQL, stand: Stand) -> None:
    """Length and characters come from the secret's own settings; what is not known is refused."""
    postgresql.make_user("app")
    policy = {"length": 40, "exclude_punctuation": True}
    secret_id = stand.add(document(postgresql, password_policy=policy))
    stand.begin(secret_id)
    stand.run(secret_id)
    value = assert_rotated(postgresql, stand, secret_id)
    assert len(value["password"]) == 40
    assert value["password"].isalnum()
    assert value["password_policy"] == policy
    wrong = stand.add(document(postgresql, password_policy={"lenght": 40}))
    stand.begin(wrong)
    stand.run(wrong)
    assert "password_policy" in stand.row(wrong).work.cause


@pytest.mark.parametrize("boundary", range(14))
def test_r03_a_crash_at_every_boundary(postgresql: PostgreSQL, stand: Stand, boundary: int) -> None:
    """Wherever the process ends, the credential is usable, and the next process brings the rotation to its end."""
    crashed = crash_at(postgresql, stand, boundary)
    assert not crashed or boundary < 13, "there are more boundaries than are tried"


@pytest.mark.parametrize("statement", [b"ALTER ROLE", b"COMMIT"])
@pytest.mark.parametrize("arrives", [True, False], ids=["answer lost", "statement lost"])
def test_an_answer_or_a_statement_is_lost(
    postgresql: PostgreSQL, stand: Stand, proxy: Proxy, statement: bytes, arrives: bool
) -> None:
    """Whether the target took the value is found out by logging in, never assumed."""
    lose(postgresql, stand, proxy, statement, arrives=arrives)


def test_a_target_that_refuses_connections_says_nothing_about_the_value(
    postgresql: PostgreSQL, stand: Stand, proxy: Proxy
) -> None:
    """Nothing moves, the failure is on record with its cause, and it is tried again."""
    postgresql.make_user("app")
    secret_id = stand.add(document(postgresql, port=proxy.port, ssl=False))
    token = stand.begin(secret_id)
    proxy.refuses = True
    stand.run(secret_id)
    row = stand.row(secret_id)
    assert row.work.token == token
    assert row.work.cause == "the target cannot be reached"
    assert row.due_ms is not None
    assert 0 < row.due_ms - stand.keys.clock() <= 3_000
    assert stand.secret(secret_id).labels[AWSPENDING] == token
    assert stand.history(secret_id)[-1].outcome == "failed"
    proxy.refuses = False
    stand.run(secret_id)
    assert_rotated(postgresql, stand, secret_id)


@pytest.mark.parametrize("statement", [b"ALTER ROLE", b"COMMIT"])
def test_a_target_that_falls_silent_holds_nobody_up(
    postgresql: PostgreSQL, stand: Stand, proxy: Proxy, statement: bytes
) -> None:
    """The connection stays open and nothing comes back: it is cut off, and log-ins decide what was done."""
    postgresql.make_user("app")
    secret_id = stand.add(document(postgresql, port=proxy.port, ssl=False))
    stand.begin(secret_id)
    proxy.silent_after = statement
    began = time.monotonic()
    stand.run(secret_id)
    assert time.monotonic() - began < 30
    assert proxy.is_silent
    assert stand.row(secret_id).work.token
    assert_usable(postgresql, stand, secret_id)
    proxy.is_silent = False
    stand.run(secret_id)
    assert_rotated(postgresql, stand, secret_id)


def test_a_read_only_target_is_waited_for(postgresql: PostgreSQL, stand: Stand) -> None:
    """A standby, or the moment of a fail-over: classified, and not held against the credentials."""
    postgresql.make_user("app")
    postgresql.run("ALTER ROLE app SET default_transaction_read_only = on")
    secret_id = stand.add(document(postgresql))
    stand.begin(secret_id)
    stand.run(secret_id)
    assert stand.row(secret_id).work.cause.startswith("the target is read-only")
    assert_usable(postgresql, stand, secret_id)
    postgresql.run("ALTER ROLE app RESET default_transaction_read_only")
    stand.run(secret_id)
    assert_rotated(postgresql, stand, secret_id)


def test_when_no_stored_value_logs_in_the_rotation_is_held(postgresql: PostgreSQL, stand: Stand) -> None:
    """Somebody changed the password by hand: nothing is guessed; with the stored value again it goes on."""
    postgresql.make_user("app", "changed by hand")
    secret_id = stand.add(document(postgresql))
    stand.begin(secret_id)
    stand.run(secret_id)
    row = stand.row(secret_id)
    assert row.work.is_held
    assert postgresql.logs_in("app", "changed by hand")
    assert stand.history(secret_id)[-1].outcome == "held"
    postgresql.run("ALTER ROLE app PASSWORD 'first'")
    stand.run(secret_id)
    assert_rotated(postgresql, stand, secret_id)


@pytest.mark.parametrize(
    "boundary", ["staged-pending", "intended", "applied", "committed-promoted", "confirming"]
)
def test_a_value_put_by_hand_wins(postgresql: PostgreSQL, stand: Stand, boundary: str) -> None:
    """PutSecretValue at any moment: at the end the target agrees with AWSCURRENT, and the rotation is abandoned."""
    postgresql.make_user("app")
    secret_id = stand.add(document(postgresql))
    stand.begin(secret_id)

    def put() -> None:
        stand.put(secret_id, document(postgresql, note="put by hand"))

    stand.at(boundary, put)
    stand.run(secret_id)
    stand.offset_ms += 60_000  # what was sent may take effect late: that time is waited for
    stand.run(secret_id)
    value = stand.value(secret_id)
    assert value is not None
    assert value["note"] == "put by hand"
    assert postgresql.logs_in("app", value["password"])
    assert stand.row(secret_id).work.token == ""
    assert stand.history(secret_id)[-1].outcome == "abandoned"
    assert AWSPENDING not in stand.secret(secret_id).labels


@pytest.mark.parametrize(
    "boundary", ["planned-pending", "staged-pending", "intended", "applied", "confirming"]
)
@pytest.mark.parametrize("how", ["cancel", "delete"])
def test_cancel_or_delete_at_any_moment(
    postgresql: PostgreSQL, stand: Stand, boundary: str, how: str
) -> None:
    """Before the target was asked the rotation ends and labels stay; after that it goes on to its end."""
    postgresql.make_user("app")
    secret_id = stand.add(document(postgresql))
    token = stand.begin(secret_id)

    def act() -> None:
        if how == "delete":
            stand.change(
                secret_id, lambda secret: msgspec.structs.replace(secret, deleted_ms=1, purge_ms=1 << 60)
            )
            return

        def off(secret: Any) -> Any:
            rotation = msgspec.structs.replace(secret.attributes.rotation, is_enabled=False)
            attributes = msgspec.structs.replace(secret.attributes, rotation=rotation)
            return msgspec.structs.replace(secret, attributes=attributes)

        stand.change(secret_id, off)

    stand.at(boundary, act)
    stand.run(secret_id)
    assert_usable(postgresql, stand, secret_id)
    assert stand.row(secret_id).work.token == ""
    labels = stand.secret(secret_id).labels
    if boundary in ("planned-pending", "staged-pending"):
        assert stand.history(secret_id)[-1].outcome == "cancelled"
        assert labels[AWSPENDING] == token
        assert postgresql.logs_in("app", "first")
    else:
        assert_rotated(postgresql, stand, secret_id)
        assert labels[AWSCURRENT] == token
        assert AWSPREVIOUS in labels


def test_a_pending_value_for_another_account_is_not_taken(postgresql: PostgreSQL, stand: Stand) -> None:
    """Whoever fills AWSPENDING cannot make the rotation change somebody else's password."""
    postgresql.make_user("app")
    postgresql.make_user("victim", "victims")
    secret_id = stand.add(document(postgresql))
    token = stand.begin(secret_id)

    stand.fill(secret_id, token, document(postgresql, "victim", password="chosen"))
    stand.run(secret_id)
    assert "another account" in stand.row(secret_id).work.cause
    assert postgresql.logs_in("victim", "victims")
    assert postgresql.logs_in("app", "first")


def test_a_server_that_asks_for_no_password_proves_nothing(postgresql: PostgreSQL, stand: Stand) -> None:
    """With trust authentication every value would seem to work."""
    postgresql.make_user("trusted")
    secret_id = stand.add(document(postgresql, "trusted"))
    stand.begin(secret_id)
    stand.run(secret_id)
    value = stand.value(secret_id)
    cause = stand.row(secret_id).work.cause
    assert cause.startswith("the secret or the target is not set up for rotation")
    assert value is not None
    assert value["password"] == "first"


def test_an_md5_account_keeps_its_scheme(postgresql: PostgreSQL, stand: Stand) -> None:
    """Clients of such an account may know nothing else; SCRAM accounts get SCRAM."""
    postgresql.run(
        "SET password_encryption = 'md5'; DROP ROLE IF EXISTS old; CREATE ROLE old LOGIN PASSWORD 'first'"
    )
    postgresql.make_user("app")
    for name, scheme in (("old", "md5"), ("app", "SCRAM-SHA-256$")):
        secret_id = stand.add(document(postgresql, name))
        stand.begin(secret_id)
        stand.run(secret_id)
        assert_rotated(postgresql, stand, secret_id)
        with postgresql.admin() as connection:
            row = connection.execute(
                "SELECT rolpassword FROM pg_authid WHERE rolname = %s", (name,)
            ).fetchone()
        assert row is not None
        assert row[0].startswith(scheme)


def test_r02_tls_is_verified_and_never_downgraded(
    postgresql: PostgreSQL, stand: Stand, tmp_path: Any
) -> None:
    """With ssl the certificate counts; a server that cannot prove itself gets no log-in at all."""
    postgresql.make_user("app")
    secret_id = stand.add(document(postgresql, ssl=True))
    stand.begin(secret_id)
    stand.run(secret_id)
    value = assert_rotated(postgresql, stand, secret_id)
    assert stand.history(secret_id)[-1].facts["tls"].startswith("TLSv1")
    # Another authority: the same server is not trusted any more.
    from tests.support.deployments import make_certificate

    strangers = tmp_path / "strangers"
    strangers.mkdir()
    other = Stand(tmp_path / "other", make_certificate(strangers)[0])
    try:
        attempts = postgresql.log_path.read_text().count("connection authorized: user=app")
        untrusting = other.add({**value})
        other.begin(untrusting)
        other.run(untrusting)
        assert other.row(untrusting).work.cause.startswith("no verified TLS connection")
        assert postgresql.log_path.read_text().count("connection authorized: user=app") == attempts
    finally:
        other.close()


def test_r01_the_server_log_holds_no_password(postgresql: PostgreSQL, stand: Stand) -> None:
    """With every statement logged, only verifiers are in the log."""
    postgresql.make_user("app")
    secret_id = stand.add(document(postgresql))
    seen = []
    for _ in range(3):
        stand.begin(secret_id)
        stand.run(secret_id)
        value = stand.value(secret_id)
        assert value is not None
        seen.append(value["password"])
    log = postgresql.log_path.read_text()
    assert len(set(seen)) == 3
    assert log.count('ALTER ROLE "app" PASSWORD \'SCRAM-SHA-256$') >= 3
    assert not any(password in log for password in seen)


def test_two_rotations_after_each_other_and_a_second_one_beside(postgresql: PostgreSQL, stand: Stand) -> None:
    """A runner whose lease went to another one commits nothing more."""
    postgresql.make_user("app")
    secret_id = stand.add(document(postgresql))
    stand.begin(secret_id)
    stand.at("applied", lambda: stand.run(secret_id))  # another process takes the rotation over, and ends it
    stand.run(secret_id)
    assert_rotated(postgresql, stand, secret_id)
    assert [entry.outcome for entry in stand.history(secret_id)] == ["succeeded"]
    assert stand.versions(secret_id) == 2
