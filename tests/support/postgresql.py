"""A real PostgreSQL server of the tests' own, on a free port of loopback, and a proxy before it.

Debian's ``postgresql`` package is needed (``tools/install test`` installs it when it may). The server refuses to
run as root, so that as root it runs as ``nobody``.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.support.started import await_start, free_port

ADMIN = "boss"
ADMIN_PASSWORD = "the-boss's pass\\word"
OTHERWISE = (("trusted", "trust"), ("old", "md5"))
"""Users who log in in another way than by SCRAM."""


class PostgreSQLMissing(Exception):
    """There is no PostgreSQL on this machine."""


def find_binaries() -> Path:
    """Find the directory of ``initdb`` and ``postgres``.

    Raises:
        PostgreSQLMissing: With how to install it.
    """
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    on_path = shutil.which("initdb")
    if on_path is not None:
        candidates.append(Path(on_path).parent)
    for directory in reversed(candidates):
        if (directory / "initdb").exists() and (directory / "postgres").exists():
            return directory
    raise PostgreSQLMissing("install PostgreSQL, for example: apt-get install postgresql")


class PostgreSQL:
    """One server with SCRAM for everybody; it logs every statement.

    Attributes:
        engine: As in a secret's JSON.
        port: Where it listens, on 127.0.0.1.
        log_path: What it logs.
    """

    engine = "postgres"

    def __init__(self, *, certificate: tuple[Path, Path] | None = None) -> None:
        self._binaries = find_binaries()
        # Not below pytest's directory: that is closed to others, and so to the user whom the server runs as.
        directory = Path(tempfile.mkdtemp(prefix="strongroom-postgresql-"))
        self._directory = directory
        self._data = directory / "data"
        self.log_path = directory / "server.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._give(directory)
        password_file = directory / "password"
        password_file.write_text(ADMIN_PASSWORD + "\n")
        self._give(password_file)
        self._run(
            "initdb", "-D", str(self._data), "-U", ADMIN, f"--pwfile={password_file}", "-A", "scram-sha-256",
            "-E", "UTF8", "--no-sync", "--locale=C.UTF-8",
        )  # fmt: skip
        settings = (
            "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nlog_statement = 'all'\n"
            "log_connections = on\nlog_min_duration_statement = 0\nfsync = off\nmax_connections = 60\n"
        )
        if certificate is not None:
            for source, name in zip(certificate, ("server.crt", "server.key"), strict=True):
                shutil.copy(source, self._data / name)
                os.chmod(self._data / name, 0o600)
                self._give(self._data / name)
            settings += "ssl = on\n"
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(settings)
        hba = self._data / "pg_hba.conf"
        hba.write_text(
            "".join(f"host all {user} 127.0.0.1/32 {how}\n" for user, how in OTHERWISE) + hba.read_text()
        )
        self.port = 0

    def start(self) -> PostgreSQL:
        """Start it and wait until it answers; the port stays the same over restarts."""
        self.port = self.port or free_port()
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [self._binaries / "postgres", "-D", self._data, "-p", str(self.port)],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd="/",
                **self._as_user(),
            )
        await_start(self._process, self._answers, self.log_path)
        return self

    def _answers(self) -> bool:
        try:
            self.admin().close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """End it, and every connection to it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(20)
            self._process = None

    def close(self) -> None:
        """End it for good, and remove its data."""
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def admin(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """Connect as the administrator."""
        return self.connect(ADMIN, ADMIN_PASSWORD, database=database)

    def connect(self, user: str, password: str, database: str = "postgres") -> psycopg.Connection[Any]:
        """Connect as somebody."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=user, password=password, dbname=database, autocommit=True,
            connect_timeout=5,
        )  # fmt: skip

    def run(self, *statements: str | sql.Composable) -> None:
        """Run statements as the administrator."""
        with self.admin() as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[arg-type]

    def make_user(self, name: str, password: str = "first") -> None:
        """Make a user, anew if it is there."""
        self.drop_user(name)
        change = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
        self.run(change.format(sql.Identifier(name), sql.Literal(password)))

    def drop_user(self, name: str) -> None:
        """Remove a user, and what is theirs, if they are there."""
        with self.admin() as connection:
            if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)).fetchone():
                for change in ("DROP OWNED BY {}", "DROP ROLE {}"):
                    connection.execute(sql.SQL(change).format(sql.Identifier(name)))

    def logs_in(self, user: str, password: str) -> bool:
        """Whether somebody can log in."""
        try:
            self.connect(user, password).close()
        except psycopg.OperationalError as problem:
            if "password authentication failed" not in str(problem):
                raise
            return False
        return True

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._binaries / program, *arguments], capture_output=True, text=True, cwd="/", **self._as_user()
        )
        assert done.returncode == 0, done.stderr

    def _as_user(self) -> dict[str, Any]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        shared: dict[str, Any] = {"env": {**environment, "LC_ALL": "C.UTF-8"}}
        if self._user is None:
            return shared
        return {**shared, "user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _give(self, path: Path) -> None:
        if self._user is not None:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)


Verdict = Callable[[bytes], bool]
"""Given what one side sent, whether it is to be passed on."""


class Proxy:
    """A TCP proxy that can lose answers, refuse connections, or stay silent.

    Attributes:
        port: Where it listens.
        lose_after: When what a client sent contains one of these, the connection ends once the server has answered,
        and
            the answer is lost; each is used once.
        drop_before: As above, but the client's bytes do not arrive either.
        refuses: Whether new connections are closed at once.
        is_silent: Whether nothing at all is passed on.
        connections: How many clients have made.
        cut_at: The number of the message from clients at which the connection ends, once; 0 for none.
        cut_arrives: Whether that message still arrives, and only its answer is lost.
        hears: Hears of each message from clients, with its number, before it is passed on.
        rewords: What the server says, and what clients hear instead; of the same length.
        silent_after: When what a client sent contains this, it is silent from then on.
    """

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.lose_after: list[bytes] = []
        self.drop_before: list[bytes] = []
        self.refuses = False
        self.is_silent = False
        self.silent_after = b""
        self.lost = 0
        self.messages = 0
        self.connections = 0
        self.cut_at = 0
        self.cut_arrives = False
        self.hears: Callable[[int, bytes], None] | None = None
        self.rewords: tuple[bytes, bytes] | None = None
        self.reworded = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """End it."""
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            if self.refuses:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target_port))
            except OSError:
                return
            with server:
                losing = threading.Event()
                back = threading.Thread(target=self._pass_back, args=(server, client, losing), daemon=True)
                back.start()
                self._pass_on(client, server, losing)
                back.join(10)

    def _pass_on(self, client: socket.socket, server: socket.socket, losing: threading.Event) -> None:
        try:
            while data := client.recv(65_536):
                self.messages += 1
                if self.hears is not None:
                    self.hears(self.messages, data)
                if self._takes(self.drop_before, data):
                    break
                if self.messages == self.cut_at:
                    self.lost += 1
                    if not self.cut_arrives:
                        break
                    losing.set()
                if self._takes(self.lose_after, data):
                    losing.set()
                if self.silent_after and self.silent_after in data:
                    self.is_silent, self.silent_after = True, b""
                while self.is_silent:
                    time.sleep(0.02)
                server.sendall(data)
        except OSError:
            pass
        _close(server, client if not losing.is_set() else None)

    def _takes(self, marks: list[bytes], data: bytes) -> bool:
        for mark in list(marks):
            if mark in data:
                marks.remove(mark)
                self.lost += 1
                return True
        return False

    def _pass_back(self, server: socket.socket, client: socket.socket, losing: threading.Event) -> None:
        try:
            while data := server.recv(65_536):
                while self.is_silent:
                    time.sleep(0.02)
                if losing.is_set():
                    break
                if self.rewords is not None and self.rewords[0] in data:
                    self.reworded += 1
                    data = data.replace(*self.rewords)
                client.sendall(data)
        except OSError:
            pass
        _close(server, client)


def _close(*ends: socket.socket | None) -> None:
    for end in ends:
        if end is not None:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue
