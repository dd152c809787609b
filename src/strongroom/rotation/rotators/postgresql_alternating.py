"""PostgreSQL and Aurora PostgreSQL, alternating users: an administrator changes the account that is not in use.

Rules (rotation reference 4, 5, 8; threat model R-02):
 - The two accounts are ``<user>`` and ``<user>_clone``. The value that is in use must have logged in first: whoever
   wrote the secret really owns the account.
 - The administrator's server must be the same one, by its addresses and by its identity: a lock that one session
   takes
   is seen by the other. Neither account may be a superuser, the administrator or a role of the system.
 - The clone is a member of the original and acts as it (``SET role``): what it makes belongs to the original, and its
   attributes and settings are the original's. That is put right at every rotation, and checked before it counts.
 - What the clone alone owns or may do is not taken away: the rotation fails and says so.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from contextlib import closing
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import sql

from strongroom.rotation.rotator import (
    Cause,
    Change,
    Document,
    Probe,
    Rehearsal,
    TargetFailed,
)
from strongroom.rotation.rotators import Reach
from strongroom.rotation.rotators.credentials import (
    ALTERNATING_STEPS,
    SUFFIX,
    LogInFailed,
    TwoAccounts,
    administrator_failed,
    alternate,
    check_turn,
    original_of,
    rehearse_steps,
)
from strongroom.rotation.rotators.places import check_same_place
from strongroom.rotation.rotators.postgresql import (
    MASK,
    Connection,
    alter_password,
    check_members,
    check_writable,
    open_session,
    quoted,
    run,
)
from strongroom.rotation.rotators.postgresql_target import (
    DEFAULT_PORT,
    Session,
    classify,
    connect,
    probe,
)

_LISTS: Final = frozenset(
    {"search_path", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries"}
)
"""Settings that are lists of names."""
_NAME_IN_LIST: Final = re.compile(r'\s*"(?:[^"]|"")*"|[^,"]+')
_ROLE: Final = (
    "SELECT r.oid::int8, r.rolsuper, r.rolcanlogin, r.rolinherit,"
    " r.rolcreatedb, r.rolcreaterole, r.rolreplication, r.rolbypassrls, r.rolconnlimit,"
    " coalesce(r.rolvaliduntil::text, 'infinity'),"
    " coalesce((SELECT array_agg(s.setdatabase::int8::text || chr(31) || c ORDER BY s.setdatabase, c)"
    "  FROM pg_db_role_setting s, unnest(s.setconfig) c"
    "  WHERE s.setrole = r.oid AND c NOT LIKE 'role=%%'), '{}')"
    " FROM pg_roles r WHERE r.rolname = %s"
)
_OWNS: Final = (
    "SELECT count(*) FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = %s::int8::oid"
    " AND deptype IN ('o', 'a')"
)
_MEMBER: Final = (
    "SELECT count(*) FROM pg_auth_members m JOIN pg_roles a ON a.oid = m.member JOIN pg_roles b ON b.oid = m.roleid"
    " WHERE a.rolname = %s AND b.rolname = %s"
)
_AUTHORITY: Final = (
    "SELECT rolsuper OR rolcreaterole, rolsuper OR current_setting('server_version_num')::int < 160000"
    " OR (SELECT bool_and(pg_has_role(account, 'MEMBER WITH ADMIN OPTION'))"
    "  FROM unnest(%(accounts)s::text[]::name[]) account)"
    " FROM pg_roles WHERE rolname = session_user"
)
_LOCK_SEEN: Final = (
    "SELECT count(*) FROM pg_locks "
    "WHERE locktype = 'advisory' AND classid::int8 = %s AND objid::int8 = %s AND granted"
)


class Attributes(NamedTuple):
    """What an account may do besides its privileges; the same for both."""

    can_create_databases: bool = False
    can_create_roles: bool = False
    can_replicate: bool = False
    bypasses_row_security: bool = False
    connection_limit: int = -1
    valid_until: str = "infinity"

    def change_from(self, other: Attributes) -> list[sql.Composable]:
        """List the options of ALTER ROLE that make the other one like this."""
        words = ("CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS")
        options: list[sql.Composable] = [
            sql.SQL(word if wanted else f"NO{word}")
            for word, wanted, present in zip(words, self[:4], other[:4], strict=True)
            if wanted != present
        ]
        if self.connection_limit != other.connection_limit:
            options.append(sql.SQL("CONNECTION LIMIT {}").format(sql.Literal(self.connection_limit)))
        if self.valid_until != other.valid_until:
            options.append(sql.SQL("VALID UNTIL {}").format(sql.Literal(self.valid_until)))
        return options


class Role(NamedTuple):
    """An account as the catalogue shows it; settings are ``database oid, U+001F, name=value``."""

    oid: int
    is_superuser: bool
    can_log_in: bool
    inherits: bool
    attributes: Attributes
    settings: list[str]


class AlternatingUsers(TwoAccounts):
    """Two accounts that take turns."""

    def __init__(self, reach: Reach) -> None:
        super().__init__(check_members)
        self._reach = reach

    def probe(self, document: Document) -> Probe:
        """Log in."""
        return probe(document, self._reach)

    def apply(self, change: Change) -> None:
        """Let the administrator change the account that is not in use, and make it equal to the other one."""
        if change.administrator is None:
            raise TargetFailed(Cause.CONFIGURATION, "there is no administrator's secret")
        check_turn(change.wanted, change.holder)
        wanted = change.wanted.text("username")
        original = original_of(wanted)
        holder = open_session(change.holder, self._reach)
        with closing(holder.connection):
            check_same_place(change.holder, change.administrator, self._reach, DEFAULT_PORT)
            administrator = open_administrator(change.administrator, self._reach)
            with closing(administrator.connection):
                check_same_server(holder, administrator)
                check_writable(administrator)
                statements = plan(administrator, original)
                password = change.wanted.text("password")
                statements.append(alter_password(administrator, wanted, password, holder.uses_md5))
                run(
                    administrator,
                    statements,
                    change.deadline,
                    lambda connection: check_equal(connection, original),
                )

    def rehearse(self, current: Document, administrator: Document | None) -> Rehearsal:
        """Log in as both, compare the servers and the accounts, and show what would be sent."""

        def walk(met: list[str]) -> tuple[str, ...]:
            try:
                return self._rehearse(current, administrator, met)
            except psycopg.Error as problem:
                raise TargetFailed(*classify(problem)) from None

        return rehearse_steps(ALTERNATING_STEPS, walk)

    def _rehearse(self, current: Document, administrator: Document | None, met: list[str]) -> tuple[str, ...]:
        wanted = alternate(current.text("username"))
        holder = open_session(current, self._reach)
        met.append(f"PostgreSQL {holder.server.version}, {holder.server.tls or 'no TLS'}")
        with closing(holder.connection):
            if administrator is None:
                raise TargetFailed(Cause.CONFIGURATION, "there is no administrator's secret")
            check_same_place(current, administrator, self._reach, DEFAULT_PORT)
            met.append("")
            session = open_administrator(administrator, self._reach)
            met.append("")
            with closing(session.connection):
                check_same_server(holder, session)
                met.append("")
                check_writable(session)
                met.append("")
                found = plan(session, original_of(wanted))
                met.append("")
                shown = [one.as_string(session.connection) for one in found]
        return ("BEGIN", *shown, f"ALTER ROLE {quoted(wanted)} PASSWORD {MASK}", "COMMIT")


def open_administrator(document: Document, reach: Reach) -> Session:
    """Log in as the administrator.

    Raises:
        TargetFailed: He cannot; that says nothing about the accounts of the secret.
    """
    try:
        return connect(document, reach)
    except LogInFailed as problem:
        raise administrator_failed(problem) from None


def check_same_server(holder: Session, administrator: Session) -> None:
    """Let one session take a lock and the other see it: only one server has it (R-02).

    Raises:
        TargetFailed: They are different servers.
    """
    high, low = secrets.randbelow(1 << 31), secrets.randbelow(1 << 31)
    try:
        with holder.connection.transaction():
            holder.connection.execute("SELECT pg_advisory_xact_lock(%s::int4, %s::int4)", (high, low))
            is_same = _count(administrator.connection, _LOCK_SEEN, high, low) == 1
    except psycopg.Error as problem:
        raise TargetFailed(*classify(problem)) from None
    if not is_same:
        raise TargetFailed(Cause.CONFIGURATION, "the administrator's secret names another server")


def check_authority(connection: Connection, accounts: Sequence[str]) -> None:
    """Refuse an administrator who may not change the accounts, before anything is tried.

    Raises:
        TargetFailed: With the right that is missing. Since PostgreSQL 16 CREATEROLE alone changes no account that the
            administrator has not made himself.
    """
    row = connection.execute(_AUTHORITY, {"accounts": list(accounts)}).fetchone()
    assert row is not None, "one row was asked for"
    may_make, may_change = row
    if not may_make:
        raise TargetFailed(Cause.PRIVILEGE, "the administrator needs CREATEROLE")
    if not may_change:
        raise TargetFailed(
            Cause.PRIVILEGE,
            "the administrator needs the ADMIN OPTION on the accounts (GRANT ... WITH ADMIN OPTION)",
        )


def plan(administrator: Session, original: str) -> list[sql.Composable]:
    """List the statements that make the two accounts equal, but for the password.

    Raises:
        TargetFailed: One of them is an account that is not rotated, or the clone has something of its own.
    """
    connection, clone_name = administrator.connection, original + SUFFIX
    first, second = find_role(connection, original), find_role(connection, clone_name)
    if first is None:
        raise TargetFailed(Cause.CONFIGURATION, "the original account does not exist")
    for name, role in ((original, first), (clone_name, second)):
        is_super = role is not None and role.is_superuser
        if name == administrator.user or name.startswith("pg_") or is_super:
            raise TargetFailed(
                Cause.CONFIGURATION, "superusers, administrators and roles of the system do not alternate"
            )
    check_authority(connection, [name for name, role in ((original, first), (clone_name, second)) if role])
    base, clone = sql.Identifier(original), sql.Identifier(clone_name)
    statements: list[sql.Composable] = []
    if second is None:
        statements.append(sql.SQL("CREATE ROLE {} LOGIN INHERIT").format(clone))
        second = Role(0, False, True, True, Attributes(), [])
    elif not (second.can_log_in and second.inherits):
        statements.append(sql.SQL("ALTER ROLE {} LOGIN INHERIT").format(clone))
    if second.oid and _count(connection, _OWNS, second.oid):
        raise TargetFailed(
            Cause.PRIVILEGE,
            "the clone owns objects or has privileges that the original lacks; REASSIGN OWNED and REVOKE first",
        )
    if not second.oid or not _count(connection, _MEMBER, clone_name, original):
        statements.append(sql.SQL("GRANT {} TO {}").format(base, clone))
    options = first.attributes.change_from(second.attributes)
    if options:
        statements.append(sql.SQL("ALTER ROLE {} {}").format(clone, sql.SQL(" ").join(options)))
    if first.settings != second.settings:
        statements.extend(_copied_settings(connection, clone, first.settings, second.settings))
    statements.append(sql.SQL("ALTER ROLE {} SET role TO {}").format(clone, base))
    return statements


def check_equal(connection: Connection, original: str) -> None:
    """Look, inside the transaction, whether both accounts may do the same.

    Raises:
        TargetFailed: They may not; the transaction is rolled back.
    """
    first, second = find_role(connection, original), find_role(connection, original + SUFFIX)
    is_equal = (
        first is not None
        and second is not None
        and (first.attributes, first.settings) == (second.attributes, second.settings)
        and _count(connection, _MEMBER, original + SUFFIX, original) > 0
    )
    if not is_equal:
        connection.execute("ROLLBACK")
        raise TargetFailed(Cause.PRIVILEGE, "the two accounts cannot be made equal")


def find_role(connection: Connection, name: str) -> Role | None:
    """Read an account, or None."""
    row = connection.execute(_ROLE, (name,)).fetchone()
    if row is None:
        return None
    return Role(row[0], row[1], row[2], row[3], Attributes(*row[4:10]), list(row[10]))


def _copied_settings(
    connection: Connection, clone: sql.Identifier, wanted: list[str], present: list[str]
) -> list[sql.Composable]:
    """List the statements that copy the settings of an account, those of single databases as well."""
    databases = dict(connection.execute("SELECT oid::int8::text, datname FROM pg_database").fetchall())

    def subject(database: str) -> sql.Composable:
        if database == "0":
            return clone
        return sql.SQL("{} IN DATABASE {}").format(clone, sql.Identifier(databases[database]))

    statements: list[sql.Composable] = []
    for entries, is_wanted in ((present, False), (wanted, True)):
        for entry in entries:
            database, _, setting = entry.partition("\x1f")
            name, _, value = setting.partition("=")
            if database != "0" and database not in databases:
                continue
            named = sql.Identifier(*name.split("."))
            if is_wanted:
                command = sql.SQL("ALTER ROLE {} SET {} TO {}").format(
                    subject(database), named, _value(name, value)
                )
            else:
                command = sql.SQL("ALTER ROLE {} RESET {}").format(subject(database), named)
            statements.append(command)
    return statements


def _value(name: str, value: str) -> sql.Composable:
    """Quote the value of a setting; lists of names are kept with quotes of their own."""
    if name not in _LISTS:
        return sql.Literal(value)
    parts = [part.strip() for part in _NAME_IN_LIST.findall(value)]
    return sql.SQL(", ").join(
        sql.Literal(part[1:-1].replace('""', '"') if part.startswith('"') else part) for part in parts
    )


def _count(connection: Connection, question: str, *bindings: Any) -> int:
    row = connection.execute(question, bindings).fetchone()
    assert row is not None, "count(*) is a number"
    return int(row[0])
