"""PostgreSQL and Aurora PostgreSQL, single user: an account that changes its own password.

Rules (rotation reference 4, 5; threat model R-01):
 - The server gets a verifier that was computed here, never a password: none is in its logs, whatever it logs.
 - Identifiers and literals are quoted by the driver. Names have at most 63 bytes; the server would cut longer ones.
 - All statements of a change are one transaction. It fails after the deadline by the server's own clock, and the
   server
   gives it up when its COMMIT does not come: nothing takes effect late.
 - The account changes itself, logged in with a value that was just accepted.
 - An account with an MD5 verifier keeps MD5, because its clients may know nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import timedelta
from typing import Any, Final

import psycopg
from psycopg import sql

from strongroom.rotation.machine import Evidence
from strongroom.rotation.rotator import (
    Cause,
    Change,
    Check,
    Document,
    DocumentRefused,
    Probe,
    Rehearsal,
    TargetFailed,
)
from strongroom.rotation.rotators import Reach
from strongroom.rotation.rotators.credentials import OneAccount, check_texts, log_in_check
from strongroom.rotation.rotators.places import port_of
from strongroom.rotation.rotators.postgresql_target import (
    DEFAULT_PORT,
    PreparedProbe,
    Session,
    classify,
    connect,
    probe,
)

ENGINES: Final = frozenset({"postgres", "aurora-postgresql"})
NAME_BYTES_MOST: Final = 63
COMMIT_WITHIN_MS: Final = 5_000
MASK: Final = "'SCRAM-SHA-256$…'"

Connection = psycopg.Connection[Any]


class SingleUser(OneAccount):
    """One account that changes its own password."""

    def __init__(self, reach: Reach) -> None:
        super().__init__(check_members)
        self._reach = reach

    def probe(self, document: Document) -> Probe:
        """Log in."""
        return probe(document, self._reach)

    def apply(self, change: Change) -> Probe | None:
        """Change the verifier of the account that the holder is, and log in at once."""
        self.check_pending(change.wanted, change.holder)
        session = open_session(change.holder, self._reach)
        with closing(session.connection):
            check_writable(session)
            # A default role would be somebody else, who may not change this account's password.
            statements = [
                sql.SQL("SET LOCAL ROLE NONE"),
                alter_password(session, session.user, change.wanted.text("password"), session.uses_md5),
            ]
            with closing(PreparedProbe(change.wanted, session, self._reach)) as prepared:
                run(session, statements, change.deadline)
                session.connection.close()  # an account may be allowed one connection only
                return prepared.end()

    def rehearse(self, current: Document, _administrator: Document | None) -> Rehearsal:
        """Log in and look; the account may always change its own password where changes are taken."""
        found = self.probe(current)
        checks = [log_in_check("the current value logs in", found, "PostgreSQL")]
        if found.evidence is Evidence.ACCEPTED:
            checks.append(Check("the server takes changes", not found.server.is_read_only))
        user = quoted(current.text("username"))
        statements = ("BEGIN", "SET LOCAL ROLE NONE", f"ALTER ROLE {user} PASSWORD {MASK}", "COMMIT")
        return Rehearsal(tuple(checks), statements)


def check_members(document: Document) -> None:
    """Check the members that a log-in needs.

    Raises:
        DocumentRefused: One is missing or of the wrong kind.
    """
    check_texts(document, ENGINES, "PostgreSQL")
    port_of(document, DEFAULT_PORT)
    check_name(document.text("username"))


def check_name(user: str) -> None:
    """Check that the server will not cut the name of an account.

    Raises:
        DocumentRefused: It would.
    """
    if len(user.encode()) > NAME_BYTES_MOST or "\0" in user:
        raise DocumentRefused("the name of an account has more than 63 bytes")


def open_session(document: Document, reach: Reach) -> Session:
    """Log in with a value that was accepted a moment ago.

    Raises:
        TargetFailed: It is not accepted any more, or the server takes it for somebody else.
    """
    session = connect(document, reach)
    if session.user != document.text("username"):
        session.connection.close()
        raise TargetFailed(Cause.CONFIGURATION, "the server maps the user to another one")
    return session


def check_writable(session: Session) -> None:
    """Refuse a server that takes no changes.

    Raises:
        TargetFailed: It takes none.
    """
    if session.server.is_read_only:
        raise TargetFailed(Cause.READ_ONLY, "it takes no changes: a standby, or a fail-over is under way")


def alter_password(session: Session, user: str, password: str, uses_md5: bool) -> sql.Composable:
    """Write the statement that sets a password, as a verifier."""
    scheme = b"md5" if uses_md5 else b"scram-sha-256"
    verifier = session.connection.pgconn.encrypt_password(password.encode(), user.encode(), scheme)
    return sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(user), sql.Literal(verifier.decode()))


def run(
    session: Session,
    statements: Sequence[sql.Composable],
    deadline: float,
    check: Callable[[Connection], None] | None = None,
) -> None:
    """Send statements as one transaction.

    Args:
        session: Where to.
        statements: What to do.
        deadline: On the clock of ``time.monotonic``.
        check: Looks at the outcome before it counts.

    Raises:
        TargetFailed: It is not committed for certain, or whether it is is not known.
    """
    left_s = deadline - time.monotonic()
    if left_s <= 0:
        raise TargetFailed(Cause.LATE)
    connection, limit = session.connection, session.now + timedelta(seconds=left_s)
    head = [
        sql.SQL("BEGIN"),
        sql.SQL("SET LOCAL idle_in_transaction_session_timeout = {}").format(sql.Literal(COMMIT_WITHIN_MS)),
        sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(COMMIT_WITHIN_MS)),
        sql.SQL("SELECT 1 / (clock_timestamp() < {})::int").format(sql.Literal(limit)),
    ]
    try:
        connection.execute(sql.SQL("; ").join([*head, *statements]))
        if check is not None:
            check(connection)
    except psycopg.Error as problem:
        cause, detail = classify(problem)
        # Before COMMIT was sent nothing can have taken effect.
        raise TargetFailed(Cause.UNREACHABLE if cause is Cause.UNCERTAIN else cause, detail) from None
    try:
        answer = connection.execute("COMMIT")
    except psycopg.Error as problem:
        cause, detail = classify(problem)
        raise TargetFailed(cause, detail, is_certain=cause is not Cause.UNCERTAIN) from None
    if answer.statusmessage != "COMMIT":
        raise TargetFailed(Cause.SERVER, "the transaction was rolled back")


def quoted(user: str) -> str:
    """Show an identifier as it is sent."""
    return '"' + user.replace('"', '""') + '"'
