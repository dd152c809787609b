"""AWS REST JSON: members of a request stand in its path, its query, its headers and its body.

Rules:
 - Where a member stands is said by a ``Binding``; what it may hold by its shape, as in the other protocols.
 - A label of the path is one segment, percent-decoded once. A slash at the end of the path means nothing.
 - Texts are UTF-8. Numbers and truth values have one spelling (``10``, ``true``). A member that is no list stands
   once. What is not bound is ignored, as AWS has it.
 - A body is one JSON object, or the bytes of the one member that is the payload.

Source: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar
from urllib.parse import unquote_to_bytes

import msgspec

from strongroom.patterns import pattern_of
from strongroom.strict_json import MalformedJSON, load_object
from strongroom.wire.constraints import Wording, checked
from strongroom.wire.describe import Kind, Member, TypeInfo, describe
from strongroom.wire.json_protocol import structure_of
from strongroom.wire.problems import SerializationProblem
from strongroom.wire.shapes import Shape

S = TypeVar("S", bound=Shape)

_INTEGER: Final = pattern_of(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_NO_PLACES: Final[Mapping[str, str]] = {}


class Binding(msgspec.Struct, frozen=True):
    """Where the members of one operation stand. Members are named as on the wire.

    Attributes:
        method: Of HTTP.
        path: The path, with labels: ``/2015-03-31/functions/{FunctionName}``.
        status: Of a reply that succeeded.
        query: Members in the query, with their names there.
        headers: Members of the request in its headers, with the names of those in lower case.
        payload: The member that is the whole body; empty for a body of JSON.
        reply_headers: Members of the reply that stand in its headers.
        reply_payload: The member of the reply that is the whole body.
        reply_status: The member of the reply that is its status.
        reply_type: The content type of a reply that succeeded.
        marks: What else the query must say for this operation (``find=LayerVersion``).
    """

    method: str
    path: str
    status: int = 200
    query: Mapping[str, str] = _NO_PLACES
    headers: Mapping[str, str] = _NO_PLACES
    payload: str = ""
    reply_headers: Mapping[str, str] = _NO_PLACES
    reply_payload: str = ""
    reply_status: str = ""
    reply_type: str = "application/json"
    marks: bytes = b""

    @property
    def segments(self) -> tuple[str, ...]:
        """The path in pieces; labels keep their braces."""
        return tuple(self.path.strip("/").split("/"))


def split_path(path: bytes) -> tuple[bytes, ...]:
    """Cut a raw path into its segments, without a slash at its end."""
    return tuple(path.removeprefix(b"/").removesuffix(b"/").split(b"/"))


def decode(raw: bytes) -> str:
    """Percent-decode once.

    Raises:
        SerializationProblem: It is not UTF-8, or holds what no text here may hold.
    """
    try:
        text = unquote_to_bytes(raw).decode("utf-8", "strict")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise SerializationProblem("The path or the query is not UTF-8 text.")
    return text


class RestJSONProtocol:
    """Reads and writes the messages of a service that speaks REST JSON."""

    __slots__ = ()

    content_type: Final = "application/json"

    def parse(
        self,
        binding: Binding,
        shape: type[S],
        path: bytes,
        query: bytes,
        headers: Mapping[bytes, bytes],
        body: bytes,
    ) -> S:
        """Read a request.

        Raises:
            SerializationProblem: The body is not JSON by our rules, or a member has the wrong type.
            ConstraintViolations: Members break their constraints.
        """
        given: dict[str, list[str]] = {}
        for label, segment in zip(binding.segments, split_path(path), strict=True):
            if label[0] == "{":
                given[label[1:-1]] = [decode(segment)]
        if binding.query:
            members = {name: member for member, name in binding.query.items()}
            for part in query.split(b"&"):
                key, _, raw = part.partition(b"=")
                wanted = members.get(decode(key))
                if wanted is not None:
                    given.setdefault(wanted, []).append(decode(raw))
        for wire_name, name in binding.headers.items():
            sent = headers.get(name.encode("ascii"))
            if sent:
                given[wire_name] = [sent.decode("latin-1")]
        document: dict[str, Any] = {}
        if not binding.payload:
            document = self._body(body, shape, {*given, *binding.query, *binding.headers})
        elif body:
            document[binding.payload] = body
        for member in describe(shape):
            values = given.get(member.wire_name)
            if values is not None:
                document[member.wire_name] = _typed(values, member)
        return checked(document, shape, Wording.WITH_VALUE)

    def render(self, binding: Binding, response: Shape | None) -> tuple[int, dict[str, str], bytes]:
        """Write a response: its status, the headers that hold members, and the body."""
        status = binding.status
        headers: dict[str, str] = {}
        apart = {*binding.reply_headers, binding.reply_payload, binding.reply_status}
        if response is None:
            return status, headers, b""
        document: dict[str, Any] = {}
        body: bytes | None = None
        for member in describe(type(response)):
            value = getattr(response, member.name)
            if value is None:
                continue
            if member.wire_name == binding.reply_status:
                status = value
            elif member.wire_name == binding.reply_payload:
                body = value
            elif member.wire_name in apart:
                headers[binding.reply_headers[member.wire_name]] = str(value)
            else:
                document[member.wire_name] = value
        if binding.reply_payload:
            return status, headers, body or b""
        return status, headers, b"" if status == 204 else msgspec.json.encode(document)

    def _body(self, body: bytes, shape: type[Shape], elsewhere: set[str]) -> dict[str, Any]:
        problem = ""
        try:
            document = load_object(body) if body else {}
        except MalformedJSON as broken:
            problem = broken.message
        if problem:
            raise SerializationProblem(problem)
        return {name: value for name, value in structure_of(document, shape).items() if name not in elsewhere}


def _typed(values: list[str], member: Member) -> Any:
    info = member.type
    if info.kind is Kind.LIST and info.element is not None:
        return [_scalar(value, info.element) for value in values]
    if len(values) != 1:
        raise SerializationProblem("A parameter stands twice.")
    return _scalar(values[0], info)


def _scalar(value: str, info: TypeInfo) -> Any:
    if info.kind is Kind.INTEGER:
        if _INTEGER.fullmatch(value) is None:
            raise SerializationProblem("STRING_VALUE can not be converted to an Integer")
        return int(value)
    if info.kind is Kind.BOOLEAN:
        if value not in ("true", "false"):
            raise SerializationProblem("STRING_VALUE can not be converted to a Boolean")
        return value == "true"
    return value
