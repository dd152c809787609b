"""A read that starts after a write was acknowledged sees it, whichever worker answers (promise 2).

One process records when every request began and when its answer was there, by one clock. Several writers and
readers share a few secrets over connections to both workers, while workers are killed under them.

Tried by hand: without ``RowCache.refresh`` at the start of the batch, and with one that only every tenth batch
makes, the histories contradict themselves.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from pathlib import Path

import pytest

from strongroom.audit.chain import RecordFrame
from strongroom.audit.layout import list_segments
from strongroom.audit.segment import open_segment
from tests.faults.client import KeptConnection, NoAnswer
from tests.faults.history import Step, contradictions
from tests.faults.polling import until, wait_until_replaced
from tests.support.accounts import Key
from tests.support.scale import rounds
from tests.support.server import Server

SECRETS = ("s/0", "s/1", "s/2")


class History:
    """What all clients saw, by secret."""

    def __init__(self) -> None:
        self.steps: dict[str, list[Step]] = {name: [] for name in SECRETS}
        self.read_ids: list[str] = []
        self.is_stopping = False
        self.problems: list[BaseException] = []
        self._lock = threading.Lock()

    def add(self, name: str, step: Step) -> None:
        """Add a step that ended, or never will."""
        with self._lock:
            self.steps[name].append(step)

    @property
    def number(self) -> int:
        """How many steps there are."""
        return sum(map(len, self.steps.values()))


def write(client: KeptConnection, history: History, name: str, value: str) -> None:
    """Put a value that was never put before; each is a version of its own."""
    start = time.monotonic()
    try:
        answer = client.ask(
            "PutSecretValue", {"SecretId": name, "ClientRequestToken": value, "SecretString": value}
        )
    except NoAnswer:
        history.add(name, Step("write", value, start))
        return
    assert answer.status == 200, answer
    history.add(name, Step("write", value, start, time.monotonic()))


def read(client: KeptConnection, history: History, name: str) -> None:
    """Read the present value."""
    start = time.monotonic()
    try:
        answer = client.ask("GetSecretValue", {"SecretId": name})
    except NoAnswer:
        return
    assert answer.status == 200, answer
    history.add(name, Step("read", answer.says["SecretString"], start, time.monotonic()))
    history.read_ids.append(answer.request_id)


def client_loop(server: Server, history: History, number: int, seed: int, writes: int) -> None:
    """Read without end; now and then write, ``writes`` times at most: a secret has 100 versions a day."""
    chance = random.Random(f"{seed}-{number}")
    client = KeptConnection(server.endpoint, server.first)
    try:
        done = 0
        while not history.is_stopping:
            if done < writes and chance.random() < 0.1:
                write(client, history, chance.choice(SECRETS), f"{number:04d}-{done:027d}")
                done += 1
            else:
                read(client, history, chance.choice(SECRETS))
            if chance.random() < 0.01:
                client.close()  # the next one may reach the other worker
    except BaseException as problem:
        history.problems.append(problem)
    finally:
        client.close()


def wait_for_steps(history: History, more: int) -> None:
    """Wait until the clients have done so many steps more."""
    wanted = history.number + more
    until(lambda: history.number >= wanted or bool(history.problems))


def journals_of(data_dir: Path) -> dict[str, set[str]]:
    """Give the request ids in each worker's journal."""
    found: dict[str, set[str]] = {}
    for journal in ("worker-0", "worker-1"):
        ids = found.setdefault(journal, set())
        for path in list_segments(data_dir / "audit", journal).values():
            with open_segment(path) as reader:
                reader.read_header()
                for frame in reader.frames():
                    if isinstance(frame, RecordFrame):
                        ids.add(bytes(frame.record).partition(b'"requestID":"')[2][:36].decode())
    return found


def record_history(server: Server, seed: int, *, kills: int) -> History:
    """Let eight clients at the server while it loses workers."""
    history, chance = History(), random.Random(seed)
    first = KeptConnection(server.endpoint, server.first)
    for place, name in enumerate(SECRETS):
        value = f"first-{place:026d}"
        start = time.monotonic()
        answer = first.ask("CreateSecret", {"Name": name, "ClientRequestToken": value, "SecretString": value})
        assert answer.status == 200, answer
        history.add(name, Step("write", value, start, time.monotonic()))
    first.close()
    threads = [
        threading.Thread(target=client_loop, args=(server, history, number, seed, 25), daemon=True)
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for _ in range(kills):
        wait_for_steps(history, chance.randrange(100, 400))
        workers = server.children()[:2]
        killed = chance.choice(workers)
        os.kill(killed, signal.SIGKILL)
        wait_until_replaced(server, killed)
    wait_for_steps(history, 500)
    history.is_stopping = True
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    return history


@pytest.mark.soak
def test_a_read_sees_every_write_acknowledged_before_it_on_every_worker(tmp_path: Path) -> None:
    """Whatever dies meanwhile: each secret behaves as one register would."""
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    for number in range(rounds(1, 50)):
        server = Server(tmp_path / f"data-{number}", ["--workers", "2"])
        try:
            history = record_history(server.start(), seed + number, kills=3)
            assert history.problems == []
            for name, steps in history.steps.items():
                assert contradictions(steps) == [], f"{name}, seed {seed + number}"
            for journal, ids in journals_of(server.data_dir).items():
                assert len(ids.intersection(history.read_ids)) > 50, f"{journal} answered hardly any read"
        finally:
            server.close()


def test_s09_a_key_that_was_deleted_opens_nothing_on_any_worker(tmp_path: Path) -> None:
    """A change of a credential or a policy holds from the next request on, also where it is cached."""
    server = Server(tmp_path / "data", ["--workers", "2"])
    try:
        server.start()
        admin = KeptConnection(server.endpoint, server.first)
        iam = server.client("iam")
        admin.ask("CreateSecret", {"Name": "s", "ClientRequestToken": "t" * 32, "SecretString": "value"})
        allow = '{"Version":"2012-10-17","Statement":{"Effect":"%s","Action":"*","Resource":"*"}}'
        iam.create_user(UserName="app")
        for number in range(10):
            made = iam.create_access_key(UserName="app")["AccessKey"]
            key = Key(made["AccessKeyId"], made["SecretAccessKey"])
            iam.put_user_policy(UserName="app", PolicyName="p", PolicyDocument=allow % "Allow")
            clients = [KeptConnection(server.endpoint, key) for _ in range(8)]
            assert {client.ask("GetSecretValue", {"SecretId": "s"}).status for client in clients} == {200}
            iam.put_user_policy(UserName="app", PolicyName="p", PolicyDocument=allow % "Deny")
            assert {client.ask("GetSecretValue", {"SecretId": "s"}).code for client in clients} == {
                "AccessDeniedException"
            }
            iam.put_user_policy(UserName="app", PolicyName="p", PolicyDocument=allow % "Allow")
            assert {client.ask("GetSecretValue", {"SecretId": "s"}).status for client in clients} == {200}
            if number % 2:
                iam.update_access_key(UserName="app", AccessKeyId=key.access_key_id, Status="Inactive")
            else:
                iam.delete_access_key(UserName="app", AccessKeyId=key.access_key_id)
            assert {client.ask("GetSecretValue", {"SecretId": "s"}).code for client in clients} == {
                "UnrecognizedClientException"
            }
            if number % 2:
                iam.delete_access_key(UserName="app", AccessKeyId=key.access_key_id)
            for client in clients:
                client.close()
        admin.close()
    finally:
        server.close()
