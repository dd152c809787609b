"""Invoke: run a function and give what it returned, or keep an event for it.

``RequestResponse`` waits for the function, at most for its time; what goes wrong in the function is an answer with
``X-Amz-Function-Error``. ``Event`` keeps the event durably and answers 202; ``DryRun`` checks and answers 204.
Payloads have at most 6 MiB, of events 256 KB. The function acts with the rights of its role, in a session that is
named after it. What it wrote is kept soon after the answer, if the store can be written; as with AWS the answer does
not hang on it.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html; audit reference 5.4.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Final

import msgspec

from strongroom.crypto.material import Plaintext
from strongroom.functions.invocation import OF_FUNCTION, FunctionSpec, Outcome
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import errors, shapes
from strongroom.services.lambda_.invoking import (
    Event,
    check_payload,
    choose_version,
    make_run,
    perform_for_client,
)
from strongroom.services.lambda_.logging_lines import append_log
from strongroom.services.lambda_.lookup import Found, existing, find_target, place_of, read_place, version_of
from strongroom.services.lambda_.queue import keep_event
from strongroom.services.secretsmanager.contract import is_built_in
from strongroom.wire.shapes import Shape

EVENT_BYTES_MOST: Final = 262_144
CLIENT_CONTEXT_BYTES_MOST: Final = 3_583


class Request(Shape):
    """Which function, how, and with what."""

    function_name: shapes.NamespacedFunctionName
    invocation_type: shapes.InvocationType | None = None
    log_type: shapes.LogType | None = None
    client_context: str | None = None
    durable_execution_name: shapes.DurableExecutionName | None = None
    payload: shapes.Blob | None = None
    qualifier: shapes.NumericLatestPublishedOrAliasQualifier | None = None
    tenant_id: shapes.TenantId | None = None


class Response(Shape):
    """What the function returned."""

    status_code: int | None = None
    function_error: str | None = None
    log_result: str | None = None
    payload: shapes.Blob | None = None
    executed_version: shapes.Version | None = None


class _Ran(msgspec.Struct, frozen=True):
    """A run that ended."""

    spec: FunctionSpec
    outcome: Outcome


def is_event(request: Request) -> bool:
    """Whether the request changes something: an event is kept."""
    return request.invocation_type == "Event"


def target(context: Context, request: Request) -> Target:
    """Name the function, version or alias."""
    place = read_place(context, request.function_name, request.qualifier)
    return find_target(context, place, is_invoked=True)


def apart(context: Context, request: Request, target: Target) -> Callable[[], _Ran] | None:
    """Check everything, and give the run that is waited for."""
    place = place_of(target)
    _refuse_built_in(target)
    function = existing(target, qualified=True)
    _refuse_what_is_not_served(request)
    payload = check_payload(request.payload)
    client_context = read_client_context(request.client_context)
    version = choose_version(context, function, place.qualifier)
    if request.invocation_type == "DryRun":
        return None
    if function.attributes.reserved == 0:
        raise errors.throttled(OF_FUNCTION)
    event = Event(
        request_id=context.request_id,
        qualifier=place.qualifier,
        payload=payload,
        client_context=client_context,
        wants_log_tail=request.log_type == "Tail",
    )
    run = make_run(context, function, version, event)
    runner = context.deployment.runner
    return lambda: _Ran(run.spec, perform_for_client(run, runner))


def handle(context: Context, request: Request, target: Target) -> Response:
    """Answer with what came of it."""
    if request.invocation_type == "DryRun":
        return Response(status_code=204)
    if is_event(request):
        return _keep(context, request, target)
    ran = context.prepared
    assert isinstance(ran, _Ran)
    outcome, spec, keyring, now_ms = ran.outcome, ran.spec, context.deployment.keyring, context.now_ms
    if outcome.log_lines:
        context.in_passing(lambda transaction: append_log(transaction, keyring, spec, outcome, now_ms))
    tail = outcome.log_tail.reveal()
    return Response(
        status_code=200,
        function_error=outcome.function_error,
        log_result=base64.b64encode(tail).decode() if request.log_type == "Tail" else None,
        payload=outcome.payload.reveal(),
        executed_version=spec.version,
    )


def read_client_context(text: str | None) -> Plaintext | None:
    """Decode what a client sends for the function.

    Raises:
        Fault: It is no base64 of a JSON object, or too long.
    """
    if not text:
        return None
    try:
        decoded = base64.b64decode(text, validate=True)
        is_object = isinstance(msgspec.json.decode(decoded), dict)
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        is_object, decoded = False, b""
    if not is_object or len(text) > CLIENT_CONTEXT_BYTES_MOST:
        raise errors.invalid_client_context()
    return Plaintext(decoded)


def _keep(context: Context, request: Request, target: Target) -> Response:
    place = place_of(target)
    _refuse_built_in(target)
    function = existing(target, qualified=True)
    _refuse_what_is_not_served(request)
    if request.payload is not None and len(request.payload) > EVENT_BYTES_MOST:
        raise errors.payload_too_large(len(request.payload), EVENT_BYTES_MOST)
    payload = check_payload(request.payload)
    version_of(context.rows, function, place.qualifier)
    keep_event(context, function, place.qualifier, payload, read_client_context(request.client_context))
    return Response(status_code=202)


def _refuse_built_in(target: Target) -> None:
    found = target.found
    assert isinstance(found, Found)
    if found.function is None and is_built_in(found.place.name):
        raise errors.not_invoked_here(found.place.name)


def _refuse_what_is_not_served(request: Request) -> None:
    if request.durable_execution_name is not None:
        raise errors.not_served("A durable execution")
    if request.tenant_id is not None:
        raise errors.not_served("A tenant id")


INVOKE = Operation(
    name="Invoke",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="lambda:InvokeFunction",
    target=target,
    apart=apart,
    handle=handle,
    changes=is_event,
    is_read_only=False,
    recorded_request=("function_name", "invocation_type", "log_type", "qualifier"),
    is_unbuffered=True,
)
