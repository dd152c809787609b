"""What a shape says about itself: its members, their wire names, types and constraints.

Rules:
 - A description is derived once from the annotations of a shape and kept; the fast path of parsing does
   not need it.
 - Every member has one of the nine kinds of the service models; an annotation outside of them is refused
   when the shape is described, that is when the server starts or its tests run.
 - The order is the order of the shape, which is the order of the service model.

It serves the query protocol, the constraint texts, the audit record and the conformance test.
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum, StrEnum
from functools import cache
from typing import Annotated, Any, Literal, Union

import msgspec

from strongroom.errors import StrongroomError
from strongroom.wire.shapes import Shape


class UnsupportedAnnotation(StrongroomError):
    """A shape is annotated with something that no protocol can carry: a mistake of the programmer."""


class Kind(StrEnum):
    """The kinds of values that the service models know."""

    STRING = "string"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    BLOB = "blob"
    LIST = "list"
    MAP = "map"
    STRUCTURE = "structure"


class TypeInfo(msgspec.Struct, frozen=True):
    """The type of a member, an element, a map key or a map value.

    Attributes:
        kind: What it is on the wire.
        least: Smallest length in code points, bytes or elements.
        most: Greatest length.
        minimum: Smallest number.
        maximum: Greatest number.
        pattern: The expression as the service model has it.
        expression: The same, compiled to match the whole text in ASCII.
        choices: The values of an enumeration, in the order in which they are declared; else empty.
        is_sensitive: Whether the value is a secret.
        element: Type of the elements of a list or of the values of a map.
        key: Type of the keys of a map.
        shape: The nested structure.
    """

    kind: Kind
    least: int | None = None
    most: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    pattern: str | None = None
    expression: re.Pattern[str] | None = None
    choices: tuple[str, ...] = ()
    is_sensitive: bool = False
    element: TypeInfo | None = None
    key: TypeInfo | None = None
    shape: type[Shape] | None = None

    @property
    def is_scalar(self) -> bool:
        """Whether it is one text, number, truth value, instant or blob."""
        return self.kind not in (Kind.LIST, Kind.MAP, Kind.STRUCTURE)


class Member(msgspec.Struct, frozen=True):
    """One member of a shape.

    Attributes:
        name: Its Python name, for example ``secret_id``.
        wire_name: Its name in requests and replies, for example ``SecretId``.
        audit_name: Its name in audit records and constraint texts, for example ``secretId``.
        type: What it may hold.
        is_required: Whether a request without it is refused.
        default: What stands for it when it is absent; ``None`` unless the shape says otherwise.
    """

    name: str
    wire_name: str
    audit_name: str
    type: TypeInfo
    is_required: bool
    default: Any = None


def lower_camel(wire_name: str) -> str:
    """Give the name that audit records and constraint texts use: ``SecretId`` becomes ``secretId``.

    The first letter goes to lower case, and a name in capitals throughout goes to lower case whole: AWS
    records ``ARN`` as ``arn`` since February 2024.

    Source: audit reference 1.3.
    """
    if wire_name.isupper():
        return wire_name.lower()
    return wire_name[:1].lower() + wire_name[1:]


@cache
def describe(shape: type[Shape]) -> tuple[Member, ...]:
    """List the members of a shape in its order.

    Raises:
        UnsupportedAnnotation: A member has a type that no protocol can carry.
    """
    members = []
    for field in msgspec.structs.fields(shape):
        default = None if field.default is msgspec.NODEFAULT else field.default
        if field.default_factory is not msgspec.NODEFAULT:
            default = field.default_factory()
        try:
            info = _type_info(field.type)
        except UnsupportedAnnotation as problem:
            raise UnsupportedAnnotation(f"{shape.__name__}.{field.name}: {problem}") from problem
        members.append(
            Member(
                name=field.name,
                wire_name=field.encode_name,
                audit_name=lower_camel(field.encode_name),
                type=info,
                is_required=field.required,
                default=default,
            )
        )
    return tuple(members)


@cache
def holds_blob(shape: type[Shape]) -> bool:
    """Whether a blob stands anywhere in the shape or below it."""
    return any(info.kind is Kind.BLOB for info in _types_below(shape, set()))


@cache
def holds_secret(info: TypeInfo) -> bool:
    """Whether a value of this type is a secret or contains one, so that no text may quote it."""
    for inner in (info, *_inner_types(info)):
        if inner.is_sensitive:
            return True
        if inner.shape is not None and any(below.is_sensitive for below in _types_below(inner.shape, set())):
            return True
    return False


def _types_below(shape: type[Shape], seen: set[type[Shape]]) -> Iterator[TypeInfo]:
    if shape in seen:  # shapes may contain themselves
        return
    seen.add(shape)
    for member in describe(shape):
        for info in (member.type, *_inner_types(member.type)):
            yield info
            if info.shape is not None:
                yield from _types_below(info.shape, seen)


def _inner_types(info: TypeInfo) -> Iterator[TypeInfo]:
    for inner in (info.key, info.element):
        if inner is not None:
            yield inner
            yield from _inner_types(inner)


_SCALARS: dict[Any, Kind] = {
    str: Kind.STRING,
    int: Kind.INTEGER,
    float: Kind.FLOAT,
    bool: Kind.BOOLEAN,
    bytes: Kind.BLOB,
}


def _type_info(annotation: Any) -> TypeInfo:
    origin = typing.get_origin(annotation)
    arguments = typing.get_args(annotation)
    if origin is Annotated:
        info = _type_info(arguments[0])
        for meta in arguments[1:]:
            if isinstance(meta, msgspec.Meta):
                info = _constrained(info, meta)
        return info
    if origin in (Union, types.UnionType):
        alternatives = [argument for argument in arguments if argument is not types.NoneType]
        if len(alternatives) == 1:
            return _type_info(alternatives[0])
    elif origin is Literal and all(isinstance(argument, str) for argument in arguments):
        return TypeInfo(Kind.STRING, choices=arguments)
    elif origin in (list, Sequence) or (origin is tuple and arguments[1:] == (...,)):
        return TypeInfo(Kind.LIST, element=_type_info(arguments[0]))
    elif origin in (dict, Mapping):
        return TypeInfo(Kind.MAP, key=_type_info(arguments[0]), element=_type_info(arguments[1]))
    elif annotation in _SCALARS:
        return TypeInfo(_SCALARS[annotation])
    elif isinstance(annotation, type) and issubclass(annotation, Shape):
        return TypeInfo(Kind.STRUCTURE, shape=annotation)
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        return TypeInfo(Kind.STRING, choices=tuple(str(choice.value) for choice in annotation))
    raise UnsupportedAnnotation(f"no protocol carries {annotation!r}")


def _constrained(info: TypeInfo, meta: msgspec.Meta) -> TypeInfo:
    extra = meta.extra or {}
    changes: dict[str, Any] = {
        "least": meta.min_length,
        "most": meta.max_length,
        "minimum": meta.ge,
        "maximum": meta.le,
        "pattern": extra.get("pattern"),
        "expression": re.compile(meta.pattern) if meta.pattern is not None else None,
        "is_sensitive": extra.get("sensitive"),
        "kind": Kind.TIMESTAMP if extra.get("timestamp") else None,
    }
    return msgspec.structs.replace(
        info, **{name: value for name, value in changes.items() if value is not None}
    )
