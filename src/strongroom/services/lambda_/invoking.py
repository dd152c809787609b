"""From a function version and an event to what the runner needs, and to the run itself.

Rules:
 - The code is read when the runner asks for it, with a connection of its own, and compared with its digest (F-06).
 - Deadlines are real time, whatever the clock of the deployment says.
 - Credentials are a session of the function's role, named after the function: they live for the time of the function
   and a little more, at most 15 minutes (F-04), and its role must still be the one that was given (P-07).
 - The environment is opened for the runner and for nobody else.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from typing import Final

import msgspec

from strongroom.clock import system_clock
from strongroom.crypto.material import Plaintext
from strongroom.functions.invocation import (
    Code,
    FunctionCredentials,
    FunctionRunner,
    FunctionSpec,
    Invocation,
    Outcome,
    RunnerUnavailable,
    TooManyInvocations,
)
from strongroom.gateway.context import Context
from strongroom.services.lambda_ import errors
from strongroom.services.lambda_.code import open_code
from strongroom.services.lambda_.configuration import log_group_of
from strongroom.services.lambda_.environment import open_environment
from strongroom.services.lambda_.lookup import version_of
from strongroom.services.lambda_.model import Configuration, Function, function_arn
from strongroom.services.sts.contract import RoleNotAssumable, assume_for_service

log = logging.getLogger(__name__)

CREDENTIALS_S: Final = 900
"""The least that a session may live, and the most that the credentials of an invocation do (F-04)."""
WAITS_S: Final = 60
"""How long an invocation may wait for its start, beyond the time of the function."""


class Event(msgspec.Struct, frozen=True):
    """What a function is invoked with.

    Attributes:
        request_id: Of the invocation.
        qualifier: The version or alias that was asked for; empty for none.
        payload: JSON.
        client_context: JSON of the client; None for none.
        wants_log_tail: Whether the end of the log is wanted.
        session_policy: What the credentials are cut down to; None for the rights of the role.
        scope: Names that, see ``Invocation``.
        hosts: What the function may reach, see ``Invocation``.
        scrub: What must not stand in its log, see ``Invocation``.
    """

    request_id: str
    qualifier: str
    payload: Plaintext
    client_context: Plaintext | None = None
    wants_log_tail: bool = False
    session_policy: str | None = None
    scope: str = ""
    hosts: tuple[tuple[str, int], ...] = ()
    scrub: tuple[Plaintext, ...] = ()


class Run(msgspec.Struct, frozen=True):
    """An invocation that is ready to be run, without the store.

    Attributes:
        spec: The function version.
        invocation: The event.
    """

    spec: FunctionSpec
    invocation: Invocation

    def perform(self, runner: FunctionRunner) -> Outcome:
        """Run it.

        Raises:
            RunnerUnavailable: It cannot be run here, or the runner died meanwhile.
            TooManyInvocations: There is no room; nothing was run.
        """
        return runner.invoke(self.spec, self.invocation)


def choose_version(context: Context, function: Function, qualifier: str) -> Configuration:
    """Give the version that is run for a qualifier: that of an alias by its weights.

    Raises:
        Fault: There is no such version or alias.
    """
    alias = function.attributes.aliases.get(qualifier)
    if alias is not None and alias.weights:
        drawn = random.random()  # noqa: S311 - a share of the traffic, not a secret
        for version, weight in alias.weights.items():
            drawn -= weight
            if drawn < 0:
                return version_of(context.rows, function, version)
    return version_of(context.rows, function, qualifier)


def make_run(context: Context, function: Function, version: Configuration, event: Event) -> Run:
    """Gather everything for an invocation; its credentials are issued, and that is recorded.

    Raises:
        Fault: The role cannot be assumed any more.
    """
    arn = function.arn
    try:
        issued = assume_for_service(
            context,
            "lambda",
            role_arn=version.role,
            role_id=version.role_id,
            session_name=function.name,
            source_arn=arn,
            duration_s=CREDENTIALS_S,
            policy=event.session_policy,
        )
    except RoleNotAssumable:
        raise errors.role_gone() from None
    credentials = FunctionCredentials(
        issued.access_key_id, issued.secret_access_key, issued.session_token, int(issued.expiration * 1000)
    )
    invocation = Invocation(
        request_id=event.request_id,
        invoked_arn=function_arn(function.region, function.account, function.name, event.qualifier),
        payload=event.payload,
        credentials=credentials,
        scope=event.scope,
        deadline_ms=system_clock() + (version.timeout_s + WAITS_S) * 1000,
        hosts=event.hosts,
        scrub=event.scrub,
        client_context=event.client_context,
        wants_log_tail=event.wants_log_tail,
    )
    return Run(spec_of(context, function, version), invocation)


def spec_of(context: Context, function: Function, version: Configuration) -> FunctionSpec:
    """Describe a function version for the runner."""
    keyring = context.deployment.keyring
    read_apart = context.deployment.read_apart

    def reader(archive_id: str, sha256: bytes, size: int) -> Callable[[], bytes]:
        def read() -> bytes:
            found: bytes = read_apart(
                lambda rows: open_code(rows, keyring, function.account, archive_id, sha256, size)
            )
            return found

        return read

    return FunctionSpec(
        arn=function.arn,
        name=function.name,
        version=version.version,
        account=function.account,
        region=function.region,
        revision_id=version.revision_id,
        role_id=version.role_id,
        runtime=version.runtime,
        handler=version.handler,
        memory_mb=version.memory_mb,
        timeout_s=version.timeout_s,
        environment=open_environment(keyring, function.account, function.function_id, version.environment),
        code=Code(version.sha256, reader(version.archive_id, version.sha256, version.size)),
        layers=tuple(
            Code(layer.sha256, reader(layer.archive_id, layer.sha256, layer.size)) for layer in version.layers
        ),
        ephemeral_mb=version.ephemeral_mb,
        log_group=log_group_of(function, version),
        function_id=function.function_id,
        reserved=function.attributes.reserved,
    )


def perform_for_client(run: Run, runner: FunctionRunner) -> Outcome:
    """Run an invocation; what the runner cannot do is worded for the client.

    Raises:
        Fault: There is no room, or it cannot be run.
    """
    try:
        return run.perform(runner)
    except TooManyInvocations as problem:
        raise errors.throttled(problem.reason) from problem
    except RunnerUnavailable as problem:
        log.warning("a function was not run: %s", problem)
        raise errors.runner_unavailable(str(problem)) from problem


def check_payload(payload: bytes | None) -> Plaintext:
    """Return the event of a request; an absent one is an empty object.

    Raises:
        Fault: It is no JSON; nothing of it is repeated.
    """
    if not payload:
        return Plaintext(b"{}")
    try:
        msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        broken = True
    else:
        broken = False
    if broken:
        raise errors.malformed_payload("it is not valid JSON.")
    return Plaintext(payload)
