"""A second evaluator for identity policies: it walks the JSON from the first statement to the last.

Written from the reference without looking at the compiled one, for comparison only. It knows the operators that
the generators use.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.policy.test_match import slow_glob

Context = Mapping[str, tuple[str, ...]]


def _texts(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _substitute(text: str, context: Context) -> str | None:
    """Put values in with their wildcards replaced by private signs; None when a key is absent."""
    out = ""
    while "${" in text:
        before, _, rest = text.partition("${")
        key, _, text = rest.partition("}")
        values = context.get(key.lower(), ())
        if len(values) != 1:
            return None
        out += before + values[0].replace("*", "\ue000").replace("?", "\ue001")
    return out + text


def _resource_matches(pattern: str, resource: str, context: Context) -> bool | None:
    hidden = resource.replace("*", "\ue000").replace("?", "\ue001") if resource != "*" else resource
    parts, found = pattern.split(":", 5), hidden.split(":", 5)
    if len(parts) < 6:
        return slow_glob(pattern, hidden)
    if len(found) < 6:
        return False
    if not all(slow_glob(part, text) for part, text in zip(parts[:5], found[:5], strict=True)):
        return False
    tail = _substitute(parts[5], context)
    return None if tail is None else slow_glob(tail, found[5])


def _condition(operator: str, key: str, values: list[str], context: Context) -> bool | None:
    found = context.get(key.lower(), ())
    if operator == "Null":
        return (values[0] == "true") is (not found)
    if not found:
        return operator in ("StringNotEquals", "StringEqualsIfExists")
    value = found[0]
    if operator in ("StringEquals", "StringEqualsIfExists"):
        return value in values
    if operator == "StringNotEquals":
        return value not in values
    if operator == "StringLike":
        return any(slow_glob(one, value) for one in values)
    assert operator == "NumericLessThan"
    if not value.isdigit():
        return None
    return any(int(value) < int(one) for one in values)


def _applies(statement: dict[str, Any], action: str, resource: str, context: Context) -> bool:
    denies = statement["Effect"] == "Deny"
    names = _texts(statement.get("Action", statement.get("NotAction")))
    if any(slow_glob(name.lower(), action.lower()) for name in names) is ("NotAction" in statement):
        return False
    uncertain = False
    patterns = _texts(statement.get("Resource", statement.get("NotResource")))
    outcomes = [_resource_matches(pattern, resource, context) for pattern in patterns]
    if "NotResource" in statement:
        if True in outcomes:
            return False
        uncertain = None in outcomes
    elif True not in outcomes:
        return False
    for operator, body in statement.get("Condition", {}).items():
        for key, values in body.items():
            outcome = _condition(operator, key, _texts(values), context)
            if outcome is False:
                return False
            uncertain = uncertain or outcome is None
    return denies if uncertain else True


def decide(policies: list[dict[str, Any]], action: str, resource: str, context: Context) -> str:
    """Answer ``allowed``, ``implicitDeny`` or ``explicitDeny``."""
    effects = {
        statement["Effect"]
        for policy in policies
        for statement in policy["Statement"]
        if _applies(statement, action, resource, context)
    }
    if "Deny" in effects:
        return "explicitDeny"
    return "allowed" if effects else "implicitDeny"
