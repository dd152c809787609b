"""Requests on connections that stay open, over a real edge with a real worker behind it (decision 17).

Each request goes out twice: as clients send it, so that its head is like those before, and with a header that no
request had before, so that it is read in full. Both must be answered, and recorded, alike.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count
from typing import Any, NamedTuple

import pytest
from bench.filling import secret_name
from bench.profiling import heads_of, serving
from bench.signing import Signer

from strongroom.gateway.head_forms import LEARN_EVERY, HeadForms
from strongroom.worker import Worker

FLIPS = 150
Test = Callable[["Client"], Awaitable[None]]


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """Sends requests over one connection, which it opens again when the edge has closed it."""

    def __init__(self, worker: Worker, signer: Signer, port: int) -> None:
        self.worker = worker
        self.signer = signer
        self.heads: HeadForms = heads_of(worker)
        self._port = port
        self._unique = count()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    def wire(self, number: int = 0, signer: Signer | None = None) -> bytes:
        """Sign a GetSecretValue."""
        return (signer or self.signer).secretsmanager("GetSecretValue", {"SecretId": secret_name(number)})

    def padded(self, wire: bytes) -> bytes:
        """Add a header that no request had before."""
        line = b"\r\nX-Unique: %d\r\n\r\n" % next(self._unique)
        return wire.replace(b"\r\n\r\n", line, 1)

    async def send(self, data: bytes) -> asyncio.StreamReader:
        """Send bytes as they are."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        self._streams[1].write(data)
        return self._streams[0]

    async def read(self, reader: asyncio.StreamReader) -> Answer:
        """Read one reply."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        start, *lines = head[:-4].split("\r\n")
        headers = {name: value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers["Content-Length"]))
        if headers.get("Connection") == "close":
            self.close()
        return Answer(int(start.split(" ")[1]), headers, body)

    async def ask(self, data: bytes) -> Answer:
        """Send a request and read its reply."""
        return await self.read(await self.send(data))

    async def learn(self, signer: Signer | None = None) -> None:
        """Send requests until their form is kept."""
        reused = self.heads.reused
        for number in range(2 * LEARN_EVERY):
            assert (await self.ask(self.wire(number, signer))).status == 200
        assert self.heads.reused > reused

    async def alike(self, wire: bytes, *, is_known: bool | None = None) -> Answer:
        """Send a request both ways; return the answer, which is the same but for its id and date."""
        reused = self.heads.reused
        known = await self.ask(wire)
        assert is_known is None or self.heads.reused == reused + is_known
        reused = self.heads.reused
        in_full = await self.ask(self.padded(wire))
        assert self.heads.reused == reused
        assert plain(known) == plain(in_full)
        return known

    def close(self) -> None:
        """End the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def plain(answer: Answer) -> tuple[Any, ...]:
    """Take out of an answer what differs in each."""
    headers = {
        name: value for name, value in answer.headers.items() if name not in ("x-amzn-RequestId", "Date")
    }
    return answer.status, headers, answer.body


def with_body(wire: bytes, body: bytes) -> bytes:
    """Send another body than the signed one, of the same length."""
    head = wire[: wire.index(b"\r\n\r\n") + 4]
    assert len(head) + len(body) == len(wire)
    return head + body


@contextlib.asynccontextmanager
async def connected(worker: Worker, signer: Signer) -> AsyncIterator[Client]:
    """Let the worker's edge listen, and give a client."""
    client = Client(worker, signer, await worker.edge.listen("127.0.0.1", 0))
    try:
        yield client
    finally:
        client.close()
        assert await worker.edge.drain(5) == 0


@pytest.fixture
def run() -> Iterator[Callable[[Test], None]]:
    """Run a test with a worker over a small store."""
    with serving() as (worker, signer):

        def run_test(test: Test) -> None:
            async def main() -> None:
                async with connected(worker, signer) as client:
                    await client.learn()
                    await test(client)

            worker.loop.run_until_complete(asyncio.wait_for(main(), 120))

        yield run_test


def test_s01_a_flipped_byte_anywhere_in_a_request_is_answered_alike(run: Callable[[Test], None]) -> None:
    """In the head or in the body, at places that the seed decides."""
    seed = random.SystemRandom().getrandbits(32)
    print("seed", seed)
    chance = random.Random(seed)

    async def test(client: Client) -> None:
        statuses = set()
        for _ in range(FLIPS):
            wire = bytearray(client.wire(chance.randrange(500)))
            at = chance.randrange(len(wire))
            wire[at] ^= 1 << chance.randrange(7)
            length = wire.find(b"Content-Length: ")
            if length < 0 or wire.count(b"\r\n\r\n") != 1 or length <= at < wire.index(b"\r\n\r\n") + 4:
                continue  # where it changes how much belongs to the request an answer may never come
            statuses.add((await client.alike(bytes(wire))).status)
        assert statuses >= {200, 400}

    run(test)


def test_s05_the_same_head_with_another_body_is_refused(run: Callable[[Test], None]) -> None:
    """The body is hashed each time."""

    async def test(client: Client) -> None:
        wire = client.wire(1)
        assert (await client.alike(wire, is_known=True)).status == 200
        other = client.wire(2)
        answer = await client.alike(with_body(wire, other[other.index(b"\r\n\r\n") + 4 :]), is_known=True)
        assert (answer.status, json.loads(answer.body)["__type"]) == (400, "InvalidSignatureException")

    run(test)


def test_s10_pipelined_requests_are_told_apart_by_their_own_lengths(run: Callable[[Test], None]) -> None:
    """Several in one piece, cut anywhere, each answered with its own secret."""

    async def test(client: Client) -> None:
        wires = [client.wire(number) for number in range(8)]
        data = b"".join(wires)
        for cut in (0, 1, 100, len(wires[0]) - 1, len(wires[0]), len(wires[0]) + 1, len(data) - 1):
            reused = client.heads.reused
            reader = await client.send(data[:cut])
            for _ in range(5):
                await asyncio.sleep(0)
            await client.send(data[cut:])
            answers = [await client.read(reader) for _ in wires]
            assert [json.loads(answer.body)["Name"] for answer in answers] == [
                secret_name(n) for n in range(8)
            ]
            assert client.heads.reused == reused + len(wires)

    run(test)


def test_s02_another_path_target_or_credential_is_not_the_one_before(run: Callable[[Test], None]) -> None:
    """Each of the same length as what was sent before."""

    async def test(client: Client) -> None:
        wire = client.wire()
        for old, new in (
            (b"POST / ", b"POST /x "),
            (b"secretsmanager.GetSecretValue", b"secretsmanager.PutSecretValue"),
            (b"Credential=AKIA", b"Credential=AKIB"),
            (b"us-east-1", b"us-east-2"),
            (b"Host: 127.0.0.1", b"Host: 127.0.0.2"),
        ):
            assert (await client.alike(wire.replace(old, new), is_known=False)).status in (400, 404)

    run(test)


def test_s09_a_key_that_is_revoked_between_two_requests_opens_nothing(run: Callable[[Test], None]) -> None:
    """And one that is given again opens as before: the store is asked each time."""

    async def test(client: Client) -> None:
        made = await client.ask(client.signer.iam("CreateAccessKey", {"UserName": "admin"}))
        text = made.body.decode()
        key = [text.partition(f"<{tag}>")[2].partition("<")[0] for tag in ("AccessKeyId", "SecretAccessKey")]
        other = Signer(client.signer.host, *key)
        await client.learn(other)
        for status, answered in (("Inactive", 400), ("Active", 200)):
            members = {"UserName": "admin", "AccessKeyId": key[0], "Status": status}
            assert (await client.ask(client.signer.iam("UpdateAccessKey", members))).status == 200
            answer = await client.alike(client.wire(3, other), is_known=True)
            assert answer.status == answered
        assert json.loads(answer.body)["Name"] == secret_name(3)

    run(test)


def test_l02_each_request_leaves_a_record_of_its_own(run: Callable[[Test], None]) -> None:
    """A known head is recorded as one that was read in full, with the values of this request."""

    async def test(client: Client) -> None:
        before = client.worker.journal.records
        for number in range(5):
            answer = await client.alike(client.wire(number), is_known=True)
            assert json.loads(answer.body)["Name"] == secret_name(number)
        assert client.worker.journal.records == before + 10

    run(test)


def test_temporary_credentials_are_asked_for_each_time(run: Callable[[Test], None]) -> None:
    """A session is let in by its token; with another token of the same length it is not."""

    async def test(client: Client) -> None:
        made = await client.ask(client.signer._write(
            "sts", "application/x-www-form-urlencoded; charset=utf-8", None,
            b"Action=GetSessionToken&Version=2011-06-15",
        ))  # fmt: skip
        text = made.body.decode()
        names = "AccessKeyId", "SecretAccessKey", "SessionToken"
        key_id, secret, token = (text.partition(f"<{tag}>")[2].partition("<")[0] for tag in names)
        host = client.signer.host
        session = Signer(host, key_id, secret, session_token=token)
        await client.learn(session)
        assert (await client.alike(client.wire(4, session), is_known=True)).status == 200
        forged = Signer(host, key_id, secret, session_token=token[:-9] + token[-9:][::-1])
        assert (await client.alike(client.wire(4, forged), is_known=True)).status == 400

    run(test)
