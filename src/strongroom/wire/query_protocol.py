"""The AWS query protocol: a form in, XML out. IAM and STS speak it, SNS and CloudWatch can.

Rules of reading:
 - ``Action=CreateUser&Version=2010-05-08&Tags.member.1.Key=team``: structures are dotted, lists are
   ``Name.member.N`` from 1 without gaps, maps are ``Name.entry.N.key`` and ``.value``; an empty list or map
   is ``Name=``. The fields may stand in the query string, in a form body, or in both.
 - A name occurs once, in query string and body together, and ``Action`` and ``Version`` have no second
   spelling: of two readers that pick different ones, one is deceived. A name is not both a value and a
   prefix.
 - Escapes are whole, the text is UTF-8, NUL is refused; at most 10,000 fields, names at most 32 parts deep.
 - Unknown members are ignored (a presigned request carries ``X-Amz-...`` beside them).
 - Numbers, truth values, instants and blobs each have one form; ``"True"``, ``"1_0"``, ``"１"`` are refused.

Rules of writing:
 - An absent member is not written; instants are ISO 8601, blobs base64, truth values ``true`` and ``false``.
 - What XML 1.0 cannot hold (control characters, U+FFFE, U+FFFF) becomes U+FFFD; a carriage return is
   escaped, because readers turn a bare one into a line feed.

Source: identity reference 0.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeVar
from urllib.parse import unquote_to_bytes

import msgspec

from strongroom.clock import render_iso
from strongroom.patterns import pattern_of
from strongroom.wire.blob import decode_blob
from strongroom.wire.constraints import Wording, checked
from strongroom.wire.describe import Kind, TypeInfo, describe
from strongroom.wire.problems import SerializationProblem
from strongroom.wire.shapes import Shape

S = TypeVar("S", bound=Shape)

MAX_FIELDS: Final = 10_000
MAX_NAME_PARTS: Final = 32

_BROKEN_ESCAPE: Final = pattern_of(rb"%(?![0-9A-Fa-f]{2})")
_INTEGER: Final = pattern_of(r"-?(?:0|[1-9][0-9]{0,18})\Z")
_DECIMAL: Final = pattern_of(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?\Z")
_INSTANT: Final = pattern_of(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z\Z")
_INTEGER_END: Final = 1 << 63

# Everything that element text may not hold as it is.
_UNSAFE: Final = pattern_of('[&<>"\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#xD;"}


class QueryFields(msgspec.Struct, frozen=True):
    """The fields of one request, decoded and checked.

    Attributes:
        action: The operation; empty where the request names none.
        version: The version of the API; empty where the request names none.
        fields: Every field by its full name, ``Action`` and ``Version`` included.
    """

    action: str
    version: str
    fields: Mapping[str, str] = msgspec.field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<QueryFields of {len(self.fields)}>"  # values may be passwords


def read_fields(query: bytes, body: bytes) -> QueryFields:
    """Decode the fields of a request.

    Args:
        query: The raw query string, without ``?``; may be empty.
        body: The raw form body; may be empty.

    Raises:
        SerializationProblem: A rule of reading is broken; the message says which and quotes nothing.
    """
    parts = [part for source in (query, body) if source for part in source.split(b"&") if part]
    if len(parts) > MAX_FIELDS:
        raise SerializationProblem("The request has too many fields.")
    fields: dict[str, str] = {}
    for part in parts:
        name, _, value = part.partition(b"=")
        decoded = _decode(name)
        if decoded in fields:
            raise SerializationProblem("A field occurs twice.")
        folded = decoded.lower()
        if folded in ("action", "version") and decoded not in ("Action", "Version"):
            raise SerializationProblem("Action and Version are written with one capital letter.")
        fields[decoded] = _decode(value)
    return QueryFields(fields.get("Action", ""), fields.get("Version", ""), fields)


class QueryProtocol:
    """Reads the forms and writes the XML of a service that speaks the query protocol.

    Args:
        wording: Whether constraint texts quote values; IAM's do not.
    """

    __slots__ = ("content_type", "wording")

    def __init__(self, wording: Wording = Wording.WITH_VALUE) -> None:
        self.wording = wording
        self.content_type = "text/xml"

    def parse(self, fields: QueryFields, shape: type[S]) -> S:
        """Read a request.

        Args:
            fields: What ``read_fields`` gave.
            shape: The request of the operation.

        Raises:
            SerializationProblem: A field does not have the form of its type, or names contradict each other.
            ConstraintViolations: Members break their constraints.
        """
        return checked(_structure(_tree(fields.fields), shape), shape, self.wording)

    def render(self, operation: str, response: Shape | None, namespace: str, request_id: str) -> bytes:
        """Write a response.

        Args:
            operation: Name of the operation, for example ``CreateUser``.
            response: Its output; ``None`` where it has none.
            namespace: The XML namespace of the service.
            request_id: The id of the request.
        """
        out = [f'<{operation}Response xmlns="{escape(namespace)}">\n']
        if response is not None:
            out.append(f"  <{operation}Result>")
            _write_structure(response, out)
            out.append(f"</{operation}Result>\n")
        out.append(f"  <ResponseMetadata><RequestId>{escape(request_id)}</RequestId></ResponseMetadata>\n")
        out.append(f"</{operation}Response>\n")
        return "".join(out).encode()


def escape(text: str) -> str:
    """Write a text so that any XML 1.0 reader gets it back, but for what XML cannot hold (U+FFFD then)."""
    if _UNSAFE.search(text) is None:
        return text
    return _UNSAFE.sub(lambda found: _ESCAPES.get(found[0], "\ufffd"), text)


def _decode(text: bytes) -> str:
    if _BROKEN_ESCAPE.search(text):
        raise SerializationProblem("A field has a broken escape.")
    try:
        decoded = unquote_to_bytes(text.replace(b"+", b" ")).decode("utf-8", "strict")
    except UnicodeDecodeError:
        decoded = None
    # Raised out here: the error of the codec holds the field (J-05).
    if decoded is None:
        raise SerializationProblem("A field is not UTF-8.")
    if "\x00" in decoded:
        raise SerializationProblem("A field holds NUL.")
    return decoded


_Node = dict[str, Any]  # a name part -> a text, or the node of what follows the dot


def _tree(fields: Mapping[str, str]) -> _Node:
    """Group the fields by the parts of their names."""
    root: _Node = {}
    for name, value in fields.items():
        parts = name.split(".", MAX_NAME_PARTS)
        if len(parts) > MAX_NAME_PARTS:
            raise SerializationProblem("A field is nested too deeply.")
        node = root
        for part in parts[:-1]:
            node = node.setdefault(part, {})
            if type(node) is not dict:
                raise SerializationProblem("A field is both a value and a structure.")
        if parts[-1] in node:
            raise SerializationProblem("A field is both a value and a structure.")
        node[parts[-1]] = value
    return root


def _structure(node: _Node, shape: type[Shape]) -> dict[str, Any]:
    known = {}
    for member in describe(shape):
        value = node.get(member.wire_name)
        if value is not None:
            known[member.wire_name] = _typed(value, member.type)
    return known


def _typed(value: str | _Node, info: TypeInfo) -> Any:
    if isinstance(value, str):
        if info.kind is Kind.LIST and not value:
            return []
        if info.kind is Kind.MAP and not value:
            return {}
        if not info.is_scalar:
            raise SerializationProblem("A structure, list or map is given as a value.")
        return _scalar(value, info.kind)
    if info.shape is not None:
        return _structure(value, info.shape)
    if info.kind is Kind.LIST and info.element is not None:
        return [_typed(part, info.element) for part in _numbered(value, "member")]
    if info.kind is Kind.MAP and info.key is not None and info.element is not None:
        return _map(_numbered(value, "entry"), info.key, info.element)
    raise SerializationProblem("A value is given as a structure, list or map.")


def _numbered(node: _Node, label: str) -> list[Any]:
    """Put ``member.1``, ``member.2`` and so on in order; every number from 1 on must be there."""
    items = node.get(label)
    if len(node) != 1 or type(items) is not dict:
        raise SerializationProblem("A list or map has fields that are not numbered.")
    ordered = [items.get(str(number)) for number in range(1, len(items) + 1)]
    if None in ordered:
        raise SerializationProblem("The numbers of a list or map have gaps.")
    return ordered


def _map(entries: list[Any], key: TypeInfo, element: TypeInfo) -> dict[Any, Any]:
    values: dict[Any, Any] = {}
    for entry in entries:
        if type(entry) is not dict or entry.keys() != {"key", "value"}:
            raise SerializationProblem("An entry of a map has other parts than a key and a value.")
        name = _typed(entry["key"], key)
        if name in values:
            raise SerializationProblem("A key of a map occurs twice.")
        values[name] = _typed(entry["value"], element)
    return values


def _scalar(text: str, kind: Kind) -> Any:
    if kind is Kind.STRING:
        return text
    if kind is Kind.BLOB:
        return decode_blob(text)
    if kind is Kind.BOOLEAN and text in ("true", "false"):
        return text == "true"
    if kind is Kind.INTEGER and _INTEGER.match(text) and -_INTEGER_END <= int(text) < _INTEGER_END:
        return int(text)
    if kind is Kind.FLOAT and _DECIMAL.match(text):
        return float(text)
    if kind is Kind.TIMESTAMP and _INSTANT.match(text):
        return _read_instant(text)
    raise SerializationProblem(f"A field does not have the form of its type, {kind}.")


def _read_instant(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        pass  # the 30th of February; the message of datetime may quote the text
    raise SerializationProblem("A field does not have the form of its type, timestamp.")


def _write_structure(value: Shape, out: list[str]) -> None:
    for member in describe(type(value)):
        part = getattr(value, member.name)
        if part is not None:
            out.append(f"<{member.wire_name}>")
            _write(part, member.type, out)
            out.append(f"</{member.wire_name}>")


def _write(value: Any, info: TypeInfo, out: list[str]) -> None:
    kind = info.kind
    if kind is Kind.STRUCTURE:
        _write_structure(value, out)
    elif kind is Kind.LIST and info.element is not None:
        for part in value:
            out.append("<member>")
            _write(part, info.element, out)
            out.append("</member>")
    elif kind is Kind.MAP and info.key is not None and info.element is not None:
        for name, part in value.items():
            out.append("<entry><key>")
            _write(name, info.key, out)
            out.append("</key><value>")
            _write(part, info.element, out)
            out.append("</value></entry>")
    elif kind is Kind.TIMESTAMP:
        out.append(render_iso(round(value * 1000)))
    elif kind is Kind.BOOLEAN:
        out.append("true" if value else "false")
    elif kind is Kind.BLOB:
        out.append(base64.b64encode(value).decode())
    else:
        out.append(escape(str(getattr(value, "value", value))))
