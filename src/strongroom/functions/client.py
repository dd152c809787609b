"""The side of those who want a function to run: workers and the rotation process.

Each invocation has a connection of its own to the runner's socket. When the runner dies, so does the connection,
and the invocation is ``RunnerUnavailable`` at once.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

from strongroom.clock import Clock
from strongroom.crypto.material import Plaintext
from strongroom.functions.invocation import (
    FunctionSpec,
    Invocation,
    LogLine,
    Outcome,
    RunnerUnavailable,
    TooManyInvocations,
)
from strongroom.functions.messages import (
    CODE_PART_BYTES,
    SOCKET_NAME,
    Answered,
    Asked,
    CodeWanted,
    ConversationEnded,
    Endpoint,
    receive_reply,
    send,
    send_frame,
)

CONNECT_S: Final = 5.0
GRACE_S: Final = 30.0
"""How much later than an invocation's deadline the runner may answer."""


class RunnerClient:
    """Runs functions in the runner.

    Args:
        data_dir: Where its socket lies.
        endpoint: Gives our endpoint as functions are to name it; None while there is none.
        clock: The system's: deadlines are real time.
    """

    def __init__(self, data_dir: Path, endpoint: Callable[[], Endpoint | None], clock: Clock) -> None:
        self._data_dir = data_dir
        self._endpoint = endpoint
        self._clock = clock

    def invoke(self, spec: FunctionSpec, invocation: Invocation) -> Outcome:
        """Run a function once and wait for its end.

        Raises:
            RunnerUnavailable: It cannot be run here, or the runner died meanwhile.
            TooManyInvocations: There is no room; nothing was run.
            StrongroomError: The function's archive cannot be read.
        """
        archives = {code.digest: code.zip_bytes for code in (spec.code, *spec.layers)}
        with self._connected() as connection:
            left_s = (invocation.deadline_ms - self._clock()) / 1_000
            connection.settimeout(max(0.0, left_s) + GRACE_S)
            try:
                send(connection, _asked(spec, invocation, self._endpoint()))
                while True:
                    reply = receive_reply(connection)
                    if not isinstance(reply, CodeWanted):
                        break
                    _send_archive(connection, archives[reply.digest]())
            except (ConversationEnded, KeyError) as problem:
                raise RunnerUnavailable("The function runner ended while it ran the function.") from problem
        if isinstance(reply, Answered):
            return _outcome(reply, wants_log_tail=invocation.wants_log_tail)
        if reply.no_room:
            raise TooManyInvocations(reply.no_room, reply.sentence)
        raise RunnerUnavailable(reply.sentence)

    def _connected(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(CONNECT_S)
        try:
            # Through a descriptor: the address of a local socket is short, and a data directory may lie deep.
            directory = os.open(self._data_dir, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                connection.connect(f"/proc/self/fd/{directory}/{SOCKET_NAME}")
            finally:
                os.close(directory)
        except OSError as problem:
            connection.close()
            raise RunnerUnavailable("The function runner does not answer.") from problem
        return connection


def _asked(spec: FunctionSpec, invocation: Invocation, endpoint: Endpoint | None) -> Asked:
    context = invocation.client_context
    return Asked(
        identity=spec.identity,
        name=spec.name,
        version=spec.version,
        region=spec.region,
        runtime=spec.runtime,
        handler=spec.handler,
        memory_mb=spec.memory_mb,
        timeout_s=spec.timeout_s,
        environment=spec.environment.reveal(),
        code=spec.code.digest,
        layers=tuple(layer.digest for layer in spec.layers),
        ephemeral_mb=spec.ephemeral_mb,
        log_group=spec.log_group or f"/aws/lambda/{spec.name}",
        request_id=invocation.request_id,
        invoked_arn=invocation.invoked_arn,
        payload=invocation.payload.reveal(),
        credentials=invocation.credentials.reveal(),
        expires_ms=invocation.credentials.expires_ms,
        scope=invocation.scope,
        deadline_ms=invocation.deadline_ms,
        hosts=invocation.hosts,
        scrub=tuple(value.reveal() for value in invocation.scrub),
        client_context=None if context is None else context.reveal(),
        endpoint=endpoint,
        function_id=spec.function_id,
        reserved=spec.reserved,
    )


def _send_archive(connection: socket.socket, archive: bytes) -> None:
    view = memoryview(archive)
    for start in range(0, len(view), CODE_PART_BYTES):
        send_frame(connection, view[start : start + CODE_PART_BYTES])
    send_frame(connection, b"")


def _outcome(reply: Answered, *, wants_log_tail: bool) -> Outcome:
    return Outcome(
        payload=Plaintext(reply.payload),
        function_error=reply.function_error,
        log_stream=reply.log_stream,
        log_lines=tuple(LogLine(time_ms, text) for time_ms, text in reply.log_lines),
        log_tail=Plaintext(reply.log_tail if wants_log_tail else b""),
        duration_ms=reply.duration_ms,
        init_ms=reply.init_ms,
        max_memory_mb=reply.max_memory_mb,
    )
