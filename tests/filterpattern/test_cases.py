"""Filter patterns of AWS's documentation, with events that they want and events that they do not."""

from __future__ import annotations

import json
import time

import pytest

from strongroom.filterpattern.errors import MalformedPattern
from strongroom.filterpattern.pattern import compile_pattern

TRAIL = json.dumps(
    {
        "eventType": "UpdateTrail",
        "sourceIPAddress": "111.111.111.111",
        "arrayKey": ["value", "another value"],
        "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
        "SomeObject": None,
        "ThisFlag": True,
        "errors": 0,
        "latency": 1.5e2,
        "cluster.name": "c",
        "user": {"id": 1, "mail": "John.Doe@example.com", "on": False},
    }
)
REQUEST = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'

WANTED = [
    ("", "anything"),
    ('""', ""),
    ("   ", "anything"),
    ("ERROR", "[ERROR 400] BAD REQUEST"),
    ("ERROR", "MYERRORS"),
    ("ERROR ARGUMENTS", "ERROR: wrong ARGUMENTS"),
    ('"INTERNAL SERVER ERROR"', "[ERROR 500] INTERNAL SERVER ERROR"),
    (r'"a \"quoted\" word"', 'this is a "quoted" word'),
    ("?ERROR ?WARN", "a WARN it is"),
    ("ERROR -EXITING", "ERROR 419 MISSING ARGUMENTS"),
    ('-"not this"', "but that"),
    ("?WARN ERROR", "ERROR alone"),
    ('{ $.eventType = "UpdateTrail" }', TRAIL),
    ("{$.eventType=UpdateTrail}", TRAIL),
    ("{ $.sourceIPAddress != 123.123.* }", TRAIL),
    ('{ $.arrayKey[0] = "value" }', TRAIL),
    ('{ $.arrayKey[1] = "another*" }', TRAIL),
    ("{ $.objectList[1].id = 2 }", TRAIL),
    ("{ $.SomeObject IS NULL }", TRAIL),
    ("{ $.SomeOtherObject NOT EXISTS }", TRAIL),
    ("{ $.ThisFlag IS TRUE }", TRAIL),
    ("{ $.user.on is false }", TRAIL),
    ("{ $.errors = 0 }", TRAIL),
    ("{ $.latency >= 1.5e2 && $.latency < 151 }", TRAIL),
    ("{ $.latency = 150 }", TRAIL),
    ("{ $.latency = 15* }", TRAIL),
    ("{ $['cluster.name'] = c }", TRAIL),
    ("{ $.['cluster.name'] = c }", TRAIL),
    ('{ ($.user.id = 1) && ($.user.mail = "John.Doe@example.com") }', TRAIL),
    ('{ ($.user.id = 2 && $.nothing = 1) || ($.user.mail = "*@example.com") }', TRAIL),
    ("{ $.user.id = 2 && $.user.id = 3 || $.user.id = 1 }", TRAIL),
    ("{ $[1] = 2 }", "[1, 2]"),
    ("[ip, user, username, timestamp, request, status, bytes]", REQUEST),
    ("[ip, user, username, timestamp, request =*.html*, status = 4*, bytes > 1000]", REQUEST),
    ('[..., request = "*GET*", status = 404 || status = 500, bytes]', REQUEST),
    ("[ip = 127.0.0.1, ...]", REQUEST),
    ("[ip != 10.* && ip != 192.*, ..., = 1534]", REQUEST),
    ("[w1 = INFO, ...]", "INFO"),
]
UNWANTED = [
    ("ERROR", "error"),
    ("ERROR ARGUMENTS", "ERROR alone"),
    ("?ERROR ?WARN", "INFO"),
    ("ERROR -EXITING", "ERROR EXITING"),
    ("?WARN ERROR", "WARN alone"),
    ('{ $.eventType = "updatetrail" }', TRAIL),
    ('{ $.nothing != "x" }', TRAIL),
    ("{ $.SomeObject NOT EXISTS }", TRAIL),
    ("{ $.ThisFlag = true }", TRAIL),
    ('{ $.errors = "zero" }', TRAIL),
    ('{ $.eventType = "UpdateTrail" }', "no JSON"),
    ('{ $.eventType = "UpdateTrail" }', "[" * 100_000),
    ("{ $.arrayKey[7] = 1 }", TRAIL),
    ("{ $.eventType > 1 }", TRAIL),
    ("{ $.user = 1 }", TRAIL),
    ("[a, b]", "one"),
    ("[a, b]", "one two three"),
    ("[..., bytes > 2000]", REQUEST),
    ("[a = x && a = y]", "x"),
]
MALFORMED = [
    ("foo.bar", "Invalid character(s) in term 'foo.bar'"),
    ("a -", "Invalid character(s) in term ''"),
    ('"open', "Invalid filter pattern: a quotation mark is missing"),
    ("%ERROR%", "Regular expressions in filter patterns are not supported by Strongroom"),
    ("{ $.a = %x% }", "Regular expressions in filter patterns are not supported by Strongroom"),
    ("{ $.a = 1", "Invalid filter pattern: '}' is missing"),
    ("{ $.a = }", "Invalid filter pattern: a value is missing"),
    ("{ $.a 1 }", "Invalid filter pattern: an operator is missing"),
    ("{ a = 1 }", "Invalid filter pattern: a selector begins with $"),
    ("{ $. = 1 }", "Invalid filter pattern: a name is missing in a selector"),
    ("{ $.a[x] = 1 }", "Invalid filter pattern: a place in a list is a number"),
    ("{ $.a < b }", "The operator < compares numbers only"),
    ('{ $.a >= "5" }', "The operator >= compares numbers only"),
    ("{ $.a = 1 } x", "Invalid filter pattern: something follows the closing brace"),
    ("{ " + "(" * 31 + "$.a = 1" + ")" * 31 + " }", "too many parentheses"),
    ("{ " + "(" * 1_000, "too many parentheses"),
    ("[a, , b]", "an operator is missing"),
    ("[a, ..., b, ...]", "Invalid filter pattern: ... stands more than once"),
    ("[a = 1 && b = 2]", "name different fields"),
    ("[a", "an operator is missing"),
    ("[a = 1", "']' is missing"),
    ("{ $.a[*] = 1 }", "Invalid filter pattern: a place in a list is a number"),
    ("[a] b", "Invalid filter pattern: something follows the closing bracket"),
    ("x" * 1_025, "too long"),
]


@pytest.mark.parametrize(("pattern", "message"), WANTED)
def test_wanted(pattern: str, message: str) -> None:
    """The pattern wants the event."""
    assert compile_pattern(pattern).matches(message)


@pytest.mark.parametrize(("pattern", "message"), UNWANTED)
def test_unwanted(pattern: str, message: str) -> None:
    """The pattern does not want the event."""
    assert not compile_pattern(pattern).matches(message)


@pytest.mark.parametrize(("pattern", "text"), MALFORMED, ids=lambda value: value[:20])
def test_malformed(pattern: str, text: str) -> None:
    """The text is no pattern, and the error says why."""
    with pytest.raises(MalformedPattern) as caught:
        compile_pattern(pattern)
    assert text in str(caught.value)


HOSTILE = [
    ("{ $.a = " + "*a" * 500 + "*b }", json.dumps({"a": "a" * 500_000})),
    ("[" + "=*x*y*," * 100 + " ...]", "[ " * 250_000),
    ("[..., = " + "*ab" * 300 + "*c]", "ab" * 250_000),
    ("-" + " -".join(["a" * 3] * 200), "a" * 2 + "b" * 500_000),
    ("{ $.a.b.c = 1 }", '{"a":' * 100_000),
]


@pytest.mark.parametrize(("pattern", "message"), HOSTILE, ids=range(len(HOSTILE)))
def test_z03_a_hostile_pattern_costs_no_more_than_its_length_times_the_event(
    pattern: str, message: str
) -> None:
    """Twice the event is about twice the work; nothing is tried again and again."""
    compiled = compile_pattern(pattern[:1024] if not pattern.startswith(("{", "[")) else pattern)
    spent = []
    for text in (message[: len(message) // 4], message):
        begin = time.thread_time()
        compiled.matches(text)
        spent.append(time.thread_time() - begin)
    assert spent[1] < 16 * spent[0] + 0.5, spent
