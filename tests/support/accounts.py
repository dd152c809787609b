"""An account of a server under test, with the key of its administrator."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Account:
    """Who a test is.

    Attributes:
        account_id: Twelve digits.
        access_key_id: Of the administrator.
        secret_access_key: Of the administrator.
    """

    account_id: str
    access_key_id: str
    secret_access_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Key:
    """Another access key, of a user that a test made, or temporary credentials with their token."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
