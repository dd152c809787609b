"""Connections to PostgreSQL: where to, how encrypted, and what a failure means.

Rules (rotation reference 2, 5, 9; threat model R-01, R-02):
 - Where it connects to, and how encrypted, is said by ``places.py``.
 - Nothing of the environment counts: no ``PG*`` variables, password files, service files or client certificates.
 - The server has to ask for SCRAM or MD5; a password is never sent as it is.
 - Only a refusal of the credentials themselves says something about them. It is known by its SQLSTATE, whatever
   language the server speaks; where that says too little its words count, and other words are unknown, and wait.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.pq import abc

from strongroom.rotation.machine import Evidence
from strongroom.rotation.rotator import Cause, Document, Probe, Server, TargetFailed
from strongroom.rotation.rotators import Reach
from strongroom.rotation.rotators.credentials import LogInFailed, failed_probe
from strongroom.rotation.rotators.places import ADDRESSES_MOST, Encryption, Place, encryption_of, locate
from strongroom.rotation.rotators.postgresql_login import Refusal, begin, finish, log_in
from strongroom.rotation.rotators.watch import Watch

CONNECT_WITHIN_S: Final = 5
BEGIN_WITHIN_S: Final = 2
END_WITHIN_S: Final = 3
"""Of a log-in that is prepared; what takes longer is given up, and another one is made when the change was."""
STATEMENT_WITHIN_MS: Final = 4_000
DEFAULT_PORT: Final = 5432
DEFAULT_DATABASE: Final = "postgres"
_REFUSED: Final = ("password authentication failed", "is not permitted to log in")
_CAUSES: Final = (
    (re.compile(r"no pg_hba\.conf entry|pg_hba\.conf rejects"), Cause.CONFIGURATION),
    (re.compile(r"too many (clients|connections)|remaining connection slots"), Cause.OVERLOADED),
    (re.compile(r"starting up|shutting down|recovery mode"), Cause.UNREACHABLE),
    (re.compile(r"authentication method requirement"), Cause.CONFIGURATION),
    (re.compile(r"database \".*\" does not exist"), Cause.CONFIGURATION),
    (re.compile(r"SSL|certificate|root\.crt"), Cause.TLS),
    (re.compile(r"timeout|refused|could not|unreachable|closed the|lost|No such file"), Cause.UNREACHABLE),
)
_STATES: Final = {
    "28P01": Cause.AUTHENTICATION,
    "3D000": Cause.CONFIGURATION,
    "53300": Cause.OVERLOADED,
    "57P01": Cause.UNREACHABLE,
    "57P02": Cause.UNREACHABLE,
    "57P03": Cause.UNREACHABLE,
}
"""By SQLSTATE: what needs no words. 28000 does: an entry of pg_hba.conf is missing, or the account may not log in."""
_ASK: Final = (
    "SELECT session_user::text, current_setting('server_version'),"
    " pg_is_in_recovery() OR current_setting('transaction_read_only')::bool,"
    " coalesce((SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()), ''),"
    " 'started ' || to_char(pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'),"
    " clock_timestamp()"
)


class WatchedConnection(psycopg.Connection[Any]):
    """A connection that is cut when it is still open after a while."""

    _watch: Watch | None = None

    def watch(self) -> None:
        """Begin to watch it."""
        self._watch = Watch(self.fileno())

    def close(self) -> None:
        """Close it, and watch it no longer."""
        if self._watch is not None:
            self._watch.end()
        super().close()


class Session(NamedTuple):
    """An open connection.

    Attributes:
        connection: It commits each statement by itself.
        user: Who is logged in.
        server: Whom it reached.
        now: The server's clock at the log-in.
        uses_md5: Whether the account still has an MD5 verifier.
    """

    connection: psycopg.Connection[Any]
    user: str
    server: Server
    now: Any
    uses_md5: bool


class WantsMD5(LogInFailed):
    """The account has an MD5 verifier."""


def connect(document: Document, reach: Reach) -> Session:
    """Log in as a document says.

    Raises:
        LogInFailed: With what it means for the credentials.
        TargetFailed: The document cannot be used.
    """
    place = locate(document, reach, DEFAULT_PORT)
    problem: LogInFailed | None = None
    for address in place.addresses[:ADDRESSES_MOST] or ("",):
        try:
            return _connect_with_its_scheme(document, place, address, reach)
        except LogInFailed as caught:
            problem = caught
            if caught.cause is not Cause.UNREACHABLE:
                break
    assert problem is not None, "there was an address"
    raise problem


def _connect_with_its_scheme(document: Document, place: Place, address: str, reach: Reach) -> Session:
    try:
        return _connect(document, place, address, reach, "scram-sha-256")
    except WantsMD5:
        return _connect(document, place, address, reach, "md5")


def _connect(document: Document, place: Place, address: str, reach: Reach, scheme: str) -> Session:
    return _enter(log_in(_settings(document, place, address, reach, scheme), CONNECT_WITHIN_S), scheme)


def _settings(document: Document, place: Place, address: str, reach: Reach, scheme: str) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "host": place.host,
        "port": place.port,
        "user": document.text("username"),
        "password": document.text("password"),
        "dbname": document.text("dbname") or DEFAULT_DATABASE,
        "require_auth": scheme,
        "application_name": "strongroom rotation",
        "passfile": os.devnull,
        "gssencmode": "disable",
        "sslcertmode": "disable",
        "target_session_attrs": "any",
        "client_encoding": "UTF8",
        "options": f"-c statement_timeout={STATEMENT_WITHIN_MS}",
        **_encryption(document, place, reach),
    }
    if address:
        settings["hostaddr"] = address
    _forget_environment()
    return settings


def _enter(found: abc.PGconn | Refusal, scheme: str) -> Session:
    if isinstance(found, Refusal):
        raise _failure(found, scheme)
    connection = WatchedConnection(found)
    connection.watch()
    connection.autocommit = True
    return _greet(connection, uses_md5=scheme == "md5")


def _forget_environment() -> None:
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]


def _greet(connection: psycopg.Connection[Any], *, uses_md5: bool) -> Session:
    if not connection.pgconn.used_password:
        connection.close()
        raise LogInFailed(Cause.CONFIGURATION, "the server lets this user in without a password")
    try:
        row = connection.execute(_ASK).fetchone()
    except psycopg.Error as problem:
        connection.close()
        raise LogInFailed(*classify(problem)) from None
    assert row is not None, "one row was asked for"
    user, version, is_read_only, tls, identity, now = row
    server = Server(identity=identity, version=version, tls=tls, is_read_only=is_read_only)
    return Session(connection, user, server, now, uses_md5)


def _encryption(document: Document, place: Place, reach: Reach) -> dict[str, Any]:
    wanted = encryption_of(document, place, reach)
    if wanted is not Encryption.VERIFIED:
        return {"sslmode": "disable" if wanted is Encryption.NONE else "prefer"}
    return {"sslmode": "verify-full", "sslrootcert": str(reach.ca_file)}


def _failure(refusal: Refusal, scheme: str) -> LogInFailed:
    """Say what a failed log-in means; of the words only the class is kept."""
    text = refusal.words
    if refusal.state in _STATES:
        return LogInFailed(_STATES[refusal.state])
    if scheme != "md5" and "server requested a hashed password" in text:
        return WantsMD5(Cause.CONFIGURATION, "the account has an MD5 verifier")
    if any(words in text for words in _REFUSED):
        return LogInFailed(Cause.AUTHENTICATION)
    for pattern, cause in _CAUSES:
        if pattern.search(text):
            return LogInFailed(cause)
    return LogInFailed(
        Cause.SERVER,
        f"SQLSTATE {refusal.state}, in words that are not known"
        if refusal.state
        else "its words are not known",
    )


def probe(document: Document, reach: Reach) -> Probe:
    """Log in and out."""
    return _judge(document, lambda: connect(document, reach))


def _judge(document: Document, enter: Callable[[], Session]) -> Probe:
    try:
        session = enter()
    except TargetFailed as problem:
        return failed_probe(problem)
    session.connection.close()
    if session.user != document.text("username"):
        return Probe(Evidence.UNKNOWN, Cause.CONFIGURATION, "the server maps the user to another one")
    return Probe(Evidence.ACCEPTED, server=session.server)


class PreparedProbe:
    """A log-in that is begun while the value is not in force yet, and ended when it is.

    Between the change and the move of AWSCURRENT no value works for an application that reads it. The first half of
    the log-in that stands between the two needs no password, so it is made before.

    Args:
        document: What logs in.
        session: An open one of the same account, whose address and scheme are used.
        reach: As for every log-in.

    Raises:
        TargetFailed: The document cannot be used.
    """

    def __init__(self, document: Document, session: Session, reach: Reach) -> None:
        self._document = document
        self._scheme = "md5" if session.uses_md5 else "scram-sha-256"
        place, address = locate(document, reach, DEFAULT_PORT), session.connection.info.hostaddr
        self._begun = begin(_settings(document, place, address, reach, self._scheme), BEGIN_WITHIN_S)

    def end(self) -> Probe | None:
        """Log in and out; None unless it succeeds: what was begun before the change is no evidence of a failure."""
        begun, self._begun = self._begun, None
        if begun is None:
            return None
        found = _judge(self._document, lambda: _enter(finish(begun, END_WITHIN_S), self._scheme))
        return found if found.evidence is Evidence.ACCEPTED else None

    def close(self) -> None:
        """Give it up, if it was not ended."""
        if self._begun is not None:
            self._begun.finish()
            self._begun = None


def classify(problem: psycopg.Error) -> tuple[Cause, str]:
    """Say what an error of a statement means; only its SQLSTATE is shown."""
    state = problem.sqlstate or ""
    if state == "25006":
        return Cause.READ_ONLY, "it takes no changes: a standby, or a fail-over is under way"
    if state == "22012":
        return Cause.LATE, "the statement arrived after its time"
    if state in ("42501", "0LP01", "42939"):
        return Cause.PRIVILEGE, f"SQLSTATE {state}"
    if state in ("53300", "53400", "57P03", "57014", "55P03"):
        return Cause.OVERLOADED, f"SQLSTATE {state}"
    if not state or state.startswith(("08", "57P")):
        return Cause.UNCERTAIN, "the connection was lost"
    if state.startswith("28") or state == "22023":
        return Cause.PASSWORD_POLICY, f"SQLSTATE {state}"
    return Cause.SERVER, f"SQLSTATE {state}"
