"""What the changes of one group have done to the record of live rows and to the change log, until it is written.

Rules:
 - It is kept in memory while the group is made, and written once, before COMMIT: a leaf that several changes touch
   is written as the last of them left it, and the log in one go.
 - What a change did is undone with it: until ``keep`` it is remembered how things were.

This module does no I/O.
"""

from __future__ import annotations

from typing import Final

from strongroom.store.leaves import (
    MARK_BYTES,
    Head,
    Place,
    digest_of,
    extend_log,
    with_entry,
)

_UNMARKED: Final = bytes(MARK_BYTES)


class Group:
    """The leaves and the entries of the change log that a group has made.

    Attributes:
        head: The head that the group began with.
        leaves: The leaves that were looked at or changed, by number.
        touched: The numbers of those that were changed.
        log: The cache keys that the group adds to the change log.
        family_leaves: The leaf of each family that was looked for, by the family's name and key.
    """

    __slots__ = (
        "_kept",
        "_undoing",
        "family_leaves",
        "head",
        "leaves",
        "log",
        "touched",
    )

    def __init__(self, head: Head) -> None:
        self.leaves: dict[int, bytes] = {}
        self.touched: set[int] = set()
        self.log: list[str] = []
        self.head = head
        self.family_leaves: dict[tuple[str, object], int] = {}
        self._undoing: dict[int, bytes] = {}
        self._kept = 0

    def set_leaf(self, number: int, entries: bytes) -> None:
        """Give a leaf that was looked at other entries."""
        before = self.leaves[number]
        if entries != before:
            self._undoing.setdefault(number, before)
            self.leaves[number] = entries
            self.touched.add(number)

    def expect(self, place: Place) -> None:
        """Add an entry whose mark is not known yet: its row is made when it goes in."""
        self.set_leaf(place.leaf, self.leaves[place.leaf] + place.name + _UNMARKED)

    def mark(self, place: Place, mark: bytes, *, stands: bool) -> None:
        """Give an expected entry its mark.

        Args:
            place: Where the entry is.
            mark: The mark.
            stands: Whether the change that added it stands: the one under way is undone without it then.
        """
        leaf = place.leaf
        self.leaves[leaf] = with_entry(self.leaves[leaf], place.name, mark)
        before = self._undoing.get(leaf)
        if stands and before is not None:
            self._undoing[leaf] = with_entry(before, place.name, mark)

    def undo(self) -> None:
        """Forget what was done since ``keep``."""
        self.leaves.update(self._undoing)
        self._undoing.clear()
        del self.log[self._kept :]

    def keep(self) -> None:
        """Let what was done so far stand."""
        self._undoing.clear()
        self._kept = len(self.log)

    def chained_log(self) -> tuple[list[tuple[int, str]], int, bytes]:
        """Give what the group adds to the change log, by number and cache key, and where the log stands then."""
        entries: list[tuple[int, str]] = []
        seq, digest = self.head.log_seq, self.head.log_digest
        for key in self.log:
            seq += 1
            digest = extend_log(digest, seq, key)
            entries.append((seq, key))
        return entries, seq, digest

    def digested_leaves(self) -> list[tuple[int, bytes, bytes]]:
        """Give the number, the new digest and the entries of each leaf that was changed."""
        leaves = self.leaves
        return [(number, digest_of(leaves[number]), leaves[number]) for number in self.touched]
