"""What a function's caller hears when the function failed without saying so itself.

Source: recorded answers of Lambda (reference of functions, "Error payloads").
"""

from __future__ import annotations

import json
import signal
from typing import Final

from strongroom.functions.invocation import MOST_RESPONSE_BYTES

UNHANDLED: Final = "Unhandled"
TIMED_OUT: Final = "Sandbox.Timedout"
EXITED: Final = "Runtime.ExitError"
TOO_LARGE: Final = "Function.ResponseSizeTooLarge"


def timed_out(request_id: str, timeout_s: float) -> bytes:
    """The function took longer than it may."""
    return _render(TIMED_OUT, f"RequestId: {request_id} Error: Task timed out after {timeout_s:.2f} seconds")


def exited(request_id: str, exit_code: int | None) -> bytes:
    """The function's process ended.

    Args:
        request_id: Of the invocation.
        exit_code: Its status, or the number of the signal with a minus.
    """
    if exit_code is None or exit_code == 0:
        how = "Runtime exited without providing a reason"
    elif exit_code > 0:
        how = f"Runtime exited with error: exit status {exit_code}"
    else:
        how = f"Runtime exited with error: signal: {_signal_name(-exit_code)}"
    return _render(EXITED, f"RequestId: {request_id} Error: {how}")


def too_large() -> bytes:
    """The function answered with more than it may."""
    message = f"Response payload size exceeded maximum allowed payload size ({MOST_RESPONSE_BYTES} bytes)."
    return json.dumps({"errorMessage": message, "errorType": TOO_LARGE}, separators=(",", ":")).encode()


def malformed_handler(handler: str) -> bytes:
    """The name of the handler is none."""
    error = {
        "errorMessage": f"Bad handler '{handler}'",
        "errorType": "Runtime.MalformedHandlerName",
        "requestId": "",
        "stackTrace": [],
    }
    return json.dumps(error, separators=(",", ":")).encode()


def _signal_name(number: int) -> str:
    try:
        return (signal.strsignal(number) or str(number)).lower()
    except ValueError:
        return str(number)


def _render(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}, separators=(",", ":")).encode()
