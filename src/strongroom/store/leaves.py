"""The record of live rows: a tree of digests whose leaves list every row with a code, and whose head has one too.

::

    entry = name (8) || mark (16)               one live row: who it is, and its present state
    leaf  = entry || entry ...                  the rows that belong to this leaf, in no order
    page  = digest (16) * 250                   of the leaves 250 p to 250 p + 249
    head  = revision (8) || log number (8) || log digest (16) || digest (16) * 56      of the pages

Rules:
 - A row's name, and which leaf it belongs to, come from a keyed hash of its table and its primary key; its mark is
   the beginning of its code. So a row is live in just the state in which it was written last, and a key that has
   no entry has no row.
 - A unique set of columns beside the primary key has an entry too, so that its absence can be shown.
 - Rows of a family (a secret, its versions, its policy) share a leaf: a change of them touches one.
 - A digest is the first half of SHA-256: another content for a given digest costs 2^128 tries, and nobody but the
   server chooses what the digests are made of. The digest of what is empty is zeros, and nothing is stored for it.
 - The log digest chains the entries of the change log, so that a cache is told of every change, or notices.

A store of 1,000,000 secrets with one version each has about 214 entries (5 KB) in a leaf. More leaves would make
small stores write more; fewer would make large ones read more.

This module does no I/O.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import msgspec

PAGES: Final = 56
LEAVES_IN_PAGE: Final = 250
LEAVES: Final = PAGES * LEAVES_IN_PAGE
NAME_BYTES: Final = 8
MARK_BYTES: Final = 16
ENTRY_BYTES: Final = NAME_BYTES + MARK_BYTES
DIGEST_BYTES: Final = 16
NOTHING: Final = bytes(DIGEST_BYTES)
EMPTY_PAGE: Final = bytes(DIGEST_BYTES * LEAVES_IN_PAGE)
_PLAIN_BYTES: Final = 8
_FIXED_BYTES: Final = 32


class Place(msgspec.Struct, frozen=True):
    """Where the entry of a row is: the number of its leaf, and its name there."""

    leaf: int
    name: bytes


class Head(msgspec.Struct, frozen=True):
    """What the whole record comes down to at one revision.

    Attributes:
        revision: Raised by every commit.
        log_seq: The number of the newest entry of the change log.
        log_digest: Of the change log up to there.
        pages: The digests of all pages; empty in a store that was written before there were leaves.
    """

    revision: int
    log_seq: int = 0
    log_digest: bytes = NOTHING
    pages: bytes = bytes(DIGEST_BYTES * PAGES)

    def encode(self) -> bytes:
        """Give the bytes that are stored."""
        return (
            self.revision.to_bytes(8, "big") + self.log_seq.to_bytes(8, "big") + self.log_digest + self.pages
        )

    @property
    def digest(self) -> bytes:
        """What the anchor remembers of this head."""
        return sha256(self.encode()).digest()[:DIGEST_BYTES]

    def page_digest(self, page: int) -> bytes:
        """Give the digest of a page."""
        return self.pages[page * DIGEST_BYTES : (page + 1) * DIGEST_BYTES]


def decode_head(value: bytes) -> Head:
    """Read a head whose code was verified: only what ``encode`` or a version before the leaves wrote has one."""
    revision = int.from_bytes(value[:8], "big")
    if len(value) == _PLAIN_BYTES:
        return Head(revision, pages=b"")
    return Head(revision, int.from_bytes(value[8:16], "big"), value[16:_FIXED_BYTES], value[_FIXED_BYTES:])


def leaf_of(keyed: bytes) -> int:
    """Choose a leaf by a keyed hash of 16 bytes."""
    return int.from_bytes(keyed[NAME_BYTES:], "big") % LEAVES


def place_of(keyed: bytes) -> Place:
    """Make a place of one keyed hash of 16 bytes."""
    return Place(leaf_of(keyed), keyed[:NAME_BYTES])


def digest_of(content: bytes) -> bytes:
    """Digest a leaf or a page."""
    return sha256(content).digest()[:DIGEST_BYTES] if content and content != EMPTY_PAGE else NOTHING


def extend_log(digest: bytes, seq: int, key: str) -> bytes:
    """Chain one entry of the change log to the digest of those before it."""
    return sha256(digest + seq.to_bytes(8, "big") + key.encode()).digest()[:DIGEST_BYTES]


def mark_of(tag: bytes) -> bytes:
    """Give what a leaf remembers of a row's code: a part of the HMAC, behind the number of its term."""
    return tag[4 : 4 + MARK_BYTES]


def find_mark(entries: bytes, name: bytes) -> bytes | None:
    """Find the mark of the live row of this name, or None."""
    at = _find(entries, name)
    return None if at < 0 else entries[at + NAME_BYTES : at + ENTRY_BYTES]


def with_entry(entries: bytes, name: bytes, mark: bytes) -> bytes:
    """Add the entry, or replace its mark."""
    at = _find(entries, name)
    if at < 0:
        return entries + name + mark
    return entries[: at + NAME_BYTES] + mark + entries[at + ENTRY_BYTES :]


def without_entry(entries: bytes, name: bytes) -> bytes:
    """Take the entry out, if it is there."""
    at = _find(entries, name)
    return entries if at < 0 else entries[:at] + entries[at + ENTRY_BYTES :]


def _find(entries: bytes, name: bytes) -> int:
    at = entries.find(name)
    while at > 0 and at % ENTRY_BYTES:  # the same bytes may lie across two fields
        at = entries.find(name, at + 1)
    return at
