"""Console passwords: hashed, compared, and measured against the password policy of the account.

Rules:
 - Argon2id with the parameters that OWASP names as the least (19 MiB, 2 passes, 1 lane); the hash is sealed for
   its user besides, so that nobody guesses on a stolen store (K-02).
 - Hashing takes tens of milliseconds: it never runs on the event loop or the writer (``Operation.prepare``).
 - An absent user takes the same work as a present one (W-03).

Source: RFC 9106; https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from strongroom.clock import Instant
from strongroom.crypto.associated_data import RecordType
from strongroom.crypto.errors import CryptoError
from strongroom.crypto.keyring import Keyring
from strongroom.crypto.material import Plaintext
from strongroom.crypto.record import open_record, seal_record
from strongroom.services.iam.model import Login, PasswordPolicy, User
from strongroom.store.errors import StoreTampered

if TYPE_CHECKING:
    from argon2 import PasswordHasher

_SYMBOLS: Final = frozenset("!@#$%^&*()_+-=[]{}|'")
_CLASSES: Final = (re.compile("[A-Z]"), re.compile("[a-z]"), re.compile("[0-9]"))
_DAY_MS: Final = 86_400_000
_DEFAULT_LEAST: Final = 8
_DEFAULT_CLASSES: Final = 3


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher  # few deployments have passwords; a start does not wait for it

    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@cache
def _hash_of_nobody() -> str:
    return _hasher().hash("nobody has this password")


def seal_password(keyring: Keyring, user: User, password: str) -> bytes:
    """Hash a password and seal the hash for its user; takes tens of milliseconds."""
    encoded = Plaintext(_hasher().hash(password).encode("ascii"))
    return seal_record(keyring, RecordType.CREDENTIAL, encoded, user.account, _credential_id(user))


def is_right_password(keyring: Keyring, user: User | None, password: str) -> bool:
    """Compare a password with the one that a user has; without user or password the work is the same.

    Raises:
        StoreTampered: The sealed hash was not made for this user, or was changed.
    """
    login = None if user is None else user.attributes.login
    if user is None or login is None:
        _matches(_hash_of_nobody(), password)
        return False
    return _matches(_open(keyring, user, login.sealed_hashes[0]), password)


def is_reused(keyring: Keyring, user: User, policy: PasswordPolicy | None, password: str) -> bool:
    """Say whether the policy forbids a password because the user had it not long ago."""
    login = user.attributes.login
    if policy is None or policy.remembered is None or login is None:
        return False
    former = login.sealed_hashes[: policy.remembered]
    return any(_matches(_open(keyring, user, sealed), password) for sealed in former)


def conforms(policy: PasswordPolicy | None, password: str) -> bool:
    """Say whether a password is long and varied enough; None is the policy of an account that set none."""
    classes = [bool(each.search(password)) for each in _CLASSES] + [bool(_SYMBOLS & set(password))]
    if policy is None:
        return len(password) >= _DEFAULT_LEAST and sum(classes) >= _DEFAULT_CLASSES
    wanted = (policy.needs_upper, policy.needs_lower, policy.needs_numbers, policy.needs_symbols)
    return len(password) >= policy.least and all(
        there for there, needed in zip(classes, wanted, strict=True) if needed
    )


def expires_ms(policy: PasswordPolicy | None, login: Login) -> Instant | None:
    """Say when a password has to be replaced; None for never."""
    if policy is None or policy.most_days is None:
        return None
    return login.changed_ms + policy.most_days * _DAY_MS


def changed_login(
    login: Login, sealed: bytes, policy: PasswordPolicy | None, now_ms: Instant, *, must_change: bool
) -> Login:
    """Give a login with a new password; as many former ones are kept as the policy remembers."""
    kept = 0 if policy is None or policy.remembered is None else policy.remembered
    return Login(
        created_ms=login.created_ms,
        changed_ms=now_ms,
        must_change=must_change,
        sealed_hashes=(sealed, *login.sealed_hashes[:kept]),
        used_ms=login.used_ms,
    )


def _credential_id(user: User) -> str:
    return f"{user.unique_id}/login"


def _open(keyring: Keyring, user: User, sealed: bytes) -> str:
    try:
        opened = open_record(keyring, RecordType.CREDENTIAL, sealed, user.account, _credential_id(user))
    except CryptoError as problem:
        raise StoreTampered("the password of a user does not open in its place") from problem
    return opened.reveal().decode("ascii")


def _matches(encoded: str, password: str) -> bool:
    from argon2.exceptions import VerifyMismatchError

    try:
        return _hasher().verify(encoded, password)
    except VerifyMismatchError:
        return False
