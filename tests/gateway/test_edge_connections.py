"""How connections live: order, batches, back-pressure, slow clients, limits, proxies, draining."""

from __future__ import annotations

import asyncio
import dataclasses
import ipaddress
import resource
import socket
from typing import cast

import pytest

from strongroom.gateway.connection_limits import (
    RESERVED_FILES,
    ConnectionCensus,
    address_group,
    affordable_connections,
)
from strongroom.gateway.edge import AlreadyAnswered, Edge, EdgeLimits, Exchange, Refusal, UnframableReply
from strongroom.gateway.head_forms import LEARN_EVERY, HeadForm
from strongroom.http_message import RawReply, RawRequest
from strongroom.sigv4.authentication import parse_authentication
from strongroom.sigv4.claim_form import form_of
from tests.gateway.client_heads import BOTO
from tests.gateway.edge_stand import GET, GOOD, SERVER_TIME_MS, Client, Desk, run, standing

POST = b"POST / HTTP/1.1\r\nHost: a\r\n"


def get(path: str) -> bytes:
    """Write a request for a path."""
    return f"GET /{path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


def echo_path(request: RawRequest) -> RawReply:
    """Answer with the path."""
    return RawReply(200, (), request.path)


# Replies.


def test_a_reply_is_what_the_application_gave_and_the_framing() -> None:
    """Status, headers and body leave untouched, with Date and Content-Length, and the connection stays."""
    reply = RawReply(403, ((b"X-One", b"1"), (b"x-two", b"\xe9")), b"\0body")

    async def check() -> None:
        async with standing(desk=Desk(lambda _: reply)) as stand:
            client = await stand.ask(GET)
            head = await client.reader.readuntil(b"\r\n\r\n")
            assert head == (
                b"HTTP/1.1 403 Forbidden\r\nX-One: 1\r\nx-two: \xe9\r\n"
                b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 5\r\n\r\n"
            )
            assert await client.reader.readexactly(5) == b"\0body"
            client.send(GET)
            assert (await client.reply()).body == b"\0body"
            assert stand.edge.counters.bytes_sent == 2 * (len(head) + 5)

    run(check())


def test_head_is_answered_without_a_body() -> None:
    """The length is announced and the next reply follows directly."""

    async def check() -> None:
        async with standing() as stand:
            client = await stand.ask(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + GET)
            assert (await client.reply(has_body=False)).headers[b"content-length"] == b"4"
            assert (await client.reply()).body == b"good"

    run(check())


@pytest.mark.parametrize("status", [204, 304])
def test_a_reply_that_has_no_body_by_its_status_has_no_length(status: int) -> None:
    """RFC 9110 forbids Content-Length with 204."""

    async def check() -> None:
        async with standing(desk=Desk(lambda _: RawReply(status, (), b""))) as stand:
            client = await stand.ask(GET + GET)
            assert b"content-length" not in (await client.reply()).headers
            assert (await client.reply()).status == status

    run(check())


@pytest.mark.parametrize("close", [b"close", b"Close", b"x, close"])
def test_a_client_that_asks_for_the_end_gets_it(close: bytes) -> None:
    """The reply announces the end, and what the client sent behind is not handled."""

    async def check() -> None:
        async with standing() as stand:
            client = await stand.ask(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: " + close + b"\r\n\r\n" + GET)
            assert (await client.reply()).headers[b"connection"] == b"close"
            assert await client.rest() == b""
            assert len(stand.desk.requests) == 1

    run(check())


def test_http_1_0_is_answered_and_ended() -> None:
    """A 1.0 client gets one reply for each connection, even when it asks for more."""

    async def check() -> None:
        async with standing() as stand:
            client = await stand.ask(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + GET)
            assert (await client.reply()).headers[b"connection"] == b"close"
            assert await client.rest() == b""

    run(check())


def test_the_application_can_end_the_connection() -> None:
    """A reply with ``close`` is the last one."""

    async def check() -> None:
        async with standing(desk=Desk(lambda _: RawReply(200, (), b"x", close=True))) as stand:
            client = await stand.ask(GET + GET)
            assert (await client.reply()).headers[b"connection"] == b"close"
            assert await client.rest() == b""

    run(check())


@pytest.mark.parametrize("value", [b"a\r\nX: b", b"a\nX: b", b"a\rb", b"a\0b"])
def test_s10_a_reply_header_cannot_split_the_reply(value: bytes) -> None:
    """A header with a line break is refused in the application, which may still answer."""

    async def check() -> None:
        async with standing(desk=Desk(None)) as stand:
            client = await stand.ask(GET)
            await stand.until(lambda: bool(stand.desk.exchanges))
            (exchange,) = stand.desk.exchanges
            for headers in [
                ((b"X", value),),
                ((b"X", b"a"), (b"Content-Type", value)),
                ((b"X", b"a"), (value, b"a")),
            ]:
                for _ in range(2):
                    with pytest.raises(UnframableReply):
                        exchange.respond(RawReply(200, headers, b""))
            exchange.respond(GOOD)
            assert (await client.reply()).body == b"good"

    run(check())


def test_the_date_of_a_reply_is_that_of_its_second() -> None:
    """The line is kept for a second, not longer."""

    async def check() -> None:
        seconds = 0.0
        edge = Edge(
            asyncio.get_running_loop(),
            Desk(),
            EdgeLimits(),
            new_request_id=lambda: "request",
            server_time=lambda: SERVER_TIME_MS + int(seconds * 1000),
            now=lambda: seconds,
        )
        client = Client(*await asyncio.open_connection("127.0.0.1", await edge.listen("127.0.0.1", 0)))
        try:
            for passed, second in [(0.0, 37), (0.9, 37), (0.2, 38), (0.0, 38), (1.0, 39)]:
                seconds += passed
                client.send(GET)
                date = (await client.reply()).headers[b"date"]
                assert date == b"Sun, 06 Nov 1994 08:49:%d GMT" % second
        finally:
            client.abort()
            assert await edge.drain(5) == 0

    run(check())


def test_an_exchange_is_answered_once() -> None:
    """The second answer raises and nothing of it reaches the client."""

    async def check() -> None:
        async with standing(desk=Desk(None)) as stand:
            client = await stand.ask(GET)
            await stand.until(lambda: bool(stand.desk.exchanges))
            (exchange,) = stand.desk.exchanges
            exchange.respond(GOOD)
            with pytest.raises(AlreadyAnswered):
                exchange.respond(GOOD)
            client.send(GET)
            await client.reply()
            await stand.until(lambda: len(stand.desk.exchanges) == 2)
            stand.desk.exchanges[1].respond(GOOD)
            assert (await client.reply()).body == b"good"

    run(check())


def test_a_defect_of_the_application_leaves_nobody_waiting() -> None:
    """Exchanges that were not answered get 500 with a fixed text, and the defect is reported to the loop."""

    def break_down(request: RawRequest) -> RawReply:
        if request.path == b"/bad":
            raise LookupError("a secret detail")
        return GOOD

    async def check() -> None:
        async with standing(desk=Desk(break_down), reports=True) as stand:
            client = await stand.ask(get("fine") + get("bad") + get("behind"))
            assert (await client.reply()).status == 200
            reply = await client.reply()
            assert reply.status == 500
            assert b"secret" not in reply.body
            assert await client.rest() == b""
            assert stand.reports == ["a secret detail"]

    run(check())


# Batches, order, back-pressure.


def test_requests_of_one_loop_iteration_are_one_batch() -> None:
    """Pipelined requests and those of several connections are handed over together."""

    async def check() -> None:
        async with standing() as stand:
            clients = [socket.create_connection(("127.0.0.1", stand.port)) for _ in range(3)]
            await stand.until(lambda: stand.edge.counters.connections_open == 3)
            for client in clients:
                client.sendall(get("a") + get("b"))  # at once, so that one poll of the loop finds all
            await stand.until(lambda: len(stand.desk.requests) == 6)
            assert [len(batch) for batch in stand.desk.batches] == [6]
            for client in clients:
                client.close()

    run(check())


def test_s10_pipelined_requests_are_answered_in_their_order() -> None:
    """Answers given in another order leave in the order of the requests."""

    async def check() -> None:
        async with standing(desk=Desk(None)) as stand:
            client = await stand.ask(b"".join(get(str(number)) for number in range(6)))
            await stand.until(lambda: len(stand.desk.exchanges) == 6)
            for number in (3, 1, 0, 5, 4, 2):
                stand.desk.exchanges[number].respond(echo_path(stand.desk.requests[number]))
            assert [(await client.reply()).body for _ in range(6)] == [b"/%d" % n for n in range(6)]

    run(check())


def test_s10_a_refusal_waits_for_the_answers_before_it() -> None:
    """A bad request behind two good ones is refused after them."""

    async def check() -> None:
        async with standing(desk=Desk(None)) as stand:
            client = await stand.ask(get("0") + get("1") + b"bad\r\n\r\n" + get("2"))
            await stand.until(lambda: len(stand.desk.exchanges) == 2)
            for exchange in reversed(stand.desk.exchanges):
                exchange.respond(echo_path(exchange.request))
            assert (await client.reply()).body == b"/0"
            assert (await client.reply()).body == b"/1"
            assert await client.refusal() == 400
            assert len(stand.desk.exchanges) == 2

    run(check())


def test_100_continue_waits_for_the_answers_before_it() -> None:
    """An interim reply must not be taken for the reply of an earlier request."""

    async def check() -> None:
        async with standing(desk=Desk(None)) as stand:
            client = await stand.ask(GET + POST + b"Expect: 100-continue\r\nContent-Length: 1\r\n\r\n")
            await stand.until(lambda: len(stand.desk.exchanges) == 1)
            assert stand.edge.counters.bytes_sent == 0
            stand.desk.exchanges[0].respond(GOOD)
            assert (await client.reply()).body == b"good"
            assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"

    run(check())


def test_z01_only_so_many_pipelined_requests_wait_at_once() -> None:
    """The rest is taken when half of the answers have gone, and none is lost."""

    async def check() -> None:
        async with standing(EdgeLimits(max_pipelined=4), Desk(None)) as stand:
            client = await stand.ask(b"".join(get(str(number)) for number in range(11)))
            await stand.until(lambda: len(stand.desk.exchanges) == 4)
            stand.pass_time(1000)  # it is our turn: nobody is late
            answered = 0
            while answered < 11:
                assert len(stand.desk.exchanges) <= answered + 4
                exchange = stand.desk.exchanges[answered]
                exchange.respond(echo_path(exchange.request))
                assert (await client.reply()).body == b"/%d" % answered
                answered += 1
            assert stand.desk.exchanges[-1].request.path == b"/10"

    run(check())


def test_z01_nothing_is_read_while_too_many_answers_are_due() -> None:
    """What the client goes on sending stays in its own buffers, not in our memory."""

    async def check() -> None:
        async with standing(EdgeLimits(max_pipelined=1), Desk(None)) as stand:
            client = await stand.ask(GET + GET)
            await stand.received(2 * len(GET))
            client.send(GET * 1000)
            for _ in range(200):
                await asyncio.sleep(0)
            assert stand.edge.counters.bytes_received == 2 * len(GET)
            assert len(stand.desk.exchanges) == 1
            stand.desk.answer = lambda _: GOOD
            stand.desk.exchanges[0].respond(GOOD)
            for _ in range(1002):
                await client.reply()

    run(check())


def test_z01_a_client_that_does_not_read_is_not_read_and_then_cut_off() -> None:
    """A full write buffer stops reading; after the write time-out the connection ends."""
    large = RawReply(200, (), b"x" * 1_000_000)
    limits = EdgeLimits(write_buffer_bytes=10_000, max_pipelined=4)

    async def check() -> None:
        async with standing(limits, Desk(lambda _: large)) as stand:
            loop = asyncio.get_running_loop()
            deaf = socket.socket()
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.setblocking(False)
            await loop.sock_connect(deaf, ("127.0.0.1", stand.port))
            await loop.sock_sendall(deaf, GET * 1000)
            hearing = await stand.client()
            for _ in range(3):
                hearing.send(GET)
                await hearing.reply()
            handled = len(stand.desk.requests)
            assert handled < 3 + 50
            stand.pass_time(29)
            assert stand.edge.counters.write_timeouts == 0
            hearing.send(GET)
            await hearing.reply()
            stand.pass_time(1)
            assert stand.edge.counters.write_timeouts == 1
            await stand.until(lambda: stand.edge.counters.connections_open == 1)
            assert len(stand.desk.requests) == handled + 1
            deaf.close()

    run(check())


def test_a_slow_reader_gets_everything_in_the_end() -> None:
    """Reading goes on when the write buffer has emptied."""
    large = RawReply(200, (), b"x" * 1_000_000)
    limits = EdgeLimits(write_buffer_bytes=10_000, max_pipelined=4)

    async def check() -> None:
        async with standing(limits, Desk(lambda _: large)) as stand:
            client = await stand.ask(GET * 40)
            for _ in range(40):
                assert len((await client.reply()).body) == 1_000_000

    run(check())


# Clients that go.


def test_a_client_that_went_does_not_disturb_the_others() -> None:
    """Answers for a connection that is gone go nowhere; those of its batch arrive."""

    async def check() -> None:
        async with standing(desk=Desk(None)) as stand:
            gone, stays = await stand.ask(GET + GET), await stand.ask(GET)
            await stand.until(lambda: len(stand.desk.exchanges) == 3)
            gone.abort()
            await stand.until(lambda: stand.edge.counters.connections_open == 1)
            for exchange in stand.desk.exchanges:
                exchange.respond(GOOD)
            assert (await stays.reply()).body == b"good"
            with pytest.raises(AlreadyAnswered):
                stand.desk.exchanges[0].respond(GOOD)

    run(check())


def test_a_client_that_only_ended_its_own_side_gets_its_answers() -> None:
    """A half-closed connection is served to its end; a request that is cut short is dropped."""

    async def check() -> None:
        async with standing(desk=Desk(None)) as stand:
            client = await stand.ask(GET + GET + b"GET /cut")
            client.writer.write_eof()
            await stand.until(lambda: len(stand.desk.exchanges) == 2)
            await asyncio.sleep(0)
            for exchange in stand.desk.exchanges:
                exchange.respond(GOOD)
            assert (await client.reply()).body == b"good"
            assert (await client.reply()).body == b"good"
            assert await client.rest() == b""

    run(check())


# Slow clients.


def test_z01_a_head_has_ten_seconds_however_it_dribbles() -> None:
    """Bytes that keep coming do not extend the time of a head; the refusal is 408."""

    async def check() -> None:
        async with standing() as stand:
            client = await stand.client()
            for number, byte in enumerate(b"GET / HTTP", start=1):
                client.send(bytes([byte]))
                await stand.received(number)
                stand.pass_time(0.99)
            stand.pass_time(0.2)
            assert await client.refusal() == 408
            assert stand.edge.counters.refused[Refusal.HEAD_TIMEOUT] == 1

    run(check())


def test_z01_a_new_connection_that_says_nothing_is_closed() -> None:
    """Without a byte in the header time-out the connection ends, with no reply."""

    async def check() -> None:
        async with standing() as stand:
            client = await stand.client()
            await stand.until(lambda: stand.edge.counters.connections_open == 1)
            stand.pass_time(9.9)
            assert stand.edge.counters.idle_closed == 0
            stand.pass_time(0.2)
            assert await client.rest() == b""
            assert stand.edge.counters.idle_closed == 1

    run(check())


def test_z01_a_resting_connection_is_closed_after_the_keep_alive_time() -> None:
    """Each reply starts the time again."""

    async def check() -> None:
        async with standing() as stand:
            client = await stand.ask(GET)
            for _ in range(3):
                await client.reply()
                stand.pass_time(59)
                client.send(GET)
            await client.reply()
            stand.pass_time(60)
            assert await client.rest() == b""
            assert stand.edge.counters.idle_closed == 1

    run(check())


def test_z01_a_client_is_not_late_whose_request_was_not_looked_at() -> None:
    """The watch looks between the arrival of a request and the moment when all that arrived is read."""

    async def test() -> None:
        seconds, jumps = 0.0, False

        def now() -> float:
            nonlocal seconds, jumps
            if jumps:
                jumps = False
                seconds += 61
                edge.close_overdue()
            return seconds

        desk = Desk()
        edge = Edge(asyncio.get_running_loop(), desk, EdgeLimits(), new_request_id=lambda: "request", now=now)
        client = Client(*await asyncio.open_connection("127.0.0.1", await edge.listen("127.0.0.1", 0)))
        try:
            client.send(GET)
            assert (await client.reply()).status == 200
            jumps = True
            client.send(GET)
            assert (await client.reply()).status == 200
            assert not jumps
            assert edge.counters.idle_closed == 0
        finally:
            client.abort()
            assert await edge.drain(5) == 0

    run(test())


def test_forwarded_headers_count_in_heads_like_one_before() -> None:
    """The proxy's headers are read for each request, as in heads that are read in full."""

    async def test() -> None:
        def answer(request: RawRequest) -> RawReply:
            form = request.form
            if isinstance(form, HeadForm) and form.claim is None:  # as step 3 does
                claim = form_of(request, parse_authentication(request), form.varying)
                assert claim is not None
                form.keep(claim)
            return GOOD

        async with standing(desk=Desk(answer), behind_proxy=True) as stand:
            client = await stand.client()
            for number in range(3 * LEARN_EVERY):
                origin = b"203.0.113.%d" % (7 + number % 2)
                forwarded = (b"X-Forwarded-For", origin), (b"X-Forwarded-Proto", b"https")
                head, body = dataclasses.replace(BOTO, constant=(*BOTO.constant, *forwarded)).write()
                client.send(head + body)
                assert (await client.reply()).status == 200
                request = stand.desk.requests[-1]
                assert (request.peer, request.secure) == (origin.decode(), True)
                assert (b"x-forwarded-for", origin) in request.headers
            known = [request.listed is None for request in stand.desk.requests]
            assert known.count(True) > LEARN_EVERY

    run(test())


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 900000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\ndbba0\r\n"]
)
def test_z01_a_body_must_come_at_the_floor_rate(framing: bytes) -> None:
    """Ten seconds of grace and 4,096 bytes a second: a body that keeps to it may take long, a slower one gets 408."""

    async def check() -> None:
        async with standing() as stand:
            client = await stand.ask(POST + framing)
            received = len(POST + framing)
            await stand.received(received)
            for _ in range(20):
                stand.pass_time(1)
                client.send(b"a" * 4096)
                received += 4096
                await stand.received(received)
            stand.pass_time(9.9)
            assert stand.edge.counters.bytes_sent == 0
            stand.pass_time(0.2)
            assert await client.refusal() == 408
            assert stand.edge.counters.refused[Refusal.BODY_TIMEOUT] == 1
            assert stand.desk.requests == []

    run(check())


def test_z01_unfinished_bodies_share_one_bound() -> None:
    """Bodies under way beyond the bound are refused with 503, and the room comes back."""

    async def check() -> None:
        async with standing(EdgeLimits(max_buffered_bytes=10_000)) as stand:
            head = POST + b"Content-Length: 6001\r\n\r\n"
            first = await stand.ask(head + b"a" * 6000)
            await stand.received(len(head) + 6000)
            second = await stand.ask(head + b"a" * 6000)
            assert await second.refusal() == 503
            second.abort()
            first.send(b"a")
            assert (await first.reply()).status == 200
            third = await stand.ask(head + b"a" * 6000)
            await stand.received(3 * (len(head) + 6000) + 1)
            third.abort()
            await stand.until(lambda: stand.edge.counters.connections_open == 1)
            for _ in range(3):
                whole = await stand.ask(head + b"a" * 6000)
                await asyncio.sleep(0)
                whole.send(b"a")
                assert (await whole.reply()).status == 200

    run(check())


def test_z01_a_refused_client_that_stays_is_cut_off() -> None:
    """After the refusal we listen for two seconds, then the connection ends from our side."""

    async def check() -> None:
        async with standing() as stand:
            client = await stand.client()
            cast(
                asyncio.Transport, client.writer.transport
            ).pause_reading()  # and so does not see that we ended
            client.send(b"bad\r\n\r\n")
            await stand.until(lambda: stand.edge.counters.bytes_sent > 0)
            stand.pass_time(1.9)
            await asyncio.sleep(0)
            assert stand.edge.counters.connections_open == 1
            stand.pass_time(0.2)
            await stand.until(lambda: stand.edge.counters.connections_open == 0)

    run(check())


def test_z01_a_refused_client_cannot_send_for_ever() -> None:
    """What a refused client goes on sending is thrown away up to a bound; then it is cut off."""

    async def check() -> None:
        async with standing(EdgeLimits(max_body_bytes=1000)) as stand:
            client = await stand.client()
            cast(asyncio.Transport, client.writer.transport).pause_reading()
            client.send(b"bad\r\n\r\n")
            await stand.until(lambda: stand.edge.counters.bytes_sent > 0)
            for _ in range(20):
                client.send(b"a" * 1000)
            await stand.until(lambda: stand.edge.counters.connections_open == 0)
            assert stand.edge.counters.connections_accepted == 1

    run(check())


# Limits of connections.


@pytest.mark.parametrize(
    ("limits", "refusal"),
    [
        (EdgeLimits(max_connections=2), Refusal.TOO_MANY_CONNECTIONS),
        (EdgeLimits(max_connections_per_address=2), Refusal.TOO_MANY_FROM_ADDRESS),
    ],
)
def test_z01_connections_over_a_limit_are_turned_away(limits: EdgeLimits, refusal: Refusal) -> None:
    """The one too many gets 503; when another ends there is room again."""

    async def check() -> None:
        async with standing(limits) as stand:
            first, second = await stand.ask(GET), await stand.ask(GET)
            await first.reply()
            await second.reply()
            assert await (await stand.client()).refusal() == 503
            assert stand.edge.counters.refused[refusal] == 1
            first.abort()
            await stand.until(lambda: stand.edge.counters.connections_open == 1)
            assert (await (await stand.ask(GET)).reply()).status == 200

    run(check())


def test_z01_another_address_is_not_hit_by_the_limit_of_one() -> None:
    """The limit of an address is its own."""

    async def check() -> None:
        async with standing(EdgeLimits(max_connections_per_address=1)) as stand:
            await (await stand.ask(GET)).reply()
            other = await stand.client(local_addr=("127.0.0.2", 0))
            other.send(GET)
            assert (await other.reply()).status == 200
            assert stand.desk.requests[1].peer == "127.0.0.2"

    run(check())


def test_z01_an_ipv6_client_is_counted_by_its_network() -> None:
    """All addresses of one /64 are one client; a mapped IPv4 address is that IPv4 address."""
    assert address_group("2001:db8:1:2:3:4:5:6") == address_group("2001:db8:1:2::1") == "2001:db8:1:2::"
    assert address_group("2001:db8:1:3::1") == "2001:db8:1:3::"
    assert address_group("::ffff:192.0.2.1") == address_group("192.0.2.1") == "192.0.2.1"


def test_z01_the_census_forgets_who_left() -> None:
    """The table of addresses does not grow with every address ever seen."""
    census = ConnectionCensus(10, 1)
    for number in range(100):
        assert census.admit(f"192.0.2.{number}") is None
        census.release(f"192.0.2.{number}")
    assert census._by_group == {}


def test_z01_the_total_stays_below_the_open_files() -> None:
    """What ``RLIMIT_NOFILE`` leaves after the reserve is the most that is promised."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert affordable_connections(1 << 40) == soft - RESERVED_FILES
    assert affordable_connections(5) == 5


# Proxies.

FORWARDED = (
    b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\n"
    b"X-Forwarded-For: 198.51.100.9, 192.0.2.7\r\n\r\n"
)


@pytest.mark.parametrize(
    ("options", "source", "peer", "secure"),
    [
        ({}, "127.0.0.1", "127.0.0.1", False),
        ({"behind_proxy": True}, "127.0.0.1", "192.0.2.7", True),
        (
            {"behind_proxy": True, "trusted_proxies": (ipaddress.ip_network("192.0.2.0/24"),)},
            "127.0.0.1",
            "198.51.100.9",
            True,
        ),
    ],
)
def test_forwarded_headers_count_only_behind_a_proxy(
    options: dict[str, object], source: str, peer: str, secure: bool
) -> None:
    """The last address that is not a trusted proxy's is the client; without a proxy they mean nothing."""

    async def check() -> None:
        async with standing(**options) as stand:  # type: ignore[arg-type]
            await (await stand.ask(FORWARDED)).reply()
            (request,) = stand.desk.requests
            assert (request.peer, request.secure) == (peer, secure)
            assert (b"x-forwarded-proto", b"https") in request.headers

    run(check())


@pytest.mark.parametrize(
    ("headers", "peer", "secure"),
    [
        (b"X-Forwarded-Proto: http\r\n", "127.0.0.1", False),
        (b"X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n", "127.0.0.1", False),
        (b"X-Forwarded-Proto: http\r\nX-Forwarded-Proto: https\r\n", "127.0.0.1", False),
        (b"X-Forwarded-Proto: https, http\r\n", "127.0.0.1", False),
        (b"X-Forwarded-Proto: HTTPS\r\n", "127.0.0.1", True),
        (b"X-Forwarded-For: 192.0.2.1, what\r\n", "127.0.0.1", False),
        (b"X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n", "192.0.2.2", False),
        (b"X-Forwarded-For: 192.0.2.1, 127.0.0.9\r\n", "192.0.2.1", False),
        (b"X-Forwarded-For: \xff\r\n", "127.0.0.1", False),
        (b"X-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1", False),
    ],
)
def test_forwarded_headers_are_read_strictly(headers: bytes, peer: str, secure: bool) -> None:
    """Doubt means the proxy's own address and not secure."""

    async def check() -> None:
        async with standing(behind_proxy=True) as stand:
            await (await stand.ask(b"GET / HTTP/1.1\r\nHost: a\r\n" + headers + b"\r\n")).reply()
            (request,) = stand.desk.requests
            assert (request.peer, request.secure) == (peer, secure)

    run(check())


def test_z01_a_trusted_proxy_is_not_held_to_the_limit_of_one_address() -> None:
    """It speaks for many clients; the total still holds."""

    async def check() -> None:
        limits = EdgeLimits(max_connections_per_address=1, max_connections=3)
        async with standing(limits, behind_proxy=True) as stand:
            for _ in range(3):
                assert (await (await stand.ask(GET)).reply()).status == 200
            assert await (await stand.client()).refusal() == 503

    run(check())


# Draining.


def test_drain_answers_what_was_accepted_and_closes() -> None:
    """Waiting requests are answered, the last with ``Connection: close``; resting ones end."""

    async def check() -> None:
        async with standing(desk=Desk(None)) as stand:
            resting, busy, arriving = (
                await stand.client(),
                await stand.ask(get("0") + get("1")),
                await stand.ask(POST),
            )
            await stand.until(lambda: len(stand.desk.exchanges) == 2)
            await stand.received(len(get("0") + get("1") + POST))
            drained = asyncio.ensure_future(stand.edge.drain(30))
            assert await resting.rest() == b""
            with pytest.raises(OSError):  # noqa: PT011 - refused or reset, as the kernel likes
                await stand.client()
            arriving.send(b"Content-Length: 1\r\n\r\na" + GET)
            await stand.until(lambda: len(stand.desk.exchanges) == 3)
            assert not drained.done()
            for exchange in reversed(stand.desk.exchanges):
                exchange.respond(echo_path(exchange.request))
            first, last = await busy.reply(), await busy.reply()
            assert b"connection" not in first.headers
            assert (last.body, last.headers[b"connection"]) == (b"/1", b"close")
            assert await busy.rest() == b""
            assert (await arriving.reply()).headers[b"connection"] == b"close"
            assert await arriving.rest() == b""
            for client in (resting, busy, arriving):
                client.writer.close()
            assert await drained == 0
            assert len(stand.desk.exchanges) == 3

    run(check())


def test_drain_does_not_wait_for_clients_whose_connections_rest() -> None:
    """They keep connections open until they need them again; each has its answer, and meets an end, not a reset."""

    async def check() -> None:
        async with standing(limits=EdgeLimits(linger_s=600)) as stand:
            fresh, used = await stand.client(), await stand.ask(GET)
            assert (await used.reply()).status == 200
            assert await stand.edge.drain(20) == 0
            for client in (fresh, used):
                assert await client.rest() == b""

    run(check())


def test_drain_cuts_off_who_does_not_finish() -> None:
    """After the time-out the rest is counted and closed."""

    async def check() -> None:
        async with standing(desk=Desk(None)) as stand:
            client = await stand.ask(GET)
            await stand.until(lambda: len(stand.desk.exchanges) == 1)
            assert await stand.edge.drain(0) == 1
            assert await client.was_cut_off()
            stand.desk.exchanges[0].respond(GOOD)

    run(check())


def test_two_edges_share_a_port() -> None:
    """With ``reuse_port`` a second edge listens on the same port, without it the port is taken."""

    async def check() -> None:
        async with standing() as one, standing() as two:
            port = await one.edge.listen("127.0.0.1", 0, reuse_port=True)
            assert await two.edge.listen("127.0.0.1", port, reuse_port=True) == port
            with pytest.raises(OSError):  # noqa: PT011 - only that it fails matters
                await two.edge.listen("127.0.0.1", port)

    run(check())


def test_x02_nothing_of_a_request_shows_in_its_repr() -> None:
    """Neither the exchange nor the request print headers or bodies."""

    async def check() -> None:
        async with standing() as stand:
            secret = b"GET /?X-Amz-Signature=hush HTTP/1.1\r\nHost: a\r\nAuthorization: hush\r\n\r\n"
            await (await stand.ask(secret)).reply()
            (exchange,) = stand.desk.exchanges
            assert isinstance(exchange, Exchange)
            assert "hush" not in repr(exchange) + repr(exchange.request) + repr(stand.desk)

    run(check())
