"""Row authentication: the store can neither edit a row, nor move one, nor make one up (K-03).

::

    tag   = term id (4, big endian) || HMAC-SHA256(metadata subkey of the term, input) (32)
    input = MessagePack [term id, table, [column, ...]]

Rules:

1. The encoding is injective: MessagePack values carry type and length, so that ``"1"``, ``b"1"``, ``1`` and
   ``None`` differ and nothing shifts from one column to the next.
2. ``table`` names the layout too: when a migration changes what a column means, its number goes up
   (``secret/2``), so that an old row is not read with a new meaning.
3. The key is the one that the tag names, and the name is part of the input (K-04).

Not covered: a whole row put back together with its older, then valid tag. The store therefore keeps a record of
the tags of all live rows (D-05); ``place`` says where in it a row is found::

    place = BLAKE2b(HMAC-SHA256(metadata subkey of the first term, "strongroom/v1/places"), input) (16)
    input = MessagePack [space, [column, ...]]

It is made for every row that is read, and a keyed BLAKE2b costs a fifth of an HMAC.
"""

from __future__ import annotations

import hmac
import struct
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from strongroom.crypto.derivation import Purpose
from strongroom.crypto.errors import RowTampered
from strongroom.crypto.keyring import Keyring
from strongroom.crypto.material import Hidden, SymmetricKey

Column = str | int | bytes | None
"""What a column holds. Integers have 64 bits. No ``bool`` and no ``float``: stores give them back changed."""

TAG_BYTES: Final = 36
PLACE_BYTES: Final = 16

_TERM: Final = struct.Struct(">I")
_encode = msgspec.msgpack.Encoder().encode


class RowMAC(Hidden):
    """Makes and checks the tags of rows.

    Args:
        keys: The metadata subkey of each term, by term id.
        current: The term that new tags are made with.
    """

    __slots__ = ("_current", "_places", "_states")

    def __init__(self, keys: Mapping[int, SymmetricKey], current: int) -> None:
        # The keyed state is made once and copied for each row: half the cost of keying anew.
        self._states = {_TERM.pack(term): (term, HMAC(key.reveal(), SHA256())) for term, key in keys.items()}
        self._current = _TERM.pack(current)
        first = self._states[_TERM.pack(min(keys))][1].copy()  # not the current one: rows would not be found
        first.update(b"strongroom/v1/places")
        self._places = blake2b(key=first.finalize(), digest_size=PLACE_BYTES)
        assert self._current in self._states, "the current term is one of the keys"

    @classmethod
    def of(cls, keyring: Keyring) -> RowMAC:
        """Make one with the metadata subkeys of ``keyring``. Make another after the keyring was rotated."""
        return cls(keyring.subkeys(Purpose.METADATA), keyring.current)

    def tag(self, table: str, columns: Sequence[Column]) -> bytes:
        """Make the tag of a row: 36 bytes.

        Args:
            table: Name and layout number of the table, for example ``secret/1``.
            columns: All columns in the table's order, the primary key first.
        """
        term, state = self._states[self._current]
        return self._current + _digest(state, term, table, columns)

    def verify(self, table: str, columns: Sequence[Column], tag: bytes) -> None:
        """Check a row against its tag.

        Raises:
            RowTampered: They disagree, or the tag names an unknown term.
        """
        found = self._states.get(tag[:4])
        if found is None:
            raise RowTampered(f"a row of {table} has no tag of a known key")
        term, state = found
        if not hmac.compare_digest(_digest(state, term, table, columns), tag[4:]):
            raise RowTampered(f"a row of {table} was changed outside of the service")

    def place(self, space: str, key: Sequence[Column]) -> bytes:
        """Make the keyed hash of a key in a space of keys, for example a table: 16 bytes."""
        keyed = self._places.copy()
        keyed.update(_encode((space, key)))
        return keyed.digest()

    def is_current(self, tag: bytes) -> bool:
        """Whether ``tag`` was made with the current term; otherwise a rotation has to tag the row again."""
        return tag[:4] == self._current


def _digest(state: HMAC, term: int, table: str, columns: Sequence[Column]) -> bytes:
    keyed = state.copy()
    keyed.update(_encode((term, table, columns)))
    return keyed.finalize()
