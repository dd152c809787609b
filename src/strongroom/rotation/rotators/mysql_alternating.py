"""MySQL, MariaDB and Aurora MySQL, alternating users: an administrator changes the account that is not in use.

Rules (rotation reference 4, 6, 8; threat model R-01, R-02):
 - The two accounts are ``<user>`` and ``<user>_clone``. The value that is in use must have logged in first: whoever
   wrote the secret really owns the account. Where an account has rows for several hosts, the value must be that of
   all of them, and both accounts have the same hosts.
 - The administrator's server must be the same one, by its addresses and by its identity: the other session sees a
   lock that one takes, and who has it. (``server_uuid`` would not do: a copied data directory has the same one.)
 - Neither account may rule over accounts, be the administrator or belong to the system.
 - The server gets verifiers that were computed here. The clone has the original's plugin.
 - Account statements are not transactional. A clone is made locked; then come grants, roles and options, which are
   read again and compared; the password, and with it the unlocking, is the last statement. Whatever is interrupted
   before leaves both passwords as they were, and is done again.
 - The original is the model: what the clone may do beyond it is taken from the clone.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Final

from strongroom.rotation.rotator import Cause, Change, Document, Probe, Rehearsal, TargetFailed
from strongroom.rotation.rotators import Reach
from strongroom.rotation.rotators.credentials import (
    ALTERNATING_STEPS,
    SUFFIX,
    TwoAccounts,
    alternate,
    check_turn,
    original_of,
    rehearse_steps,
)
from strongroom.rotation.rotators.mysql_accounts import Row, plan_equal, read_account, set_passwords
from strongroom.rotation.rotators.mysql_grants import (
    ALL,
    EVERYTHING,
    GrantsUnreadable,
    Kind,
    is_too_powerful,
    read_grants,
)
from strongroom.rotation.rotators.mysql_names import DEFAULT_PORT, check_members, quote_account, quote_text
from strongroom.rotation.rotators.mysql_target import (
    Session,
    check_writable,
    open_account,
    open_administrator,
    probe,
    run_deciding,
)
from strongroom.rotation.rotators.mysql_verifiers import is_verifier_of, new_salt, verifier
from strongroom.rotation.rotators.places import check_same_place

PASSES: Final = 2
"""How often grants are made equal: taking "all" away and giving a part of it is not always one pass."""
MASK: Final = "…"
_OF_THE_SYSTEM: Final = frozenset({"root", "rdsadmin", "mariadb.sys", "event_scheduler"})


class AlternatingUsers(TwoAccounts):
    """Two accounts that take turns."""

    def __init__(self, reach: Reach) -> None:
        super().__init__(check_members)
        self._reach = reach

    def probe(self, document: Document) -> Probe:
        """Log in."""
        return probe(document, self._reach)

    def apply(self, change: Change) -> None:
        """Let the administrator change the account that is not in use, and make the clone equal to the original."""
        if change.administrator is None:
            raise TargetFailed(Cause.CONFIGURATION, "there is no administrator's secret")
        check_turn(change.wanted, change.holder)
        wanted, password = change.wanted.text("username"), change.wanted.text("password")
        holder, _ = open_account(change.holder, self._reach)
        with closing(holder):
            check_same_place(change.holder, change.administrator, self._reach, DEFAULT_PORT)
            administrator = open_administrator(change.administrator, self._reach)
            with closing(administrator):
                check_same_server(holder, administrator)
                check_writable(administrator)
                pair = read_pair(administrator, original_of(wanted))
                check_pair(administrator, pair, change.holder)
                stored = {
                    host: verifier(row.plugin, password, new_salt(), administrator.rounds)
                    for host, row in pair.original.items()
                }
                make_equal(administrator, pair, stored, change.deadline)
                if any(row.has_second_password for row in pair.of(wanted).values()):
                    for host in pair.original:
                        run_before(
                            administrator,
                            f"ALTER USER {quote_account(wanted, host)} DISCARD OLD PASSWORD",
                            change.deadline,
                        )
                run_deciding(administrator, pair.password_statement(wanted, stored), change.deadline)

    def rehearse(self, current: Document, administrator: Document | None) -> Rehearsal:
        """Log in as both, compare the servers and the accounts, and show what would be sent."""
        return rehearse_steps(ALTERNATING_STEPS, lambda met: self._rehearse(current, administrator, met))

    def _rehearse(self, current: Document, administrator: Document | None, met: list[str]) -> tuple[str, ...]:
        wanted = alternate(current.text("username"))
        holder, _ = open_account(current, self._reach)
        met.append(f"{holder.product} {holder.server.version}, {holder.server.tls or 'no TLS'}")
        with closing(holder):
            if administrator is None:
                raise TargetFailed(Cause.CONFIGURATION, "there is no administrator's secret")
            check_same_place(current, administrator, self._reach, DEFAULT_PORT)
            met.append("")
            session = open_administrator(administrator, self._reach)
            met.append("")
            with closing(session):
                check_same_server(holder, session)
                met.append("")
                check_writable(session)
                met.append("")
                pair = read_pair(session, original_of(wanted))
                check_pair(session, pair, current)
                check_rights(session)
                met.append("")
                masked = dict.fromkeys(pair.original, MASK)
                return (*pair.plan(session, masked), pair.password_statement(wanted, masked))


class Pair:
    """The two accounts, as they are at the server.

    Attributes:
        name: Of the original.
        original: Its rows, by host.
        clone: The rows of the other one.
    """

    def __init__(self, name: str, original: Mapping[str, Row], clone: Mapping[str, Row]) -> None:
        self.name = name
        self.original = original
        self.clone = clone

    def of(self, user: str) -> Mapping[str, Row]:
        """Give the rows of one of the two."""
        return self.original if user == self.name else self.clone

    def plan(self, session: Session, stored: Mapping[str, str]) -> list[str]:
        """List the statements that make the clone like the original, but for the password."""
        return plan_equal(session, self.name + SUFFIX, self.original, self.clone, stored)

    def is_equal(self) -> bool:
        """Whether both may do the same, from the same hosts."""
        return self.original.keys() == self.clone.keys() and all(
            row.may_as(self.clone[host]) for host, row in self.original.items()
        )

    def password_statement(self, wanted: str, stored: Mapping[str, str]) -> str:
        """Write the statement that changes the password of one of the two."""
        plugins = {host: row.plugin for host, row in self.original.items()}
        return set_passwords(wanted, plugins, stored, list(self.original))


def check_same_server(holder: Session, administrator: Session) -> None:
    """Let one session take a lock, and the other see that it is this session which has it (R-02).

    Raises:
        TargetFailed: They are different servers.
    """
    name = quote_text(f"strongroom {secrets.token_hex(16)}")
    [[is_taken, number]] = holder.rows(f"SELECT GET_LOCK({name}, 0), CONNECTION_ID()")
    [[seen]] = administrator.rows(f"SELECT IS_USED_LOCK({name})")
    holder.rows(f"SELECT RELEASE_LOCK({name})")
    if is_taken != 1 or seen is None or int(seen) != int(number):
        raise TargetFailed(Cause.CONFIGURATION, "the administrator's secret names another server")


def read_pair(administrator: Session, original: str) -> Pair:
    """Read both accounts.

    Raises:
        TargetFailed: They cannot be read, or are of a kind that is not rotated.
    """
    return Pair(
        original, read_account(administrator, original), read_account(administrator, original + SUFFIX)
    )


def check_pair(administrator: Session, pair: Pair, holder: Document) -> None:
    """Check that the two accounts may be rotated, and that the holder owns all rows of his.

    Raises:
        TargetFailed: They may not, or he does not.
    """
    names = (pair.name, pair.name + SUFFIX)
    if administrator.user in names or any(_is_of_the_system(name) for name in names):
        raise TargetFailed(Cause.CONFIGURATION, "administrators and accounts of the system do not alternate")
    if not pair.original:
        raise TargetFailed(Cause.CONFIGURATION, "the original account does not exist")
    rows = (*pair.original.values(), *pair.clone.values())
    if any(is_too_powerful(row.grants) for row in rows):
        raise TargetFailed(
            Cause.CONFIGURATION,
            "accounts that rule over others (ALL, SUPER, CREATE USER, GRANT OPTION) do not alternate",
        )
    if any(row.is_locked for row in pair.original.values()):
        raise TargetFailed(Cause.CONFIGURATION, "the original account is locked; somebody wanted that")
    if pair.clone.keys() - pair.original.keys():
        raise TargetFailed(Cause.CONFIGURATION, "the clone exists for hosts that the original has not")
    held = pair.of(holder.text("username"))
    password = holder.text("password")
    if not all(is_verifier_of(row.plugin, row.stored, password) for row in held.values()):
        raise TargetFailed(
            Cause.CONFIGURATION,
            "the account has another password for some of its hosts: whose that is, is not known",
        )
    if held is pair.clone and pair.original.keys() - held.keys():
        raise TargetFailed(
            Cause.CONFIGURATION,
            "the original exists for hosts that the clone has not: whose that is, is not known",
        )


def check_rights(administrator: Session) -> None:
    """Check, for a rehearsal, that the administrator may change accounts; reading them has shown that he may read.

    Raises:
        TargetFailed: He may not.
    """
    rows = administrator.rows("SHOW GRANTS")
    try:
        grants = read_grants(str(row[0]) for row in rows)
    except GrantsUnreadable:
        return  # the server will say
    # A role may bring the right, and so may writing to the catalogue itself.
    enough = {ALL, "CREATE USER", "UPDATE"}
    if not any(
        grant.kind is Kind.ROLE or (grant.on == EVERYTHING and grant.what in enough) for grant in grants
    ):
        raise TargetFailed(Cause.PRIVILEGE, "the administrator lacks CREATE USER")


def _is_of_the_system(name: str) -> bool:
    return name in _OF_THE_SYSTEM or name.startswith("mysql.")


def make_equal(administrator: Session, pair: Pair, stored: Mapping[str, str], deadline: float) -> None:
    """Make the clone like the original, and look whether it is.

    Raises:
        TargetFailed: It cannot be; no password was changed.
    """
    for _ in range(PASSES):
        statements = pair.plan(administrator, stored)
        if not statements:
            break
        for statement in statements:
            run_before(administrator, statement, deadline)
        pair.clone = read_account(administrator, pair.name + SUFFIX)
    if not pair.is_equal():
        raise TargetFailed(Cause.PRIVILEGE, "the two accounts cannot be made equal")


def run_before(administrator: Session, statement: str, deadline: float) -> None:
    """Run a statement that changes no password that is in use: what happens to it decides nothing.

    Raises:
        TargetFailed: It failed.
    """
    if time.monotonic() >= deadline:
        raise TargetFailed(Cause.LATE)
    try:
        administrator.run(statement)
    except TargetFailed as problem:
        if problem.cause is Cause.UNCERTAIN:
            raise TargetFailed(Cause.UNREACHABLE, "the connection was lost") from None
        raise
