"""JSON of a policy, read so that two readers can never disagree about it (threat model J-01, J-02, J-05).

Rules:
 - Bytes are strict UTF-8; UTF-16, UTF-32 and byte order marks are refused, never guessed.
 - At most ``MAX_DEPTH`` levels and ``MAX_TOKENS`` names and values, counted before anything is
   built.
 - A name stands once in an object. ``NaN`` and ``Infinity`` are refused, NUL and lone surrogates too.
 - A number stays the text that was written: condition values are compared as decimals, never as floats.
 - The error carries nothing of the input.

It does not know the shape of a policy; see ``document.py``.
"""

from __future__ import annotations

import json
import re
from typing import Any

from strongroom.errors import StrongroomError

MAX_DEPTH = 64
MAX_TOKENS = 10_000

# Possessive, so that an unfinished string costs one pass.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]|[^\s"\[\]{},:]++', re.DOTALL)


class NotStrictJSON(StrongroomError):
    """A text is not JSON, or breaks a rule of this module."""


class NumberText(str):
    """A JSON number as it was written, for example ``10``, ``-1.50`` or ``1e3``."""

    __slots__ = ()


def load_json(text: str | bytes) -> Any:
    """Read ``text`` into dicts, lists, strings, booleans, None and ``NumberText``.

    Raises:
        NotStrictJSON: A rule of this module is broken.

    Source: RFC 8259; threat model J-01, J-02.
    """
    reason = "not JSON"
    # Raised below, outside the handlers: the decoder's errors carry the whole document (J-05).
    try:
        decoded = text.decode("utf-8", "strict") if isinstance(text, bytes) else text
        _check_size(decoded)
        value = json.loads(
            decoded,
            object_pairs_hook=_read_object,
            parse_int=NumberText,
            parse_float=NumberText,
            parse_constant=_refuse_constant,
        )
        _check_strings(decoded, value)
    except NotStrictJSON as broken:
        reason = broken.args[0]
    except (ValueError, RecursionError):
        pass
    else:
        return value
    raise NotStrictJSON(reason)


def _check_size(text: str) -> None:
    depth = 0
    tokens = 0
    for match in _TOKEN.finditer(text):
        mark = text[match.start()]
        if mark in "]}":
            depth -= 1
            continue
        tokens += 1
        if mark in "[{":
            depth += 1
        if depth > MAX_DEPTH:
            raise NotStrictJSON("nested too deeply")
        if tokens > MAX_TOKENS:
            raise NotStrictJSON("too many names and values")


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        # Of two readers, one keeps the first and one the last: an Effect could be both.
        raise NotStrictJSON("a name stands twice in an object")
    return members


def _refuse_constant(_name: str) -> None:
    raise NotStrictJSON("not a JSON number")


def _check_strings(text: str, value: Any) -> None:
    if "\\u" not in text and text.isascii() and "\0" not in text:
        return
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if "\0" in item or any("\ud800" <= character <= "\udfff" for character in item):
                raise NotStrictJSON("a text holds NUL or a lone surrogate")
        elif isinstance(item, dict):
            waiting.extend(item)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
