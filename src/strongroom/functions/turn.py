"""One turn of a function: from its event to its answer, or to its end."""

from __future__ import annotations

import json
import logging
import secrets
import time
from datetime import UTC, datetime

import msgspec

from strongroom.functions import failures
from strongroom.functions.messages import Asked
from strongroom.functions.pool import Place
from strongroom.functions.runtime_api import Answer, Event, Kind

log = logging.getLogger(__name__)


class Turn(msgspec.Struct, frozen=True):
    """One turn of a function: from its event to its answer.

    Attributes:
        payload: What the caller gets.
        function_error: As in ``Outcome``.
        is_reusable: Whether its sandbox may be used again.
        duration_s: How long it took.
        note: A line for the log, about how it ended.
    """

    payload: bytes
    function_error: str | None
    is_reusable: bool
    duration_s: float
    note: str = ""


class EndedAtRest(Exception):
    """A sandbox that was used before had ended, or ended before it took the event: nothing was run."""


def _event(asked: Asked, deadline_ms: int) -> Event:
    headers = [
        ("Lambda-Runtime-Aws-Request-Id", asked.request_id),
        ("Lambda-Runtime-Deadline-Ms", str(deadline_ms)),
        ("Lambda-Runtime-Invoked-Function-Arn", asked.invoked_arn),
        ("Lambda-Runtime-Trace-Id", f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Sampled=0"),
    ]
    if asked.client_context is not None:
        try:
            # Written anew: a header has one line.
            headers.append(("Lambda-Runtime-Client-Context", json.dumps(json.loads(asked.client_context))))
        except ValueError:
            log.info("a client context is not JSON and is left out")
    return Event(asked.request_id, tuple(headers), asked.payload)


def take_turn(place: Place, asked: Asked, limit: float, *, is_new: bool) -> Turn:
    """Give the function its event and wait for what comes of it.

    Raises:
        EndedAtRest: A sandbox that was used before ended without taking the event.
    """
    began = time.monotonic()
    end = min(began + asked.timeout_s, limit)
    place.runtime.give(_event(asked, int((time.time() + end - began) * 1_000)))
    answer = place.runtime.wait_for_answer(end)
    took = (time.monotonic() if answer is None else answer.at) - began
    if answer is None:
        if place.runtime.is_over and not place.runtime.is_taken and not is_new:
            raise EndedAtRest
        return _ended(place, asked, took)
    return _judged(answer, took)


def _judged(answer: Answer, took: float) -> Turn:
    if answer.kind is Kind.RESPONSE:
        return Turn(answer.body or b"null", None, True, took)
    if answer.kind is Kind.TOO_LARGE:
        return Turn(failures.too_large(), failures.UNHANDLED, True, took)
    return Turn(answer.body, failures.UNHANDLED, answer.kind is Kind.ERROR, took)


def _ended(place: Place, asked: Asked, took: float) -> Turn:
    if not place.runtime.is_over:
        return timed_out(place, asked, took)
    code = -9 if place.was_too_large else place.exit_code
    payload = failures.exited(asked.request_id, code)
    reason = json.loads(payload)["errorMessage"]
    return Turn(payload, failures.UNHANDLED, False, took, f"{reason}\n")


def timed_out(place: Place, asked: Asked, took: float) -> Turn:
    """End a function that took too long, and say so."""
    place.kill()  # nothing of it goes on while the caller already knows
    seconds = min(float(asked.timeout_s), took) if took < asked.timeout_s else float(asked.timeout_s)
    note = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3]
    note = f"{note}Z {asked.request_id} Task timed out after {seconds:.2f} seconds\n"
    return Turn(failures.timed_out(asked.request_id, seconds), failures.UNHANDLED, False, took, note)


def failed_start(place: Place, asked: Asked, began: float) -> Turn | None:
    """What came of a start that failed; None when it only took too long."""
    took = time.monotonic() - began
    answer = place.runtime.take_answer()
    if answer is not None:
        return Turn(answer.body, failures.UNHANDLED, False, took)
    return _ended(place, asked, took) if place.runtime.is_over else None
