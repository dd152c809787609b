"""What is said between those who want a function to run and the runner that runs it.

Rules:
 - Payloads, environments, credentials and what a function printed show nothing of themselves (X-01).
 - A sandbox is used again only where ``FunctionSpec.identity`` and ``Invocation.scope`` are both the same (F-05).
 - The runner sees checked code only: its digest was compared before it is handed over (F-06).
 - What a function does wrong is an ``Outcome`` with a ``function_error``; an error that is raised means that the
   runner could not run it, and nothing is known of what it may have done before.

Source: design section 7; threat model F-01 to F-06; Lambda developer guide, "Invocation".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

import msgspec

from strongroom.clock import Instant
from strongroom.crypto.material import Hidden, Plaintext
from strongroom.errors import StrongroomError

LOG_TAIL_BYTES: Final = 4096
"""How much of its log an invocation gives back at most."""
MOST_PAYLOAD_BYTES: Final = 6_291_456
"""The largest event of a synchronous invocation."""
MOST_RESPONSE_BYTES: Final = 6_291_556
"""The largest answer of a function."""
LATEST: Final = "$LATEST"
OF_FUNCTION: Final = "ReservedFunctionConcurrentInvocationLimitExceeded"
OF_ACCOUNT: Final = "ConcurrentInvocationLimitExceeded"
"""Why there is no room, by AWS's names: for more of this function, and for more of any."""


class RunnerUnavailable(StrongroomError):
    """The runner is not there, refuses to run functions, or died meanwhile; the text is for operators."""


class TooManyInvocations(StrongroomError):
    """There is no room for another invocation now, and nothing was run; the text is for operators.

    Attributes:
        reason: By AWS's name.
    """

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class HiddenTexts(Hidden):
    """Texts by name that only ``reveal()`` gives: the environment of a function."""

    __slots__ = ("_texts",)

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = dict(texts)

    def reveal(self) -> dict[str, str]:
        """Give a copy of the texts themselves."""
        return dict(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


class FunctionCredentials(Hidden):
    """Temporary credentials for one invocation; only the key id may be seen.

    Attributes:
        access_key_id: ``ASIA...``.
        expires_ms: From when on they are of no use; a sandbox that holds them ends before.
    """

    __slots__ = ("_secret_access_key", "_session_token", "access_key_id", "expires_ms")

    def __init__(
        self, access_key_id: str, secret_access_key: str, session_token: str, expires_ms: Instant
    ) -> None:
        self.access_key_id = access_key_id
        self.expires_ms = expires_ms
        self._secret_access_key = secret_access_key
        self._session_token = session_token

    def reveal(self) -> tuple[str, str, str]:
        """Give access key id, secret access key and session token."""
        return self.access_key_id, self._secret_access_key, self._session_token


class Code(msgspec.Struct, frozen=True):
    """A checked zip archive.

    Attributes:
        digest: SHA-256 of the archive.
        zip_bytes: Reads the archive, compares its digest and gives it; called only when no sandbox has it unpacked.
            It may be called on any thread, and raises ``StrongroomError`` when the archive is not what was stored.
    """

    digest: bytes
    zip_bytes: Callable[[], bytes]


class FunctionSpec(msgspec.Struct, frozen=True):
    """A function version, as the runner needs it.

    Attributes:
        arn: The function's, without a qualifier.
        name: The last part of it.
        version: ``$LATEST`` or a number.
        account: Whose it is.
        region: Where it is.
        revision_id: Another one after every change of code or configuration.
        role_id: The unique id of the role that it runs as (P-07).
        runtime: ``python3.12``, ``nodejs22.x``, ...
        handler: ``file.function``; its form was checked.
        memory_mb: 128 to 10240.
        timeout_s: 1 to 900.
        environment: What its owner put into its environment; no reserved name is among them.
        code: The function's own archive.
        layers: Those of its layers, in their order.
        ephemeral_mb: Size of ``/tmp``.
        log_group: Where its output goes.
        function_id: Names the function, whatever its versions and its revision.
        reserved: How many of it may run at once, of all its versions; None for no limit of its own.
    """

    arn: str
    name: str
    version: str
    account: str
    region: str
    revision_id: str
    role_id: str
    runtime: str
    handler: str
    memory_mb: int
    timeout_s: int
    environment: HiddenTexts
    code: Code
    layers: tuple[Code, ...] = ()
    ephemeral_mb: int = 512
    log_group: str = ""
    function_id: str = ""
    reserved: int | None = None

    @property
    def identity(self) -> tuple[str, ...]:
        """Name what must be the same for a sandbox to be used again (F-05)."""
        return self.account, self.region, self.arn, self.version, self.revision_id, self.role_id


class Invocation(msgspec.Struct, frozen=True):
    """One event for a function.

    Attributes:
        request_id: Its id; the function sees it.
        invoked_arn: The ARN that was asked for, with its qualifier if it had one.
        payload: The event, JSON.
        credentials: Of a session of the function's role.
        scope: What the credentials are cut down to: empty for the role's own rights, for a rotation the ARN of the
            secret. Sandboxes are not shared between scopes.
        deadline_ms: When nobody waits any longer; the runner gives up then even if it had no room so far.
        hosts: Host and port of what it may reach besides our endpoint and what the operator allows.
        scrub: Values that must not stand in its log lines: what this invocation may read.
        client_context: JSON that the client sent for the function, decoded; None for none.
        wants_log_tail: Whether ``Outcome.log_tail`` is wanted.
    """

    request_id: str
    invoked_arn: str
    payload: Plaintext
    credentials: FunctionCredentials
    scope: str
    deadline_ms: Instant
    hosts: tuple[tuple[str, int], ...] = ()
    scrub: tuple[Plaintext, ...] = ()
    client_context: Plaintext | None = None
    wants_log_tail: bool = False


class LogLine(Hidden):
    """A line that a function, or the runner about it, wrote; with its line end if it had one.

    Attributes:
        time_ms: When.
    """

    __slots__ = ("_text", "time_ms")

    def __init__(self, time_ms: Instant, text: str) -> None:
        self.time_ms = time_ms
        self._text = text

    def reveal(self) -> str:
        """Give the text itself."""
        return self._text


class Outcome(msgspec.Struct, frozen=True):
    """How an invocation ended.

    Attributes:
        payload: What the function returned, or the error document (``errorMessage``, ``errorType``, ...); JSON.
        function_error: ``Unhandled`` where the payload is an error, else None.
        log_stream: ``YYYY/MM/DD/[VERSION]`` and 32 hexadecimal digits, one for each sandbox.
        log_lines: What was written meanwhile, in order, with the START, END and REPORT lines; scrubbed and bounded.
        log_tail: The end of that, at most 4 KiB; empty unless it was wanted.
        duration_ms: How long the handler took.
        init_ms: How long the start took, for a new sandbox; None for a used one.
        max_memory_mb: The most it used so far.
    """

    payload: Plaintext
    function_error: str | None
    log_stream: str
    log_lines: tuple[LogLine, ...]
    log_tail: Plaintext
    duration_ms: float
    init_ms: float | None
    max_memory_mb: int


class FunctionRunner(Protocol):
    """Runs functions; safe to be called from many threads at once."""

    def invoke(self, spec: FunctionSpec, invocation: Invocation) -> Outcome:
        """Run a function once and wait for its end.

        Raises:
            RunnerUnavailable: It cannot be run here, or the runner died meanwhile.
            TooManyInvocations: There is no room; nothing was run.
        """
        ...
