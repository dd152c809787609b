"""What failures of MySQL and MariaDB mean: for the credentials, and for the rotation.

Rules (rotation reference 2, 6, 9; threat model R-01):
 - Only a refusal of the credentials themselves says something about them. That an account is locked, or its password
   expired, counts as a refusal: an application cannot log in with it either.
 - Of an error only its number is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pymysql

from strongroom.rotation.rotator import Cause, TargetFailed
from strongroom.rotation.rotators.credentials import LogInFailed

_OTHER_PLUGINS: Final = frozenset(
    {
        *("auth_socket", "unix_socket", "pam", "auth_pam", "auth_pam_compat", "authentication_pam"),
        *("authentication_ldap_simple", "authentication_ldap_sasl", "authentication_kerberos", "gssapi"),
        *("AWSAuthenticationPlugin", "mysql_no_login", "mysql_old_password", "named_pipe", "parsec"),
        *("authentication_webauthn", "authentication_fido", "authentication_windows"),
    }
)
"""Plugins that are told by their names; of others it is said that they are not known."""

_REFUSED: Final[Mapping[int, str]] = {
    1045: "",
    1698: "",
    3118: "the account is locked",
    4151: "the account is locked",
    1820: "the password has expired",
    1862: "the password has expired",
}
"""Errors of a log-in that say something about the credentials."""
_LOG_IN: Final[Mapping[int, tuple[Cause, str]]] = {
    1044: (Cause.CONFIGURATION, "the account may not use the database of the secret"),
    1049: (Cause.CONFIGURATION, "the database of the secret does not exist"),
    1129: (Cause.CONFIGURATION, "the server blocks this host after failed connections; FLUSH HOSTS there"),
    1130: (Cause.CONFIGURATION, "the server takes no connections from this host"),
    1251: (Cause.CONFIGURATION, "the account logs in by a plugin that is not supported"),
    2059: (Cause.CONFIGURATION, "the account logs in by a plugin that is not supported"),
    2026: (Cause.TLS, ""),
    3032: (Cause.UNREACHABLE, "it is in offline mode"),
    3159: (Cause.TLS, "the server takes encrypted connections only"),
    3955: (Cause.CONFIGURATION, "the account is locked for a while after failed log-ins"),
    4150: (
        Cause.CONFIGURATION,
        "the account is locked after failed log-ins; ALTER USER or FLUSH PRIVILEGES there",
    ),
}
_OVERLOADED: Final = frozenset({1040, 1041, 1135, 1203, 1205, 1213, 1226, 3572})
_LOST: Final = frozenset(
    {
        0,
        1053,
        1079,
        1080,
        1152,
        1158,
        1159,
        1160,
        1161,
        1184,
        1317,
        1927,
        1969,
        2002,
        2003,
        2006,
        2013,
        2055,
        4031,
    }
)
_READ_ONLY: Final = frozenset({1290, 1792, 1836, 1874})
_PRIVILEGE: Final = frozenset({1044, 1045, 1142, 1143, 1227, 1370, 1410, 1698, 1873, 3879, 4233})
_POLICY: Final = frozenset({1819, 3638, 3891, 3892, 4175})
PASSWORD_CHECKED: Final = (
    "the server checks passwords (strict_password_validation), so that it takes no verifier"
)


class StatementFailed(TargetFailed):
    """A statement failed.

    Attributes:
        number: Of the error.
    """

    def __init__(self, cause: Cause, detail: str, number: int) -> None:
        super().__init__(cause, detail)
        self.number = number


def plugin_refused(plugin: str) -> str:
    """Say that accounts of a plugin are not rotated."""
    name = plugin if plugin in _OTHER_PLUGINS else "a plugin that is not known"
    return f"the account logs in by {name}, not by a password that can be changed from here"


def log_in_failure_of(number: int, cause: Cause, detail: str) -> LogInFailed:
    """Say what a log-in that failed with this error means.

    Args:
        number: Of the error.
        cause: What it would mean of a statement.
        detail: As ``cause``.
    """
    if number in _REFUSED:
        return LogInFailed(Cause.AUTHENTICATION, _REFUSED[number])
    if number in _LOG_IN:
        return LogInFailed(*_LOG_IN[number])
    return LogInFailed(Cause.UNREACHABLE if cause is Cause.UNCERTAIN else cause, detail)


def classify(problem: Exception, when_lost: Cause) -> StatementFailed:
    """Say what an error of a statement means; only its number is shown.

    Args:
        problem: What the driver raised.
        when_lost: What a lost connection means: of a question nothing is uncertain.
    """
    arguments = problem.args
    number = arguments[0] if arguments and isinstance(arguments[0], int) else 0
    shown = f"error {number}"
    if not isinstance(problem, pymysql.Error) or number in _LOST:
        return StatementFailed(when_lost, "the connection was lost", number)
    if number == 1290 and "strict" in str(arguments[1:]):
        return StatementFailed(Cause.CONFIGURATION, PASSWORD_CHECKED, number)
    if number in _READ_ONLY:
        return StatementFailed(
            Cause.READ_ONLY, "it takes no changes: a replica, or a fail-over is under way", number
        )
    if number in _OVERLOADED:
        return StatementFailed(Cause.OVERLOADED, shown, number)
    if number in _PRIVILEGE:
        return StatementFailed(Cause.PRIVILEGE, shown, number)
    if number in _POLICY:
        return StatementFailed(Cause.PASSWORD_POLICY, shown, number)
    return StatementFailed(Cause.SERVER, shown, number)
