"""The one way in which JSON from outside becomes values (threat model J-01, J-02, J-05).

Rules:
 - The text is strict UTF-8 without a byte order mark; UTF-16 and UTF-32 are never guessed.
 - Objects and lists nest at most 64 deep; names and values together number at most 10,000, where whoever reads has no
   greater number.
 - A name occurs once in an object: of two readers that keep the first and the last, one is deceived.
 - ``NaN`` and ``Infinity`` are refused, integers lie within 64 signed bits, numbers do not overflow.
 - No text holds NUL or half of a surrogate pair: no store keeps them alike.
 - An error says which rule was broken and nothing of what was received; the decoder's own errors, which
   carry the whole document, do not even hang on it as a context.

It serves bodies, policies, event patterns and what is inside of secrets. It does not know shapes, and it does not
limit the length of the text: the edge does (J-06).

The limits of depth and count are first compared with upper bounds that a few functions of ``bytes`` find; the exact
scan, which takes a step for every name and value, runs only when a bound is passed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from json import JSONDecoder
from typing import Any, Final, NoReturn

from strongroom.errors import StrongroomError
from strongroom.patterns import pattern_of

JSON = dict[str, "JSON"] | list["JSON"] | str | int | float | bool | None
"""What a JSON text can say."""

MAX_DEPTH: Final = 64
MAX_TOKENS: Final = 10_000
_INTEGER_END: Final = 1 << 63
_INTEGER_DIGITS: Final = len(str(_INTEGER_END)) + 1  # and a sign; guards int() from long texts

# One structural mark. The closing quote is optional and the loops are possessive, so that an unfinished
# string takes one pass, not one for each quote in it.
_MARK: Final = pattern_of(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{}]|[^\s"\[\]{},:]++', re.DOTALL)

_TEXT: Final = pattern_of(rb'"[^"]*"')
_NO_STRUCTURE: Final = bytes(set(range(256)) - set(b'[]{}"'))

_UNSTORABLE: Final = pattern_of("[\x00\ud800-\udfff]")


class MalformedJSON(StrongroomError):
    """The text breaks a rule of this module.

    Attributes:
        message: The broken rule; nothing of the text.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NumberText(str):
    """A JSON number as it was written, for example ``10``, ``-1.50`` or ``1e3``."""

    __slots__ = ()


class _RuleBroken(Exception):
    """Carries the broken rule out of the decoder's callbacks."""


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _RuleBroken("A name occurs twice in one object.")
    return members


def _read_integer(digits: str) -> int:
    if len(digits) <= _INTEGER_DIGITS:
        value = int(digits)
        if -_INTEGER_END <= value < _INTEGER_END:
            return value
    raise _RuleBroken("An integer does not fit into 64 bits.")


def _read_decimal(digits: str) -> float:
    value = float(digits)
    if value - value != 0.0:  # infinite: the text overflowed
        raise _RuleBroken("A number is too large.")
    return value


def _refuse_constant(_name: str) -> NoReturn:
    raise _RuleBroken("NaN and Infinity are not JSON.")


_Scan = Callable[[str, int], tuple[Any, int]]


def _scanner(parse_int: Callable[[str], Any], parse_float: Callable[[str], Any]) -> _Scan:
    decoder = JSONDecoder(
        object_pairs_hook=_read_object,
        parse_int=parse_int,
        parse_float=parse_float,
        parse_constant=_refuse_constant,
        strict=True,
    )
    scan: _Scan = decoder.scan_once  # type: ignore[attr-defined]  # not in typeshed
    return scan


_scan: Final = _scanner(_read_integer, _read_decimal)
_scan_number_texts: Final = _scanner(NumberText, NumberText)


def load_json(text: bytes | str, *, number_texts: bool = False, most: int = MAX_TOKENS) -> Any:
    """Read one JSON text: a policy, an event pattern, the inside of a secret.

    Args:
        text: The document; bytes as received, or text that was taken out of another document.
        number_texts: Keep every number as ``NumberText``: policies compare decimals, never floats.
        most: How many names and values it may have.

    Raises:
        MalformedJSON: A rule of this module is broken; the message says which.

    Source: RFC 8259; threat model J-01, J-02, J-05.
    """
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    problem = "The text is not JSON."
    # Raised after the handlers, not in them: the decoder's errors hold the document (J-05).
    try:
        document = data.decode("utf-8", "strict").strip(" \t\r\n")
    except UnicodeDecodeError:
        document = None
        problem = "The text is not UTF-8."
    if document is not None:
        _check_size(data, most)
        try:
            value, end = (_scan_number_texts if number_texts else _scan)(document, 0)
        except _RuleBroken as broken:
            problem = str(broken)
        except (ValueError, StopIteration, RecursionError):
            pass
        else:
            if end == len(document):
                if b"\\u" in data:
                    _check_texts(value)
                return value
    raise MalformedJSON(problem)


def load_object(body: bytes, most: int = MAX_TOKENS) -> dict[str, Any]:
    """Read a JSON text whose top level is an object, as the body of every request must be.

    Args:
        body: The text.
        most: How many names and values it may have.

    Raises:
        MalformedJSON: A rule of this module is broken, or the text is something other than an object.
    """
    value = load_json(body, most=most)
    if type(value) is not dict:
        raise MalformedJSON("The top level is not an object.")
    return value


def _check_size(data: bytes, most: int) -> None:
    """Refuse a text that is too deep or has too many names and values, before anything is built from it."""
    # A text of 128 bytes cannot nest deeper than 64 and be whole, nor can one of 10,000 hold more marks.
    if len(data) <= 2 * MAX_DEPTH:
        return
    is_shallow = data.count(b"[") + data.count(b"{") <= MAX_DEPTH
    if is_shallow and len(data) <= most:
        return
    # Every name is followed by a colon; every value but the first follows a colon, a comma or a bracket.
    token_bound = 1 + 2 * data.count(b":") + data.count(b",") + data.count(b"[")
    if token_bound <= most and (is_shallow or _nests_shallowly(data)):
        return
    depth = tokens = 0
    for match in _MARK.finditer(data):
        mark = data[match.start()]
        if mark in b"]}":
            depth -= 1
            continue
        tokens += 1
        if tokens > most:
            raise MalformedJSON("The text has too many names and values.")
        if mark in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise MalformedJSON("The text is nested too deeply.")


def _nests_shallowly(data: bytes) -> bool:
    """Whether objects and lists nest at most 64 deep for sure; in a text of many siblings, as a policy is, they do.

    Only quotes and brackets are kept; then the texts between quotes are taken out; then pairs of brackets with
    nothing inside, again and again. A text that is not JSON is like any other up to where it goes wrong, and nobody
    reads on there.
    """
    if b"\\" in data:
        # A backslash stands in texts alone, and nothing but a backslash changes what a quote means.
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    structure = _TEXT.sub(b"", data.translate(None, _NO_STRUCTURE))
    for _ in range(MAX_DEPTH // 2):  # each turn takes at most a level of objects and a level of lists
        if not structure:
            return True
        structure = structure.replace(b"{}", b"").replace(b"[]", b"")
    return not structure


def _check_texts(value: Any) -> None:
    """Refuse NUL and lone surrogates, which only an escape can bring in (J-02)."""
    if isinstance(value, str):
        found = _UNSTORABLE.search(value)
        if found is None:
            return
        if found[0] == "\x00":
            raise MalformedJSON("A text holds NUL.")
        raise MalformedJSON("A text holds half of a surrogate pair.")
    inside: Iterable[Any] = ()
    if isinstance(value, dict):
        inside = (part for item in value.items() for part in item)
    elif isinstance(value, list):
        inside = value
    for part in inside:
        _check_texts(part)
