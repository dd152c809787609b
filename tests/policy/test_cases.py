"""The cases of ``cases/*.json``, each with its source there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from strongroom.policy.document import MalformedPolicy, PolicyKind, parse_policy
from strongroom.policy.evaluate import Decision, Layer, Outcome, Principal, evaluate
from tests.policy.policies import cases, policy, question

OUTCOMES = {
    "allow": Outcome.ALLOW,
    "implicit": Outcome.IMPLICIT_DENY,
    "explicit": Outcome.EXPLICIT_DENY,
}
ALLOW_ALL = ["Allow", "*", "*"]


def _condition_id(value: Any) -> str:
    group, case = value
    return f"{group['family']}: {json.dumps(case)}"


@pytest.mark.parametrize("value", list(cases("conditions")), ids=_condition_id)
def test_p06_a_condition_lets_allow_and_deny_apply_as_aws_says(value: tuple[dict[str, Any], Any]) -> None:
    """A true condition lets both apply, a false one neither, an un-evaluable one the Deny alone."""
    group, (operator, policy_values, request_values, expected) = value
    condition = {operator: {group["key"]: policy_values}}
    context = {} if request_values is None else {group["key"].lower(): tuple(request_values)}
    asked = question(context=context)
    conditional = {"Action": "*", "Resource": "*", "Condition": condition}
    # Values such as "yesterday" are stored by kinds that do not check them; the evaluator must cope anyway.
    allow = policy({"Effect": "Allow", **conditional})
    deny = policy({"Effect": "Deny", **conditional})
    assert evaluate(asked, identity=[allow]).allowed is (expected is True)
    denied = evaluate(asked, identity=[policy(ALLOW_ALL), deny])
    assert denied.outcome is (Outcome.ALLOW if expected is False else Outcome.EXPLICIT_DENY)


@pytest.mark.parametrize("value", list(cases("identity")), ids=lambda value: value[1]["name"])
def test_p02_identity_policies_decide(value: tuple[dict[str, Any], Any]) -> None:
    """One identity policy answers one question as the source says."""
    _, case = value
    changes = {name: case[name] for name in ("action", "resource") if name in case}
    context = {key: tuple(values) for key, values in case.get("context", {}).items()}
    decision = evaluate(question(context=context, **changes), identity=[policy(*case["statements"])])
    assert decision.outcome is OUTCOMES[case["outcome"]]
    assert decision.allowed is (case["outcome"] == "allow")


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


def _layer_policy(word: str, kind: PolicyKind) -> Any:
    statements = {
        "yes": [ALLOW_ALL],
        "no": [["Allow", "sns:*", "*"]],
        "deny": [ALLOW_ALL, ["Deny", "*", "*"]],
    }
    return None if word == "absent" else policy(*statements[word], kind=kind)


def _callers() -> dict[str, Principal]:
    data = json.loads((Path(__file__).parent / "cases" / "layers.json").read_text("utf-8"))
    return {name: Principal(**members) for name, members in data["callers"].items()}


CALLERS = _callers()


def _decide_layers(case: dict[str, Any]) -> Decision:
    kind = PolicyKind[case.get("kind", "RESOURCE")]
    action = "sts:AssumeRole" if kind is PolicyKind.TRUST else "kms:Decrypt"
    members: dict[str, Any] = {"Action": action}
    if kind is not PolicyKind.TRUST:
        members["Resource"] = "*"
    resource = None
    if "resource" in case:
        resource = policy({"Effect": "Allow", "Principal": case["resource"], **members}, kind=kind)
    elif "denying" in case:
        resource = policy({"Effect": "Deny", "Principal": case["denying"], **members}, kind=kind)
    elif "denying others than" in case:
        others = case["denying others than"]
        resource = policy({"Effect": "Deny", "NotPrincipal": others, **members}, kind=kind)
    identity = _layer_policy(case["identity"], PolicyKind.IDENTITY)
    return evaluate(
        question(principal=CALLERS[case["caller"]], action=action, resource="arn:aws:x:::y"),
        identity=[] if identity is None else [identity],
        resource=resource,
        boundary=_layer_policy(case.get("boundary", "absent"), PolicyKind.BOUNDARY),
        session=_layer_policy(case.get("session", "absent"), PolicyKind.SESSION),
    )


@pytest.mark.parametrize("value", list(cases("layers")), ids=_layer_id)
def test_p02_layers_limit_each_other(value: tuple[dict[str, Any], Any]) -> None:
    """Deny wins; then each layer that has to allow must; the first that does not is named."""
    _, case = value
    decision = _decide_layers(case)
    expected = case["outcome"]
    if expected == "allow":
        assert decision.allowed
        assert decision.blocked_by is None
        return
    is_explicit = expected.startswith("explicit ")
    assert decision.outcome is (Outcome.EXPLICIT_DENY if is_explicit else Outcome.IMPLICIT_DENY)
    assert decision.blocked_by is Layer[expected.removeprefix("explicit ")]
