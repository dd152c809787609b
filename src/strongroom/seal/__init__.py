"""Seals: where the root key comes from, and what is done to the process before it arrives.

Rules:

1. A root key comes from a file, a passphrase, or later a device; never from an argument, an environment
   variable, the settings or the store (K-06).
2. A seal refuses with a ``SealError`` that tells the operator what to do. No message holds key bytes.
3. What a seal must remember (``seal.json``) is public, and checked before it is believed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from strongroom.seal.errors import SealNotServed, UnknownSeal
from strongroom.seal.file import FileSeal
from strongroom.seal.passphrase_source import PassphraseSource
from strongroom.seal.provider import SealProvider
from strongroom.seal.settings import FileSettings, SealSettings


def _file(parameter: str, _source: PassphraseSource) -> SealProvider:
    if not parameter:
        raise UnknownSeal("a file seal names its key file: file:PATH")
    return FileSeal(Path(parameter))


def _passphrase(parameter: str, source: PassphraseSource) -> SealProvider:
    if parameter:
        # Whoever writes passphrase:SOMETHING has just put the passphrase into the process list.
        raise UnknownSeal("a passphrase is never given as an argument; write passphrase, and it is asked for")
    from strongroom.seal.passphrase import PassphraseSeal  # other deployments do not wait for it

    return PassphraseSeal(source)


PROVIDERS: Final[dict[str, Callable[[str, PassphraseSource], SealProvider]]] = {
    "file": _file,
    "passphrase": _passphrase,
}
"""The kinds of seal that are served, and how each reads what follows the colon."""

NOT_SERVED: Final = {
    "pkcs11": "a root key in a hardware security module is not served yet",
    "aws-kms": "a root key wrapped by AWS KMS is not served yet",
    "shamir": "a root key in shares is not served yet",
}
"""Kinds of seal that one may expect, with the reason why they are refused."""


def parse_seal(text: str, source: PassphraseSource) -> SealProvider:
    """Read a seal as the operator writes it: ``file:PATH`` or ``passphrase``.

    Args:
        text: The value of ``--seal``.
        source: Where a passphrase is read from.

    Raises:
        SealNotServed: A kind that is known and not served yet.
        UnknownSeal: Another kind, or a parameter that the kind does not take.
    """
    kind, _, parameter = text.partition(":")
    if kind in NOT_SERVED:
        raise SealNotServed(f"{NOT_SERVED[kind]}; use file:PATH or passphrase")
    make = PROVIDERS.get(kind)
    if make is None:
        # The text is not repeated: it may be a passphrase that was typed into the wrong place.
        raise UnknownSeal(f"unknown kind of seal; known are {', '.join(sorted(PROVIDERS))}")
    return make(parameter, source)


def provider_of(settings: SealSettings, source: PassphraseSource) -> SealProvider:
    """Make the provider that ``settings`` describe, to open an existing deployment."""
    if isinstance(settings, FileSettings):
        return FileSeal.of(settings)
    from strongroom.seal.passphrase import PassphraseSeal

    return PassphraseSeal.of(settings, source)
