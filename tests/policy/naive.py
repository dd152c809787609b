"""A second evaluator for the whole policy language: it walks the JSON from the first statement to the last.

Written from the documentation alone, to disagree where the product is wrong:
 - it shares no code with the product: it reads the JSON itself, matches with regular expressions, counts with
   fractions, compares addresses as bits;
 - it is plain, not fast and not safe against hostile patterns.

A decision names every layer that could be blamed; the product names one of them.

Where AWS documents nothing, it follows the product's documented choices (docs/explanation/policy-semantics.md):
what cannot be evaluated denies, and a key with two values that differ decides nothing.

Sources, all below https://docs.aws.amazon.com/IAM/latest/UserGuide/: reference_policies_evaluation-logic.html,
reference_policies_elements.html and its pages, reference_policies_variables.html,
reference_policies_condition-single-vs-multi-valued-context-keys.html, access_policies_boundaries.html.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import socket
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

LISTS = {
    "aws:tagkeys",
    "aws:calledvia",
    "aws:principalorgpaths",
    "secretsmanager:addreplicaregions",
    "kms:encryptioncontextkeys",
    "kms:grantoperations",
    "kms:resourcealiases",
}
"""The documented multivalued keys among those that cases use."""

ALWAYS_ALLOWED = ("sts:GetCallerIdentity", "sts:GetSessionToken")

Truth = bool | None
"""None: cannot be said."""


class Caller(NamedTuple):
    """Who asks. ``role`` and ``issuer`` are ARNs, ``owner_id`` the unique id of that role or issuer."""

    type: str
    arn: str
    account: str = ""
    id: str = ""
    role: str = ""
    issuer: str = ""
    owner_id: str = ""


class Case(NamedTuple):
    """A question and the documents in force, as JSON texts.

    ``bound`` holds the unique id of each ARN that the resource's policy names, as it was when that was stored.
    """

    caller: Caller
    action: str
    resource: str
    owner: str
    context: Mapping[str, Sequence[str]]
    identity: Sequence[str] = ()
    boundary: str | None = None
    sessions: Sequence[str] | None = None
    resource_kind: str = "RESOURCE"
    resource_policy: str | None = None
    bound: Mapping[str, str] = {}


class Verdict(NamedTuple):
    """The answer, and the layers that may be blamed for a denial."""

    outcome: str
    layers: frozenset[str] = frozenset()


# --- the shape of documents -------------------------------------------------------------------------------


@lru_cache(maxsize=4_096)
def _statements(text: str) -> tuple[str | None, list[dict[str, Any]]]:
    document = json.loads(text, parse_int=str, parse_float=str)
    return document.get("Version"), _list(document["Statement"])


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


# --- texts and patterns -----------------------------------------------------------------------------------

# While a pattern is worked on, these stand for characters that have lost their special meaning.
_TAME = {"*": "\ue000", "?": "\ue001", ":": "\ue002", "$": "\ue003"}
_WILD = {tame: wild for wild, tame in _TAME.items()}
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_INSIDE = re.compile(r" *([^', ][^',]*?) *(?:, *'(.*)' *)?")


def _tame(text: str) -> str:
    return "".join(_TAME.get(character, character) for character in text)


def _untame(text: str) -> str:
    return "".join(_WILD.get(character, character) for character in text)


@lru_cache(maxsize=65_536)
def _regex(pattern: str) -> re.Pattern[str]:
    signs = {"*": ".*", "?": "."}
    return re.compile("".join(signs.get(sign) or re.escape(_untame(sign)) for sign in pattern), re.DOTALL)


def _matches(pattern: str, text: str) -> bool:
    return _regex(pattern).fullmatch(text) is not None


def _ascii_lower(text: str) -> str:
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)


def _fill(pattern: str, version: str | None, context: Mapping[str, Sequence[str]]) -> str | None:
    """Replace the variables of a pattern by tame texts; None when one of them has no value."""
    if version != "2012-10-17":
        return pattern
    missing = False

    def value_of(found: re.Match[str]) -> str:
        nonlocal missing
        inside = found[1]
        if inside in ("*", "?", "$"):
            return _tame(inside)
        parts = _INSIDE.fullmatch(inside)
        if parts is None:
            missing = True
            return ""
        key, default = _ascii_lower(parts[1]), parts[2]
        values = context.get(key, ())
        if not values and default is not None:
            return _tame(default)
        if len(values) != 1 or key in LISTS:
            missing = True
            return ""
        return _tame(values[0])

    filled = _VARIABLE.sub(value_of, pattern)
    return None if missing else filled


def _matches_action(pattern: str, action: str) -> bool:
    if pattern == "*":
        return True
    prefix, colon, name = _ascii_lower(pattern).partition(":")
    service, _, operation = _ascii_lower(action).partition(":")
    return colon == ":" and prefix == service and _matches(name, operation)


def _matches_resource(pattern: str, version: str | None, case: Case) -> Truth:
    # Variables count in the last of the six parts; those before it are taken as they are written. A variable
    # may hold a colon in its default, so the cut is made at colons outside of braces.
    pieces = re.split(r":(?![^{}]*\})", pattern, maxsplit=5) if version == "2012-10-17" else None
    parts = pieces or pattern.split(":", 5)
    found = case.resource.split(":", 5)
    if len(parts) < 6:
        return _matches(pattern, case.resource)
    if len(found) < 6 or not all(_matches(part, text) for part, text in zip(parts[:5], found, strict=False)):
        return False
    tail = _fill(parts[5], version, case.context)
    return None if tail is None else _matches(tail, found[5])


# --- conditions -------------------------------------------------------------------------------------------


def _number(text: str) -> Fraction | None:
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text):
        return None
    return Fraction(text if text[-1] != "." else text + "0")


def _date(text: str) -> Fraction | None:
    if re.fullmatch(r"[+-]?[0-9]+", text):
        return Fraction(int(text))
    if re.fullmatch(r"[0-9]{1,4}T?", text):  # a year alone; AWS stores one of two digits with a bare T
        text = text.removesuffix("T").zfill(4) + "-01"
    if "T" not in text:
        text += "-01T00:00:00Z" if text.count("-") == 1 else "T00:00:00Z"
    for form in ("%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"):
        try:
            moment = datetime.strptime(text, form)  # noqa: DTZ007 - every form has its offset
        except ValueError:
            continue
        return Fraction(moment.timestamp())
    return None


def _bits(text: str) -> str | None:
    """Write an address as zeros and ones; one of version 4 in an address of version 6 is of version 4."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            packed = socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        if packed[:12] == b"\0" * 10 + b"\xff\xff" and len(packed) == 16:
            packed = packed[12:]
        return "".join(f"{byte:08b}" for byte in packed)
    return None


def _in_network(network: str, address: str) -> Truth:
    base, slash, length = network.partition("/")
    network_bits, bits = _bits(base), _bits(address)
    if network_bits is None or bits is None or (slash and not length.isdigit()):
        return None
    kept = int(length) if slash else len(network_bits)
    if slash and ":" in base and len(network_bits) == 32:
        kept -= 96
    if not 0 <= kept <= len(network_bits):
        return None
    return len(bits) == len(network_bits) and bits[:kept] == network_bits[:kept]


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _flag(text: str) -> bool | None:
    return {"true": True, "false": False}.get(_ascii_lower(text))


def _matches_arn(pattern: str, value: str) -> bool:
    parts, found = pattern.split(":", 5), value.split(":", 5)
    if len(parts) != 6 or len(found) != 6:
        return False
    return all(_matches(part, text) for part, text in zip(parts, found, strict=True))


def _ordered(reader: Any, name: str, wanted: str, value: str) -> Truth:
    limit, found = reader(wanted), reader(value)
    if limit is None or found is None:
        return None
    holds: dict[str, bool] = {
        "Equals": found == limit,
        "LessThan": found < limit,
        "LessThanEquals": found <= limit,
        "GreaterThan": found > limit,
        "GreaterThanEquals": found >= limit,
    }
    return holds[name]


def _compare(operator: str, wanted: str, value: str, version: str | None, case: Case) -> Truth:
    """Compare one value of the policy with one of the request, by an operator that is not negated."""
    if operator.startswith("Numeric"):
        return _ordered(_number, operator[7:], wanted, value)
    if operator.startswith("Date"):
        return _ordered(_date, operator[4:], wanted, value)
    if operator == "IpAddress":
        return _in_network(wanted, value)
    if operator in ("Bool", "BinaryEquals"):
        reader: Any = _flag if operator == "Bool" else _bytes
        pair = (reader(wanted), reader(value))
        return None if None in pair else pair[0] == pair[1]
    filled = _fill(wanted, version, case.context)
    if filled is None:
        return False
    if operator == "StringEquals":
        return _untame(filled) == value
    if operator == "StringEqualsIgnoreCase":
        return _ascii_lower(_untame(filled)) == _ascii_lower(value)
    if operator == "StringLike":
        return _matches(filled, value)
    assert operator in ("ArnLike", "ArnEquals"), operator
    if version == "2012-10-17" and _VARIABLE.fullmatch(wanted):
        return _untame(filled) == value
    return _matches_arn(filled, value)


_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}


_COMPARISONS = ("Equals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
_KNOWN = {
    *_NEGATED,
    *("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike"),
    *("Bool", "BinaryEquals", "IpAddress"),
    *(family + name for family in ("Numeric", "Date") for name in _COMPARISONS),
}


def _is_known(operator: str) -> bool:
    return operator == "Null" or re.sub("^(ForAllValues|ForAnyValue):|IfExists$", "", operator) in _KNOWN


def _some(truths: Iterable[Truth]) -> Truth:
    found = set(truths)
    return True if True in found else None if None in found else False


def _every(truths: Iterable[Truth]) -> Truth:
    found = set(truths)
    return False if False in found else None if None in found else True


def _condition(operator: str, key: str, wanted: list[str], version: str | None, case: Case) -> Truth:
    key = _ascii_lower(key)
    values = list(case.context.get(key, ()))
    if operator == "Null":
        return _some(None if _flag(want) is None else _flag(want) is (not values) for want in wanted)
    set_operator, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    positive = _NEGATED.get(name, name)

    def about(value: str) -> Truth:
        truth = _some(_compare(positive, want, value, version, case) for want in wanted)
        return truth if name == positive or truth is None else not truth

    if not values:
        if set_operator == "ForAllValues" or if_exists:
            return True
        return set_operator == "" and name != positive
    if set_operator == "ForAllValues":
        return _every(map(about, values))
    if set_operator == "ForAnyValue":
        return _some(map(about, values))
    if key in LISTS:
        return False
    truths = {about(value) for value in values}
    return truths.pop() if len(truths) == 1 else None


# --- statements -------------------------------------------------------------------------------------------


def _applies(statement: dict[str, Any], version: str | None, case: Case, *, names_resource: bool) -> bool:
    """Whether actions, resources and conditions let the statement apply; principals are looked at apart."""
    negative = "NotAction" in statement
    if "Action" not in statement and not negative:
        return False
    patterns = _list(statement["NotAction" if negative else "Action"])
    if any(_matches_action(pattern, case.action) for pattern in patterns) is negative:
        return False
    truths: list[Truth] = []
    if names_resource and ("Resource" in statement or "NotResource" in statement):
        negative = "NotResource" in statement
        patterns = _list(statement["NotResource" if negative else "Resource"])
        named = _some(_matches_resource(pattern, version, case) for pattern in patterns)
        if negative:
            truths.append(None if named is None else not named)
        else:
            truths.append(named is True)  # a variable without a value names nothing
    for operator, body in statement.get("Condition", {}).items():
        if not _is_known(operator):
            truths.append(None)  # stored by AWS with an empty body only
            continue
        for key, values in body.items():
            truths.append(_condition(operator, key, [_text(one) for one in _list(values)], version, case))
    truth = _every(truths)
    return statement["Effect"] == "Deny" if truth is None else truth


def _named(element: Any, case: Case) -> list[str]:
    """Say in which ways a Principal element names the caller: everybody, itself, role, account."""
    if element == "*":
        return ["everybody"]
    caller = case.caller
    ways = []
    for kind, names in element.items():
        for name in _list(names):
            if kind == "AWS" and name == "*":
                ways.append("everybody")
            elif kind == caller.type and kind in ("Service", "Federated"):
                ways.extend(["itself"] * (name == caller.arn))
            elif kind == "AWS" and caller.type not in ("Service", "Federated", "Anonymous"):
                ways.extend(_named_by(case.bound.get(name, name), caller))
    return ways


def _named_by(name: str, caller: Caller) -> list[str]:
    if name in (caller.account, f"arn:aws:iam::{caller.account}:root"):
        return ["account"]
    if name == caller.arn or (caller.type == "User" and name == caller.id):
        return ["itself"]
    if caller.type == "AssumedRole" and name in (caller.role, caller.owner_id):
        return ["role"]
    if caller.type == "FederatedUser" and name in (caller.issuer, caller.owner_id):
        return ["role"]
    return []


def _spared(element: Any, case: Case) -> bool:
    """Whether a NotPrincipal with Deny leaves the caller alone: all that the caller is must be named."""
    if case.boundary is not None:
        return False
    ways = _named(element, case)
    if "everybody" in ways:
        return True
    needed = {
        "Account": {"account"},
        "User": {"account", "itself"},
        "AssumedRole": {"account", "role", "itself"},
        "FederatedUser": {"account", "role", "itself"},
        "Service": {"itself"},
        "Federated": {"itself"},
        "Anonymous": {"itself"},
    }[case.caller.type]
    return needed <= set(ways)


# --- layers -----------------------------------------------------------------------------------------------


def _effects(texts: Iterable[str], case: Case) -> set[str]:
    effects = set()
    for text in texts:
        version, statements = _statements(text)
        for statement in statements:
            if _applies(statement, version, case, names_resource=True):
                effects.add(statement["Effect"])
    return effects


def _resource_effects(case: Case) -> tuple[bool, set[str]]:
    """Say whether the resource's policy denies, and the ways in which it allows."""
    denies = False
    ways: set[str] = set()
    if case.resource_policy is None:
        return denies, ways
    version, statements = _statements(case.resource_policy)
    names_resource = case.resource_kind != "TRUST"
    for statement in statements:
        if case.resource_kind == "KEY" and not statement.keys() & {"Resource", "NotResource"}:
            continue
        if not _applies(statement, version, case, names_resource=names_resource):
            continue
        if "NotPrincipal" in statement:
            assert statement["Effect"] == "Deny"
            denies = denies or not _spared(statement["NotPrincipal"], case)
        elif "Principal" in statement:
            named = _named(statement["Principal"], case)
            if statement["Effect"] == "Deny":
                denies = denies or bool(named)
            else:
                ways.update(named)
    return denies, ways


def decide(case: Case) -> Verdict:
    """Answer ``allowed``, ``implicitDeny`` or ``explicitDeny``, with the layers to blame."""
    if case.action in ALWAYS_ALLOWED:
        return Verdict("allowed")
    resource_layer = "TRUST" if case.resource_kind == "TRUST" else "RESOURCE"
    effects = {"IDENTITY": _effects(case.identity, case)}
    if case.boundary is not None:
        effects["BOUNDARY"] = _effects([case.boundary], case)
    if case.sessions is not None:
        effects["SESSION"] = _effects(case.sessions, case)
    elif case.caller.type == "FederatedUser":
        effects["SESSION"] = set()
    if case.caller.type == "Account":
        effects["IDENTITY"] |= {"Allow"}
    resource_denies, ways = _resource_effects(case)

    denying = {layer for layer, found in effects.items() if "Deny" in found}
    if resource_denies:
        denying.add(resource_layer)
    if denying:
        return Verdict("explicitDeny", frozenset(denying))

    lacking = {layer for layer, found in effects.items() if "Allow" not in found}
    direct = ways & {"everybody", "itself"}
    if case.caller.type in ("Service", "Federated", "Anonymous"):
        lacking = set() if direct else {resource_layer}
    elif case.caller.account != case.owner:
        lacking |= set() if ways else {resource_layer}
    elif direct:
        lacking = set()
    elif "role" in ways:
        lacking -= {"IDENTITY"}
    elif case.resource_policy is not None and case.resource_kind in ("KEY", "TRUST"):
        lacking |= set() if "account" in ways else {resource_layer}
    if lacking:
        return Verdict("implicitDeny", frozenset(lacking))
    return Verdict("allowed")
