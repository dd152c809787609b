"""Types of secret and sealed bytes.

Rules:

1. Different bytes have different types: a plaintext is not a data key, a sealed value is not a wrapped key.
2. A type that holds secret bytes shows none of them: not by ``repr``, ``str``, ``format``, not by pickling,
   copying or ``__getstate__`` (X-01). ``reveal()`` is the one way in, and easy to search for.
3. Comparison of secret bytes takes the same time wherever they differ.

Not done: wiping. Python copies ``bytes`` and ``str`` freely and cannot overwrite them. Only the root key
lives in a ``bytearray`` and can be overwritten; that shortens its life, it does not promise that no copy is
left.
"""

from __future__ import annotations

import hmac
from typing import Final, Never, NewType

from strongroom.crypto.errors import InvalidKeySize, KeyWiped

Sealed = NewType("Sealed", bytes)
"""An encrypted and authenticated record that the store may see."""

Wrapped = NewType("Wrapped", bytes)
"""An encrypted and authenticated key: a KMS ciphertext blob, or a keyring under the root key."""

KEY_BYTES: Final = 32
"""Length of every symmetric key of our own: AES-256 and HMAC-SHA256."""

MAX_DATA_KEY_BYTES: Final = 1024
"""Longest data key that ``GenerateDataKey`` gives (KMS API reference, ``NumberOfBytes``)."""


class Hidden:
    """Base of what must not be shown, formatted, pickled or copied."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: hidden>"

    def __str__(self) -> str:
        return repr(self)

    def __format__(self, format_spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> Never:
        raise TypeError(f"{type(self).__name__} holds secret bytes and is not serialised")

    def __getstate__(self) -> Never:
        # Python 3.11's default hands out the slots, and with them the bytes.
        raise TypeError(f"{type(self).__name__} holds secret bytes and is not serialised")


class HiddenBytes(Hidden):
    """Secret bytes that only ``reveal()`` gives."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def reveal(self) -> bytes:
        """Give the secret bytes themselves."""
        return self._secret

    def __len__(self) -> int:
        return len(self._secret)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        assert isinstance(other, HiddenBytes)
        return hmac.compare_digest(self._secret, other._secret)

    __hash__ = None  # type: ignore[assignment]  # a hash of secret bytes in a dict is a comparison in variable time


class Plaintext(HiddenBytes):
    """A secret value, credential or other content in the clear; any length, also empty."""

    __slots__ = ()


class DataKey(HiddenBytes):
    """A data key in the clear: 1 to 1024 bytes; exactly 32 where it seals a value.

    Raises:
        InvalidKeySize: Another length.
    """

    __slots__ = ()

    def __init__(self, secret: bytes) -> None:
        if not 1 <= len(secret) <= MAX_DATA_KEY_BYTES:
            raise InvalidKeySize("a data key has 1 to 1024 bytes")
        self._secret = secret


class SymmetricKey(HiddenBytes):
    """A key of exactly 32 bytes: a keyring term, or a subkey derived from one.

    Raises:
        InvalidKeySize: Another length.
    """

    __slots__ = ()

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise InvalidKeySize("this key has exactly 32 bytes")
        self._secret = secret


class RootKey(Hidden):
    """The root key: 32 bytes in one ``bytearray`` that ``wipe`` overwrites.

    Args:
        buffer: The key. The object takes it over: do not keep another reference.

    Raises:
        InvalidKeySize: ``buffer`` does not have 32 bytes.
    """

    __slots__ = ("_buffer",)

    def __init__(self, buffer: bytearray) -> None:
        if len(buffer) != KEY_BYTES:
            raise InvalidKeySize("a root key has exactly 32 bytes")
        self._buffer: bytearray | None = buffer

    def reveal(self) -> bytearray:
        """Give the buffer itself, not a copy.

        Raises:
            KeyWiped: ``wipe`` was called. (Zeros in place of the key would seal under a key that all know.)
        """
        if self._buffer is None:
            raise KeyWiped("the root key was wiped")
        return self._buffer

    def wipe(self) -> None:
        """Overwrite the buffer with zeros and refuse any further use. May be called twice."""
        if self._buffer is not None:
            self._buffer[:] = bytes(KEY_BYTES)
            self._buffer = None
