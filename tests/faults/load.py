"""Concurrent clients that write down what they asked for and what was acknowledged, and what must hold later.

Each thread has secrets of its own, so that it knows which value is the newest. A value follows from its token:
whatever is found in the store can be told from half a value, or from another's.
"""

from __future__ import annotations

import hashlib
import random
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.client import Answer, KeptConnection, NoAnswer
from tests.support.server import Server

NOT_THERE = "ResourceNotFoundException"


@dataclass
class Write:
    """A version that a client asked for.

    Attributes:
        request_id: Of the acknowledgement; empty while there is none.
    """

    name: str
    token: str
    request_id: str = ""


@dataclass
class Ledger:
    """What the clients of one test know."""

    writes: list[Write] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    """Request ids of the reads that were answered."""
    refused: list[Answer] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    is_stopping: bool = False
    running: int = 0
    """Threads that have not ended."""
    problem: BaseException | None = None

    @property
    def answers(self) -> int:
        """How many requests were answered."""
        return sum(bool(write.request_id) for write in self.writes) + len(self.reads)

    def wait_for_answers(self, number: int) -> None:
        """Wait until so many more requests were answered."""
        with self.changed:
            wanted = self.answers + number
            met = self.changed.wait_for(lambda: self.answers >= wanted or not self.running, 120)
        assert met
        assert self.answers >= wanted, f"the clients ended: {self.problem!r} {self.refused[:1]}"


def value_of(token: str) -> str:
    """Give the value that a token stands for; its length differs from token to token."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    return digest * (1 + int(digest[:2], 16) % 40)


class Load:
    """Threads that create, put and read until they are stopped, or their server is gone.

    Args:
        endpoints: Where each thread connects.
        perseveres: Whether a thread goes on after a connection that ended without an answer.
    """

    def __init__(
        self, server: Server, ledger: Ledger, seed: int, *, threads: int = 4, perseveres: bool = False
    ) -> None:
        self._server = server
        self._ledger = ledger
        self._perseveres = perseveres
        ledger.is_stopping = False
        ledger.running = threads
        self._threads = [
            threading.Thread(target=self._guard, args=(f"{seed}-{number}",), daemon=True)
            for number in range(threads)
        ]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ledger.is_stopping = True
        for thread in self._threads:
            thread.join(120)
            assert not thread.is_alive()
        if self._ledger.problem is not None:
            raise self._ledger.problem

    def _guard(self, name: str) -> None:
        client = KeptConnection(self._server.endpoint, self._server.first)
        try:
            self._run(client, name)
        except BaseException as problem:
            self._ledger.problem = problem
        finally:
            client.close()
            with self._ledger.changed:
                self._ledger.running -= 1
                self._ledger.changed.notify_all()

    def _run(self, client: KeptConnection, name: str) -> None:
        ledger, chance = self._ledger, random.Random(name)
        newest: dict[str, set[str]] = {}  # what AWSCURRENT of a secret may be
        while not ledger.is_stopping:
            try:
                kind = chance.random()
                if not newest or kind < 0.25:
                    secret = f"{name}/{len(newest)}"
                    newest[secret] = set()
                    self._write(client, "CreateSecret", {"Name": secret}, secret, newest)
                elif kind < 0.7:
                    secret = chance.choice(list(newest)[-5:])
                    self._write(client, "PutSecretValue", {"SecretId": secret}, secret, newest)
                else:
                    secret = chance.choice(list(newest))
                    self._read(client, secret, newest[secret])
            except NoAnswer:
                if not self._perseveres:
                    return

    def _write(
        self,
        client: KeptConnection,
        target: str,
        members: dict[str, Any],
        name: str,
        newest: dict[str, set[str]],
    ) -> None:
        ledger = self._ledger
        with ledger.changed:
            write = Write(name, f"{len(ledger.writes):08d}-{name.replace('/', '-'):->32.32}")
            ledger.writes.append(write)
        newest[name].add(write.token)
        answer = client.ask(
            target, {**members, "ClientRequestToken": write.token, "SecretString": value_of(write.token)}
        )
        if answer.status != 200 and answer.code != NOT_THERE:
            ledger.refused.append(answer)
            return
        if answer.status == 200:
            newest[name] = {write.token}
            with ledger.changed:
                write.request_id = answer.request_id
                ledger.changed.notify_all()

    def _read(self, client: KeptConnection, name: str, may_be: set[str]) -> None:
        ledger = self._ledger
        answer = client.ask("GetSecretValue", {"SecretId": name})
        if answer.status == 200:
            assert answer.says["VersionId"] in may_be, f"{name}: a stale value"
            assert answer.says["SecretString"] == value_of(answer.says["VersionId"])
        elif answer.code != NOT_THERE:
            ledger.refused.append(answer)
            return
        with ledger.changed:
            ledger.reads.append(answer.request_id)
            ledger.changed.notify_all()


def check_values(server: Server, writes: Iterable[Write]) -> set[str]:
    """Read each version: what was acknowledged is there, everything else is whole or absent.

    Returns:
        The tokens of the versions that are there.
    """
    client = KeptConnection(server.endpoint, server.first)
    there = set()
    for write in writes:
        answer = client.ask("GetSecretValue", {"SecretId": write.name, "VersionId": write.token})
        if answer.status == 200:
            assert answer.says["SecretString"] == value_of(write.token)
            there.add(write.token)
        else:
            assert answer.code == NOT_THERE, answer
            assert not write.request_id, f"the acknowledged write {write} is gone"
    client.close()
    return there


def check_everything(server: Server, ledger: Ledger) -> None:
    """Walk the whole account through the API: every version decrypts and is one that was asked for."""
    client = KeptConnection(server.endpoint, server.first)
    there = check_values(server, ledger.writes)
    found = set()
    members: dict[str, Any] = {"MaxResults": 100}
    while True:
        page = client.ask("ListSecrets", members).says
        for secret in page["SecretList"]:
            answer = client.ask(
                "ListSecretVersionIds",
                {"SecretId": secret["ARN"], "MaxResults": 100, "IncludeDeprecated": True},
            )
            found |= {version["VersionId"] for version in answer.says["Versions"]}
        if "NextToken" not in page:
            break
        members["NextToken"] = page["NextToken"]
    assert found == there
    client.close()


def check_records(records: Sequence[dict[str, Any]], ledger: Ledger, there: set[str]) -> None:
    """Compare the audit records with the ledger: one for each answer, and one for each version that is there."""
    counted = Counter(record["requestID"] for record in records)
    for request_id in [*(write.request_id for write in ledger.writes if write.request_id), *ledger.reads]:
        assert counted[request_id] == 1, f"{counted[request_id]} records of request {request_id}"
    assert max(counted.values()) == 1
    tokens = Counter(
        record["requestParameters"]["clientRequestToken"]
        for record in records
        if record["eventName"] in ("CreateSecret", "PutSecretValue") and "errorCode" not in record
    )
    asked = {write.token for write in ledger.writes}
    assert {token for token in tokens if token in asked} == there, (
        "a change without its record, or a record without"
    )
    assert max(tokens.values()) == 1
