"""Faults of the network, the store and the administrator, at every point of a rotation on a real PostgreSQL.

Tried by hand: a runner that takes a lost connection for a refusal, or one that does not make its intent durable
before it asks the target, fails here; so does a log-in that knows no SQLSTATE.
"""

from __future__ import annotations

import json
import threading
import time
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

from strongroom.services.secretsmanager.model import AWSPENDING
from tests.faults.polling import until
from tests.faults.test_disk_full import LimitedFiles
from tests.rotation.application import wait_for_current
from tests.rotation.databases import assert_rotated, assert_usable, document
from tests.rotation.stand import Stand
from tests.rotation.test_postgresql_alternating import Pair
from tests.support.postgresql import PostgreSQL, Proxy
from tests.support.scale import rounds
from tests.support.server import Server


@pytest.mark.soak
@pytest.mark.parametrize("arrives", [True, False], ids=["answer lost", "message lost"])
def test_the_nth_message_to_the_target_is_lost(postgresql: PostgreSQL, stand: Stand, arrives: bool) -> None:
    """Each message of each log-in and statement, until there are no more: usable all along, and rotated at last."""
    for number in count(1, rounds(4, 1)):
        proxy = Proxy(postgresql.port)
        postgresql.make_user("app")
        secret_id = stand.add(document(postgresql, port=proxy.port, ssl=False))
        stand.begin(secret_id)
        proxy.cut_at, proxy.cut_arrives = number, arrives
        for _ in range(4):
            stand.run(secret_id)
            assert_usable(postgresql, stand, secret_id)
            if not stand.row(secret_id).work.token:
                break
        proxy.close()
        value = stand.value(secret_id)
        assert value is not None
        assert value["password"] != "first"
        assert postgresql.logs_in("app", value["password"])
        outcomes = [entry.outcome for entry in stand.history(secret_id)]
        assert outcomes[-1] == "succeeded"
        assert "held" not in outcomes, "a lost connection says nothing about a value"
        assert stand.versions(secret_id) == 2, f"message {number}"
        if not proxy.lost:
            assert number > 15, "a rotation is more than this"
            break


@pytest.mark.soak
def test_killed_at_the_nth_message_to_the_target(
    postgresql: PostgreSQL, second_server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server dies in the middle of a log-in or a statement; after its start all is well within ten seconds."""
    server: Server = second_server()
    longest_s, kills = 0.0, 0
    for number in range(1, 60, rounds(8, 1)):
        for arrives in (True, False) if rounds(0, 1) else (number % 16 == 1,):
            name = f"nth{number}{'a' if arrives else 'l'}"
            if not _kill_at(server, postgresql, name, number, arrives):
                assert number > 15, "a rotation is more than this"
                with capsys.disabled():
                    print(f"\nkilled at {kills} messages: complete again after {longest_s:.1f} s at most")
                return
            kills += 1
            began = time.monotonic()
            server.start()
            client = server.client("secretsmanager")
            token = _pending_or_current(postgresql, client, name)
            wait_for_current(client, name, token)
            longest_s = max(longest_s, time.monotonic() - began)
            value = json.loads(client.get_secret_value(SecretId=name)["SecretString"])
            assert postgresql.logs_in(name, value["password"])
            assert not postgresql.logs_in(name, "first")
    raise AssertionError("there are more messages than are tried")


def _kill_at(server: Server, postgresql: PostgreSQL, name: str, number: int, arrives: bool) -> bool:
    """Rotate through a proxy that kills the server when a message passes; False when there was no such message."""
    postgresql.make_user(name)
    proxy = Proxy(postgresql.port)
    killed = threading.Event()

    def hear(message: int, _data: bytes) -> None:
        if message == number:
            server.kill9()
            killed.set()

    client = server.client("secretsmanager")
    value = document(postgresql, name, port=proxy.port, ssl=False)
    client.create_secret(Name=name, SecretString=json.dumps(value))
    proxy.hears = hear
    proxy.cut_at, proxy.cut_arrives = number, arrives
    token = client.rotate_secret(SecretId=name)["VersionId"]

    def ended() -> bool:
        if killed.is_set():
            return True
        try:
            stages = client.describe_secret(SecretId=name)["VersionIdsToStages"]
        except Exception:
            return killed.wait(10)
        return bool(stages.get(token) == ["AWSCURRENT"])

    until(ended)
    return killed.is_set()


def _pending_or_current(postgresql: PostgreSQL, client: Any, name: str) -> str:
    """AWSCURRENT, or failing that AWSPENDING, logs in at once; give the version that is rotated in."""
    stages = client.describe_secret(SecretId=name)["VersionIdsToStages"]
    values = []
    for label in ("AWSCURRENT", "AWSPENDING"):
        try:
            values.append(client.get_secret_value(SecretId=name, VersionStage=label))
        except client.exceptions.ResourceNotFoundException:
            continue
    assert any(postgresql.logs_in(name, json.loads(one["SecretString"])["password"]) for one in values)
    pending = [version for version, labels in stages.items() if AWSPENDING in labels]
    return str(pending[0] if pending else values[0]["VersionId"])


def test_the_store_is_full_between_the_target_and_the_label(
    postgresql: PostgreSQL, second_server: Any
) -> None:
    """The target has the new value and the label cannot be moved: it is when there is room again."""
    postgresql.make_user("full")
    proxy = Proxy(postgresql.port)
    server: Server = second_server()
    client = server.client("secretsmanager")
    value = document(postgresql, "full", port=proxy.port, ssl=False)
    client.create_secret(Name="full", SecretString=json.dumps(value))
    files = LimitedFiles(server)
    committed_at = 0

    def hear(message: int, data: bytes) -> None:
        nonlocal committed_at
        if b"ALTER ROLE" in data:
            files.fill()
        if b"COMMIT" in data:
            committed_at = message

    proxy.hears = hear
    token = client.rotate_secret(SecretId="full")["VersionId"]
    try:
        # The log-in with the new value has followed, and the move of the label fails.
        until(lambda: bool(committed_at) and proxy.messages >= committed_at + 5)
        for _ in range(5):
            with pytest.raises(ClientError) as refused:
                client.create_secret(Name="another", SecretString="x")
            assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] >= 500
        assert not postgresql.logs_in("full", "first")
    finally:
        files.clear()
    wait_for_current(client, "full", token)
    kept = json.loads(client.get_secret_value(SecretId="full")["SecretString"])
    assert postgresql.logs_in("full", kept["password"])
    proxy.close()


def test_what_reached_the_target_is_tried_again_at_once(postgresql: PostgreSQL, stand: Stand) -> None:
    """A log-in that was lost after the change costs a quarter of a second at first; one before it, two seconds."""
    assert 1_000 < _waits(postgresql, stand, is_before=True) <= 2_000
    assert _waits(postgresql, stand, is_before=False) <= 250


def _waits(postgresql: PostgreSQL, stand: Stand, *, is_before: bool) -> int:
    """Let no log-in succeed from the beginning, or from the change on; say how many milliseconds are waited then."""
    proxy = Proxy(postgresql.port)
    postgresql.make_user("app")
    secret_id = stand.add(document(postgresql, port=proxy.port, ssl=False))
    stand.begin(secret_id)

    def hear(_number: int, data: bytes) -> None:
        if b"COMMIT" in data:
            proxy.refuses = True
            proxy.drop_before.append(b"strongroom rotation")  # the one that is prepared

    proxy.hears = hear
    proxy.refuses = is_before
    stand.run(secret_id)
    proxy.close()
    row = stand.row(secret_id)
    assert row.due_ms is not None
    assert row.work.attempts == 1
    return row.due_ms - stand.keys.clock()


def test_the_administrators_password_is_changed_in_the_middle(postgresql: PostgreSQL, stand: Stand) -> None:
    """The accounts stay as they are, the cause says whose log-in failed; with the new one it goes on."""
    postgresql.run("DROP ROLE IF EXISTS deputy", "CREATE ROLE deputy SUPERUSER LOGIN PASSWORD 'before'")
    pair = Pair(postgresql, stand, username="deputy", password="before")
    stand.begin(pair.secret_id)
    stand.at("intended", lambda: postgresql.run("ALTER ROLE deputy PASSWORD 'after'"))
    stand.run(pair.secret_id)
    assert "administrator" in pair.cause
    assert postgresql.logs_in("app", "first")
    assert_usable(postgresql, stand, pair.secret_id)
    boss = stand.value(pair.boss)
    assert boss is not None
    stand.put(pair.boss, {**boss, "password": "after"})
    stand.run(pair.secret_id)
    value = stand.value(pair.secret_id)
    assert value is not None
    assert value["username"] == "app_clone"
    assert postgresql.logs_in("app_clone", value["password"])
    assert postgresql.logs_in("app", "first")


def test_a_server_that_speaks_another_language_refuses_as_clearly(
    postgresql: PostgreSQL, stand: Stand
) -> None:
    """A refusal is known by its SQLSTATE, whatever its words are."""
    postgresql.make_user("app")
    proxy = Proxy(postgresql.port)
    proxy.rewords = (b"password authentication failed", b"Passwort-Anmeldung gescheitert")
    secret_id = stand.add(document(postgresql, port=proxy.port, ssl=False))
    stand.begin(secret_id)
    stand.run(secret_id)
    assert proxy.reworded >= 2
    assert stand.row(secret_id).work.cause == ""
    assert_rotated(postgresql, stand, secret_id)
    proxy.close()
