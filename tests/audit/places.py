"""Events, keys, journals and outages for the tests of the audit record."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from strongroom.audit.journal import Journal
from strongroom.audit.record import AuditEvent, UserIdentity, encode_record
from strongroom.audit.writer import JournalWriter

ANCHOR_KEY = bytes(range(32))
SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
PUBLIC_KEY = SIGNER.public_key().public_bytes_raw()
NOW_MS = 1_767_323_045_678  # 2026-01-02T03:04:05.678Z
ACCOUNT = "111122223333"
REGION = "eu-central-1"
SECRET_ARN = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:prod/db-AbCdEf"
ALICE = UserIdentity(
    "IAMUser",
    "AIDAEXAMPLEALICE00000",
    f"arn:aws:iam::{ACCOUNT}:user/Alice",
    ACCOUNT,
    "AKIAEXAMPLEALICE0000",
    "Alice",
)


def event(number: int = 0, **changes: Any) -> AuditEvent:
    """Make an event of GetSecretValue by Alice, one second after the one before."""
    facts: dict[str, Any] = {
        "event_time_ms": NOW_MS + number * 1000,
        "event_source": "secretsmanager.amazonaws.com",
        "event_name": "GetSecretValue",
        "region": REGION,
        "request_id": f"00000000-0000-4000-8000-{number:012d}",
        "source_ip": "192.0.2.7",
        "user_agent": "aws-cli/2.0",
        "identity": ALICE,
        "read_only": True,
        "recipient_account": ACCOUNT,
        "request_parameters": {"secretId": SECRET_ARN},
    }
    return AuditEvent(**(facts | changes))


def record(number: int = 0, **changes: Any) -> bytes:
    """Make the record of ``event``; the event id follows from the number."""
    return encode_record(event(number, **changes), f"11111111-0000-4000-8000-{number:012d}")


def open_writer(directory: Path, journal: str = "worker-0", **options: Any) -> JournalWriter:
    """Open a journal's files with the key of the tests."""
    return JournalWriter(directory, journal, anchor_key=ANCHOR_KEY, **options)


def run_journal(
    directory: Path, work: Callable[[Journal], Any], *, patience_s: float = 30.0, **options: Any
) -> Any:
    """Open a journal on a loop of its own, let ``work`` (a coroutine function) use it, and close it."""

    async def main() -> Any:
        writer = open_writer(directory, **options)
        journal = Journal(writer, asyncio.get_running_loop(), SIGNER, NOW_MS, patience_s=patience_s)
        result = await work(journal)
        await journal.close(NOW_MS)
        return result

    return asyncio.run(main())


async def settle(journal: Journal, records: Iterable[bytes]) -> list[bool]:
    """Append records and wait for what becomes of each."""
    loop = asyncio.get_running_loop()
    waiting: list[asyncio.Future[bool]] = []
    for each in records:
        future: asyncio.Future[bool] = loop.create_future()
        journal.append(each, future.set_result)
        waiting.append(future)
    return list(await asyncio.gather(*waiting))


def fill(directory: Path, count: int, journal: str = "worker-0", first: int = 0, **options: Any) -> None:
    """Write ``count`` records one group each, with a checkpoint after every fifth, and close the journal."""

    async def work(opened: Journal) -> None:
        for number in range(first, first + count):
            assert await settle(opened, [record(number)]) == [True]
            if number % 5 == 4:
                opened.tick(NOW_MS + 60_000 * (number + 1))

    run_journal(directory, work, journal=journal, **options)


class Disk:
    """The port ``sync`` with outages: it can fail, hang and come back."""

    def __init__(self) -> None:
        self.is_broken = False
        self.calls = 0
        self.hanging = threading.Event()
        self._way = threading.Event()
        self._way.set()

    def __call__(self, _: int) -> None:
        self.calls += 1
        if not self._way.is_set():
            self.hanging.set()
            self._way.wait(60)
        if self.is_broken:
            raise OSError(5, "Input/output error")

    def hang(self) -> None:
        """From now on a sync does not return."""
        self._way.clear()

    def come_back(self) -> None:
        """Let every hanging sync return."""
        self._way.set()
