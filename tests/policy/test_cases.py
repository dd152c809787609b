"""The cases of ``cases/*.json``, each with its source there, by the product and by the naive evaluator."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from strongroom.policy.document import MalformedPolicy, PolicyKind, parse_policy
from strongroom.policy.question import principal_keys
from tests.policy import naive
from tests.policy.agreement import answer, principal
from tests.policy.naive import Caller, Case
from tests.policy.policies import SECRET, case_file, cases, statement

CALLERS = {name: Caller(**members) for name, members in case_file("callers")["callers"].items()}
ADA = CALLERS["ada"]
ALLOW_ALL = ["Allow", "*", "*"]

OUTCOMES = {"allow": "allowed", "implicit": "implicitDeny", "explicit": "explicitDeny"}

FEWEST = 400
"""Decisions that must be written by hand from AWS's documentation."""


def _document(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement(one) for one in statements]})


def _check(case: Case, expected: str) -> None:
    """Compare the answers of both with ``allow``, or ``implicit`` or ``explicit`` and the layer that blocks."""
    word, _, layer = expected.partition(" ")
    decision = answer(case)
    assert decision.outcome.value == OUTCOMES[word]
    verdict = naive.decide(case)
    assert verdict.outcome == OUTCOMES[word]
    if layer:
        assert decision.blocked_by is not None
        assert decision.blocked_by.name == layer
        assert layer in verdict.layers


def _sources() -> Iterator[tuple[str, int]]:
    for name in ("conditions", "identity", "layers", "documents"):
        for group in case_file(name)["groups"]:
            yield group["source"], len(group.get("cases") or group["asks"])


def test_decisions_come_from_the_documentation() -> None:
    """At least four hundred questions name the page of AWS that answers them."""
    documented = [count for source, count in _sources() if source.startswith("https://docs.aws.amazon.com/")]
    assert sum(documented) >= FEWEST


def _condition_id(value: Any) -> str:
    group, case = value
    return f"{group['family']}: {json.dumps(case)}"


@pytest.mark.parametrize("value", list(cases("conditions")), ids=_condition_id)
def test_p06_a_condition_lets_allow_and_deny_apply_as_aws_says(value: tuple[dict[str, Any], Any]) -> None:
    """A true condition lets both apply, a false one neither, an un-evaluable one the Deny alone."""
    group, (operator, policy_values, request_values, expected) = value
    context = {} if request_values is None else {group["key"].lower(): request_values}
    # Values such as "yesterday" are stored by kinds that do not check them; the evaluator must cope anyway.
    conditional = {"Action": "*", "Resource": "*", "Condition": {operator: {group["key"]: policy_values}}}
    asked = Case(ADA, "secretsmanager:GetSecretValue", SECRET, ADA.account, context)
    allowing = asked._replace(identity=[_document({"Effect": "Allow", **conditional})])
    _check(allowing, "allow" if expected is True else "implicit IDENTITY")
    denying = asked._replace(identity=[_document(ALLOW_ALL, {"Effect": "Deny", **conditional})])
    _check(denying, "allow" if expected is False else "explicit IDENTITY")


@pytest.mark.parametrize("value", list(cases("identity")), ids=lambda value: value[1]["name"])
def test_p02_identity_policies_decide(value: tuple[dict[str, Any], Any]) -> None:
    """One identity policy answers one question as the source says."""
    _, case = value
    base = {**case_file("identity")["base"], **case}
    asked = Case(ADA, base["action"], base["resource"], ADA.account, case.get("context", {}))
    _check(asked._replace(identity=[_document(*case["statements"])]), case["outcome"])


def _validation_id(value: Any) -> str:
    group, (document, message) = value
    return f"{group['kind']}: {document if isinstance(document, str) else json.dumps(document)} -> {message}"


@pytest.mark.parametrize("value", list(cases("validation")), ids=_validation_id)
def test_documents_are_stored_or_refused_with_the_message_of_aws(value: tuple[dict[str, Any], Any]) -> None:
    """A document is accepted, or the first stage that fails chooses the message."""
    group, (document, message) = value
    kind = PolicyKind[group["kind"]]
    if isinstance(document, str):
        text = document.removeprefix("text:")
    else:
        statements = document.get("Statement")
        for one in statements if isinstance(statements, list) else [statements]:
            if isinstance(one, dict) and one.pop("S", None):
                one.setdefault("Effect", "Allow")
                one.setdefault("Action", "a:b")
                one.setdefault("Resource", "*")
        text = json.dumps(document)
    if message is None:
        assert parse_policy(text, kind).statements
        return
    with pytest.raises(MalformedPolicy) as caught:
        parse_policy(text, kind)
    assert caught.value.message == message


def _layer_id(value: Any) -> str:
    return " ".join(f"{name}={content}" for name, content in value[1].items())


LAYER_POLICIES = {
    "yes": _document(ALLOW_ALL),
    "no": _document(["Allow", "sns:*", "*"]),
    "deny": _document(ALLOW_ALL, ["Deny", "*", "*"]),
    "absent": None,
}


def _layered(case: dict[str, Any]) -> Case:
    kind = case.get("kind", "RESOURCE")
    action = "sts:AssumeRole" if kind == "TRUST" else "kms:Decrypt"
    members: dict[str, Any] = {"Action": action}
    if kind != "TRUST":
        members["Resource"] = "*"
    resource = None
    if "resource" in case:
        resource = _document({"Effect": "Allow", "Principal": case["resource"], **members})
    elif "denying" in case:
        resource = _document({"Effect": "Deny", "Principal": case["denying"], **members})
    elif "denying others than" in case:
        resource = _document({"Effect": "Deny", "NotPrincipal": case["denying others than"], **members})
    identity = LAYER_POLICIES[case["identity"]]
    session = LAYER_POLICIES[case.get("session", "absent")]
    return Case(
        caller=Caller(**case_file("layers")["callers"][case["caller"]]),
        action=action,
        resource="arn:aws:x:::y",
        owner="111122223333",
        context={},
        identity=[] if identity is None else [identity],
        boundary=LAYER_POLICIES[case.get("boundary", "absent")],
        sessions=None if session is None else [session],
        resource_kind=kind,
        resource_policy=resource,
    )


@pytest.mark.parametrize("value", list(cases("layers")), ids=_layer_id)
def test_p02_layers_limit_each_other(value: tuple[dict[str, Any], Any]) -> None:
    """Deny wins; then each layer that has to allow must; the first that does not is named."""
    _, case = value
    expected = case["outcome"]
    if expected != "allow" and not expected.startswith("explicit "):
        expected = f"implicit {expected}"
    _check(_layered(case), expected)


ARNS: Mapping[str, str] = case_file("documents")["arns"]


def _asks() -> Iterator[tuple[dict[str, Any], Sequence[Any]]]:
    for group in case_file("documents")["groups"]:
        for ask in group["asks"]:
            yield group, ask


def _put_arns(value: Any) -> Any:
    if isinstance(value, list):
        return [_put_arns(one) for one in value]
    if isinstance(value, dict):
        return {name: _put_arns(one) for name, one in value.items()}
    return ARNS.get(value, value) if isinstance(value, str) else value


def _policy(statements: Any) -> str:
    return _document(*_put_arns(statements))


@pytest.mark.parametrize("value", list(_asks()), ids=lambda value: f"{value[0]['says'][:40]}: {value[1][0]}")
def test_p02_documents_decide_as_their_page_says(value: tuple[dict[str, Any], Sequence[Any]]) -> None:
    """The policies of a page of the documentation answer what that page says, and near misses of it."""
    group, (_, who, action, resource, given, expected) = value
    caller = CALLERS[who]
    keys = {key: list(values) for key, values in principal_keys(principal(caller)).items()}
    has_identity = caller.type not in ("Account", "Service", "Federated", "Anonymous")
    kinds = {"resource": "RESOURCE", "key": "KEY", "trust": "TRUST"}
    attached = next((name for name in kinds if name in group), None)
    sessions = group.get("sessions")
    case = Case(
        caller=caller,
        action=action,
        resource=ARNS.get(resource, resource),
        owner="111122223333",
        context={**keys, **{key.lower(): values for key, values in given.items()}},
        identity=[_policy(group["identity"])] if has_identity and group["identity"] else [],
        boundary=_policy(group["boundary"]) if "boundary" in group else None,
        sessions=None if sessions is None else [_policy(one) for one in sessions],
        resource_kind="RESOURCE" if attached is None else kinds[attached],
        resource_policy=None if attached is None else _policy(group[attached]),
    )
    _check(case, expected)
