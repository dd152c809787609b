"""A real MariaDB or MySQL server of the tests' own, on a free port of loopback; not as root, every statement logged.

Debian's ``mariadb-server-core`` is needed (``tools/install test`` installs it when it may). MySQL is not in Debian
12: ``tools/install test`` unpacks the one of Debian's unstable beside it, with the libraries that it needs.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import ssl
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pymysql

from tests.support.started import await_start, free_port

ADMIN = "boss"
ADMIN_PASSWORD = "the-boss's pass\\word"
UNPACKED = Path("/opt/strongroom-tests")
"""Where ``tools/install`` unpacks what is not installed."""
MARIADB_SCRIPTS = Path("/usr/share/mysql")
SCRIPTS = ("mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql")
REFUSED = (1045, 3118, 4151)
_UNVERIFIED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_UNVERIFIED.check_hostname = False
_UNVERIFIED.verify_mode = ssl.CERT_NONE


class ServerMissing(Exception):
    """There is no such server on this machine."""


class MariaDB:
    """One server.

    Args:
        certificate: Of the server, and its key; without it there is no TLS.

    Attributes:
        engine: As in a secret's JSON.
        port: Where it listens, on 127.0.0.1.
        log_path: What it logs: every statement.
    """

    engine = "mariadb"

    def __init__(self, *, certificate: tuple[Path, Path] | None = None) -> None:
        self._program = self._find()
        # Not below pytest's directory: that is closed to others, and so to the user whom the server runs as.
        self._directory = Path(tempfile.mkdtemp(prefix=f"strongroom-{self.engine}-"))
        self._data = self._directory / "data"
        self.log_path = self._directory / "statements.log"
        self._errors = self._directory / "errors.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self._give(self._directory)
        self._tls: list[str] = []
        if certificate is not None:
            for source, option in zip(certificate, ("ssl-cert", "ssl-key"), strict=True):
                copied = self._directory / source.name
                shutil.copy(source, copied)
                copied.chmod(0o600)
                self._give(copied)
                self._tls.append(f"--{option}={copied}")
        self._initialise()
        self.port = 0

    def start(self, *options: str) -> MariaDB:
        """Start it and wait until it answers; the port stays the same over restarts."""
        self.port = self.port or free_port()
        is_first = not self.log_path.exists()
        arguments = [
            *self._program, "--no-defaults", f"--datadir={self._data}", f"--port={self.port}",
            "--bind-address=127.0.0.1", f"--socket={self.socket_path}", f"--pid-file={self._directory}/pid",
            "--general-log=ON", f"--general-log-file={self.log_path}", "--max-connections=60",
            *self._options(), *self._tls, *options,
        ]  # fmt: skip
        with self._errors.open("ab") as log:
            self._process = subprocess.Popen(
                arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/", **self._as_user()
            )
        await_start(self._process, lambda: self._answers(is_first), self._errors)
        if is_first:
            with closing(self.connect("root", "")) as connection, connection.cursor() as cursor:
                cursor.execute(f"CREATE USER {ADMIN} IDENTIFIED BY %s", (ADMIN_PASSWORD,))
                cursor.execute(f"GRANT ALL PRIVILEGES ON *.* TO {ADMIN} WITH GRANT OPTION")
            self.log_path.write_text("")  # so that the administrator's password is not there by our own hand
        return self

    def _answers(self, is_first: bool) -> bool:
        try:
            (self.connect("root", "") if is_first else self.admin()).close()
        except pymysql.OperationalError:
            return False
        return True

    @property
    def socket_path(self) -> Path:
        """Where it listens besides."""
        return self._directory / "socket"

    def stop(self) -> None:
        """End it, and every connection to it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(20)
            self._process = None

    def close(self) -> None:
        """End it for good, and remove its data."""
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def admin(self) -> pymysql.Connection[Any]:
        """Connect as the administrator."""
        return self.connect(ADMIN, ADMIN_PASSWORD)

    def connect(self, user: str, password: str, database: str | None = None) -> pymysql.Connection[Any]:
        """Connect as somebody."""
        connection: pymysql.Connection[Any] = pymysql.Connection(
            host="127.0.0.1", port=self.port, user=user, password=password.encode(), database=database,
            autocommit=True, connect_timeout=5, charset="utf8mb4", defer_connect=True, ssl_disabled=True,
        )  # fmt: skip
        # TLS where the server has it, as by default. The driver would read the system's certificates for each
        # connection and then use none: that was most of the cost of a log-in.
        connection.ssl = True
        connection.ctx = _UNVERIFIED  # type: ignore[attr-defined]  # the stubs leave it out
        connection.connect()
        return connection

    def run(self, *statements: str) -> None:
        """Run statements as the administrator."""
        with closing(self.admin()) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        """Ask for rows as the administrator."""
        with closing(self.admin()) as connection, connection.cursor() as cursor:
            cursor.execute(question)
            return list(cursor.fetchall())

    def make_user(self, name: str, password: str = "first", host: str = "%", more: str = "") -> None:
        """Make an account, anew if it is there."""
        account = f"{quoted(name)}@{quoted(host)}"
        self.run(f"DROP USER IF EXISTS {account}", f"CREATE USER {account} IDENTIFIED BY '{password}' {more}")

    def logs_in(self, user: str, password: str) -> bool:
        """Whether somebody can log in."""
        try:
            self.connect(user, password).close()
        except pymysql.OperationalError as problem:
            if problem.args[0] not in REFUSED:
                raise
            return False
        return True

    def _find(self) -> list[str]:
        found = shutil.which("mariadbd") or shutil.which("mariadbd", path="/usr/sbin")
        if found is None:
            raise ServerMissing("install MariaDB, for example: apt-get install mariadb-server-core")
        return [found]

    def _options(self) -> list[str]:
        plugins = UNPACKED / "mariadb/usr/lib/mysql/plugin"
        options = ["--loose-innodb-flush-log-at-trx-commit=0"]
        if plugins.is_dir():
            options += [f"--plugin-dir={plugins}", "--plugin-load-add=auth_ed25519"]
        return options

    def _initialise(self) -> None:
        """Make its data directory, as mariadb-install-db does."""
        self._data.mkdir()
        self._give(self._data)
        script = "create database mysql;\nuse mysql;\nset @auth_root_socket=NULL;\n"
        script += "".join((MARIADB_SCRIPTS / name).read_text() for name in SCRIPTS)
        self._run_once("--bootstrap", f"--datadir={self._data}", "--skip-log-bin", script=script)

    def _run_once(self, *arguments: str, script: str = "") -> None:
        done = subprocess.run(
            [*self._program, "--no-defaults", *arguments],
            input=script.encode(), capture_output=True, cwd="/", check=False, **self._as_user(),
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()

    def _as_user(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _give(self, path: Path) -> None:
        if self._user is not None:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)


class MySQL(MariaDB):
    """One MySQL server."""

    engine = "mysql"

    def _find(self) -> list[str]:
        root = UNPACKED / "mysql"
        if (root / "usr/sbin/mysqld").exists():
            libraries = root / "usr/lib/x86_64-linux-gnu"
            return [
                *(str(libraries / "ld-linux-x86-64.so.2"), "--library-path", str(libraries)),
                str(root / "usr/sbin/mysqld"),
            ]
        found = shutil.which("mysqld") or shutil.which("mysqld", path="/usr/sbin")
        if found is None or "mariadb" in os.path.realpath(found):
            raise ServerMissing(
                "there is no MySQL; tools/install test unpacks it when it runs as root on Debian"
            )
        return [found]

    def _options(self) -> list[str]:
        return [
            *self._places(),
            "--mysqlx=OFF",
            "--secure-file-priv=NULL",
            "--innodb-flush-log-at-trx-commit=0",
        ]

    def _places(self) -> list[str]:
        root = UNPACKED / "mysql/usr"
        if not root.is_dir():
            return []
        return [
            *(f"--basedir={root}", f"--plugin-dir={root}/lib/mysql/plugin"),
            f"--lc-messages-dir={root}/share/mysql",
        ]

    def _initialise(self) -> None:
        self._run_once(
            "--initialize-insecure", f"--datadir={self._data}", "--secure-file-priv=NULL", *self._places()
        )


def quoted(name: str) -> str:
    """Write an identifier."""
    return "`" + name.replace("`", "``") + "`"
