"""What one connection takes for the newest state of the store, and the way from there down to one row.

A code says that a row was written by Strongroom once, not that it is the row's present state, and nothing says that a
row is missing. So whoever reads a row looks at the head, its page and its leaf as well, in the same snapshot.

Rules:
 - A head is believed when it carries its code, is not older than the anchor or than any head this connection saw, and
   is the one that the anchor names when their revisions are the same.
 - The anchor is read before the snapshot begins: what it says was committed by then, so a snapshot that does not
   have it is an old one.
 - A page or leaf is believed when it has the digest that the level above holds. Pages are kept; they are read again
   when the head has another digest for them. So are leaves that this connection wrote, as many as there is room for.
 - While the anchor names no newer head than the one that was seen last, a row is looked for in its leaf without a
   snapshot: it is the newest if it is there. Whatever does not fit then is read again in a snapshot, which decides:
   somebody may have committed between the two reads.

What this does not do: notice a store and an anchor that are put back together, but for what this connection itself
has seen.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from strongroom.crypto.errors import RowTampered
from strongroom.store.errors import StoreRolledBack, StoreTampered
from strongroom.store.leaves import (
    DIGEST_BYTES,
    EMPTY_PAGE,
    LEAVES_IN_PAGE,
    NOTHING,
    Head,
    decode_head,
    digest_of,
)
from strongroom.store.revision import HEAD_NAME, META, Note, RevisionAnchor
from strongroom.store.table import Authenticator, Row, Value

Fetch = Callable[[str, Sequence[Value]], list[Row]]
"""Reads rows of the connection."""

HEAD_SQL: Final = "SELECT value, mac FROM store_meta WHERE name = 'revision'"
PAGE_SQL: Final = "SELECT digests FROM store_pages WHERE page = ?"
LEAF_SQL: Final = "SELECT entries FROM store_leaves WHERE leaf = ?"
LEAVES_SQL: Final = "SELECT leaf, entries FROM store_leaves WHERE leaf IN (SELECT value FROM json_each(?))"
_MANY: Final = 3
_LEAVES_KEPT_BYTES: Final = 2_097_152
_LEAF_OVERHEAD_BYTES: Final = 250


def read_head(fetch: Fetch, authenticator: Authenticator) -> Head | None:
    """Read the head by its code alone: at the start, where the anchor is asked afterwards. None in a new store.

    Raises:
        StoreTampered: It does not carry its code.
    """
    found = fetch(HEAD_SQL, ())
    return _verified(found[0], authenticator) if found else None


class Freshness:
    """The newest head that a connection saw, and the pages below it.

    Args:
        fetch: Reads rows of the connection.
        authenticator: Checks the code of heads.
        anchor: What the machine acknowledged last. None where whoever opened the store has asked it, or for
            a store that has none yet.
    """

    def __init__(self, fetch: Fetch, authenticator: Authenticator, anchor: RevisionAnchor | None) -> None:
        self._fetch = fetch
        self._authenticator = authenticator
        self._anchor = anchor
        self._note = Note(0)
        self._held = b""
        self._row: Row = ()
        self._head = Head(0)
        self._pages: dict[int, tuple[bytes, bytes]] = {}
        self._leaves: dict[int, tuple[bytes, bytes]] = {}
        self._leaf_bytes = 0

    @property
    def head(self) -> Head:
        """The head that was believed last."""
        return self._head

    def look(self) -> Note | None:
        """Look at the anchor, before a snapshot begins; None without one.

        Raises:
            StoreTampered: It was not written by this deployment.
            StoreRolledBack: It is gone, or older than before.
        """
        if self._anchor is None:
            return None
        held = self._anchor.held()
        if held != self._held:
            note = self._anchor.read()
            if note is None:
                raise StoreRolledBack("the anchor beside the store is gone")
            if note.revision < self._note.revision:
                raise StoreRolledBack("the anchor beside the store was put back")
            self._note, self._held = note, held
        return self._note

    def check(self) -> Head:
        """Believe the head of the present snapshot, or not.

        Raises:
            StoreTampered: It does not carry its code, or is not the one that the anchor names.
            StoreRolledBack: A newer one was seen or acknowledged.
        """
        found = self._fetch(HEAD_SQL, ())
        if not found:
            raise StoreTampered("the store has no head")
        head = self._head
        if found[0] != self._row:
            head = _verified(found[0], self._authenticator)
            if not head.pages:
                raise StoreTampered("the head of the store is of a version before there were leaves")
            if head.revision <= self._head.revision:
                raise StoreRolledBack("the head of the store was put back")
        if head.revision < self._note.revision:
            raise StoreRolledBack("the store is older than its anchor")
        if head.revision == self._note.revision and self._note.digest not in (b"", head.digest):
            raise StoreTampered("the head of the store is not the one that was acknowledged")
        self.trust(head, found[0])
        return head

    def trust(self, head: Head, row: Row) -> None:
        """Take a head that this connection has verified or written itself."""
        self._head, self._row = head, row

    def page(self, number: int) -> bytes:
        """Read a page of digests in the present snapshot.

        Raises:
            StoreTampered: It is not the one that the head names.
        """
        wanted = self._head.page_digest(number)
        held = self._pages.get(number)
        if held is not None and held[0] == wanted:
            return held[1]
        content = EMPTY_PAGE if wanted == NOTHING else self._content(PAGE_SQL, number)
        if digest_of(content) != wanted:
            raise StoreTampered("a page of the record of live rows is not the newest")
        self._pages[number] = (wanted, content)
        return content

    def is_current(self) -> bool:
        """Whether the head that was seen last is as new as what the machine acknowledged; raises as ``look`` does."""
        note = self.look()
        return note is not None and self._head.revision >= note.revision

    def kept_leaves(self, numbers: Collection[int]) -> Mapping[int, bytes] | None:
        """Read leaves as they were at the head that was seen last; None when that cannot be, or not at once."""
        if len(numbers) > _MANY:
            found: Any = self._fetch(LEAVES_SQL, (str(list(numbers)),))
        else:
            found = [(number, *row) for number in numbers for row in self._fetch(LEAF_SQL, (number,))]
        read = dict(found)
        for number in numbers:
            page, index = divmod(number, LEAVES_IN_PAGE)
            at = page * DIGEST_BYTES
            held = self._pages.get(page)
            if held is None or held[0] != self._head.pages[at : at + DIGEST_BYTES]:
                return None
            entries = read.setdefault(number, b"")
            at = index * DIGEST_BYTES
            if not isinstance(entries, bytes) or digest_of(entries) != held[1][at : at + DIGEST_BYTES]:
                return None
        return read

    def keep_page(self, number: int, content: bytes) -> bytes:
        """Take a page that this connection has written itself; return its digest."""
        digest = digest_of(content)
        self._pages[number] = (digest, content)
        return digest

    def keep_leaves(self, leaves: Iterable[tuple[int, bytes, bytes]]) -> None:
        """Take leaves that this connection has written itself: number, digest and entries of each."""
        for number, digest, entries in leaves:
            before = self._leaves.pop(number, None)  # what was written last is given up last
            if before is not None:
                self._leaf_bytes -= len(before[1]) + _LEAF_OVERHEAD_BYTES
            self._leaves[number] = (digest, entries)
            self._leaf_bytes += len(entries) + _LEAF_OVERHEAD_BYTES
        while self._leaf_bytes > _LEAVES_KEPT_BYTES:
            _, entries = self._leaves.pop(next(iter(self._leaves)))
            self._leaf_bytes -= len(entries) + _LEAF_OVERHEAD_BYTES

    def leaf(self, number: int) -> bytes:
        """Read the entries of a leaf in the present snapshot.

        Raises:
            StoreTampered: It is not the one that its page names.
        """
        page, index = divmod(number, LEAVES_IN_PAGE)
        wanted = self.page(page)[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES]
        if wanted == NOTHING:
            return b""
        held = self._leaves.get(number)
        if held is not None and held[0] == wanted:
            return held[1]
        entries = self._content(LEAF_SQL, number)
        if digest_of(entries) != wanted:
            raise StoreTampered("a leaf of the record of live rows is not the newest")
        return entries

    def _content(self, sql: str, number: int) -> bytes:
        found = self._fetch(sql, (number,))
        content = found[0][0] if found else b""
        if not isinstance(content, bytes):
            raise StoreTampered("a value in the record of live rows has another type")
        return content


def _verified(row: Row, authenticator: Authenticator) -> Head:
    value, tag = row
    if not isinstance(value, bytes) or not isinstance(tag, bytes):
        raise StoreTampered("the head of the store has a value of another type")
    try:
        authenticator.verify(META.name, (HEAD_NAME, value), tag)
    except RowTampered as problem:
        raise StoreTampered("the head of the store was changed outside of Strongroom") from problem
    return decode_head(value)
