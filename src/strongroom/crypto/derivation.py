"""Subkeys: one for each purpose, by HKDF, from labels of one table.

Rules:

1. A key is used for one purpose. Two purposes never share a label, and a root key's labels and a term's
   labels have different prefixes, so that no derived key has two meanings.
2. Labels are permanent: a changed label is another key, and what was sealed under it is lost. ``unique``
   refuses the same label twice when the module loads.

Source: RFC 5869; ``info`` separates the purposes (section 3.2). The input is uniformly random, so no salt.
"""

from __future__ import annotations

from enum import StrEnum, unique
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from strongroom.crypto.material import KEY_BYTES, RootKey, SymmetricKey


@unique
class Purpose(StrEnum):
    """What a subkey of a keyring term is for."""

    METADATA = "metadata"
    CREDENTIAL = "credential"
    KMS_MATERIAL = "kms-material"
    PAGING = "paging"
    AUDIT_SIGNING = "audit-signing"
    AUDIT_SEED = "audit-seed"
    AUDIT_ANCHOR = "audit-anchor"
    SESSION = "session"
    LOGS = "logs"
    FUNCTION = "function"


@unique
class RootPurpose(StrEnum):
    """What a subkey of the root key is for."""

    KEYRING = "keyring"
    VERIFICATION = "verification"


_TERM_PREFIX: Final = b"strongroom/v1/term/"
_ROOT_PREFIX: Final = b"strongroom/v1/root/"


def hkdf(key: bytes | bytearray, info: bytes, *, salt: bytes | None = None, length: int = KEY_BYTES) -> bytes:
    """Derive ``length`` bytes by HKDF-SHA256 (RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(key)


def derive_subkey(term_key: SymmetricKey, purpose: Purpose) -> SymmetricKey:
    """Derive the subkey of a keyring term for one purpose."""
    return SymmetricKey(hkdf(term_key.reveal(), _TERM_PREFIX + purpose.value.encode()))


def derive_root_subkey(root: RootKey, purpose: RootPurpose) -> SymmetricKey:
    """Derive the subkey of the root key for one purpose.

    Raises:
        KeyWiped: The root key was wiped.
    """
    return SymmetricKey(hkdf(root.reveal(), _ROOT_PREFIX + purpose.value.encode()))
