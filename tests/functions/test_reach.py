"""Where functions can connect to: what is declared, what the operator lists, our endpoint, and nothing else."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from strongroom.functions.messages import Endpoint
from strongroom.functions.reach import EgressListRefused, parse_listed
from tests.functions.stand import Stand, text_of


class Greeter(socketserver.BaseRequestHandler):
    """Says who it is, and what it heard."""

    def handle(self) -> None:
        """Answer one line."""
        self.request.sendall(b"hello ")
        self.request.sendall(self.request.recv(100))


class Target:
    """A server on loopback that counts who came.

    Attributes:
        port: Where it listens.
        visits: How many connections it had.
    """

    def __init__(self) -> None:
        self.visits = 0
        target = self

        class Counting(Greeter):
            def setup(self) -> None:
                target.visits += 1

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Counting)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def target() -> Iterator[Target]:
    """Give a server that nobody declared yet."""
    made = Target()
    yield made
    made.close()


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Give a runner whose operator lets declared hosts be on this machine."""
    made = Stand(tmp_path_factory.mktemp("local") / "data", rotate_local_targets=True)
    yield made
    made.close()


TRY = """
import errno, socket
def tried(host, port):
    try:
        with socket.create_connection((host, port), timeout=5) as connection:
            connection.sendall(b"you")
            return connection.makefile().read()
    except socket.gaierror:
        return "no such host"
    except OSError as problem:
        return errno.errorcode.get(problem.errno, str(problem))
def handler(event, context):
    return [tried(*place) for place in event]
"""


def test_f03_what_is_not_declared_is_refused(stand: Stand, target: Target) -> None:
    """Loopback, this machine's address, metadata, private and public addresses are all out of reach."""
    places = [
        ("127.0.0.1", target.port),
        ("::ffff:127.0.0.1", target.port),
        ("::1", target.port),
        ("0.0.0.0", target.port),
        ("169.254.169.254", 80),
        ("fd00:ec2::254", 80),
        ("10.0.0.1", 443),
        ("93.184.216.34", 443),
    ]
    assert set(stand.run(TRY, places)) == {"EACCES"}
    assert stand.run(TRY, [("localhost", target.port), ("example.com", 443)]) == ["EACCES", "no such host"]
    assert target.visits == 0


def test_what_is_refused_is_said_in_the_log(stand: Stand, target: Target) -> None:
    """Each place once an invocation, and few of them: a function that swallows its errors hides no refusal."""
    spec = stand.function("print('begun', end='', flush=True)\n" + TRY)
    said = "Not allowed: a connection to {} port {}. See functions_egress, rotate_local_targets."
    for _ in range(2):
        outcome = stand.invoke(spec, [["10.0.0.1", 443], ["10.0.0.1", 443], ["127.0.0.1", target.port]])
        told = [line for line in text_of(outcome).splitlines() if "allowed" in line]
        assert told == [said.format("10.0.0.1", 443), said.format("127.0.0.1", target.port)]
    assert "Not allowed" not in text_of(stand.invoke(spec, [["example.com", 443]]))
    many = stand.invoke(spec, [["10.0.0.1", port] for port in range(1, 41)])
    assert text_of(many).count("Not allowed") == 16


def test_f03_a_declared_host_is_reached_by_name_and_address(local: Stand, target: Target) -> None:
    """Host and port of the invocation are open, at exactly that port."""
    spec = local.function(TRY)
    hosts = (("localhost", target.port),)
    places = [("localhost", target.port), ("127.0.0.1", target.port), ("127.0.0.1", target.port + 1)]
    outcome = local.invoke(spec, places, hosts=hosts)
    assert outcome.payload.reveal() == b'["hello you", "hello you", "EACCES"]'
    assert local.invoke(spec, places[:1]).payload.reveal() == b'["EACCES"]'


def test_f03_a_declared_host_on_this_machine_needs_a_setting(stand: Stand, target: Target) -> None:
    """Whoever owns a secret cannot declare loopback, or the metadata address, into reach."""
    hosts = (("127.0.0.1", target.port), ("localhost", target.port), ("169.254.169.254", 80))
    outcome = stand.invoke(
        stand.function(TRY), [("127.0.0.1", target.port), ("169.254.169.254", 80)], hosts=hosts
    )
    assert outcome.payload.reveal() == b'["EACCES", "EACCES"]'
    assert target.visits == 0


def test_f03_our_endpoint_is_reached_under_its_name(stand: Stand, target: Target) -> None:
    """The name in the endpoint's URL leads to where the server listens, and only there."""
    stand.endpoint = Endpoint("https://vault.example.com:8443", ("127.0.0.1", target.port))
    spec = stand.function(TRY)
    places = [("vault.example.com", 8443), ("127.0.0.1", 8443), ("vault.example.com", target.port)]
    try:
        assert stand.invoke(spec, places).payload.reveal() == b'["hello you", "hello you", "EACCES"]'
    finally:
        stand.endpoint = None


def test_f03_the_operator_lists_what_else_is_open(tmp_path: Path, target: Target) -> None:
    """Networks and addresses with ports; link-local stays closed whatever is listed."""
    made = Stand(tmp_path / "data", functions_egress=f"127.0.0.0/8:{target.port}, 169.254.0.0/16:*")
    try:
        places = [("127.0.0.1", target.port), ("127.0.0.1", target.port + 1), ("169.254.169.254", 80)]
        assert made.run(TRY, places) == ["hello you", "EACCES", "EACCES"]
    finally:
        made.close()


def test_f03_in_dev_the_machines_network_is_open(tmp_path: Path, target: Target) -> None:
    """A developer's function reaches loopback; there is still no other way than connecting."""
    made = Stand(tmp_path / "data", is_dev=True)
    try:
        assert made.run(TRY, [("127.0.0.1", target.port), ("localhost", target.port)]) == ["hello you"] * 2
    finally:
        made.close()


@pytest.mark.parametrize(
    "entry", ["example.com", "example.com:*", "10.0.0.1/8:1", "a:0", "a:99999", ":1", "a:b"]
)
def test_f03_a_list_that_cannot_be_read_is_refused(entry: str) -> None:
    """An entry is a name with a port, or a network of whole bits."""
    with pytest.raises(EgressListRefused):
        parse_listed(entry)


def test_a_list_has_names_addresses_and_networks() -> None:
    """All the forms of an entry."""
    listed = parse_listed("db.example.com:5432, 192.0.2.7:*, 10.0.0.0/8:443, [fd00::1]:80, ")
    assert [(str(one.network) if one.network else one.host, one.port) for one in listed] == [
        ("db.example.com", 5432),
        ("192.0.2.7/32", None),
        ("10.0.0.0/8", 443),
        ("fd00::1/128", 80),
    ]


OTHER_WAYS = """
import ctypes, errno, os, socket, struct, time
libc = ctypes.CDLL(None, use_errno=True)
def tried(work):
    try:
        return work()
    except OSError as problem:
        return errno.errorcode[problem.errno]
def handler(event, context):
    host, port, other = event
    datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    connected = socket.create_connection((host, port), timeout=5)
    address = struct.pack("=HH4s8x", 0, 0, b"")
    def loosen():
        if libc.connect(connected.fileno(), address, 16) < 0:
            raise OSError(ctypes.get_errno(), "")
    result = {
        "datagram": tried(lambda: datagram.connect((host, other))),
        "datagram sent": tried(lambda: datagram.sendto(b"x", ("192.0.2.1", other))),
        "datagram to itself": tried(lambda: datagram.sendto(b"x", (host, other))),
        "loosened": tried(loosen),
        "listening": tried(lambda: socket.create_server(("0.0.0.0", 0))),
        "fast open": tried(lambda: socket.socket().sendto(b"x", 0x20000000, (host, other))),
    }
    # A socket of the machine's network whose connection has ended.
    connected.sendall(b"x")
    while connected.recv(100): pass
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    time.sleep(0.1)
    result["ended, fast open"] = tried(lambda: connected.sendto(b"x", 0x20000000, (host, other)))
    result["ended, listening"] = tried(lambda: connected.listen(1))
    result["ended, again"] = tried(lambda: connected.connect((host, other)))
    return result
"""


def test_f03_there_is_no_other_way_out(local: Stand, target: Target) -> None:
    """Datagrams, listening, sending without connecting, and a socket whose connection has ended lead nowhere."""
    other = Target()
    deaf = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    deaf.bind(("127.0.0.1", other.port))
    try:
        hosts = (("127.0.0.1", target.port),)
        outcome = local.invoke(
            local.function(OTHER_WAYS), ["127.0.0.1", target.port, other.port], hosts=hosts
        )
    finally:
        other.close()
    seen = _read(outcome)
    assert seen["datagram"] == "EACCES"
    assert seen["datagram sent"] == "ENETUNREACH"
    deaf.setblocking(False)
    with deaf, pytest.raises(BlockingIOError):
        deaf.recv(1)  # what a function sends to loopback stays in its own network
    assert seen["loosened"] == "EACCES"
    assert seen["listening"] == "EACCES"
    assert seen["fast open"] == seen["ended, fast open"] == "ENOSYS"
    assert seen["ended, listening"] == "EACCES"
    assert seen["ended, again"] == "EACCES"
    assert other.visits == 0
    assert target.visits == 1


def _read(outcome: Any) -> Any:
    import msgspec

    assert outcome.function_error is None, outcome.payload.reveal()
    return msgspec.json.decode(outcome.payload.reveal())


SWAP = """
import ctypes, socket, struct, threading, time
libc = ctypes.CDLL(None, use_errno=True)
def packed(host, port):
    return struct.pack("!2sH4s8x", struct.pack("=H", 2), port, socket.inet_aton(host))
def handler(event, context):
    allowed, forbidden = (packed("127.0.0.1", port) for port in event)
    buffer = ctypes.create_string_buffer(allowed, 16)
    over = False
    def swap():
        while not over:
            ctypes.memmove(buffer, forbidden, 16)
            ctypes.memmove(buffer, allowed, 16)
    threading.Thread(target=swap, daemon=True).start()
    made = 0
    end = time.monotonic() + 2
    while time.monotonic() < end:
        one = socket.socket()
        made += libc.connect(one.fileno(), buffer, 16) == 0
        one.close()
    over = True
    return made
"""


def test_f03_what_was_judged_is_what_is_connected_to(local: Stand, target: Target) -> None:
    """A function that changes the address while it is judged never gets to another place."""
    other = Target()
    try:
        hosts = (("127.0.0.1", target.port),)
        outcome = local.invoke(local.function(SWAP), [target.port, other.port], hosts=hosts)
        assert other.visits == 0
        assert _read(outcome) > 0
    finally:
        other.close()


def test_f03_sockets_keep_their_flags_and_options(local: Stand, target: Target) -> None:
    """The socket that is handed in is as the function's was: flags and options."""
    source = """
import fcntl, os, select, socket
def handler(event, context):
    one = socket.socket()
    one.setblocking(False)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 33)
    number = one.fileno()
    result = one.connect_ex(("127.0.0.1", event))
    select.select([], [one], [], 5)
    return {
        "result": result,
        "same": one.fileno() == number,
        "blocking": os.get_blocking(number),
        "inheritable": os.get_inheritable(number),
        "nodelay": bool(one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)),
        "keepalive": bool(one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)),
        "idle": one.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
        "error": one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR),
        "peer": list(one.getpeername()),
    }
"""
    outcome = local.invoke(local.function(source), target.port, hosts=(("127.0.0.1", target.port),))
    assert _read(outcome) == {
        "result": 0,
        "same": True,
        "blocking": False,
        "inheritable": False,
        "nodelay": True,
        "keepalive": True,
        "idle": 33,
        "error": 0,
        "peer": ["127.0.0.1", target.port],
    }


def test_a_refused_connection_is_refused(local: Stand) -> None:
    """Nobody listens at the declared port: the function hears what connect says elsewhere."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    outcome = local.invoke(local.function(TRY), [("127.0.0.1", port)], hosts=(("127.0.0.1", port),))
    assert outcome.payload.reveal() == b'["ECONNREFUSED"]'


def test_node_connects_as_python_does(local: Stand, target: Target) -> None:
    """The event loop of Node waits for a connection that stands already."""
    source = """
const net = require("net");
exports.handler = (port) => new Promise((resolve, reject) => {
  const one = net.connect({ port, host: "localhost" }, () => one.write("node"));
  let text = "";
  one.on("data", (part) => { text += part; });
  one.on("end", () => resolve(text));
  one.on("error", reject);
});
"""
    spec = local.function({"app.js": source}, runtime="nodejs20.x")
    outcome = local.invoke(spec, target.port, hosts=(("localhost", target.port),))
    assert _read(outcome) == "hello node"
