"""The keyring: the keys between the root key and everything that the store holds.

::

    wrapped keyring = version (1) || record type (1) || salt (16) || nonce (12) || ciphertext || tag (16)
    inside          = MessagePack [[term id, created (ms), key (32 bytes)], ...], oldest first

Rules:

1. Terms are numbered from 1 upwards and never renumbered; the newest is the current one and alone seals.
   Older ones stay, to open what they sealed.
2. A term is never used directly: each purpose has its own subkey (``derivation.py``).
3. The keyring is a value: ``rotate`` makes a new one. Dropping it drops the derived keys with it (K-07).

Not done here: removing a term (wanted once everything was proven to be sealed under newer ones, K-05), and
refusing an older wrapped keyring that somebody put back: the store's revision check does that (D-05).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from os import urandom
from typing import Final

import msgspec

from strongroom.clock import Instant
from strongroom.crypto.aead import open_once, seal_once
from strongroom.crypto.associated_data import FORMAT_V1, FieldTag, RecordType, encode_place
from strongroom.crypto.derivation import Purpose, RootPurpose, derive_root_subkey, derive_subkey
from strongroom.crypto.errors import MalformedSealed, UnknownTerm
from strongroom.crypto.material import KEY_BYTES, Hidden, RootKey, SymmetricKey, Wrapped

_HEADER: Final = bytes((FORMAT_V1, RecordType.KEYRING))
_PLACE: Final = encode_place(RecordType.KEYRING, ((FieldTag.HEADER, _HEADER),))
_LABEL: Final = b"keyring-v1"
_MAX_TERM_ID: Final = 2**32 - 1

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[tuple[int, int, bytes]]).decode


class Term(msgspec.Struct, frozen=True, gc=False):
    """One key of a keyring.

    Args:
        term_id: 1 to 2^32 - 1; written into the header of what the term seals.
        created_ms: When it was drawn.
        key: The 32 random bytes.
    """

    term_id: int
    created_ms: Instant
    key: SymmetricKey


class Keyring(Hidden):
    """Terms, oldest first, with the subkeys derived from them so far.

    Args:
        terms: At least one, with rising ids.

    Raises:
        MalformedSealed: No term, or ids that do not rise.
    """

    __slots__ = ("_subkeys", "_terms", "current")

    def __init__(self, terms: Sequence[Term]) -> None:
        ids = [term.term_id for term in terms]
        is_rising = all(older < newer for older, newer in pairwise(ids))
        if not ids or ids[0] < 1 or ids[-1] > _MAX_TERM_ID or not is_rising:
            raise MalformedSealed("a keyring has terms with rising ids")
        self._terms = {term.term_id: term for term in terms}
        self._subkeys: dict[tuple[Purpose, int], SymmetricKey] = {}
        self.current = ids[-1]

    def __repr__(self) -> str:
        return f"<Keyring: {len(self._terms)} terms, current {self.current}, keys hidden>"

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms, oldest first."""
        return tuple(self._terms.values())

    def subkey(self, purpose: Purpose, term_id: int | None = None) -> SymmetricKey:
        """Give the subkey of a term (by default the current one) for ``purpose``.

        Raises:
            UnknownTerm: There is no such term.
        """
        wanted = self.current if term_id is None else term_id
        found = self._subkeys.get((purpose, wanted))
        if found is None:
            term = self._terms.get(wanted)
            if term is None:
                raise UnknownTerm(f"the keyring has no term {wanted}")
            found = self._subkeys[purpose, wanted] = derive_subkey(term.key, purpose)
        return found

    def subkeys(self, purpose: Purpose) -> dict[int, SymmetricKey]:
        """Give the subkeys of all terms for ``purpose``, by term id."""
        return {term_id: self.subkey(purpose, term_id) for term_id in self._terms}


def new_keyring(now_ms: Instant) -> Keyring:
    """Draw a keyring with one term."""
    return Keyring([_draw_term(1, now_ms)])


def rotate(keyring: Keyring, now_ms: Instant) -> Keyring:
    """Add a freshly drawn term, which becomes the current one; the older terms stay."""
    return Keyring([*keyring.terms, _draw_term(keyring.current + 1, now_ms)])


def wrap_keyring(root: RootKey, keyring: Keyring) -> Wrapped:
    """Seal the keyring under the root key.

    Raises:
        KeyWiped: The root key was wiped.
    """
    inside = _encode([(term.term_id, term.created_ms, term.key.reveal()) for term in keyring.terms])
    key = derive_root_subkey(root, RootPurpose.KEYRING)
    return Wrapped(_HEADER + seal_once(key.reveal(), _LABEL, inside, _PLACE))


def unwrap_keyring(root: RootKey, wrapped: bytes) -> Keyring:
    """Open what ``wrap_keyring`` made.

    Raises:
        MalformedSealed: Not a wrapped keyring of a known format.
        AuthenticationFailed: Another root key, or changed bytes.
        KeyWiped: The root key was wiped.
    """
    if wrapped[: len(_HEADER)] != _HEADER:
        raise MalformedSealed("these bytes are no wrapped keyring of a known format")
    key = derive_root_subkey(root, RootPurpose.KEYRING)
    inside = open_once(key.reveal(), _LABEL, wrapped[len(_HEADER) :], _PLACE)
    try:
        rows = _decode(inside)
    except msgspec.MsgspecError as error:
        # Authentic, so written by us: by a later version that did not change the format byte.
        raise MalformedSealed("the keyring has an unknown inner layout") from error
    return Keyring([Term(term_id, created_ms, SymmetricKey(key)) for term_id, created_ms, key in rows])


def _draw_term(term_id: int, now_ms: Instant) -> Term:
    return Term(term_id, now_ms, SymmetricKey(urandom(KEY_BYTES)))
