"""How names and texts are written into statements of MySQL and MariaDB, and which names accounts may have.

Rules (threat model R-01):
 - Names of accounts are printable ASCII. They stand in backticks, where only the backtick itself is special.
 - Texts stand in single quotes, with quotes and backslashes doubled; sessions run without ANSI_QUOTES and
   NO_BACKSLASH_ESCAPES, so that this is enough. No text has a NUL.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from strongroom.rotation.rotator import Document, DocumentRefused
from strongroom.rotation.rotators.credentials import check_texts
from strongroom.rotation.rotators.places import port_of

DEFAULT_PORT: Final = 3306
NAME_MOST: Final[Mapping[str, int]] = {"mysql": 32, "aurora-mysql": 32, "mariadb": 80}
"""The engines of a secret's JSON, and how many characters the name of an account has there at most."""


def check_members(document: Document) -> None:
    """Check the members that a log-in needs.

    Raises:
        DocumentRefused: One is missing or of the wrong kind.
    """
    check_texts(document, frozenset(NAME_MOST), "MySQL or MariaDB")
    port_of(document, DEFAULT_PORT)
    user, most = document.text("username"), NAME_MOST[document.text("engine")]
    if len(user) > most:
        raise DocumentRefused(f"the name of an account has more than {most} characters")
    if not (user.isascii() and user.isprintable()):
        raise DocumentRefused("the name of an account has other characters than printable ASCII")
    if "\0" in document.text("password") or "\0" in document.text("dbname"):
        raise DocumentRefused("the password or the database has a NUL")


def quote_name(name: str) -> str:
    """Write an identifier."""
    return "`" + name.replace("`", "``") + "`"


def quote_text(text: str) -> str:
    """Write a text.

    Raises:
        DocumentRefused: It has a NUL.
    """
    if "\0" in text:
        raise DocumentRefused("a text has a NUL")
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def quote_account(user: str, host: str) -> str:
    """Write the name of an account."""
    return f"{quote_name(user)}@{quote_name(host)}"
