"""What every seal does: the protocol, and how a wrong root key is told from the right one."""

from __future__ import annotations

import hmac
from typing import Protocol

from strongroom.crypto.derivation import RootPurpose, derive_root_subkey
from strongroom.crypto.material import RootKey
from strongroom.seal.errors import WrongRootKey
from strongroom.seal.settings import SealSettings


class SealProvider(Protocol):
    """A source of the root key."""

    @property
    def kind(self) -> str:
        """The word before the colon: ``file``, ``passphrase``."""

    @property
    def description(self) -> str:
        """A sentence for humans: where the root key is, without anything secret."""

    def create(self) -> RootKey:
        """Make a new root key and keep it, or what is needed to make it again, durably.

        Raises:
            SealError: With what the operator can do about it.
        """

    def open(self) -> RootKey:
        """Give the root key of an existing deployment.

        Raises:
            WrongRootKey: The source gives another key.
            SealError: The source cannot be read or is not safe.
        """

    def to_settings(self) -> SealSettings:
        """Give the public parameters that ``open`` will need next time.

        Raises:
            SealNotCreated: Before ``create`` or ``open``.
        """


def verification_of(root: RootKey) -> str:
    """Derive what tells the right root key from a wrong one: 64 hexadecimal digits, public.

    It is one more HKDF output: it says nothing about the key or about other subkeys. For a passphrase it lets
    an attacker test guesses, each at the full price of Argon2id; so does the wrapped keyring beside it.
    """
    return derive_root_subkey(root, RootPurpose.VERIFICATION).reveal().hex()


def check_root_key(root: RootKey, verification: str, advice: str) -> None:
    """Refuse a root key that is not the one ``verification`` was derived from, and wipe it.

    Raises:
        WrongRootKey: With ``advice`` for the operator.
    """
    if not hmac.compare_digest(verification_of(root), verification):
        root.wipe()
        raise WrongRootKey(advice)
