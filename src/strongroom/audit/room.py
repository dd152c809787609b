"""Room written ahead: zeros behind the durable end of the newest segment, which the next groups overwrite.

A sync after bytes were written into blocks that the file has is data and a flush. After the file grew, the
file system also writes its size and its blocks, mostly by a journal of its own: decision 19 has the numbers.

Rules:
 - A group for which the file must grow grows it by room for the next ones, in one write and with one sync.
 - Room is real zeros, not ``fallocate``: the first write into an unwritten extent changes the extent again.
 - INVARIANT: behind the durable end stands nothing, or zeros that were synced. So what a power cut leaves of a
   group, sector by sector, is its bytes or zeros; no record and no checkpoint holds a zero byte.
 - Only the newest segment of an open journal has room, at most ``MOST_ROOM_BYTES``. A segment that another one
   follows, and one that was closed in order, ends with its last frame.
 - Room is a convenience: where there is no place for it, the group is written without.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

ROOM_GROUPS: Final = 16
"""Room is for so many groups like the one that made the file grow: an idle journal takes little."""

MOST_ROOM_BYTES: Final = 1024 * 1024
_LEAST_GROUPS: Final = 2  # for less the longer write costs more than it spares
_BLOCK_BYTES: Final = 4096
_ZEROS: Final = bytes(MOST_ROOM_BYTES)
_CHUNK_BYTES: Final = 1024 * 1024


def plan_room(length: int, end: int, limit: int) -> int:
    """Say how many bytes of room to write behind a group.

    Args:
        length: Bytes of the group.
        end: Offset after it.
        limit: Offset at which the segment is full and another one is begun. Room ends there at the latest, so that
            a segment that is full has none.
    """
    room = min(ROOM_GROUPS * length, MOST_ROOM_BYTES)
    room -= (end + room) % _BLOCK_BYTES  # the next growth begins with a whole block
    return max(min(room, limit - end), 0) if room >= _LEAST_GROUPS * length else 0


def write_with_room(descriptor: int, data: bytes, offset: int, room: int) -> int:
    """Write a group at an offset and zeros behind it; as many of these as there is place for.

    Returns:
        The offset after the last byte that was written.

    Raises:
        OSError: The group itself could not be written.
    """
    written = os.pwritev(descriptor, [data, memoryview(_ZEROS)[:room]], offset)
    while written < len(data):
        written += os.pwrite(descriptor, memoryview(data)[written:], offset + written)
    return offset + written


def count_torn(path: Path, end: int) -> int:
    """Count the bytes from the last whole frame to the last byte that is not zero: what is no room."""
    torn = position = 0
    with path.open("rb", buffering=0) as file:
        file.seek(end)
        while piece := file.read(_CHUNK_BYTES):
            if held := len(piece.rstrip(b"\0")):
                torn = position + held
            position += len(piece)
    return torn
