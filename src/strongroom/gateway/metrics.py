"""The metrics: their names and meanings in one table.

Source of the style: https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from strongroom.gateway.framing import Refusal
from strongroom.gateway.operation import Service

STATUSES: Final = ("2xx", "4xx", "5xx")

MEANINGS: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "strongroom_requests": (
        "counter",
        "Authenticated requests, by service, operation and class of status.",
        ("service", "operation", "status"),
    ),
    "strongroom_rejected_requests": (
        "counter",
        "Requests that were not let in: not signed, signed wrongly, or for no operation.",
        ("status",),
    ),
    "strongroom_edge_refusals": ("counter", "Requests that were no acceptable HTTP, by reason.", ("reason",)),
    "strongroom_connections_open": ("gauge", "Connections open now.", ()),
    "strongroom_connections": ("counter", "Connections accepted.", ()),
    "strongroom_received_bytes": ("counter", "Bytes received.", ()),
    "strongroom_sent_bytes": ("counter", "Bytes sent.", ()),
    "strongroom_audit_records": ("counter", "Audit records appended to the journals of reads.", ()),
    "strongroom_audit_groups": ("counter", "Group commits of the journals of reads.", ()),
    "strongroom_audit_refusing": ("gauge", "Workers whose journal cannot be written now.", ()),
    "strongroom_changes": ("counter", "Changes committed.", ()),
    "strongroom_change_groups": ("counter", "Group commits of changes.", ()),
    "strongroom_change_failures": ("counter", "Group commits that failed.", ()),
    "strongroom_functions_down": (
        "gauge",
        "1 when no function can be run until the server is started anew: whoever keeps the runner was killed.",
        (),
    ),
    "strongroom_rotation_running": ("gauge", "Rotations that run now.", ()),
    "strongroom_rotation_due": ("gauge", "Rotations that are due: those that run, and those that wait.", ()),
    "strongroom_rotation_failing": ("gauge", "Rotations that failed and are tried again.", ()),
    "strongroom_rotation_held": ("gauge", "Rotations that wait for somebody: no stored value logs in.", ()),
    "strongroom_rotation_overdue": (
        "gauge",
        "Rotations that missed their window, or are due for a quarter of an hour and were not begun.",
        (),
    ),
    "strongroom_rotation_successes": ("counter", "Rotations that succeeded.", ()),
    "strongroom_rotation_failures": ("counter", "Attempts at rotations that failed.", ()),
    "strongroom_cache_entries": ("gauge", "Cached rows.", ()),
    "strongroom_cache_hits": ("counter", "Rows found in a cache.", ()),
    "strongroom_cache_misses": ("counter", "Rows read from the store.", ()),
}


def declare(services: Iterable[Service]) -> list[tuple[str, tuple[str, ...]]]:
    """List every counter with its labels: the operations are known, so their number is bounded. Loads them all."""
    names: list[tuple[str, tuple[str, ...]]] = [
        (metric, ()) for metric, (_, _, labels) in MEANINGS.items() if not labels
    ]
    for service in services:
        for operation in (*(entry.name for entry in service.operations), *service.unserved):
            names.extend(("strongroom_requests", (service.name, operation, status)) for status in STATUSES)
    names.extend(("strongroom_rejected_requests", (status,)) for status in STATUSES)
    names.extend(("strongroom_edge_refusals", (reason.name.lower(),)) for reason in Refusal)
    return names
