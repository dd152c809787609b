"""Log groups, log streams and events: what they are, and the rules that need no store.

Source: audit reference 5.7; CloudWatch Logs API reference, ``PutLogEvents`` and ``PutRetentionPolicy``.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from strongroom.arn import ARN, PARTITION
from strongroom.clock import DAY_MS, Instant

RETENTION_DAYS: Final = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)
"""The retention periods that AWS takes."""

EVENT_OVERHEAD_BYTES: Final = 26
"""What each event counts besides its message."""
PUT_MOST_BYTES: Final = 1_048_576
PUT_MOST_SPAN_MS: Final = DAY_MS
OLDEST_MS: Final = 14 * DAY_MS
NEWEST_MS: Final = 2 * 3_600_000
PAGE_MOST_EVENTS: Final = 10_000
PAGE_MOST_BYTES: Final = 1_048_576
DESCRIBED_MOST: Final = 50

Tags = tuple[tuple[str, str], ...]
"""Keys and values in order of insertion."""


class GroupAttributes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of a group stands in one column.

    Attributes:
        retention_days: After how many days events are dropped; None for never.
        tags: Keys and values.
        is_protected: Whether it may not be deleted.
    """

    retention_days: int | None = None
    tags: Tags = ()
    is_protected: bool = False


class LogGroup(msgspec.Struct, frozen=True):
    """A log group.

    Attributes:
        group_id: A number of our own.
        newest_seq: The number of the newest batch; 0 before the first.
        stored_bytes: Of all events that it has, as AWS counts them.
    """

    group_id: int
    account: str
    region: str
    name: str
    created_ms: Instant
    newest_seq: int = 0
    stored_bytes: int = 0
    attributes: GroupAttributes = GroupAttributes()

    @property
    def arn(self) -> str:
        """The ARN of the group itself."""
        return group_arn(self.region, self.account, self.name)

    def oldest_ms(self, now_ms: Instant) -> Instant:
        """Give the instant before which events have expired."""
        days = self.attributes.retention_days
        return 0 if days is None else max(0, now_ms - days * DAY_MS)


class StreamAttributes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of a stream stands in one column.

    Attributes:
        first_ms: The time of the earliest event that it ever had.
        ingested_ms: When something arrived last.
        open_seq: The batch that further events may join; 0 for none.
        open_from_ms: The time of that batch's earliest event.
    """

    first_ms: Instant = 0
    ingested_ms: Instant = 0
    open_seq: int = 0
    open_from_ms: Instant = 0


class LogStream(msgspec.Struct, frozen=True):
    """A log stream.

    Attributes:
        stream_id: A number of our own.
        last_ms: The time of the latest event that it ever had; 0 before the first.
    """

    stream_id: int
    group_id: int
    name: str
    created_ms: Instant
    last_ms: Instant = 0
    attributes: StreamAttributes = StreamAttributes()

    @property
    def has_events(self) -> bool:
        """Whether anything was ever logged."""
        return self.attributes.ingested_ms > 0


class NewEvent(NamedTuple):
    """An event that is to be stored."""

    time_ms: Instant
    message: str

    @property
    def size(self) -> int:
        """What it counts, as AWS counts it."""
        return len(self.message.encode()) + EVENT_OVERHEAD_BYTES


def group_arn(region: str, account: str, name: str) -> str:
    """Build the ARN of a group, as tags and listings have it."""
    return str(ARN(PARTITION, "logs", region, account, f"log-group:{name}"))


def stream_arn(region: str, account: str, group: str, stream: str) -> str:
    """Build the ARN of a stream; with an empty name the one that policies are asked about for a whole group."""
    return f"{group_arn(region, account, group)}:log-stream:{stream}"
