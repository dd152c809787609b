"""MySQL, MariaDB and Aurora MySQL, single user: an account that changes its own password.

Rules (rotation reference 4, 6; threat model R-01):
 - The account changes itself, logged in with a value that was just accepted, and keeps its plugin.
 - MariaDB gets a verifier that was computed here. MySQL takes one only from accounts with CREATE USER: from the
   account itself it wants the password, keeps it out of its logs by itself, and gets it only over a connection that
   nobody else reads (TLS, or on this machine).
 - Accounts of plugins that check no password of theirs are refused, and so are accounts that are seen to exist for
   several hosts: the account changes only the one that it is logged in as.
 - A change is one statement. The server takes none that arrives late: it ends a session that was idle for a while.
"""

from __future__ import annotations

from contextlib import closing
from typing import Final

from strongroom.rotation.machine import Evidence
from strongroom.rotation.rotator import Cause, Change, Check, Document, Probe, Rehearsal, TargetFailed
from strongroom.rotation.rotators import Reach
from strongroom.rotation.rotators.credentials import OneAccount, log_in_check
from strongroom.rotation.rotators.mysql_failures import StatementFailed
from strongroom.rotation.rotators.mysql_names import check_members, quote_text
from strongroom.rotation.rotators.mysql_prepared import PreparedProbe
from strongroom.rotation.rotators.mysql_target import (
    Session,
    check_writable,
    open_account,
    probe,
    run_deciding,
)
from strongroom.rotation.rotators.mysql_verifiers import new_salt, verifier

MASK: Final = "…"
_WANTS_CURRENT: Final = 3892
"""MySQL: the account has PASSWORD REQUIRE CURRENT."""


class SingleUser(OneAccount):
    """One account that changes its own password."""

    def __init__(self, reach: Reach) -> None:
        super().__init__(check_members)
        self._reach = reach

    def probe(self, document: Document) -> Probe:
        """Log in."""
        return probe(document, self._reach)

    def apply(self, change: Change) -> Probe | None:
        """Change the password of the account that the holder is, and log in at once."""
        self.check_pending(change.wanted, change.holder)
        session, plugin = open_account(change.holder, self._reach)
        with closing(session):
            check_ready(session)
            with closing(PreparedProbe(change.wanted, session, self._reach)) as prepared:
                _set_password(session, plugin, change)
                session.close()  # an account may be allowed one connection only
                return prepared.end()

    def rehearse(self, current: Document, _administrator: Document | None) -> Rehearsal:
        """Log in and look."""
        found = self.probe(current)
        checks = [log_in_check("the current value logs in", found, "server")]
        if found.evidence is not Evidence.ACCEPTED:
            return Rehearsal(tuple(checks), ())
        try:
            session, _ = open_account(current, self._reach)
            with closing(session):
                checks = [log_in_check("the current value logs in", found, session.product)]
                statement = (
                    "SET PASSWORD = {}"
                    if session.is_mariadb
                    else "ALTER USER CURRENT_USER() IDENTIFIED BY {}"
                )
                check_ready(session)
        except TargetFailed as problem:
            return Rehearsal((*checks, Check("the account may change its password", False, str(problem))), ())
        checks.append(Check("the account may change its password", True))
        return Rehearsal(tuple(checks), (statement.format(quote_text(MASK)),))


def _set_password(session: Session, plugin: str, change: Change) -> None:
    wanted, held = change.wanted.text("password"), change.holder.text("password")
    if session.is_mariadb:
        stored = verifier(plugin, wanted, new_salt())
        run_deciding(session, f"SET PASSWORD = {quote_text(stored)}", change.deadline)
        return
    statement = f"ALTER USER CURRENT_USER() IDENTIFIED BY {quote_text(wanted)}"
    try:
        run_deciding(session, statement, change.deadline)
    except StatementFailed as problem:
        if problem.number != _WANTS_CURRENT:
            raise
        run_deciding(session, f"{statement} REPLACE {quote_text(held)}", change.deadline)


def check_ready(session: Session) -> None:
    """Check that the account can change its own password, and that this is enough.

    Raises:
        TargetFailed: It cannot, or it would not be enough.
    """
    check_writable(session)
    if not (session.is_mariadb or session.is_private):
        raise TargetFailed(
            Cause.CONFIGURATION,
            "an account of MySQL sends its new password as it is; without TLS it is not sent: use ssl or masterarn",
        )
    try:
        # Without the right to read this nothing is known of other hosts.
        hosts = session.rows(f"SELECT Host FROM mysql.user WHERE User = {quote_text(session.user)}")  # noqa: S608 - quoted
    except StatementFailed as problem:
        if problem.cause is not Cause.PRIVILEGE:
            raise
        return
    if len(hosts) > 1:
        raise TargetFailed(
            Cause.CONFIGURATION,
            "the account exists for several hosts, and can change only one of them: use masterarn",
        )
