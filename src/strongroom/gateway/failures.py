"""From whatever a step raised to the fault that the client sees.

Rules:
 - A ``Fault`` is the answer. Anything else was not foreseen: the client gets a 500 without details.
 - The log names the exception and where it was raised, never its text, which may carry a value (X-02).
"""

from __future__ import annotations

import logging
import traceback
from typing import Final

from strongroom.errors import Fault
from strongroom.gateway.operation import Service
from strongroom.store.errors import StoreError

log = logging.getLogger(__name__)

_SERVER_SIDE: Final = "An error occurred on the server side."


def as_fault(problem: Exception) -> Fault:
    """Turn whatever a handler raised into the answer for the client."""
    if isinstance(problem, Fault):
        return problem
    if isinstance(problem, StoreError):
        log.error("the store failed a request: %s", describe_problem(problem))
    else:
        log.error("an operation failed: %s", describe_problem(problem))
    return Fault("InternalServiceError", _SERVER_SIDE, status=500)


def describe_problem(problem: BaseException) -> str:
    """Name an exception and where it was raised."""
    frames = traceback.extract_tb(problem.__traceback__)
    where = " < ".join(
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames[-6:])
    )
    return f"{type(problem).__name__} at {where}"


def not_durable(service: Service) -> Fault:
    """Word the refusal of a call whose record, or whose change, did not become durable in time."""
    code, status = service.errors.internal
    return Fault(code, "The request could not be recorded, so it was refused.", status=status)
