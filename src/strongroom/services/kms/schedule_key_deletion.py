"""ScheduleKeyDeletion: let a key be deleted after 7 to 30 days, 30 when the request does not say.

Until then nobody can use it and the deletion can be cancelled. Afterwards everything that was encrypted under
it is lost; a key that still holds values of secrets is not deleted before those are gone
(docs/explanation/key-hierarchy.md).

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html; identity reference 6.1, 6.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from strongroom.clock import DAY_MS, render_text
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms import errors
from strongroom.services.kms.lookup import existing, find_target
from strongroom.services.kms.model import PENDING_DELETION, WINDOW_DAYS
from strongroom.services.kms.shapes import KeyId, KeyState, PendingWindow
from strongroom.services.kms.tables import update_key
from strongroom.wire.shapes import Shape, Timestamp, timestamp

_DEFAULT_DAYS: Final = 30


class Request(Shape):
    """Which key, and how long to wait."""

    key_id: KeyId
    pending_window_in_days: PendingWindow | None = None


class Response(Shape):
    """When it will be deleted; ``KeyId`` is the key's ARN."""

    key_id: KeyId | None = None
    deletion_date: Timestamp | None = None
    key_state: KeyState | None = None
    pending_window_in_days: PendingWindow | None = None


def target(context: Context, request: Request) -> Target:
    """Name the key; how long to wait is a condition key when the caller says it."""
    conditions: dict[str, tuple[str, ...]] = {}
    if request.pending_window_in_days is not None:
        days = str(request.pending_window_in_days)
        conditions["kms:schedulekeydeletionpendingwindowindays"] = (days,)
    return find_target(context, _ACTION, request.key_id, conditions=conditions)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Set the state and the date; the background deletes what is due."""
    held = existing(target)
    days = request.pending_window_in_days or _DEFAULT_DAYS
    if days < WINDOW_DAYS.start:
        least = f"Member must have value greater than or equal to {WINDOW_DAYS.start}"
        raise errors.violated("pendingWindowInDays", days, least)
    if days >= WINDOW_DAYS.stop:
        most = f"Member must have value less than or equal to {WINDOW_DAYS.stop - 1}"
        raise errors.violated("pendingWindowInDays", days, most)
    held.check_not_pending()
    deletion_ms = context.now_ms + days * DAY_MS
    update_key(
        context.transaction,
        held.key.with_attributes(state=PENDING_DELETION, deletion_ms=deletion_ms, window_days=days),
    )
    return Response(
        key_id=held.key.arn,
        deletion_date=timestamp(deletion_ms),
        key_state="PendingDeletion",
        pending_window_in_days=days,
    )


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the key, its state and the date."""
    return {
        "keyId": response.key_id,
        "keyState": response.key_state,
        "deletionDate": render_text(int((response.deletion_date or 0) * 1000)),
        "pendingWindowInDays": response.pending_window_in_days,
    }


_ACTION = "kms:ScheduleKeyDeletion"

SCHEDULE_KEY_DELETION = Operation(
    name="ScheduleKeyDeletion",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id", "pending_window_in_days"),
    recorded_response=recorded_response,
)
