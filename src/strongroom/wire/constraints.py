"""The texts in which AWS says that members break their constraints.

Rules:
 - The words are looked for only when msgspec, which checks constraints in C, has refused the request.
 - Every violation is listed, in the order of the shape, joined by ``; ``.
 - The value of a sensitive member, of a blob, and of anything that contains a sensitive member is never
   quoted (threat model J-05, X-01).
 - Quoted values are cut at 128 characters and before the first control character, and the whole text stays
   under 1,000 bytes; the count at its head stays true.

Source: Secrets Manager reference 1.1; identity reference 4.4, 5.1, 6.2; audit reference 2.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Final, TypeVar

import msgspec

from strongroom.wire.describe import Kind, TypeInfo, describe, holds_secret
from strongroom.wire.problems import ConstraintViolations, SerializationProblem
from strongroom.wire.shapes import Shape

S = TypeVar("S", bound=Shape)

MAX_MESSAGE_BYTES: Final = 1_000
MAX_QUOTED_CHARACTERS: Final = 128


class Wording(Enum):
    """Whether violation texts quote the value."""

    WITH_VALUE = "with value"
    """``Value '0' at 'numberOfBytes' ...``: Secrets Manager, KMS, STS and most others."""

    WITHOUT_VALUE = "without value"
    """``Value at 'versionId' ...``: IAM."""


def checked(document: Mapping[str, Any], shape: type[S], wording: Wording) -> S:
    """Turn a document, whose values already have the right types, into a shape.

    Args:
        document: Wire names and values; blobs as bytes, absent members absent.
        shape: The shape to make.
        wording: How to word violations.

    Raises:
        ConstraintViolations: Members break their constraints.
        SerializationProblem: The document does not have the types of the shape.
    """
    try:
        return msgspec.convert(document, shape)
    except msgspec.ValidationError:
        pass  # its text can quote values, so what follows is raised outside of this handler
    message = violation_message(document, shape, wording)
    if message is not None:
        raise ConstraintViolations(message)
    raise SerializationProblem("The request does not have the form of the operation.")


def violation_message(document: Mapping[str, Any], shape: type[Shape], wording: Wording) -> str | None:
    """Word all violations in a document, or give ``None`` where there are none."""
    violations = [
        f"{_quoted(value, info, wording)} at '{path}' failed to satisfy constraint: {constraint}"
        for path, value, info, constraint in _walk(document, shape, "")
    ]
    if not violations:
        return None
    plural = "" if len(violations) == 1 else "s"
    message = f"{len(violations)} validation error{plural} detected: " + "; ".join(violations)
    if len(message.encode()) > MAX_MESSAGE_BYTES:
        message = message.encode()[: MAX_MESSAGE_BYTES - 3].decode("utf-8", "ignore") + "..."
    return message


_Violation = tuple[str, Any, TypeInfo, str]


def _walk(document: Mapping[str, Any], shape: type[Shape], prefix: str) -> Iterator[_Violation]:
    for member in describe(shape):
        path = prefix + member.audit_name
        value = document.get(member.wire_name)
        if value is not None:
            yield from _walk_value(value, member.type, path)
        elif member.is_required:
            yield path, None, member.type, "Member must not be null"


def _walk_value(value: Any, info: TypeInfo, path: str) -> Iterator[_Violation]:
    for constraint in _broken(value, info):
        yield path, value, info, constraint
    if info.kind is Kind.STRUCTURE and info.shape is not None:
        yield from _walk(value, info.shape, path + ".")
    elif info.kind is Kind.LIST and info.element is not None:
        yield from _walk_parts(value, enumerate(value, 1), info, info.element, path)
    elif info.kind is Kind.MAP and info.key is not None and info.element is not None:
        if any(True for key in value for _ in _broken(key, info.key)):
            constraints = ", ".join(_constraints(info.key))
            yield path, value, info, f"Map keys must satisfy constraint: [{constraints}]"
        named = ((_cut(key), part) for key, part in value.items())
        yield from _walk_parts(value, named, info, info.element, path)


def _walk_parts(
    whole: Any, parts: Iterable[tuple[Any, Any]], info: TypeInfo, element: TypeInfo, path: str
) -> Iterator[_Violation]:
    """Walk the elements of a list or the values of a map.

    For simple elements AWS names the whole and lists every constraint that each of them has, not only the
    broken one; structures are walked one by one, as ``filters.1.member.key``.
    """
    if not element.is_scalar:
        for name, part in parts:
            yield from _walk_value(part, element, f"{path}.{name}.member")
    elif any(True for _, part in parts for _ in _broken(part, element)):
        noun = "Map value" if info.kind is Kind.MAP else "Member"
        yield path, whole, info, f"{noun} must satisfy constraint: [{', '.join(_constraints(element))}]"


def _broken(value: Any, info: TypeInfo) -> Iterator[str]:
    """Word the constraints of the type that the value itself breaks."""
    if info.choices and value not in info.choices:
        yield _enumeration(info)
    if info.expression is not None and info.expression.search(value) is None:
        yield _pattern(info)
    if info.most is not None and len(value) > info.most:
        yield _most(info)
    if info.least is not None and len(value) < info.least:
        yield _least(info)
    if info.maximum is not None and value > info.maximum:
        yield _maximum(info)
    if info.minimum is not None and value < info.minimum:
        yield _minimum(info)


def _constraints(info: TypeInfo) -> Iterator[str]:
    """Word every constraint of the type, in the order in which AWS lists those of elements."""
    if info.most is not None:
        yield _most(info)
    if info.least is not None:
        yield _least(info)
    if info.maximum is not None:
        yield _maximum(info)
    if info.minimum is not None:
        yield _minimum(info)
    if info.pattern is not None:
        yield _pattern(info)
    if info.choices:
        yield _enumeration(info)


def _enumeration(info: TypeInfo) -> str:
    return f"Member must satisfy enum value set: [{', '.join(info.choices)}]"


def _pattern(info: TypeInfo) -> str:
    return f"Member must satisfy regular expression pattern: {info.pattern}"


def _most(info: TypeInfo) -> str:
    return f"Member must have length less than or equal to {info.most}"


def _least(info: TypeInfo) -> str:
    return f"Member must have length greater than or equal to {info.least}"


def _maximum(info: TypeInfo) -> str:
    return f"Member must have value less than or equal to {info.maximum}"


def _minimum(info: TypeInfo) -> str:
    return f"Member must have value greater than or equal to {info.minimum}"


def _quoted(value: Any, info: TypeInfo, wording: Wording) -> str:
    """Write ``Value '...'``, or only ``Value`` where the value must not or cannot be shown."""
    if wording is Wording.WITHOUT_VALUE or holds_secret(info):
        return "Value"
    if value is None:
        return "Value null"
    if info.kind is Kind.LIST and info.element is not None and info.element.is_scalar:
        if info.element.kind is Kind.BLOB:
            return "Value"
        return f"Value '[{_cut(', '.join(_text(part) for part in value))}]'"
    if info.kind is Kind.BLOB or not info.is_scalar:
        return "Value"
    return f"Value '{_cut(_text(value))}'"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _cut(text: str) -> str:
    """Shorten a text for quoting: at 128 characters, and before anything that is not printable."""
    quoted = text[:MAX_QUOTED_CHARACTERS]
    for position, character in enumerate(quoted):
        if not character.isprintable():
            quoted = quoted[:position]
            break
    return quoted if quoted == text else quoted + "..."
