"""The vocabulary in which services declare the shapes of the AWS API.

Rules:
 - A shape is a frozen ``msgspec.Struct`` written by hand; members are named in snake case here and in the
   case of the wire there (``secret_id`` is ``SecretId``; ``name="ARN"`` where the rule does not give it).
 - A constraint stands in the annotation: ``Annotated[str, limits(1, 2048)]``. msgspec checks it in C on the
   fast path; ``wire/constraints.py`` words it as AWS does when the check failed.
 - ``None`` means absent, and an absent member is never written as ``null`` (Secrets Manager reference 1).
 - A member that holds a secret is annotated with ``SENSITIVE``; no representation of a shape shows it.

Source: the service models that botocore ships; ``tests/wire`` compares every shape with them.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, dataclass_transform

import msgspec

SENSITIVE: Final = msgspec.Meta(extra={"sensitive": True})
"""Marks a member whose value is a secret: never shown, logged or recorded."""


def renamed(name: str, *, default: Any = msgspec.NODEFAULT) -> Any:
    """Declare a member whose wire name is not the Pascal case of its own, for example ``ARN``."""
    return msgspec.field(name=name, default=default)


class _ShapeType(msgspec.StructMeta):
    """Makes the members of every shape keyword-only: msgspec does not pass that setting on by itself.

    Service models name optional members before required ones, and shapes keep their order.
    """

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **settings: Any) -> Any:
        return super().__new__(mcs, name, bases, namespace, **{"kw_only": True, **settings})


# The decorator tells type checkers what the base and its type do: subclasses are frozen and keyword-only.
@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field, renamed))
class Shape(msgspec.Struct, metaclass=_ShapeType, frozen=True, omit_defaults=True, rename="pascal", gc=False):
    """Base of every request, response and nested structure of the API."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"  # never the members: some are secrets


def limits(
    least: int | None = None,
    most: int | None = None,
    *,
    pattern: str | None = None,
) -> msgspec.Meta:
    """Constrain the length of a text, list or blob; for text also its form.

    Args:
        least: Smallest length, in code points, members or bytes.
        most: Greatest length.
        pattern: The expression as the service model has it. It must match the whole text, in ASCII
            (threat model J-03); the model's own ``^`` and ``$`` may stand in it, and so may the classes of
            letters, numbers and separators in which AWS describes tags.

    Raises:
        ValueError: The pattern names Unicode properties in a way that has no translation here.
    """
    anchored = None
    if pattern is not None:
        bare = pattern.removeprefix("^").removesuffix("$")
        if r"\p{" in bare:
            anchored = rf"\A(?:{_without_properties(bare)})\Z"
        else:
            anchored = rf"\A(?a:{bare})\Z"
    return msgspec.Meta(
        min_length=least,
        max_length=most,
        pattern=anchored,
        extra={"pattern": pattern} if pattern is not None else None,
    )


# The characters of general category Z: the separators.
_SEPARATORS: Final = r"\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"


def _without_properties(pattern: str) -> str:
    r"""Write ``[\p{L}\p{Z}\p{N}_...]`` in what ``re`` knows.

    ``\w`` is exactly the letters, the numbers and the underscore, so it stands for ``\p{L}\p{N}`` wherever
    the class has the underscore too, as all of the tag patterns of AWS do.
    """
    translated = pattern.replace(r"\p{L}", r"\w").replace(r"\p{N}", "").replace(r"\p{Z}", _SEPARATORS)
    complete = r"\p{L}" in pattern and r"\p{N}" in pattern and "_" in pattern
    if not complete or r"\p{" in translated or re.search(r"\\[dDsSwW]", pattern):
        raise ValueError("unsupported use of Unicode properties in a pattern")
    return translated


def within(least: int, most: int | None = None) -> msgspec.Meta:
    """Constrain a number to ``least`` to ``most``, both allowed."""
    return msgspec.Meta(ge=least, le=most)


Timestamp = Annotated[float, msgspec.Meta(extra={"timestamp": True})]
"""Seconds since the epoch, with milliseconds as a fraction; the query protocol writes it as ISO 8601."""


def timestamp(instant_ms: int) -> float:
    """Turn milliseconds into the number that the JSON protocol carries: ``1523477145.713``."""
    return instant_ms / 1000
