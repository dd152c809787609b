"""Where one HTTP/1.1 request ends and the next begins, and how a reply is written.

Rules (threat model S-01, S-10, J-06):
 - One request, one parser: httptools (llhttp) sees exactly the bytes of one head and nothing else. What
   it lets pass and we do not (measured with llhttp 9: two blanks in the request line, empty lines before
   it, HTTP/0.9, RTSP and ICE, ``gzip, chunked``, a fragment in the target) is refused here.
 - The length of the body is decided here alone, from a head with one Host, at most one Content-Length, at
   most one Transfer-Encoding that says ``chunked``, and never both. In doubt the request is refused and the
   connection closed: a proxy in front must not see another end than we do.
 - Chunks carry no extensions and no trailers; each size is at most eight hexadecimal digits and each chunk
   ends with CR LF.
 - Path, query and header values leave as they came: nothing is decoded, joined, folded or reordered.
   Names are lower-cased, blanks around values go.
 - A refusal is a fixed text. It never repeats what the client sent (X-02).

It does no I/O and keeps no time.

Source: RFC 9112 sections 2.2, 3.2, 6.1, 6.3, 7.1; RFC 9110 sections 7.2, 8.6, 10.1.1.
"""

from __future__ import annotations

import enum
import http
import re
from collections.abc import Callable
from functools import lru_cache

import httptools
import msgspec

from strongroom.errors import StrongroomError
from strongroom.http_message import Header, KnownHead, RawReply
from strongroom.patterns import pattern_of

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
SERVED_METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})

_BLANKS = b" \t"
_CHUNK_SIZE_DIGITS = 8
_LENGTH_DIGITS = 18
_START_LINE = pattern_of(rb"([A-Z]{1,20}) ([\x21\x22\x24-\x7e]+) HTTP/1\.([01])\r\n")
_OTHER_VERSION = pattern_of(rb"[A-Z]{1,20} [\x21-\x7e]+ HTTP/(?!1\.[01])[0-9]\.[0-9]\r\n")
_ABSOLUTE = pattern_of(rb"[Hh][Tt][Tt][Pp][Ss]?://([^/?]+)(.*)")
_HOST = pattern_of(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_CHUNK_SIZE = pattern_of(rb"([0-9A-Fa-f]{1,8})\r\n")
_PART_OF_CHUNK_SIZE = pattern_of(rb"[0-9A-Fa-f]{1,8}\r?")


class Refusal(enum.Enum):
    """Why the edge turns a request away: the status and the whole text that the client sees.

    The lower-case name is the label in the metrics.
    """

    MALFORMED = (400, "The request is not well-formed HTTP/1.1.")
    AMBIGUOUS_LENGTH = (400, "The length of the request body is ambiguous.")
    BAD_HOST = (400, "The request needs exactly one valid Host header.")
    BAD_TARGET = (400, "The request target is not valid here.")
    BAD_CHUNK = (400, "The chunked request body is not well-formed.")
    UNKNOWN_TRANSFER_CODING = (400, "The transfer coding is not supported.")
    HEAD_TIMEOUT = (408, "The request headers took too long to arrive.")
    BODY_TIMEOUT = (408, "The request body arrives too slowly.")
    BODY_TOO_LARGE = (413, "The request body is too large.")
    UNKNOWN_EXPECTATION = (417, "The expectation cannot be met.")
    HEAD_TOO_LARGE = (431, "The request headers are too large.")
    TOO_MANY_HEADERS = (431, "The request has too many headers.")
    UNANSWERED = (500, "The request could not be answered.")
    UNKNOWN_METHOD = (501, "The method is not supported.")
    TOO_MANY_CONNECTIONS = (503, "There are too many connections.")
    TOO_MANY_FROM_ADDRESS = (503, "There are too many connections from this address.")
    BUFFERS_FULL = (503, "There are too many request bodies under way.")
    UNKNOWN_VERSION = (505, "The HTTP version is not supported.")

    @property
    def reply(self) -> RawReply:
        """The answer that ends the connection."""
        status, message = self.value
        return RawReply(
            status=status,
            headers=((b"Content-Type", b"application/json"),),
            body=b'{"message": "' + message.encode() + b'"}',
            close=True,
        )


class Refused(StrongroomError):
    """The request cannot be taken, and nothing behind it on this connection can be trusted.

    Attributes:
        reply: The answer: by default that of the refusal.
        is_for_known: Whether it has words of its own, because it is known who asks.
    """

    def __init__(self, refusal: Refusal, reply: RawReply | None = None) -> None:
        super().__init__(refusal.name)
        self.refusal = refusal
        self.reply = reply or refusal.reply
        self.is_for_known = reply is not None


class UnframableReply(StrongroomError):
    """A reply would not be one reply on the wire (a line break in a header): a defect of the application."""


class Head(msgspec.Struct, frozen=True, gc=False):
    """One accepted request head.

    Attributes:
        method: One of ``SERVED_METHODS``.
        path: Raw path, starts with ``/``.
        query: Raw query after the first ``?``.
        headers: As in ``RawRequest.headers``.
        named: The headers by name; of those that are repeated the last.
        content_length: Bytes of the body; -1 where it is chunked.
        keeps_alive: Whether the connection may serve another request.
        expects_continue: Whether the client waits for "100 Continue".
        form: What it has in common with other heads; see ``head_forms.py``.
        values: In what it differs from them, where they were known before.
    """

    method: bytes
    path: bytes
    query: bytes
    headers: tuple[Header, ...]
    named: dict[bytes, bytes]
    content_length: int
    keeps_alive: bool
    expects_continue: bool
    form: KnownHead | None = None
    values: tuple[bytes, ...] = ()


class _Fields:
    """Receives the header lines of one head from httptools."""

    __slots__ = ("on_header",)

    def __init__(self, on_header: Callable[[bytes, bytes], object]) -> None:
        self.on_header = on_header


def check_part_of_head(part: bytes | bytearray, checked: int) -> None:
    """Refuse an unfinished head as soon as it cannot become a good one, instead of at the time-out.

    Args:
        part: What has arrived of the head; it has no empty line yet and at least one byte.
        checked: How many bytes of it an earlier call has seen.

    Raises:
        Refused: MALFORMED or UNKNOWN_VERSION.
    """
    if not 65 <= part[0] <= 90:  # no letter: a TLS hello, an empty line, binary noise
        raise Refused(Refusal.MALFORMED)
    at = part.find(b"\n", checked)
    while at >= 0:
        if part[at - 1] != 13:  # a bare LF never ends a line here, so the head would never be finished
            raise Refused(Refusal.MALFORMED)
        at = part.find(b"\n", at + 1)
    if b"\n" in part:
        _match_start_line(part)


def parse_head(
    head: bytes, max_headers: int, max_body_bytes: int, admit: Callable[[Head], None] | None = None
) -> Head:
    """Read one request head, which ends with its empty line.

    Args:
        head: Its bytes.
        max_headers: Most header lines.
        max_body_bytes: Largest body.
        admit: Says whether a request may bring a larger one, and raises ``Refused`` when it may not.

    Raises:
        Refused: For each rule of this module that the head breaks.

    Source: RFC 9112 sections 3 to 6; threat model S-01, S-10, J-06.
    """
    start = _match_start_line(head)
    method, target, minor = start.groups()
    if method not in SERVED_METHODS:
        raise Refused(Refusal.UNKNOWN_METHOD)
    lines = head.count(b"\n") - 2
    if lines > max_headers:
        raise Refused(Refusal.TOO_MANY_HEADERS)
    headers, named = _read_fields(head, lines)
    is_1_1 = minor == b"1"
    path, query = _split_target(target, named.get(b"host"), is_1_1)
    expectation = named.get(b"expect")
    if expectation is not None and expectation.lower() != b"100-continue":
        raise Refused(Refusal.UNKNOWN_EXPECTATION)
    content_length = read_body_length(named, is_1_1)
    if content_length > max_body_bytes and admit is None:
        raise Refused(Refusal.BODY_TOO_LARGE)
    parsed = Head(
        method,
        path,
        query,
        headers,
        named,
        content_length,
        is_1_1 and not (b"connection" in named and _asks_for_close(headers)),
        is_1_1 and expectation is not None,
    )
    if content_length > max_body_bytes and admit is not None:
        admit(parsed)
    return parsed


def _read_fields(head: bytes, lines: int) -> tuple[tuple[Header, ...], dict[bytes, bytes]]:
    """Read the header lines of a head, in order and by name."""
    # The dictionary takes the lines without a call of Python for each. When it has as many names as there are
    # lines, none was repeated and none went on over two lines, and it holds them all in their order.
    once: dict[bytes, bytes] = {}
    _feed(head, once.setdefault)
    named = {name.lower(): value.strip(_BLANKS) for name, value in once.items()}
    if len(named) == lines:
        return tuple(named.items()), named
    headers: list[Header] = []
    _feed(head, lambda name, value: headers.append((name.lower(), value.strip(_BLANKS))))
    return tuple(headers), read_single_headers(headers)


def _feed(head: bytes, on_header: Callable[[bytes, bytes], object]) -> None:
    try:
        httptools.HttpRequestParser(_Fields(on_header)).feed_data(head)
    except httptools.HttpParserUpgrade:
        pass  # raised after the head was parsed: we stay with HTTP/1.1, as RFC 9110 section 7.8 allows
    except httptools.HttpParserError:
        raise Refused(Refusal.MALFORMED) from None  # its message may quote the client's bytes


def read_single_headers(headers: list[Header]) -> dict[bytes, bytes]:
    """Index headers by name, after making sure that those which steer framing stand at most once.

    Raises:
        Refused: BAD_HOST, AMBIGUOUS_LENGTH or UNKNOWN_EXPECTATION for a repeated one.
    """
    named = dict(headers)
    if len(named) != len(headers):
        names = [name for name, _ in headers]
        if names.count(b"host") > 1:
            raise Refused(Refusal.BAD_HOST)
        if names.count(b"content-length") > 1 or names.count(b"transfer-encoding") > 1:
            raise Refused(Refusal.AMBIGUOUS_LENGTH)
        if names.count(b"expect") > 1:
            raise Refused(Refusal.UNKNOWN_EXPECTATION)
    return named


def read_body_length(named: dict[bytes, bytes], is_1_1: bool) -> int:
    """Decide how long the body is: bytes, 0 where none is announced, -1 for chunked.

    Raises:
        Refused: AMBIGUOUS_LENGTH or UNKNOWN_TRANSFER_CODING.

    Source: RFC 9112 section 6.3; stricter where the standard lets a recipient repair.
    """
    length = named.get(b"content-length")
    coding = named.get(b"transfer-encoding")
    if coding is not None:
        if length is not None or not is_1_1:  # a 1.0 proxy in front does not know chunks
            raise Refused(Refusal.AMBIGUOUS_LENGTH)
        if coding.lower() != b"chunked":
            raise Refused(Refusal.UNKNOWN_TRANSFER_CODING)
        return -1
    if length is None:
        return 0
    if not length.isdigit():
        raise Refused(Refusal.AMBIGUOUS_LENGTH)
    if len(length) > _LENGTH_DIGITS:
        raise Refused(Refusal.BODY_TOO_LARGE)
    return int(length)


def _asks_for_close(headers: tuple[Header, ...]) -> bool:
    return any(
        token.strip(_BLANKS).lower() == b"close"
        for name, value in headers
        if name == b"connection"
        for token in value.split(b",")
    )


def _match_start_line(head: bytes | bytearray) -> re.Match[bytes]:
    match = _START_LINE.match(head)
    if match is None:
        raise Refused(Refusal.UNKNOWN_VERSION if _OTHER_VERSION.match(head) else Refusal.MALFORMED)
    return match


def _split_target(target: bytes, host: bytes | None, is_1_1: bool) -> tuple[bytes, bytes]:
    """Check Host and cut the target into raw path and raw query."""
    if host is None:
        if is_1_1:
            raise Refused(Refusal.BAD_HOST)
    elif _HOST.fullmatch(host) is None:
        raise Refused(Refusal.BAD_HOST)
    if target[0] != 47:
        absolute = _ABSOLUTE.fullmatch(target)
        if absolute is None:
            raise Refused(Refusal.BAD_TARGET)
        authority, target = absolute.groups()
        # A proxy routes by the target, the signature covers Host: they must be one name (S-10).
        if host is None or authority.lower() != host.lower():
            raise Refused(Refusal.BAD_TARGET)
        if target[:1] != b"/":
            target = b"/" + target
    path, _, query = target.partition(b"?")
    return path, query


class ChunkedBody:
    """Collects the chunks of one body; memory stays below its limit plus one read.

    Source: RFC 9112 section 7.1, without extensions and trailers, which we have no use for.
    """

    __slots__ = ("_at_end", "_body", "_is_last", "_max_bytes", "_missing")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._body = bytearray()
        self._missing = 0  # bytes of the present chunk that have not come
        self._at_end = False  # whether CR LF must come next
        self._is_last = False

    def __len__(self) -> int:
        return len(self._body)

    def read(self, buffer: bytearray) -> bytes | None:
        """Take chunks off the front of ``buffer``; return the whole body once its last byte was taken.

        Raises:
            Refused: BAD_CHUNK, or BODY_TOO_LARGE as soon as the sizes announced exceed the limit.
        """
        while buffer:
            if self._missing:
                part = buffer[: self._missing]
                self._body += part
                self._missing -= len(part)
                del buffer[: len(part)]
                self._at_end = not self._missing
            elif self._at_end:
                if not b"\r\n".startswith(buffer[:2]):
                    raise Refused(Refusal.BAD_CHUNK)
                if len(buffer) < 2:
                    return None
                del buffer[:2]
                self._at_end = False
                if self._is_last:
                    return bytes(self._body)
            elif not self._start_chunk(buffer):
                return None
        return None

    def _start_chunk(self, buffer: bytearray) -> bool:
        line = _CHUNK_SIZE.match(buffer)
        if line is None:
            if _PART_OF_CHUNK_SIZE.fullmatch(buffer[: _CHUNK_SIZE_DIGITS + 2]) is None:
                raise Refused(Refusal.BAD_CHUNK)
            return False
        size = int(line[1], 16)
        del buffer[: line.end()]
        if len(self._body) + size > self._max_bytes:
            raise Refused(Refusal.BODY_TOO_LARGE)
        self._missing = size
        self._is_last = self._at_end = not size
        return True


_status_lines = {200: b"HTTP/1.1 200 OK\r\n"}


def _keep_status_line(status: int) -> bytes:
    try:
        line = b"HTTP/1.1 %d %s\r\n" % (status, http.HTTPStatus(status).phrase.encode())
    except ValueError:
        return b"HTTP/1.1 %d \r\n" % status
    return _status_lines.setdefault(status, line)


def frame_reply(reply: RawReply, date: bytes, *, closes: bool, without_body: bool) -> bytes:
    """Write a reply with its framing headers.

    Args:
        reply: What the application gave.
        date: The line ``Date: ...`` with its CR LF.
        closes: Whether to announce that the connection ends.
        without_body: Whether the request was a HEAD: the length is announced, the body not sent.

    Raises:
        UnframableReply: A header holds a line break or a NUL.

    Source: RFC 9110 sections 6.6.1, 8.6, 9.3.2 (HEAD), 15.3.5 (204 has no length).
    """
    status, headers, body = reply.status, reply.headers, reply.body
    known = _known_lines.get(headers[1:])
    if known is None:
        known = _keep_lines(headers[1:])
    head = _status_lines.get(status) or _keep_status_line(status)
    first = b""
    if headers:
        name, value = headers[0]
        first = b"".join((name, b": ", value, b"\r\n"))
        if len(first.splitlines()) != 1 or 0 in first:
            raise UnframableReply(_BROKEN)
    last = b"Connection: close\r\n\r\n" if closes else b"\r\n"
    if status == 204 or status == 304:
        return b"".join((head, first, known, date, last))
    return b"".join((head, first, known, date, _length_line(len(body)), last, b"" if without_body else body))


def _write_lines(headers: tuple[Header, ...]) -> bytes:
    """Write headers as lines.

    Raises:
        UnframableReply: As ``frame_reply`` does.
    """
    pieces: list[bytes] = []
    for name, value in headers:
        pieces += (name, b": ", value, b"\r\n")  # a format of bytes is gone through character by character
    lines = b"".join(pieces)
    # Of bytes a line ends with CR, with LF, and with both.
    if len(lines.splitlines()) != len(headers) or 0 in lines:
        raise UnframableReply(_BROKEN)
    return lines


_BROKEN = "a reply header holds a line break"  # the text itself may be a client's
_CONSTANT_HEADERS = frozenset([b"Cache-Control", b"Content-Type", b"X-Content-Type-Options"])
_MOST_KNOWN = 64
_known_lines: dict[tuple[Header, ...], bytes] = {}
"""What follows the first header, which is the request's id, in nearly all replies: the same few lines."""


def _keep_lines(headers: tuple[Header, ...]) -> bytes:
    """Write headers as lines, and keep them if nothing in them is of one client alone."""
    lines = _write_lines(headers)
    if len(_known_lines) < _MOST_KNOWN and all(name in _CONSTANT_HEADERS for name, _ in headers):
        _known_lines[headers] = lines
    return lines


@lru_cache(maxsize=1_024)
def _length_line(length: int) -> bytes:
    return b"Content-Length: %d\r\n" % length
