"""Connections to MySQL and MariaDB: how a log-in goes, and what a session is set to.

Rules (rotation reference 2, 6, 9; threat model R-01, R-02):
 - Where it connects to, and how encrypted, is said by ``places.py``. Nothing of the environment or of option files
   counts.
 - A password is never sent as it is because a server asks for that: the plugins for it are refused. (Inside of
   verified TLS ``caching_sha2_password`` sends it as it is, by design.)
 - What a failure means is said by ``mysql_failures.py``.
 - A session takes no statement that arrives late: the server ends a session that was idle for a few seconds, or that
   waits for a lock, so that what is still under way then has no effect.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NoReturn

import pymysql
from pymysql.cursors import DictCursor

from strongroom.rotation.machine import Evidence
from strongroom.rotation.rotator import Cause, Document, Probe, Server, TargetFailed
from strongroom.rotation.rotators import Reach
from strongroom.rotation.rotators.credentials import LogInFailed, administrator_failed, failed_probe
from strongroom.rotation.rotators.mysql_failures import (
    PASSWORD_CHECKED,
    StatementFailed,
    classify,
    log_in_failure_of,
    plugin_refused,
)
from strongroom.rotation.rotators.mysql_names import DEFAULT_PORT
from strongroom.rotation.rotators.mysql_verifiers import PLUGINS, ROUNDS
from strongroom.rotation.rotators.places import ADDRESSES_MOST, Encryption, Place, encryption_of, locate
from strongroom.rotation.rotators.watch import Watch

CONNECT_WITHIN_S: Final = 5
ANSWER_WITHIN_S: Final = 4
IDLE_MOST_S: Final = 5
LOCK_WITHIN_S: Final = 4

_QUOTED: Final = r"(?:`(?:[^`]|``)*`|'(?:[^'\\]|''|\\.)*')"
_OWN_ACCOUNT: Final = re.compile(
    rf"CREATE USER {_QUOTED}@{_QUOTED}(?: IDENTIFIED (?:BY PASSWORD|(?:WITH|VIA) '?(?P<plugin>\w+)'?))?"
    rf"(?: (?:AS|USING) {_QUOTED})?(?P<more> OR )?"
)
_VARIABLES: Final = (
    "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_uuid', 'server_uid', 'hostname', 'read_only',"
    " 'super_read_only', 'innodb_read_only', 'caching_sha2_password_digest_rounds')"
)


def _unverified() -> ssl.SSLContext:
    """Make TLS that asks for no certificate: what loopback is offered; nothing is verified there."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


_UNVERIFIED: Final = _unverified()


class PluginRefused(Exception):
    """A server asked for a log-in that gives the password away."""


class _Refusing:
    """Stands in for a client plugin that is not used."""

    def __init__(self, _connection: Any) -> None:
        """Take the connection, as the driver wants it."""

    def authenticate(self, _packet: Any) -> NoReturn:
        """Refuse."""
        raise PluginRefused

    def prompt(self, _echo: Any, _prompt: Any) -> NoReturn:
        """Refuse."""
        raise PluginRefused


_CLIENT_PLUGINS: Final[dict[str, Callable[[Any], Any]]] = dict.fromkeys(
    ("mysql_clear_password", "dialog", "mysql_old_password"), _Refusing
)


class Session:
    """An open connection that commits each statement by itself.

    Attributes:
        user: The account that the server takes the log-in for, without its host.
        host: The host of that account; may be a pattern.
        server: Whom it reached.
        is_mariadb: Whether it is MariaDB.
        rounds: How many rounds the server wants in a verifier of ``caching_sha2_password``.
        is_private: Whether nobody else can read what is sent: it is encrypted, or does not leave this machine.
        address: Where it is connected; empty for a unix socket.
    """

    def __init__(
        self, connection: pymysql.Connection[Any], watch: Watch, *, is_local: bool, address: str
    ) -> None:
        self.address = address
        self._connection = connection
        self._watch = watch
        self.is_mariadb = "MariaDB" in _told_version(connection)
        self._set_up()
        found = {str(row[0]).lower(): str(row[1]) for row in self.rows(_VARIABLES)}
        [[account]] = self.rows("SELECT CURRENT_USER()")
        self.user, _, self.host = str(account).rpartition("@")
        tls = str(self.rows("SHOW SESSION STATUS LIKE 'Ssl_version'")[0][1])
        self.server = Server(
            identity=_identity(found),
            version=_version(_told_version(connection)),
            tls=tls,
            is_read_only=any(
                found.get(name, "OFF").upper() not in ("OFF", "0", "")
                for name in ("read_only", "super_read_only", "innodb_read_only")
            ),
        )
        self.rounds = int(found.get("caching_sha2_password_digest_rounds", ROUNDS))
        self.is_private = is_local or bool(tls)

    @property
    def product(self) -> str:
        """The name of the software."""
        return "MariaDB" if self.is_mariadb else "MySQL"

    def rows(self, question: str) -> list[tuple[Any, ...]]:
        """Ask for rows.

        Raises:
            StatementFailed: There is no answer.
        """
        with self._translated(Cause.UNREACHABLE), self._connection.cursor() as cursor:
            cursor.execute(question)
            return list(cursor.fetchall())

    def records(self, question: str) -> list[dict[str, Any]]:
        """Ask for rows by the names of their columns, in lower case.

        Raises:
            StatementFailed: There is no answer.
        """
        with self._translated(Cause.UNREACHABLE), self._connection.cursor(DictCursor) as cursor:
            cursor.execute(question)
            return [{name.lower(): value for name, value in row.items()} for row in cursor.fetchall()]

    def run(self, statement: str) -> None:
        """Run a statement.

        Raises:
            StatementFailed: It failed; ``Cause.UNCERTAIN`` when its answer was lost.
        """
        with self._translated(Cause.UNCERTAIN), self._connection.cursor() as cursor:
            cursor.execute(statement)

    def close(self) -> None:
        """Close it, and watch it no longer."""
        self._watch.end()
        with contextlib.suppress(pymysql.Error):
            self._connection.close()

    def plugin(self) -> str:
        """Give the plugin by which the account that is logged in checks its password.

        Raises:
            LogInFailed: It has another way to log in, or several; a log-in proves nothing about a password then.
        """
        text = str(self.rows("SHOW CREATE USER CURRENT_USER()")[0][0])
        found = _OWN_ACCOUNT.match(text)
        if found is None:
            raise LogInFailed(Cause.CONFIGURATION, "how the account logs in cannot be read")
        if found["more"]:
            raise LogInFailed(Cause.CONFIGURATION, "the account has several ways to log in")
        plugin = found["plugin"] or "mysql_native_password"
        if plugin not in PLUGINS:
            raise LogInFailed(Cause.CONFIGURATION, plugin_refused(plugin))
        return plugin

    def _set_up(self) -> None:
        # MariaDB would otherwise make an account without a password where a GRANT finds none.
        mode = "NO_AUTO_CREATE_USER" if self.is_mariadb else ""
        self.run(
            f"SET SESSION sql_mode = '{mode}', wait_timeout = {IDLE_MOST_S}, net_read_timeout = {IDLE_MOST_S},"
            f" net_write_timeout = {IDLE_MOST_S}, lock_wait_timeout = {LOCK_WITHIN_S},"
            f" innodb_lock_wait_timeout = {LOCK_WITHIN_S}, sql_quote_show_create = 1"
        )

    @contextlib.contextmanager
    def _translated(self, when_lost: Cause) -> Iterator[None]:
        try:
            yield
        except (pymysql.Error, OSError) as problem:
            # Not the exception itself as a cause: its text may repeat what was sent.
            failure = classify(problem, when_lost)
        else:
            return
        raise failure


def _told_version(connection: pymysql.Connection[Any]) -> str:
    return str(connection.get_server_info())  # type: ignore[no-untyped-call]


def _identity(variables: Mapping[str, str]) -> str:
    if uuid := variables.get("server_uuid"):
        return f"server_uuid {uuid}"
    uid = variables.get("server_uid")
    return f"server_uid {uid}" if uid else f"hostname {variables.get('hostname', '')}"


def _version(told: str) -> str:
    return re.split(r"[-+~]", told.removeprefix("5.5.5-"), maxsplit=1)[0]


def connect(document: Document, reach: Reach) -> Session:
    """Log in as a document says.

    Raises:
        LogInFailed: With what it means for the credentials.
        TargetFailed: The document cannot be used.
    """
    place = locate(document, reach, DEFAULT_PORT)
    encryption = encryption_of(document, place, reach)
    problem: LogInFailed | None = None
    for address in place.addresses[:ADDRESSES_MOST] or ("",):
        try:
            return _connect(document, place, address, encryption, reach)
        except LogInFailed as caught:
            problem = caught
            if caught.cause is not Cause.UNREACHABLE:
                break
    assert problem is not None, "there was an address"
    raise problem


def _connect(document: Document, place: Place, address: str, encryption: Encryption, reach: Reach) -> Session:
    socket_ = open_socket(place, address)
    watch = Watch(socket_.fileno())
    try:
        connection = make_connection(document, place, encryption, reach)
        connection.connect(socket_)
        return Session(connection, watch, is_local=place.is_local, address=address)
    except (pymysql.Error, OSError, PluginRefused) as problem:
        failure = _log_in_failure(problem)
    except StatementFailed as problem:
        failure = log_in_failure_of(problem.number, problem.cause, problem.detail)
    except BaseException:
        watch.end()
        socket_.close()
        raise
    watch.end()
    socket_.close()
    raise failure


def make_connection(
    document: Document, place: Place, encryption: Encryption, reach: Reach
) -> pymysql.Connection[Any]:
    """Make a connection that is not connected yet.

    Raises:
        TargetFailed: The document cannot be used.
    """
    made: pymysql.Connection[Any] = pymysql.Connection(
        host=place.host,
        port=place.port,
        user=document.text("username"),
        # The driver would write a text in Latin-1.
        password=document.text("password").encode(),
        database=document.text("dbname") or None,
        charset="utf8mb4",
        autocommit=True,
        read_timeout=ANSWER_WITHIN_S,
        write_timeout=ANSWER_WITHIN_S,
        program_name="strongroom rotation",
        auth_plugin_map=_CLIENT_PLUGINS,
        defer_connect=True,
        **_tls(encryption, reach),
    )
    if encryption is Encryption.IF_OFFERED:
        # Told so itself, the driver would read the system's certificates for each connection, to use none.
        made.ssl = True
        made.ctx = _UNVERIFIED  # type: ignore[attr-defined]  # the stubs leave it out
    return made


def open_socket(place: Place, address: str) -> socket.socket:
    """Connect to an address, or to the unix socket.

    Raises:
        LogInFailed: Nothing answers there.
    """
    try:
        if place.is_socket:
            made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            made.settimeout(CONNECT_WITHIN_S)
            made.connect(place.host)
            return made
        return socket.create_connection((address, place.port), CONNECT_WITHIN_S)
    except OSError:
        raise LogInFailed(Cause.UNREACHABLE) from None


def _tls(encryption: Encryption, reach: Reach) -> dict[str, Any]:
    if encryption in (Encryption.NONE, Encryption.IF_OFFERED):
        return {"ssl_disabled": True}
    try:
        context = ssl.create_default_context(cafile=str(reach.ca_file))
    except OSError:
        raise TargetFailed(Cause.TLS, "the file of authorities cannot be read") from None
    return {"ssl": context}


def _log_in_failure(problem: Exception) -> LogInFailed:
    """Say what a failed log-in means; of the text nothing is kept."""
    if isinstance(problem, PluginRefused):
        return LogInFailed(Cause.CONFIGURATION, "the server asks for the password in clear")
    beneath = getattr(problem, "original_exception", problem)
    if isinstance(beneath, ssl.SSLError):
        return LogInFailed(Cause.TLS)
    failure = classify(problem, Cause.UNREACHABLE)
    return log_in_failure_of(failure.number, failure.cause, failure.detail)


def open_account(document: Document, reach: Reach) -> tuple[Session, str]:
    """Log in with a value, and find out how the account checks passwords.

    Returns:
        The session, and the plugin of the account.

    Raises:
        LogInFailed: With what it means for the credentials.
        TargetFailed: It is somebody else for the server, or no account with a password.
    """
    session = connect(document, reach)
    try:
        return session, _plugin_of(session, document.text("username"))
    except StatementFailed as problem:
        session.close()
        raise log_in_failure_of(problem.number, problem.cause, problem.detail) from None
    except BaseException:
        session.close()
        raise


def _plugin_of(session: Session, user: str) -> str:
    if session.user != user:
        raise LogInFailed(Cause.CONFIGURATION, "the server maps the user to another one")
    return session.plugin()


def open_administrator(document: Document, reach: Reach) -> Session:
    """Log in as the administrator.

    Raises:
        TargetFailed: He cannot; that says nothing about the accounts of the secret.
    """
    try:
        return connect(document, reach)
    except LogInFailed as problem:
        raise administrator_failed(problem) from None


def probe(document: Document, reach: Reach) -> Probe:
    """Log in and out."""
    try:
        session, _ = open_account(document, reach)
    except TargetFailed as problem:
        return failed_probe(problem)
    session.close()
    return Probe(Evidence.ACCEPTED, server=session.server)


def check_writable(session: Session) -> None:
    """Refuse a server that takes no changes, or no verifiers.

    Raises:
        TargetFailed: It takes none.
    """
    if session.server.is_read_only:
        raise TargetFailed(Cause.READ_ONLY, "it takes no changes: a replica, or a fail-over is under way")
    if not session.is_mariadb:
        return
    [[is_strict, checks]] = session.rows(
        "SELECT @@strict_password_validation, COUNT(*) FROM information_schema.PLUGINS"
        " WHERE PLUGIN_TYPE = 'PASSWORD VALIDATION' AND PLUGIN_STATUS = 'ACTIVE'"
    )
    if is_strict and checks:
        raise TargetFailed(Cause.CONFIGURATION, PASSWORD_CHECKED)


def run_deciding(session: Session, statement: str, deadline: float) -> None:
    """Run the statement that changes a password.

    Args:
        session: Where to.
        statement: What to do.
        deadline: On the clock of ``time.monotonic``; it is not begun after it.

    Raises:
        TargetFailed: It did not, or whether it did is not known.
    """
    if time.monotonic() >= deadline:
        raise TargetFailed(Cause.LATE)
    try:
        session.run(statement)
    except StatementFailed as problem:
        problem.is_certain = problem.cause is not Cause.UNCERTAIN
        raise
