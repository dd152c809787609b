"""What stands in for a function where only its rotation is looked at: it acts on the secret as AWS's do.

It is told of each invocation as the Lambda service is. Where functions run for real, see ``tests/functions``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from strongroom.crypto.material import Plaintext
from strongroom.functions.invocation import Outcome
from strongroom.rotation.function_call import FunctionCall
from strongroom.rotation.rotator import TargetFailed
from tests.rotation.stand import Stand


class RotationFunction:
    """A function with four steps.

    Attributes:
        calls: What it was invoked with.
        fails_at: Steps that end with an error; each entry is used up once.
        breaks_at: Steps that the Lambda service cannot invoke; each entry is used up once.
        error: The error document.
        meanwhile: Called in the middle of each step, with its name.
        finishes: Whether finishSecret moves AWSCURRENT.
    """

    def __init__(self, stand: Stand) -> None:
        self._stand = stand
        self.secret_id = 0
        self.calls: list[FunctionCall] = []
        self.fails_at: list[str] = []
        self.breaks_at: dict[str, TargetFailed] = {}
        self.error: Any = {"errorType": "ValueError", "errorMessage": "made-by-function is no good"}
        self.meanwhile: Callable[[str], None] = lambda _step: None
        self.finishes = True

    @property
    def events(self) -> list[dict[str, str]]:
        """The events that it was invoked with."""
        return [json.loads(call.event.reveal()) for call in self.calls]

    @property
    def steps(self) -> list[str]:
        """The steps that it was invoked for."""
        return [event["Step"] for event in self.events]

    def __call__(self, call: FunctionCall) -> Outcome:
        """Run a step."""
        self.calls.append(call)
        event = json.loads(call.event.reveal())
        step, token = event["Step"], event["ClientRequestToken"]
        if step in self.breaks_at:
            raise self.breaks_at.pop(step)
        self.meanwhile(step)
        if step in self.fails_at:
            self.fails_at.remove(step)
            return _outcome(self.error, "Unhandled")
        if step == "createSecret" and not self._stand.has_value(self.secret_id, token):
            self._stand.fill(self.secret_id, token, {"password": "made-by-function"})
        if step == "finishSecret" and self.finishes:
            self._stand.promote(self.secret_id, token)
        return _outcome(None, None)


def _outcome(payload: Any, error: str | None) -> Outcome:
    return Outcome(
        payload=Plaintext(json.dumps(payload).encode()),
        function_error=error,
        log_stream="",
        log_lines=(),
        log_tail=Plaintext(b""),
        duration_ms=1.0,
        init_ms=None,
        max_memory_mb=1,
    )
