"""AWS JSON 1.0 and 1.1: a body of JSON in, a body of JSON out.

Rules:
 - An empty body is an empty object; any other body is one JSON object that passes ``json_loader``.
 - Unknown members are ignored and ``null`` members are absent, as AWS has it; a ``null`` inside a list is
   dropped, as measured against AWS.
 - Types are exact: ``true`` is no number, ``"1"`` is no number, ``1`` is no text. A number for an integer
   member may be written with a fraction or an exponent when its value is whole (``7.0``, ``1e2``). AWS cuts
   off a real fraction (``1.5`` becomes ``1``); it is refused here, because no client library sends one and
   a recovery window must not silently differ from what was asked for (threat model J-03).
 - Blobs are base64 in its one canonical form (threat model J-04).
 - An absent member is not written. A reply without output has an empty body.

The fast path is one JSON scan and one ``msgspec.convert``. Only when that refuses, or where a shape holds
blobs, are the members walked here.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeVar

import msgspec

from strongroom.strict_json import MAX_TOKENS, MalformedJSON, load_object
from strongroom.wire.blob import decode_blob
from strongroom.wire.constraints import Wording, checked
from strongroom.wire.describe import Kind, TypeInfo, describe, holds_blob
from strongroom.wire.problems import SerializationProblem
from strongroom.wire.shapes import Shape

S = TypeVar("S", bound=Shape)

_encode: Final = msgspec.json.Encoder().encode

# How the framework of AWS names the targets in "NUMBER_VALUE can not be converted to a String".
_TARGETS: Final = {
    Kind.STRING: "a String",
    Kind.BLOB: "a String",
    Kind.INTEGER: "an Integer",
    Kind.FLOAT: "a Double",
    Kind.TIMESTAMP: "a Double",
    Kind.BOOLEAN: "a Boolean",
}
_LARGEST_WHOLE: Final = float(1 << 63)


class JSONProtocol:
    """Reads and writes the bodies of a service that speaks AWS JSON.

    Args:
        version: The version in its content type; bodies do not differ.

    Source: Secrets Manager reference 1; identity reference 0.
    """

    __slots__ = ("content_type", "version")

    def __init__(self, version: Literal["1.0", "1.1"]) -> None:
        self.version = version
        self.content_type = f"application/x-amz-json-{version}"

    def parse(self, body: bytes, shape: type[S], most: int = MAX_TOKENS) -> S:
        """Read a request.

        Args:
            body: The body as received; empty stands for ``{}``.
            shape: The request of the operation.
            most: How many names and values it may have.

        Raises:
            SerializationProblem: The body is not JSON by our rules, or a member has the wrong type.
            ConstraintViolations: Members break their constraints.
        """
        problem = ""
        try:
            document = load_object(body, most) if body else {}
        except MalformedJSON as broken:
            problem = broken.message
        if problem:
            raise SerializationProblem(problem)
        if not holds_blob(shape):
            try:
                return msgspec.convert(document, shape)
            except msgspec.ValidationError:
                pass  # its text can quote values; the walk below finds the words of AWS
        return checked(structure_of(document, shape), shape, Wording.WITH_VALUE)

    def render(self, response: Shape | None) -> bytes:
        """Write a response; ``None`` is the empty body of an operation without output."""
        return b"" if response is None else _encode(response)


def structure_of(document: dict[str, Any], shape: type[Shape]) -> dict[str, Any]:
    """Keep the known members that have a value, each brought to its type.

    Raises:
        SerializationProblem: A value has another type than its member.
    """
    known = {}
    for member in describe(shape):
        value = document.get(member.wire_name)
        if value is not None:
            known[member.wire_name] = _typed(value, member.type)
    return known


def _typed(value: Any, info: TypeInfo) -> Any:
    """Bring a value to its type, or say as AWS does why it cannot be."""
    kind = info.kind
    if isinstance(value, dict):
        if info.shape is not None:
            return structure_of(value, info.shape)
        if kind is Kind.MAP and info.element is not None:
            return {name: _typed(part, info.element) for name, part in value.items() if part is not None}
        raise SerializationProblem("Start of structure or map found where not expected.")
    if isinstance(value, list):
        if kind is Kind.LIST and info.element is not None:
            return [_typed(part, info.element) for part in value if part is not None]
        raise SerializationProblem("Start of list found where not expected")
    if kind is Kind.LIST:
        raise SerializationProblem("Expected list or null")
    if kind is Kind.STRUCTURE or kind is Kind.MAP:
        raise SerializationProblem("Expected null")
    return _scalar(value, kind)


def _scalar(value: Any, kind: Kind) -> Any:
    if isinstance(value, str):
        if kind is Kind.STRING:
            return value
        if kind is Kind.BLOB:
            return decode_blob(value)
        given = "STRING"
    elif isinstance(value, bool):
        if kind is Kind.BOOLEAN:
            return value
        given = "TRUE" if value else "FALSE"
    else:
        if kind is Kind.FLOAT or kind is Kind.TIMESTAMP:
            return value
        if kind is Kind.INTEGER:
            if isinstance(value, int):
                return value
            if value.is_integer() and abs(value) < _LARGEST_WHOLE:
                return int(value)
        given = "NUMBER"
    raise SerializationProblem(f"{given}_VALUE can not be converted to {_TARGETS[kind]}")
