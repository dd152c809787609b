"""What the changes of one group have done to the record of live rows and to the change log, until it is written.

Rules:
 - It is kept in memory while the group is made, and written once, before COMMIT: a leaf that several changes touch
   is written as the last of them left it, and the log in one go.
 - What a change did is undone with it: until ``keep`` it is remembered how things were.

This module does no I/O.
"""

from __future__ import annotations

from strongroom.store.leaves import DIGEST_BYTES, LEAVES_IN_PAGE, Head, digest_of, extend_log


class Group:
    """The leaves and the entries of the change log that a group has made.

    Args:
        head: The head that the group began with.

    Attributes:
        leaves: The leaves that were looked at or changed, by number.
        touched: The numbers of those that were changed.
        log_seq: The number of the newest entry of the change log.
        log_digest: Of the change log up to there.
        entries: What the group added to the log, by number and cache key.
        family_leaves: The leaf of each family that was looked for, by the family's name and key.
    """

    __slots__ = (
        "_kept",
        "_undoing",
        "entries",
        "family_leaves",
        "leaves",
        "log_digest",
        "log_seq",
        "touched",
    )

    def __init__(self, head: Head) -> None:
        self.leaves: dict[int, bytes] = {}
        self.touched: set[int] = set()
        self.log_seq = head.log_seq
        self.log_digest = head.log_digest
        self.entries: list[tuple[int, str]] = []
        self.family_leaves: dict[tuple[str, object], int] = {}
        self._undoing: dict[int, bytes] = {}
        self._kept = (0, self.log_seq, self.log_digest)

    def set_leaf(self, number: int, entries: bytes) -> None:
        """Give a leaf that was looked at other entries."""
        before = self.leaves[number]
        if entries != before:
            self._undoing.setdefault(number, before)
            self.leaves[number] = entries
            self.touched.add(number)

    def log(self, key: str) -> None:
        """Add a cache key to the change log."""
        self.log_seq += 1
        self.log_digest = extend_log(self.log_digest, self.log_seq, key)
        self.entries.append((self.log_seq, key))

    def undo(self) -> None:
        """Forget what was done since ``keep``."""
        self.leaves.update(self._undoing)
        self._undoing.clear()
        added, self.log_seq, self.log_digest = self._kept
        del self.entries[added:]

    def keep(self) -> None:
        """Let what was done so far stand."""
        self._undoing.clear()
        self._kept = (len(self.entries), self.log_seq, self.log_digest)

    def digests_by_page(self) -> dict[int, list[tuple[int, bytes]]]:
        """Give, by page, the place and the new digest of each leaf that was changed."""
        changed: dict[int, list[tuple[int, bytes]]] = {}
        for number in self.touched:
            page, index = divmod(number, LEAVES_IN_PAGE)
            changed.setdefault(page, []).append((index * DIGEST_BYTES, digest_of(self.leaves[number])))
        return changed
