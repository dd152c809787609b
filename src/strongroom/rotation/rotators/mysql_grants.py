"""What an account of MySQL or MariaDB may do, read from SHOW GRANTS, and the statements that make two accounts equal.

Rules (rotation reference 6):
 - A row is read whole or not at all: names stand in backticks, so that a database that is called ``a TO b`` deceives
   nobody. What cannot be read stops the rotation.
 - Each privilege on each object is one ``Grant``; the sets of two accounts are compared, what is missing is granted
   and what is too much is revoked. Roles, the right to pass on (WITH GRANT OPTION, WITH ADMIN OPTION), proxies and
   MySQL's partial revokes are grants too.
 - MySQL and MariaDB have no single statement that copies an account: what is sent is convergent, and compared again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

_NAME: Final = r"`(?:[^`]|``)*`"
_ACCOUNT: Final = rf"(?:{_NAME}@{_NAME}|'[^']*'@'[^']*')"
_PRIVILEGE: Final = rf"[A-Z][A-Z_ ]*?(?: \({_NAME}(?:, ?{_NAME})*\))?"
_OBJECT: Final = rf"(?:\*\.\*|(?:[A-Z ]+ )?{_NAME}\.(?:\*|{_NAME})|{_ACCOUNT})"
_ROLE: Final = rf"{_NAME}(?:@{_NAME})?"

_GRANT_ROW: Final = re.compile(
    rf"GRANT (?P<what>{_PRIVILEGE}(?:, ?{_PRIVILEGE})*) ON (?P<on>{_OBJECT}) TO (?P<tail>.*)", re.DOTALL
)
_ROLE_ROW: Final = re.compile(rf"GRANT (?P<what>{_ROLE}(?:, ?{_ROLE})*) TO (?P<tail>.*)", re.DOTALL)
_REVOKE_ROW: Final = re.compile(
    rf"REVOKE (?P<what>{_PRIVILEGE}(?:, ?{_PRIVILEGE})*) ON (?P<on>{_OBJECT}) FROM .*", re.DOTALL
)
_DEFAULT_ROLE_ROW: Final = re.compile(rf"SET DEFAULT ROLE {_ROLE} FOR .*", re.DOTALL)
_ONE_PRIVILEGE: Final = re.compile(
    rf"(?P<name>[A-Z][A-Z_ ]*[A-Z])(?: \((?P<columns>{_NAME}(?:, ?{_NAME})*)\))?"
)
_ONE_ROLE: Final = re.compile(_ROLE)
_ONE_NAME: Final = re.compile(_NAME)
_GLOBAL_OPTION: Final = re.compile(r" WITH (?:.* )?GRANT OPTION(?: .*)?", re.DOTALL)

EVERYTHING: Final = "*.*"
ALL: Final = "ALL PRIVILEGES"
_TOO_POWERFUL: Final = frozenset({ALL, "SUPER", "SYSTEM_USER", "CREATE USER"})


class GrantsUnreadable(Exception):
    """A row of SHOW GRANTS has a form that is not known."""


class Kind(StrEnum):
    """What a grant is."""

    PRIVILEGE = "privilege"
    ROLE = "role"
    REVOKED = "revoked"
    """A privilege on everything that does not hold for one database (MySQL's partial revokes)."""


class Grant(NamedTuple):
    """One thing that an account may do.

    Attributes:
        kind: What it is.
        what: A privilege, for a column with the column; or a role. As it is written in statements.
        on: The object, as it is written; empty for roles.
        may_pass_on: WITH GRANT OPTION, or WITH ADMIN OPTION.
    """

    kind: Kind
    what: str
    on: str
    may_pass_on: bool


def read_grants(rows: Iterable[str]) -> frozenset[Grant]:
    """Read the rows of SHOW GRANTS.

    Raises:
        GrantsUnreadable: One has a form that is not known.
    """
    found: set[Grant] = set()
    for row in rows:
        if grant := _GRANT_ROW.fullmatch(row):
            on, tail = grant["on"], grant["tail"]
            # MariaDB writes the options of an account behind its global privileges.
            has_option = bool(_GLOBAL_OPTION.search(tail)) if on == EVERYTHING else _ends(tail, "GRANT")
            for what in _privileges(grant["what"]):
                if what != "USAGE" or has_option:
                    found.add(Grant(Kind.PRIVILEGE, what, on, has_option))
        elif role := _ROLE_ROW.fullmatch(row):
            has_option = _ends(role["tail"], "ADMIN")
            found.update(Grant(Kind.ROLE, what, "", has_option) for what in _ONE_ROLE.findall(role["what"]))
        elif revoke := _REVOKE_ROW.fullmatch(row):
            found.update(
                Grant(Kind.REVOKED, what, revoke["on"], False) for what in _privileges(revoke["what"])
            )
        elif not _DEFAULT_ROLE_ROW.fullmatch(row):  # which role is the default one is read elsewhere
            raise GrantsUnreadable
    return frozenset(found)


def _ends(tail: str, what: str) -> bool:
    return tail.endswith(f" WITH {what} OPTION")


def _privileges(text: str) -> list[str]:
    """Take a list of privileges apart; a privilege on two columns is two."""
    found: list[str] = []
    for one in _ONE_PRIVILEGE.finditer(text):
        if one["columns"] is None:
            found.append(one["name"])
        else:
            found.extend(f"{one['name']} ({column})" for column in _ONE_NAME.findall(one["columns"]))
    return found


def is_too_powerful(grants: Iterable[Grant]) -> bool:
    """Whether an account is one of those that rule over accounts; they do not alternate."""
    return any(
        grant.kind is Kind.PRIVILEGE
        and grant.on == EVERYTHING
        and (grant.may_pass_on or grant.what in _TOO_POWERFUL)
        for grant in grants
    )


def equalise(wanted: frozenset[Grant], present: frozenset[Grant], account: str) -> list[str]:
    """List the statements that give an account what is wanted and take what is too much.

    Args:
        wanted: What it shall be able to do.
        present: What it can do now.
        account: As it is written in statements.
    """
    missing, extra = wanted - present, present - wanted
    covered = {grant.on for grant in wanted if grant.what == ALL}
    # What stands for everything goes first: it would take what is granted after it.
    early = [grant for grant in extra if grant.what == ALL]
    late = [grant for grant in extra if grant.what != ALL and grant.on not in covered]
    return [
        *_revocations(early, wanted, account),
        *_grants(missing, account),
        *_revocations(late, wanted, account),
        *_restrictions(missing, extra, account),
    ]


def _grants(missing: Iterable[Grant], account: str) -> list[str]:
    statements: list[str] = []
    for (kind, on, may_pass_on), grants in _grouped(missing).items():
        if kind is Kind.REVOKED:
            continue
        what = ", ".join(grants)
        place = f" ON {on}" if on else ""
        option = " WITH ADMIN OPTION" if kind is Kind.ROLE else " WITH GRANT OPTION"
        statements.append(f"GRANT {what}{place} TO {account}{option if may_pass_on else ''}")
    return statements


def _revocations(extra: Iterable[Grant], wanted: frozenset[Grant], account: str) -> list[str]:
    statements: list[str] = []
    for (kind, on, may_pass_on), grants in _grouped(extra).items():
        if kind is Kind.REVOKED:
            continue
        if kind is Kind.ROLE:
            # Only taking a role away takes the right to pass it on, in both servers; then it is granted again.
            statements += [f"REVOKE {role} FROM {account}" for role in grants if _is_gone(role, "", wanted)]
            again = [role for role in grants if may_pass_on and not _is_gone(role, "", wanted)]
            for role in again:
                statements += [f"REVOKE {role} FROM {account}", f"GRANT {role} TO {account}"]
            continue
        gone = [what for what in grants if what != "USAGE" and _is_gone(what, on, wanted)]
        if gone:
            statements.append(f"REVOKE {', '.join(gone)} ON {on} FROM {account}")
        if may_pass_on and not any(grant.on == on and grant.may_pass_on for grant in wanted):
            statements.append(f"REVOKE GRANT OPTION ON {on} FROM {account}")
    return statements


def _is_gone(what: str, on: str, wanted: frozenset[Grant]) -> bool:
    return not any(
        (grant.what, grant.on) == (what, on) and grant.kind is not Kind.REVOKED for grant in wanted
    )


def _restrictions(missing: Iterable[Grant], extra: Iterable[Grant], account: str) -> list[str]:
    """Partial revokes: taking one away is granting the privilege on the database."""
    lifted = [
        f"GRANT {one.what} ON {one.on} TO {account}" for one in sorted(extra) if one.kind is Kind.REVOKED
    ]
    set_ = [
        f"REVOKE {one.what} ON {one.on} FROM {account}" for one in sorted(missing) if one.kind is Kind.REVOKED
    ]
    return [*lifted, *set_]


def _grouped(grants: Iterable[Grant]) -> dict[tuple[Kind, str, bool], Sequence[str]]:
    groups: dict[tuple[Kind, str, bool], list[str]] = {}
    for grant in sorted(grants):
        groups.setdefault((grant.kind, grant.on, grant.may_pass_on), []).append(grant.what)
    return {key: tuple(found) for key, found in groups.items()}
