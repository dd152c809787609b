"""A root key derived from a passphrase by Argon2id.

::

    root key = Argon2id(passphrase, salt (16), memory, passes, lanes) -> 32 bytes

Rules:

1. Salt and cost are drawn and fixed by ``create`` and kept in ``seal.json``; ``settings.py`` bounds them.
2. A wrong passphrase is told by the verification value, and ends in ``WrongRootKey``.
3. The passphrase comes from a ``PassphraseSource``, never from an argument or an environment variable (K-06).

Source: RFC 9106. A new passphrase is a new root key: the keyring is wrapped again, nothing else changes.
"""

from __future__ import annotations

from typing import Final

from argon2.low_level import Type, hash_secret_raw

from strongroom.crypto.material import KEY_BYTES, Plaintext, RootKey
from strongroom.crypto.randomness import random_bytes
from strongroom.seal.errors import SealNotCreated
from strongroom.seal.passphrase_source import PassphraseSource
from strongroom.seal.provider import check_root_key, verification_of
from strongroom.seal.settings import Argon2Cost, PassphraseSettings

_SALT_BYTES: Final = 16


class PassphraseSeal:
    """The root key is derived from what the operator knows.

    Args:
        source: Where the passphrase is read from.
        cost: Of one derivation, for ``create``.
    """

    kind: Final = "passphrase"
    description: Final = "root key derived from a passphrase (Argon2id)"

    def __init__(self, source: PassphraseSource, cost: Argon2Cost | None = None) -> None:
        self._source = source
        self._cost = cost or Argon2Cost()
        self._settings: PassphraseSettings | None = None

    @classmethod
    def of(cls, settings: PassphraseSettings, source: PassphraseSource) -> PassphraseSeal:
        """Make the seal that ``settings`` describe."""
        seal = cls(source, settings.cost)
        seal._settings = settings
        return seal

    def create(self) -> RootKey:
        """Read a new passphrase (twice, at a prompt) and derive the root key with a fresh salt.

        Raises:
            PassphraseMissing: There is none to read.
            PassphraseUnsafe: Too short, too long, or typed differently the second time.
        """
        passphrase = self._source.read_new()
        salt = random_bytes(_SALT_BYTES)
        root = _derive(passphrase, salt, self._cost)
        self._settings = PassphraseSettings(salt.hex(), self._cost, verification_of(root))
        return root

    def open(self) -> RootKey:
        """Read the passphrase and derive the root key.

        Raises:
            SealNotCreated: There are no parameters to derive with.
            PassphraseMissing: There is no passphrase to read.
            PassphraseUnsafe: It is longer than any passphrase can be.
            WrongRootKey: It is not the passphrase of this deployment.
        """
        settings = self.to_settings()
        root = _derive(self._source.read(), bytes.fromhex(settings.salt), settings.cost)
        check_root_key(root, settings.verification, "this is not the passphrase of this deployment")
        return root

    def to_settings(self) -> PassphraseSettings:
        """Give salt, cost and verification value.

        Raises:
            SealNotCreated: Before ``create``, and not made from settings.
        """
        if self._settings is None:
            raise SealNotCreated("no passphrase was set for this deployment yet")
        return self._settings


def _derive(passphrase: Plaintext, salt: bytes, cost: Argon2Cost) -> RootKey:
    derived = hash_secret_raw(
        secret=passphrase.reveal(),
        salt=salt,
        time_cost=cost.passes,
        memory_cost=cost.memory_kib,
        parallelism=cost.lanes,
        hash_len=KEY_BYTES,
        type=Type.ID,
    )
    return RootKey(bytearray(derived))
