"""Step 2: from the head of a request to the operation it asks for, by protocol.

Rules:
 - ``X-Amz-Target`` means a JSON service; a form body (or a query string with ``Action``) means a query service.
 - The service a request is dispatched to is the one whose signature it must carry: SigV4 checks the credential
   scope against it (S-06). For the query protocol the scope itself says which service, and ``Version`` must agree.
 - Requests to the path ``/`` are of those services; any other path is one of a REST service, by method and path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from strongroom.errors import Fault
from strongroom.gateway.operation import JSON_ERRORS, Operation, Service
from strongroom.http_message import RawRequest
from strongroom.wire.problems import SerializationProblem
from strongroom.wire.rest_json import Binding, decode, split_path

JSON_1_0 = b"application/x-amz-json-1.0"
JSON_1_1 = b"application/x-amz-json-1.1"
FORM = b"application/x-www-form-urlencoded"
HEADS_KEPT = 512


class Route(msgspec.Struct, frozen=True):
    """Where a request goes.

    Attributes:
        service: The service.
        operation: The operation, or None when the service knows it but does not serve it.
        name: The operation's name.
        protocol: ``json-1.0``, ``json-1.1``, ``query`` or ``rest-json``.
        binding: Where the members stand; None but for REST JSON.
    """

    service: Service
    operation: Operation[Any, Any] | None
    name: str
    protocol: str
    binding: Binding | None = None


class Unroutable(Fault):
    """No service or operation answers to this request.

    Attributes:
        protocol: The protocol in which the answer is written.
    """

    def __init__(self, code: str, message: str, *, status: int, protocol: str) -> None:
        super().__init__(code, message, status=status)
        self.protocol = protocol


class Router:
    """All operations of all services, by the head of the request."""

    def __init__(self, services: Iterable[Service]) -> None:
        self.services: Mapping[str, Service] = {service.name: service for service in services}
        self._json = {
            service.target_prefix: service for service in self.services.values() if service.protocol == "json"
        }
        self._query = [service for service in self.services.values() if service.protocol == "query"]
        self._operations: dict[str, dict[str, Operation[Any, Any]]] = {name: {} for name in self.services}
        self._unloaded: dict[str, Iterator[Operation[Any, Any]]] = {}
        self._known: dict[tuple[bytes | None, bytes | None], Route] = {}
        self._paths: _Paths | None = None

    def find(self, request: RawRequest) -> Route:
        """Find the route of a request.

        Raises:
            Unroutable: There is none.
        """
        form = request.form
        if form is not None and form.route is not None and form.route[0] is self:
            route: Route = form.route[1]
            return route
        named = request.constants()
        target = named.get(b"x-amz-target")
        content_type = named.get(b"content-type")
        known = self._known.get((target, content_type))
        if known is not None and request.method == b"POST" and request.path == b"/":
            if form is not None:  # method, path and these headers are the same in all heads of one form
                form.route = self, known
            return known
        if request.path != b"/":
            return self.find_path(request.method, request.path, request.query)
        if request.method not in (b"POST", b"GET"):
            raise _unknown_operation()
        if target is not None:
            return self._find_json(target, content_type, request)
        media = b"" if content_type is None else content_type.split(b";", 1)[0].strip().lower()
        if media == FORM or (request.method == b"GET" and b"Action=" in request.query):
            return self._find_query(request)
        raise _unknown_operation()

    def find_path(self, method: bytes, path: bytes, query: bytes) -> Route:
        """Find the route of a request to a REST service by the head alone.

        Raises:
            Unroutable: There is none.
        """
        if self._paths is None:
            self._paths = _Paths(self.services.values())
        found = self._paths.find(method, path, query)
        if found is None:
            raise Unroutable("UnknownOperationException", "", status=404, protocol="rest-json")
        service, name, binding = found
        route = self._route(service, name, "rest-json")
        if route is None:
            raise Unroutable("UnknownOperationException", "", status=404, protocol="rest-json")
        return msgspec.structs.replace(route, binding=binding)

    def _find_json(self, target: bytes, content_type: bytes | None, request: RawRequest) -> Route:
        media = b"" if content_type is None else content_type.split(b";", 1)[0].strip().lower()
        if media not in (JSON_1_1, JSON_1_0) or request.method != b"POST":
            raise _unknown_operation()
        # CloudTrail's clients put a long Java name before the prefix; what counts stands behind its last dot.
        prefix, _, name = target.decode("latin-1").rpartition(".")
        service = self._json.get(prefix) or self._json.get(prefix.rpartition(".")[2])
        if service is None:
            raise _unknown_operation()
        route = self._route(service, name, "json-1.0" if media == JSON_1_0 else "json-1.1")
        if route is None:
            raise _unknown_operation()
        if len(self._known) < HEADS_KEPT:
            self._known[target, content_type] = route
        return route

    def _find_query(self, request: RawRequest) -> Route:
        fields = request.query if request.method == b"GET" else request.body
        action = _field(fields, b"Action")
        version = _field(fields, b"Version")
        if action is None:
            raise Unroutable(
                "MissingAction",
                "The request is missing an action or a required parameter.",
                status=400,
                protocol="query",
            )
        for service in self._query:
            if service.version == version:
                route = self._route(service, action, "query")
                if route is not None:
                    return route
        raise Unroutable(
            "InvalidAction",
            f"Could not find operation {action[:128]} for version {(version or 'NO_VERSION_SPECIFIED')[:32]}",
            status=400,
            protocol="query",
        )

    def _route(self, service: Service, name: str, protocol: str) -> Route | None:
        """Find an operation that the service serves, or knows."""
        if name in service.unserved:
            return Route(service, None, name, protocol)
        operation = self._operations[service.name].get(name) or self._load(service, name)
        return None if operation is None else Route(service, operation, name, protocol)

    def _load(self, service: Service, name: str) -> Operation[Any, Any] | None:
        """Load operations of a service until the one that is asked for; all of them when there is none such."""
        unloaded = self._unloaded.get(service.name)
        if unloaded is None:
            unloaded = self._unloaded[service.name] = iter(service.load())
        loaded = self._operations[service.name]
        try:
            for operation in unloaded:
                loaded[operation.name] = operation
                if operation.name == name:
                    return operation
        except BaseException:
            # A service that cannot be loaded answers 500, this time and the next; it knows its operations.
            del self._unloaded[service.name]
            raise
        return None


class _Paths:
    """The operations of REST services, by method, number of segments, and the segments that are no labels."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._by_form: dict[tuple[bytes, int], list[tuple[Service, str, Binding]]] = {}
        for service in services:
            for name, binding in ({} if service.bindings is None else service.bindings()).items():
                form = binding.method.encode("ascii"), len(binding.segments)
                self._by_form.setdefault(form, []).append((service, name, binding))
        for candidates in self._by_form.values():
            # What says more about the path or the query comes first.
            candidates.sort(key=lambda found: (found[2].path.count("{"), not found[2].marks))

    def find(self, method: bytes, path: bytes, query: bytes) -> tuple[Service, str, Binding] | None:
        """Find the operation of a request; None when there is none."""
        segments = split_path(path)
        candidates = self._by_form.get((method, len(segments)))
        if candidates is None:
            return None
        try:
            texts = [decode(segment) for segment in segments]
        except SerializationProblem:
            return None
        for found in candidates:
            binding = found[2]
            if binding.marks and binding.marks not in query.split(b"&"):
                continue
            pieces = zip(binding.segments, texts, strict=True)
            if all(text if piece[0] == "{" else piece == text for piece, text in pieces):
                return found
        return None


def _field(fields: bytes, name: bytes) -> str | None:
    """Read one plain field of a form; names of actions and versions need no decoding.

    A value with any other character than those of a name is not one of ours and finds nothing.
    """
    for pair in fields.split(b"&"):
        key, _, value = pair.partition(b"=")
        if key == name:
            text = value.decode("latin-1")
            return text if text.replace("-", "").isalnum() and text.isascii() else ""
    return None


def _unknown_operation() -> Unroutable:
    code, status = JSON_ERRORS.unknown_operation
    return Unroutable(code, "", status=status, protocol="json-1.1")
