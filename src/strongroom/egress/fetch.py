"""Fetching a small document, or asking a small question, over HTTPS at an address that somebody else chose.

Rules (threat model E-01):
 - The name is resolved once and every address is judged; one that is not allowed refuses all of them. What is
   connected to is an address that was judged, with the name in SNI, in the certificate's check and in Host.
 - Only https, only port numbers, no user in the URL. No redirect is followed, no proxy of the environment is used.
   Where it is said so, http to a loopback address too: what is sent does not leave the machine.
 - Limits of time and size hold for the whole, not for each read: a peer that drips is cut off.
 - What was fetched is for us; neither it nor the reason of a failure goes to a client.
 - The server's own listener is never connected to, whatever is allowed.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from strongroom.crypto.material import HiddenBytes
from strongroom.egress.addresses import Network, may_connect
from strongroom.errors import StrongroomError

CONNECT_S: Final = 3.0
TOTAL_S: Final = 5.0
MOST_BYTES: Final = 65_536
RETRY_AFTER_MOST_S: Final = 3_600
ADDRESSES_TRIED: Final = 3
_HOST: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,252})|[0-9A-Fa-f:.]{2,45}", re.ASCII)
_TARGET: Final = re.compile(r"[\x21-\x7e]*", re.ASCII)


class EgressRefused(StrongroomError):
    """The address may not be fetched from: its form, or where it leads."""


class EgressFailed(StrongroomError):
    """The other side did not answer as it must, or not in time; asking again may help."""


class EgressUnreachable(EgressFailed):
    """No connection was made: nothing was sent."""


class EgressUnverified(EgressUnreachable):
    """The other side did not prove that it is who the URL names."""


class Reply(msgspec.Struct, frozen=True):
    """What the other side answered.

    Attributes:
        status: Of HTTP.
        retry_after_s: For how long it asks to be left alone, an hour at most; 0 when it does not.
        tls: The protocol, for example ``TLSv1.3``; empty for none.
        body: At most 64 KiB; it may hold secrets.
    """

    status: int
    retry_after_s: int
    tls: str
    body: HiddenBytes


class _Place(msgspec.Struct, frozen=True):
    """Where a URL leads."""

    host: str
    port: int
    target: str
    is_plain: bool = False


class Egress:
    """Fetches documents.

    Args:
        allowed: Private networks that may be connected to.
        ca_file: Certificates in PEM that are trusted besides the system's; None for none.
        own_port: Gives the port of the server's own listener; 0 while there is none.
        resolve: Gives ``getaddrinfo``'s answer for host and port; tests may bring their own.
        plain_on_loopback: Whether http is spoken to loopback addresses.
    """

    def __init__(
        self,
        allowed: tuple[Network, ...],
        ca_file: Path | None,
        own_port: Callable[[], int],
        resolve: Callable[[str, int], list[str]] | None = None,
        *,
        plain_on_loopback: bool = False,
    ) -> None:
        self._allowed = allowed
        self._ca_file = ca_file
        self._own_port = own_port
        self._resolve = resolve or _resolve
        self._plain_on_loopback = plain_on_loopback
        self._context: ssl.SSLContext | None = None

    def fetch(self, url: str) -> bytes:
        """Fetch a document: at most 64 KiB, in at most five seconds.

        Raises:
            EgressRefused: The URL is not one that may be fetched.
            EgressFailed: There is no answer, or none with status 200 and a body within the limits.
        """
        reply = self._exchange("GET", _read_url(url), {"Accept": "application/json"}, None)
        if reply.status != 200:
            raise EgressFailed(f"an answer with status {reply.status}")
        return reply.body.reveal()

    def check(self, url: str) -> None:
        """Check the form of a URL; nothing is resolved or connected to.

        Raises:
            EgressRefused: It is not one that may be asked.
        """
        _read_url(url, may_be_plain=self._plain_on_loopback)

    def exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Reply:
        """Ask once: at most five seconds, at most 64 KiB of answer. Whether to ask again is the caller's matter.

        Args:
            method: Of HTTP.
            url: Where.
            headers: Besides Host, Accept-Encoding, Connection and Content-Length.
            body: What is sent.

        Raises:
            EgressRefused: The URL is not one that may be asked.
            EgressUnreachable: No connection was made; nothing was sent.
            EgressFailed: It was asked, and gave no answer within the limits: whether it acted is not known.
        """
        place = _read_url(url, may_be_plain=self._plain_on_loopback)
        return self._exchange(method, place, headers, body)

    def _exchange(self, method: str, place: _Place, headers: Mapping[str, str], body: bytes | None) -> Reply:
        with _deadline(TOTAL_S) as watch:
            addresses = self._judged(place)
            connection = _Connection(place, addresses, None if place.is_plain else self._tls(), watch)
            try:
                tls, reply, answer = _ask(connection, method, place.target, headers, body)
            except (OSError, http.client.HTTPException, ValueError) as problem:
                raise EgressFailed(f"no answer ({type(problem).__name__})") from None
            finally:
                connection.close()
        if watch.is_over:
            raise EgressFailed("no answer in time")
        if len(answer) > MOST_BYTES or reply.headers.get("Content-Encoding", "identity") != "identity":
            raise EgressFailed("an answer that is too large, or encoded")
        wait_s = _retry_after_s(reply.headers.get("Retry-After", ""))
        return Reply(reply.status, wait_s, tls, HiddenBytes(answer))

    def _judged(self, place: _Place) -> list[str]:
        try:
            addresses = _within(TOTAL_S, lambda: self._resolve(place.host, place.port))
        except (OSError, UnicodeError) as problem:
            raise EgressUnreachable(f"the name cannot be resolved ({type(problem).__name__})") from None
        if not addresses:
            raise EgressUnreachable("the name has no address")
        for address in addresses:
            if not may_connect(address, self._allowed):
                raise EgressRefused("the name leads to an address that is not allowed")
            if place.port == self._own_port() and _is_own(address):
                raise EgressRefused("the name leads to this server itself")
            if place.is_plain and not _is_loopback(address):
                raise EgressRefused("without TLS only this machine is spoken to")
        return addresses[:ADDRESSES_TRIED]

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            context = ssl.create_default_context()
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if self._ca_file is not None:
                try:
                    context.load_verify_locations(cafile=self._ca_file)
                except OSError as problem:  # a missing file, or one without certificates
                    raise EgressRefused("the file of trusted certificates cannot be read") from problem
            self._context = context
        return self._context


class _Watch:
    """Cuts off the socket that it is given when the time is over."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.is_over = False

    def take(self, opened: socket.socket) -> None:
        """Watch this socket from now on.

        Raises:
            TimeoutError: The time is over.
        """
        with self._lock:
            self._socket = opened
            if self.is_over:
                raise TimeoutError

    def end(self) -> None:
        """Cut off: whoever waits for the socket hears its end."""
        with self._lock:
            self.is_over = True
            if self._socket is not None:
                try:
                    # Of the socket below TLS: the layer above is in use by the thread that waits.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
                except OSError:
                    return


@contextmanager
def _deadline(seconds: float) -> Iterator[_Watch]:
    watch = _Watch()
    timer = threading.Timer(seconds, watch.end)
    timer.daemon = True
    timer.start()
    try:
        yield watch
    finally:
        timer.cancel()


class _Connection(http.client.HTTPSConnection):
    """A connection to addresses that were judged, under the name that they were judged for."""

    def __init__(
        self, place: _Place, addresses: list[str], context: ssl.SSLContext | None, watch: _Watch
    ) -> None:
        # Given none the base would read the system's certificates, for each connection anew and for nothing: 40 ms.
        unused = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        super().__init__(place.host, place.port, timeout=CONNECT_S, context=context or unused)
        self._addresses = addresses
        self._tls = context
        self._watch = watch

    def connect(self) -> None:
        """Connect to the first address that answers."""
        for number, address in enumerate(self._addresses, start=1):
            try:
                plain = socket.create_connection((address, self.port), CONNECT_S)
                break
            except OSError:
                if number == len(self._addresses):
                    raise
        try:
            self._watch.take(plain)
            self.sock = plain
            if self._tls is None:
                return
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host, do_handshake_on_connect=False)
            self._watch.take(self.sock)  # what was watched until now has given its descriptor away
            self.sock.do_handshake()
        except BaseException:
            plain.close()
            raise


def _ask(
    connection: _Connection, method: str, target: str, headers: Mapping[str, str], body: bytes | None
) -> tuple[str, http.client.HTTPResponse, bytes]:
    """Connect, send, and read what fits; give the protocol of TLS, the head and the body.

    Raises:
        EgressUnreachable: No connection was made.
        OSError, HTTPException, ValueError: It was, and there is no answer.
    """
    try:
        connection.connect()
    except ssl.SSLError as problem:
        raise EgressUnverified(f"no answer ({type(problem).__name__})") from None
    except OSError as problem:
        raise EgressUnreachable(f"no answer ({type(problem).__name__})") from None
    tls = connection.sock.version() or "" if isinstance(connection.sock, ssl.SSLSocket) else ""
    always = {"Accept-Encoding": "identity", "Connection": "close"}
    connection.request(method, target, body, {**headers, **always})
    reply = connection.getresponse()
    return tls, reply, reply.read(MOST_BYTES + 1)


def _retry_after_s(text: str) -> int:
    """Read ``Retry-After`` in seconds; a date, or what is none of both, counts as a minute."""
    text = text.strip()
    if not text:
        return 0
    if text.isascii() and text.isdigit():
        return min(int(text[:9]), RETRY_AFTER_MOST_S)
    return 60


def _is_loopback(address: str) -> bool:
    return ip_address(address).is_loopback


def _read_url(url: str, *, may_be_plain: bool = False) -> _Place:
    """Take a URL apart.

    Raises:
        EgressRefused: It is not a plain https address.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise EgressRefused("this is no URL") from None
    host = parts.hostname or ""
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if (
        parts.scheme not in (("https", "http") if may_be_plain else ("https",))
        or parts.username is not None
        or parts.fragment
        or _HOST.fullmatch(host) is None
        or _TARGET.fullmatch(target) is None
    ):
        raise EgressRefused("this is no plain https URL")
    is_plain = parts.scheme == "http"
    usual = 80 if is_plain else 443
    return _Place(host, usual if port is None else port, target, is_plain)


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _within(seconds: float, work: Callable[[], list[str]]) -> list[str]:
    """Run ``work``, which cannot be told to stop, on a thread of its own, and wait no longer than this."""
    answers: SimpleQueue[Any] = SimpleQueue()

    def run() -> None:
        try:
            answers.put(work())
        except Exception as problem:  # noqa: BLE001 - raised below, where it is waited for
            answers.put(problem)

    threading.Thread(target=run, daemon=True, name="resolve").start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        raise TimeoutError from None
    if isinstance(answer, Exception):
        raise answer
    found: list[str] = answer
    return found


def _is_own(address: str) -> bool:
    """Whether an address is one of this machine's: only those can be bound."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True
