"""One client connection: bytes in, requests out; replies in, bytes out.

Rules (threat model S-10, J-06, Z-01, X-02):
 - Replies leave in the order of their requests, whatever the order of the answers.
 - After a refusal nothing more of the connection is parsed; the refusal is sent after the answers due.
 - Nothing is read while too many answers are due or the client does not take what was sent.
 - A connection ends in two steps: we say that no more comes, then wait a little for the client's end, so
   that a reply is not destroyed by the reset that unread bytes would cause (RFC 9112 section 9.6).
 - A client that has gone is noticed before anything is written for it; it never raises into the application.

No timer per connection: each keeps the instants at which it is overdue, and ``edge`` looks through all.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import cast

from strongroom.gateway.arriving import NEVER, Arriving
from strongroom.gateway.exchange import Exchange
from strongroom.gateway.forwarded import is_trusted, peer_address, read_forwarded
from strongroom.gateway.framing import (
    CONTINUE,
    Head,
    Refusal,
    Refused,
    frame_reply,
)
from strongroom.gateway.head_forms import HeadForm
from strongroom.gateway.switchboard import Switchboard
from strongroom.gateway.uploads import ReleasingWriter, UploadDesk
from strongroom.http_message import RawReply, RawRequest

_DISCARDED_BODIES = 16  # a refused sender may go on for so many bodies of the largest size
_DISCARDED_UPLOAD = 134_217_728  # and one that we know, which sent too much, for so many bytes


class Connection(asyncio.Protocol):
    """Reads the requests of one client and writes their replies.

    Args:
        group: Under what it was counted, where the TLS listener did so before the handshake.

    Attributes:
        overdue_at, write_overdue_at: When the client must have brought more, or taken what was sent.
    """

    __slots__ = (
        "_arriving",
        "_board",
        "_discarded",
        "_ended_at",
        "_exchanges",
        "_final",
        "_group",
        "_has_peer_ended",
        "_is_aside",
        "_is_blocked",
        "_is_lost",
        "_is_paused",
        "_is_taking",
        "_is_trusted",
        "_peer",
        "_transport",
        "_was_large",
        "overdue_at",
        "write_overdue_at",
    )

    _transport: asyncio.Transport

    def __init__(self, board: Switchboard, group: str | None = None) -> None:
        self._board = board
        self._group = group
        self._peer = ""
        self._is_trusted = False
        self._arriving = Arriving(board)
        # What is to be sent.
        self._exchanges: deque[Exchange] = deque()
        self._final: RawReply | None = None  # the refusal, sent after the answers due
        # Where it stands.
        self._is_aside = False  # whether what is in the buffer was not looked at yet
        self._is_taking = True  # whether more requests are taken from this client
        self._is_paused = False
        self._is_blocked = False
        self._has_peer_ended = False
        self._is_lost = False
        self._ended_at = NEVER
        self._discarded = 0
        self._was_large = False
        self.overdue_at = NEVER
        self.write_overdue_at = NEVER

    @property
    def is_made(self) -> bool:
        """Whether it has a transport, which will report its end."""
        return hasattr(self, "_transport")

    # The transport calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit the connection, or turn it away with a short reply."""
        board = self._board
        self._transport = cast(asyncio.Transport, transport)
        self._peer = peer_address(transport)
        if board.is_draining or not self._peer:
            self._is_taking = False
            self._transport.abort()
            return
        self._is_trusted = bool(board.trusted) and is_trusted(self._peer, board.trusted)
        if self._group is None:
            try:
                self._group = board.admit(self._peer)
            except Refused as refused:
                self._is_taking = False
                reply = refused.reply
                framed = frame_reply(reply, board.date_line(board.now()), closes=True, without_body=False)
                self._transport.write(framed)
                self._transport.close()
                return
        board.connections.add(self)
        self._transport.set_write_buffer_limits(board.limits.write_buffer_bytes)
        self.overdue_at = board.now() + board.limits.header_timeout_s

    def data_received(self, data: bytes) -> None:
        """Take what arrived."""
        board = self._board
        board.counters.bytes_received += len(data)
        if not self._is_taking:
            self._discard(len(data))
            return
        arriving = self._arriving
        if not arriving.buffer and arriving.head is None and not self._exchanges:
            # It is kept while nothing is under way until all that arrives in this turn of the loop is there.
            arriving.buffer = data
            self._is_aside = True
            board.put_aside(self)
            return
        arriving.add(data)
        if not self._is_aside:
            self._advance()

    def eof_received(self) -> bool:
        """Note that the client sends no more; it may still wait for the answers that are due."""
        self.take_aside()
        self._has_peer_ended = True
        self._is_taking = False
        self._is_aside = False
        self._arriving.forget()
        is_due = bool(self._exchanges) and self._ended_at == NEVER
        return is_due and not self._board.is_tls  # TLS transports cannot stay half open

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the loop calls it so
        """Forget the client; whatever the application still answers goes nowhere."""
        if self._is_lost:
            return
        board = self._board
        self._is_lost = True
        self._is_taking = False
        self._is_aside = False
        self._arriving.forget()
        self._exchanges.clear()
        if self._group is not None:
            board.release(self._group)
        board.connections.discard(self)
        if board.on_empty is not None and not board.connections:
            board.on_empty()

    def pause_writing(self) -> None:
        """Stop reading: the client does not take what was sent."""
        self._is_blocked = True
        self.write_overdue_at = self._board.now() + self._board.limits.write_timeout_s
        self._pause()

    def resume_writing(self) -> None:
        """Go on reading."""
        self._is_blocked = False
        self.write_overdue_at = NEVER
        self._resume()

    # Reading.

    def take_aside(self) -> None:
        """Take what was put aside: almost always just one whole request, whose head is like one before."""
        if not self._is_aside:
            return
        self._is_aside = False
        arriving = self._arriving
        data = arriving.buffer
        whole = self._board.heads.read_whole(data) if type(data) is bytes else None  # else more came
        if whole is None:
            self._advance(self._board.put_aside_at)
            return
        form, values, body = whole
        arriving.buffer = b""
        # Nothing is under way on this connection, and nothing of it was seen before: there is nothing else to reset.
        self._submit(form, values, body)

    def _advance(self, since: float = NEVER) -> None:
        """Take all complete requests out of the buffer.

        Args:
            since: When what is in it arrived, where that was before now.
        """
        arriving = self._arriving
        try:
            while self._is_taking:
                head = arriving.head
                if head is None:
                    if not arriving.buffer:
                        return
                    if len(self._exchanges) >= self._board.limits.max_pipelined:
                        self._pause()
                        return
                    head = arriving.take_head(since)
                    if head is None:
                        self.overdue_at = arriving.due_at()
                        return
                body = arriving.take_body(head)
                if body is None:
                    self.overdue_at = arriving.due_at()
                    if arriving.owes_continue and not self._exchanges:
                        self._send_continue()
                    return
                exchange = self._complete(head, body)
                if arriving.is_large:
                    arriving.is_large = False
                    exchange.writer = ReleasingWriter(self, self._uploads())
        except Refused as refused:
            self._refuse(refused)

    def _complete(self, head: Head, body: bytes) -> Exchange:
        self._arriving.finish()
        return self._submit(head, head.values, body)

    def _submit(self, head: Head | HeadForm, values: tuple[bytes, ...], body: bytes) -> Exchange:
        """Hand a whole request on; of a head like one before the form stands for it, with its values."""
        board = self._board
        form, headers, named = (
            (head, None, None) if isinstance(head, HeadForm) else (head.form, head.headers, head.named)
        )
        peer, secure = self._peer, board.is_tls
        if self._is_trusted:
            # What a proxy adds is the same in all heads of one form, or they would not be of one form.
            said = tuple(head.constants.items()) if isinstance(head, HeadForm) else head.headers
            peer, secure = read_forwarded(said, peer, board.trusted)
            secure = secure or board.is_tls
        is_last = not head.keeps_alive or board.is_draining
        request = RawRequest(
            head.method,
            head.path,
            head.query,
            headers,
            body,
            peer,
            secure,
            board.new_request_id(),
            named,
            form,
            values,
        )
        exchange = Exchange(request, self, is_last)
        self.overdue_at = NEVER
        if is_last:
            self._is_taking = False
            self._arriving.buffer = b""
        self._exchanges.append(exchange)
        board.submit(exchange)
        return exchange

    def _uploads(self) -> UploadDesk:
        desk = self._board.uploads
        assert desk is not None, "nobody else lets a large body in"
        return desk

    def _discard(self, count: int) -> None:
        self._discarded += count
        most = _DISCARDED_UPLOAD if self._was_large else _DISCARDED_BODIES * self._board.limits.max_body_bytes
        if self._discarded > most:
            self._transport.abort()

    def _pause(self) -> None:
        if not self._is_paused and self._ended_at == NEVER:
            self._is_paused = True
            self._arriving.begun_at = NEVER  # a client is not late while we do not listen
            self.overdue_at = NEVER
            self._transport.pause_reading()

    def _resume(self) -> None:
        limits = self._board.limits
        # Half of them must be gone, or every single answer would switch reading on and off.
        if self._is_paused and not self._is_blocked and len(self._exchanges) <= limits.max_pipelined // 2:
            self._is_paused = False
            self._transport.resume_reading()
            if self._arriving.head is not None or self._arriving.buffer:
                self._advance()
            elif not self._exchanges:
                self.overdue_at = self._board.now() + limits.keep_alive_s

    # Writing.

    def answer(self, exchange: Exchange, reply: RawReply) -> None:
        """Frame a reply and send all replies whose turn has come, in one write.

        Raises:
            UnframableReply: See ``frame_reply``.
        """
        board = self._board
        is_last = exchange.is_last or reply.close
        now = board.now()
        exchange.framed = framed = frame_reply(
            reply,
            board.date_line(now),
            closes=is_last,
            without_body=exchange.request.method == b"HEAD",
        )
        if is_last:
            exchange.is_last = True
        exchanges = self._exchanges
        if self._is_lost or self._ended_at != NEVER or self._transport.is_closing():
            return
        if exchanges[0] is not exchange:
            return
        if len(exchanges) == 1 and not is_last:  # as nearly always
            exchanges.clear()
            self._write(framed)
            self._settle(now)
            return
        ready: list[bytes] = []
        while exchanges and exchanges[0].framed is not None:
            sent = exchanges.popleft()
            ready.append(sent.framed or b"")
            if sent.is_last:
                exchanges.clear()
                self._final = None
                self._is_taking = False
        self._write(ready[0] if len(ready) == 1 else b"".join(ready))
        if not exchanges:
            self._settle(now)
        elif self._is_paused:
            self._resume()

    def _settle(self, now: float) -> None:
        """Decide what comes next, now that no answer is due."""
        if self._final is not None:
            self._write(frame_reply(self._final, self._board.date_line(now), closes=True, without_body=False))
            self._final = None
            self._finish()
        elif not self._is_taking:
            self._finish()
        elif self._is_paused:
            self._resume()
        elif self._arriving.head is not None:
            if self._arriving.owes_continue:
                self._send_continue()
        elif not self._arriving.buffer:
            self.overdue_at = now + self._board.limits.keep_alive_s

    def _refuse(self, refused: Refused) -> None:
        self._board.counters.refused[refused.refusal] += 1
        self._was_large = refused.is_for_known
        self._is_taking = False
        self._is_aside = False
        self._arriving.forget()
        self.overdue_at = NEVER
        self._final = refused.reply
        if not self._exchanges:
            self._settle(self._board.now())

    def _send_continue(self) -> None:
        self._arriving.owes_continue = False
        self._write(CONTINUE)

    def _write(self, data: bytes) -> None:
        self._board.counters.bytes_sent += len(data)
        self._transport.write(data)

    # Ending.

    def close_when_done(self) -> None:
        """End the connection after what was accepted is answered; a request that is arriving may finish."""
        if not self._is_taking or self._arriving.head is not None or self._arriving.buffer:
            return
        self._is_taking = False
        if self._exchanges:
            self._exchanges[-1].is_last = True
        else:
            # It rests: nothing of its client is left unread here that would make a reset of the end. To wait for the
            # client would hold up the drain until it looks at its connection again.
            self._finish(lingers=False)

    def close_overdue(self, now: float) -> None:
        """End the connection if its client is late."""
        board = self._board
        if self._is_aside:
            return  # what it brought has not been looked at
        if self.write_overdue_at <= now:
            board.counters.write_timeouts += 1
            self.cut_off()
        elif self.overdue_at > now:
            return
        elif self._ended_at != NEVER:
            write_end = self._ended_at + board.limits.write_timeout_s
            if now < write_end and self._transport.get_write_buffer_size():
                self.overdue_at = write_end
            else:
                self.cut_off()
        elif self._arriving.head is not None:
            self._refuse(Refused(Refusal.BODY_TIMEOUT))
        elif self._arriving.buffer:
            self._refuse(Refused(Refusal.HEAD_TIMEOUT))
        else:
            board.counters.idle_closed += 1
            self._is_taking = False
            self._finish()

    def cut_off(self) -> None:
        """End the connection at once."""
        self.overdue_at = NEVER
        self.write_overdue_at = NEVER
        self._transport.abort()

    def _finish(self, *, lingers: bool = True) -> None:
        self._ended_at = self._board.now()
        self.overdue_at = self._ended_at + self._board.limits.linger_s
        if not lingers or self._has_peer_ended or not self._transport.can_write_eof():
            self._transport.close()
            return
        self._transport.write_eof()
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()
