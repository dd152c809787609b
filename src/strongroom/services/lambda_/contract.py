"""What other services and processes may ask of Lambda: whether a service may invoke a function, and to invoke it.

Rules (P-08, F-04):
 - The one evaluator decides: the service is the principal, ``aws:SourceArn`` and ``aws:SourceAccount`` say for which
   resource it acts, and the policy of the function must let it in. That holds across accounts too.
 - An invocation is recorded in the account of the function before the function runs; so is the session of its role.
 - Whoever invokes says what the credentials of the function are cut down to.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from strongroom.arn import MalformedARN, parse_arn
from strongroom.crypto.material import Plaintext
from strongroom.errors import Fault, StrongroomError
from strongroom.functions.invocation import FunctionSpec, Outcome, RunnerUnavailable, TooManyInvocations
from strongroom.gateway.authorisation import authorise
from strongroom.gateway.caller import NOBODY
from strongroom.gateway.context import Context
from strongroom.gateway.failures import describe_problem
from strongroom.gateway.inner import call_inside
from strongroom.gateway.operation import Mode, Operation, Service, Target
from strongroom.gateway.recording import written
from strongroom.ids import new_uuid
from strongroom.services.lambda_ import errors
from strongroom.services.lambda_.invoking import Event, Run, choose_version, make_run
from strongroom.services.lambda_.logging_lines import append_log
from strongroom.services.lambda_.lookup import Place, existing, find_target, read_place, version_of
from strongroom.services.sts.contract import as_service
from strongroom.store.transaction import Transaction
from strongroom.wire.shapes import Shape

__all__ = [
    "NotInvocable",
    "Parts",
    "RunnerUnavailable",
    "ServiceEvent",
    "TooManyInvocations",
    "check_invocable",
    "invocation_target",
    "invoke_as_service",
    "keep_log",
]

log = logging.getLogger(__name__)

Record = tuple[str, bytes]
"""The request id of an audit record, and the record."""
Commit = Callable[[Callable[[Transaction, list[Record]], Any]], Any]
"""Does work in a transaction of its own, with the records that it adds, and waits until it is durable."""


class NotInvocable(StrongroomError):
    """The function is not there, or its policy does not let the service in: nobody is told which."""


class Parts(msgspec.Struct, frozen=True):
    """What a process needs to invoke functions.

    Attributes:
        services: The tables of all services, by name.
        deployment: As ``gateway/deployment.py`` has it: keyring, clock, settings, runner, gate, read_apart.
        commit: Commits changes with their records.
    """

    services: Mapping[str, Service]
    deployment: Any
    commit: Commit


class ServiceEvent(msgspec.Struct, frozen=True):
    """An event that a service sends to a function.

    Attributes:
        arn: Of the function, perhaps with a version or alias.
        service: Who sends it: ``secretsmanager``.
        source_arn: The resource that it acts for.
        source_account: The account of that.
        payload: JSON.
        session_policy: What the credentials of the function are cut down to; None for the rights of its role.
        scope: Names that: sandboxes are not shared between scopes (F-05).
        hosts: Host and port of what the function may reach besides our endpoint and what the operator allows.
        scrub: Values that must not stand in its log: what it may read.
    """

    arn: str
    service: str
    source_arn: str
    source_account: str
    payload: Plaintext
    session_policy: str | None = None
    scope: str = ""
    hosts: tuple[tuple[str, int], ...] = ()
    scrub: tuple[Plaintext, ...] = ()


def invocation_target(context: Context, arn: str) -> Target:
    """Name a function for ``lambda:InvokeFunction``, as the caller's own permission is asked for.

    Raises:
        Fault: It is not the ARN of a function, or of another Region.
    """
    return find_target(context, read_place(context, arn), is_invoked=True)


def check_invocable(context: Context, arn: str, service: str, source_arn: str, source_account: str) -> None:
    """Check that a service may invoke a function, when something is configured that will.

    Args:
        context: Of the request that configures it.
        arn: Of the function.
        service: Who will invoke it: ``secretsmanager``.
        source_arn: The resource that it will act for.
        source_account: The account of that.

    Raises:
        NotInvocable: It may not, or there is no such function, version or alias.
    """
    try:
        place = read_place(context, arn)
        acting = as_service(context, service, place.account, source_arn, source_account)
        target = find_target(acting, place, is_invoked=True)
        authorise(acting, "lambda:InvokeFunction", target)
        version_of(context.rows, existing(target), place.qualifier)
    except Fault as problem:
        raise NotInvocable("a function cannot be invoked") from problem


def invoke_as_service(parts: Parts, event: ServiceEvent) -> Outcome:
    """Invoke a function and wait for its end; blocking, and the store is not held meanwhile.

    Raises:
        NotInvocable: The service may not, or the function is not there; it is recorded.
        Fault: The role of the function cannot be assumed any more, or the session policy cannot be.
        RunnerUnavailable: It cannot be run here, or the runner died: whether it did something is not known.
        TooManyInvocations: There is no room; nothing was run.
        StoreError: Nothing could be recorded, so nothing was run.
    """
    found = parts.commit(lambda transaction, records: _begin(parts, event, transaction, records))
    if isinstance(found, Fault):
        if found.code in ("AccessDeniedException", "ResourceNotFoundException"):
            raise NotInvocable("a function cannot be invoked") from found
        raise found
    assert isinstance(found, Run)
    outcome = found.perform(parts.deployment.runner)
    keep_log(parts, found.spec, outcome)
    return outcome


def keep_log(parts: Parts, spec: FunctionSpec, outcome: Outcome) -> None:
    """Keep what a function wrote, in a change of its own; that it cannot be kept fails nothing."""
    if not outcome.log_lines:
        return
    keyring, now_ms = parts.deployment.keyring, parts.deployment.clock()
    try:
        parts.commit(lambda transaction, _records: append_log(transaction, keyring, spec, outcome, now_ms))
    except Exception as problem:  # noqa: BLE001 - whatever it is, the invocation stands
        log.error("the log lines of a function were not kept: %s", describe_problem(problem))


class _Request(Shape):
    """As records of Invoke show it."""

    function_name: str
    invocation_type: str


def _begin(parts: Parts, event: ServiceEvent, transaction: Transaction, records: list[Record]) -> Run | Fault:
    """Decide, record, and gather what the run needs; a refusal is recorded too, so it is given, not raised."""
    try:
        region = parse_arn(event.arn).region
    except MalformedARN:
        return errors.function_not_found(event.arn)
    context = context_of_process(parts, transaction, region)
    try:
        place = read_place(context, event.arn)
        acting = as_service(context, event.service, place.account, event.source_arn, event.source_account)
        request = _Request(function_name=event.arn, invocation_type="RequestResponse")
        run = acting.call(_invocation(place, event), request)
    except Fault as problem:
        return problem
    finally:
        records.extend((context.request_id, record) for record in written(context.inner_records))
    assert isinstance(run, Run)
    return run


def _invocation(place: Place, event: ServiceEvent) -> Operation[_Request, Any]:
    """Make the operation of one invocation: it ends with what is to be run."""

    def target(context: Context, request: _Request) -> Target:
        del request
        return find_target(context, place, is_invoked=True)

    def handle(context: Context, request: _Request, target: Target) -> Any:
        del request
        function = existing(target, qualified=True)
        version = choose_version(context, function, place.qualifier)
        return make_run(
            context,
            function,
            version,
            Event(
                request_id=context.request_id,
                qualifier=place.qualifier,
                payload=event.payload,
                session_policy=event.session_policy,
                scope=event.scope,
                hosts=event.hosts,
                scrub=event.scrub,
            ),
        )

    return Operation(
        name="Invoke",
        mode=Mode.CHANGE,
        request=_Request,
        response=None,
        action="lambda:InvokeFunction",
        target=target,
        handle=handle,
        recorded_request=("function_name", "invocation_type"),
    )


def context_of_process(parts: Parts, transaction: Transaction, region: str) -> Context:
    """Make the context of something that a process of ours does by itself; ``as_service`` says as whom."""
    return Context(
        caller=NOBODY,
        now_ms=parts.deployment.clock(),
        region=region,
        request_id=new_uuid(),
        source_ip="",
        user_agent="",
        is_secure=True,
        rows=transaction,
        deployment=parts.deployment,
        inner=lambda context, operation, request: call_inside(parts.services, context, operation, request),
    )
