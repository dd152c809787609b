"""Accounts of MySQL and MariaDB as their catalogues show them: one row for each host, its options and its grants.

Rules (rotation reference 6):
 - An account is a user and a host; the rows of one user are looked at together.
 - Options are read from the columns of the catalogue, not from SHOW CREATE USER, whose texts MySQL does not escape.
   Only the parts that are set are written: of REQUIRE only those of CIPHER, ISSUER and SUBJECT that are there.
 - What an option is when it is not set is written down as well, so that it can be taken from the other account.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from strongroom.rotation.rotator import Cause, TargetFailed
from strongroom.rotation.rotators.mysql_failures import StatementFailed, plugin_refused
from strongroom.rotation.rotators.mysql_grants import Grant, GrantsUnreadable, equalise, read_grants
from strongroom.rotation.rotators.mysql_names import quote_account, quote_name, quote_text
from strongroom.rotation.rotators.mysql_target import Session
from strongroom.rotation.rotators.mysql_verifiers import PLUGINS

_NO_SUCH_TABLE: Final = 1146
_LIMITS: Final = (
    ("max_questions", "MAX_QUERIES_PER_HOUR"),
    ("max_updates", "MAX_UPDATES_PER_HOUR"),
    ("max_connections", "MAX_CONNECTIONS_PER_HOUR"),
    ("max_user_connections", "MAX_USER_CONNECTIONS"),
    ("max_statement_time", "MAX_STATEMENT_TIME"),
)


class Row(NamedTuple):
    """An account of one host.

    Attributes:
        host: May be a pattern.
        plugin: How it checks passwords.
        stored: The verifier; the bytes of a salt are characters of Latin-1.
        is_locked: Whether nobody logs in.
        has_second_password: Whether MySQL keeps a password before it as well.
        options: The parts of ALTER USER that make another account like it.
        default_roles: As they are written.
        grants: What it may do.
    """

    host: str
    plugin: str
    stored: str
    is_locked: bool
    has_second_password: bool
    options: tuple[str, ...]
    default_roles: tuple[str, ...]
    grants: frozenset[Grant]

    def may_as(self, other: Row) -> bool:
        """Whether both may do the same."""
        return (self.options, self.default_roles, self.grants) == (
            other.options,
            other.default_roles,
            other.grants,
        )


def read_account(session: Session, user: str) -> dict[str, Row]:
    """Read the rows of a user, by their hosts.

    Raises:
        TargetFailed: They cannot be read, or are of a kind that is not rotated.
    """
    records = session.records(f"SELECT * FROM mysql.user WHERE User = {quote_text(user)}")  # noqa: S608 - quoted
    privileges: dict[str, Mapping[str, Any]] = {}
    if session.is_mariadb:
        records = [record for record in records if record.get("is_role") != "Y"]
        found = session.rows(f"SELECT Host, Priv FROM mysql.global_priv WHERE User = {quote_text(user)}")  # noqa: S608
        privileges = {str(host): json.loads(text) for host, text in found}
    rows = [_read_row(session, user, record, privileges.get(str(record["host"]), {})) for record in records]
    return {row.host: row for row in rows}


def _read_row(session: Session, user: str, record: Mapping[str, Any], privilege: Mapping[str, Any]) -> Row:
    host = str(record["host"])
    account = quote_account(user, host)
    plugin = _text(record.get("plugin")) or "mysql_native_password"
    if plugin not in PLUGINS:
        raise TargetFailed(Cause.CONFIGURATION, plugin_refused(plugin))
    if "auth_or" in privilege:
        raise TargetFailed(Cause.CONFIGURATION, "the account has several ways to log in")
    attributes = json.loads(_text(record.get("user_attributes")) or "{}")
    if "multi_factor_authentication" in attributes:
        raise TargetFailed(Cause.CONFIGURATION, "the account has several factors")
    try:
        grants = read_grants(str(row[0]) for row in session.rows(f"SHOW GRANTS FOR {account}"))
    except GrantsUnreadable:
        raise TargetFailed(
            Cause.CONFIGURATION, "the account has grants of a form that is not known"
        ) from None
    is_locked = privilege.get("account_locked") is True or record.get("account_locked") == "Y"
    return Row(
        host=host,
        plugin=plugin,
        stored=_text(record.get("authentication_string") or privilege.get("authentication_string")),
        is_locked=is_locked,
        has_second_password="additional_password" in attributes,
        options=_options(session, record, privilege, attributes),
        default_roles=_default_roles(session, user, record),
        grants=grants,
    )


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _options(
    session: Session, record: Mapping[str, Any], privilege: Mapping[str, Any], attributes: Mapping[str, Any]
) -> tuple[str, ...]:
    options = [f"REQUIRE {_required(record)}"]
    limits = [f"{words} {_number(record[name])}" for name, words in _LIMITS if name in record]
    options.append(f"WITH {' '.join(limits)}")
    lifetime = (
        privilege.get("password_lifetime", -1) if session.is_mariadb else record.get("password_lifetime")
    )
    if lifetime is None or lifetime == -1:
        options.append("PASSWORD EXPIRE DEFAULT")
    else:
        options.append(
            f"PASSWORD EXPIRE INTERVAL {int(lifetime)} DAY" if lifetime else "PASSWORD EXPIRE NEVER"
        )
    if "password_reuse_history" in record:
        history, days = record["password_reuse_history"], record["password_reuse_time"]
        options.append(f"PASSWORD HISTORY {'DEFAULT' if history is None else int(history)}")
        options.append(f"PASSWORD REUSE INTERVAL {'DEFAULT' if days is None else f'{int(days)} DAY'}")
    if "password_require_current" in record:
        needs = {"Y": "", "N": " OPTIONAL"}.get(_text(record["password_require_current"]), " DEFAULT")
        options.append(f"PASSWORD REQUIRE CURRENT{needs}")
    if "user_attributes" in record:
        locking = attributes.get("Password_locking", {})
        days = int(locking.get("password_lock_time_days", 0))
        options.append(f"FAILED_LOGIN_ATTEMPTS {int(locking.get('failed_login_attempts', 0))}")
        options.append(f"PASSWORD_LOCK_TIME {'UNBOUNDED' if days == -1 else days}")
    return tuple(options)


def _required(record: Mapping[str, Any]) -> str:
    kind = _text(record.get("ssl_type"))
    if kind != "SPECIFIED":
        return {"ANY": "SSL", "X509": "X509"}.get(kind, "NONE")
    parts = (("SUBJECT", "x509_subject"), ("ISSUER", "x509_issuer"), ("CIPHER", "ssl_cipher"))
    texts = [(words, _certificate_text(record.get(name))) for words, name in parts]
    return " AND ".join(f"{words} {quote_text(text)}" for words, text in texts if text)


def _certificate_text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else _text(value)


def _number(value: Any) -> str:
    number = float(value or 0)
    return str(int(number)) if number.is_integer() else f"{number:.6f}"


def _default_roles(session: Session, user: str, record: Mapping[str, Any]) -> tuple[str, ...]:
    if session.is_mariadb:
        role = _text(record.get("default_role"))
        return (quote_name(role),) if role else ()
    question = (
        "SELECT DEFAULT_ROLE_USER, DEFAULT_ROLE_HOST FROM mysql.default_roles"  # noqa: S608 - quoted
        f" WHERE USER = {quote_text(user)} AND HOST = {quote_text(str(record['host']))} ORDER BY 1, 2"
    )
    try:
        return tuple(quote_account(str(role), str(host)) for role, host in session.rows(question))
    except StatementFailed as problem:
        if problem.number == _NO_SUCH_TABLE:  # MySQL 5.7 has no roles
            return ()
        raise


def plan_equal(
    session: Session,
    clone: str,
    wanted: Mapping[str, Row],
    present: Mapping[str, Row],
    stored: Mapping[str, str],
) -> list[str]:
    """List the statements that make the clone like the original, but for the password.

    Args:
        session: Of the administrator.
        clone: The name of the clone.
        wanted: The rows of the original.
        present: The rows of the clone.
        stored: A verifier for each host, for rows that are made: locked, until all is done.
    """
    statements: list[str] = []
    for host, row in wanted.items():
        account, other = quote_account(clone, host), present.get(host)
        if other is None:
            how = f"IDENTIFIED WITH {row.plugin} AS {quote_text(stored[host])}"
            statements.append(f"CREATE USER {account} {how} ACCOUNT LOCK")
        statements += equalise(row.grants, other.grants if other is not None else frozenset(), account)
        if row.default_roles != (other.default_roles if other is not None else ()):
            roles = ", ".join(row.default_roles) or "NONE"
            if session.is_mariadb:
                statements.append(f"SET DEFAULT ROLE {roles} FOR {account}")
            else:
                statements.append(f"ALTER USER {account} DEFAULT ROLE {roles}")
        if other is None or row.options != other.options:
            statements.append(f"ALTER USER {account} {' '.join(row.options)}")
    return statements


def set_passwords(
    user: str, plugins: Mapping[str, str], stored: Mapping[str, str], hosts: Sequence[str]
) -> str:
    """Write the statement that sets the password of all rows of a user, and lets them log in."""
    each = (
        f"{quote_account(user, host)} IDENTIFIED WITH {plugins[host]} AS {quote_text(stored[host])}"
        for host in hosts
    )
    return f"ALTER USER {', '.join(each)} ACCOUNT UNLOCK"
