"""Steps 4 and 10: a route's protocol, spoken.

``wire`` knows protocols and no services; here a service's codes and customs are put to it.
"""

from __future__ import annotations

from typing import Any, Final

from strongroom.errors import Fault
from strongroom.gateway.operation import Service
from strongroom.gateway.routing import Route
from strongroom.http_message import RawReply, RawRequest
from strongroom.wire.constraints import Wording
from strongroom.wire.faults import Protocol, render_fault, render_reply, render_rest_reply
from strongroom.wire.json_protocol import JSONProtocol
from strongroom.wire.problems import ConstraintViolations, SerializationProblem
from strongroom.wire.query_protocol import QueryProtocol, read_fields
from strongroom.wire.rest_json import RestJSONProtocol
from strongroom.wire.shapes import Shape

_JSON: Final = {"json-1.0": JSONProtocol("1.0"), "json-1.1": JSONProtocol("1.1")}
_QUERY: Final = {
    True: QueryProtocol(Wording.WITH_VALUE),
    False: QueryProtocol(Wording.WITHOUT_VALUE),
}
_REST: Final = RestJSONProtocol()
_FRONT_DOOR: Final = frozenset(
    {"ExpiredTokenException", "InternalFailure", "SerializationException", "UnknownOperationException"}
)


def parse_request(route: Route, request: RawRequest) -> Any:
    """Read the body as the request of the route's operation (4).

    Raises:
        Fault: It is not one; nothing of the input is repeated but values that are no secret.
    """
    assert route.operation is not None
    errors = route.service.errors
    try:
        if route.protocol == "query":
            fields = read_fields(request.query, request.body)
            return _QUERY[route.service.prints_values].parse(fields, route.operation.request)
        if route.binding is not None:
            return _REST.parse(
                route.binding,
                route.operation.request,
                request.path,
                request.query,
                request.by_name(),
                request.body,
            )
        operation = route.operation
        return _JSON[route.protocol].parse(request.body, operation.request, operation.most_values)
    except SerializationProblem as problem:
        code, status = errors.serialization
        raise Fault(code, problem.message, status=status) from problem
    except ConstraintViolations as problem:
        code, status = errors.validation
        raise Fault(code, problem.message, status=status) from problem


def success_reply(route: Route, response: Shape | None, request_id: str) -> RawReply:
    """Write the answer of a call that succeeded (10)."""
    if route.binding is not None:
        no_store = route.operation is not None and route.operation.is_unbuffered
        return render_rest_reply(response, route.binding, _REST, request_id, no_store=no_store)
    return render_reply(
        response,
        _QUERY[route.service.prints_values] if route.protocol == "query" else _JSON[route.protocol],
        request_id,
        operation=route.name,
        namespace=route.service.namespace,
        no_store=route.operation is not None and route.operation.is_unbuffered,
    )


def fault_reply(route: Route, fault: Fault, request_id: str) -> RawReply:
    """Write the answer of a call that failed (10), with the codes of its service."""
    fault = _in_words_of(route.service, fault)
    if route.binding is not None:
        lower = fault.code in _FRONT_DOOR or fault.code in route.service.lower_codes
        return render_fault(fault, _REST, request_id, message_member="message" if lower else "Message")
    return render_fault(
        fault,
        _protocol(route.protocol, route.service.prints_values),
        request_id,
        namespace=route.service.namespace,
        message_member="message" if fault.code in _FRONT_DOOR else route.service.message_member,
    )


def front_door_reply(fault: Fault, request_id: str, *, route: Route | None, protocol: str) -> RawReply:
    """Write the answer to a request that was not let in.

    Args:
        fault: Why.
        request_id: The id of the request.
        route: Where it wanted to go, when that was found out.
        protocol: How to write when it was not.
    """
    if route is None:
        return render_fault(fault, _protocol(protocol), request_id)
    return render_fault(
        _in_words_of(route.service, fault),
        _protocol(route.protocol, route.service.prints_values),
        request_id,
        namespace=route.service.namespace,
    )


def _in_words_of(service: Service, fault: Fault) -> Fault:
    """Give what the gateway itself finds the code that the service has for it."""
    if fault.code == "AccessDeniedException":
        code, status = service.errors.access_denied
    elif fault.code == "InternalServiceError":
        code, status = service.errors.internal
    else:
        return fault
    return Fault(code, fault.message, status=status)


def _protocol(name: str, prints_values: bool = True) -> Protocol:
    if name == "rest-json":
        return _REST
    return _QUERY[prints_values] if name == "query" else _JSON[name]
