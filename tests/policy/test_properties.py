"""Random policies: the product against the naive evaluator, and what a change of policies may change."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.policy.evaluate import Decision, Outcome
from tests.policy import naive
from tests.policy.agreement import answer
from tests.policy.generator import Workshop, bundle, cases
from tests.policy.naive import Case
from tests.support.scale import rounds

RAREST = {"allowed": 0.2, "implicitDeny": 0.2, "explicitDeny": 0.1}
"""The least share of each answer. Cases with one answer only would prove nothing."""

RAREST_LAYER = 0.005
"""The least share of cases that each layer blocks, by a Deny or for want of an Allow."""

SEEDS = st.integers(0, (1 << 32) - 1)


@pytest.mark.soak
def test_p02_the_product_agrees_with_the_naive_evaluator() -> None:
    """Every random question has the same answer by both, and a layer is blamed that is to blame."""
    seed = random.randrange(1 << 32)
    total = rounds(20_000, 1_000_000)
    answers: Counter[str] = Counter()
    blamed: Counter[tuple[str, str]] = Counter()
    for case in islice(cases(random.Random(seed)), total):
        decision = answer(case)
        verdict = naive.decide(case)
        assert decision.outcome.value == verdict.outcome, (
            seed,
            decision,
            verdict,
            json.dumps(case._asdict()),
        )
        answers[verdict.outcome] += 1
        if decision.blocked_by is not None:
            layer = decision.blocked_by.name
            assert layer in verdict.layers, (seed, decision, verdict, json.dumps(case._asdict()))
            blamed[verdict.outcome, layer] += 1
    print(f"seed {seed}, {total} cases")
    for name, count in (*answers.most_common(), *blamed.most_common()):
        print(f"{count / total:6.1%}  {name if isinstance(name, str) else ' '.join(name)}")
    assert all(answers[name] >= share * total for name, share in RAREST.items())
    for outcome in ("implicitDeny", "explicitDeny"):
        for layer in ("IDENTITY", "RESOURCE", "TRUST", "BOUNDARY", "SESSION"):
            assert blamed[outcome, layer] >= RAREST_LAYER * total, (outcome, layer)


# --- changes of policies ----------------------------------------------------------------------------------

Change = Callable[[dict[str, Any]], dict[str, Any]]
"""Makes another document of one."""

LAYERS = ("identity", "boundary", "session", "resource")


def _changed(case: Case, change: Change, layer: str) -> Case:
    """Change each document of a layer."""

    def apply(text: str) -> str:
        return json.dumps(change(json.loads(text)))

    if layer == "identity":
        return case._replace(identity=[apply(text) for text in case.identity])
    if layer == "boundary":
        return case if case.boundary is None else case._replace(boundary=apply(case.boundary))
    if layer == "session":
        sessions = case.sessions
        return case if sessions is None else case._replace(sessions=[apply(text) for text in sessions])
    policy = case.resource_policy
    return case if policy is None else case._replace(resource_policy=apply(policy))


def _all_changed(case: Case, change: Change) -> Case:
    for layer in LAYERS:
        case = _changed(case, change, layer)
    return case


def _kind(case: Case, layer: str) -> str:
    return case.resource_kind if layer == "resource" else layer


def _draw(seed: int) -> tuple[random.Random, list[Case]]:
    draw = random.Random(seed)
    return draw, list(bundle(draw))


def _adding(statement: dict[str, Any], draw: random.Random) -> Change:
    def change(document: dict[str, Any]) -> dict[str, Any]:
        statements = list(document["Statement"])
        statements.insert(draw.randint(0, len(statements)), statement)
        return {**document, "Statement": statements}

    return change


def _drawn_statement(draw: random.Random, case: Case, layer: str, effect: str) -> dict[str, Any]:
    """Draw a statement for a layer of a case, about the same action, with the given effect."""
    while True:
        shop = Workshop(draw)
        if shop.kind != case.resource_kind:
            continue
        shop.action, shop.resource, shop.caller = case.action, case.resource, case.caller
        statement = shop.statement(_kind(case, layer))
        if statement["Effect"] == effect:
            return statement


@settings(max_examples=100, deadline=None)
@given(SEEDS)
def test_p02_adding_a_deny_never_allows(seed: int) -> None:
    """Whatever Deny is added wherever, what was denied stays denied."""
    draw, asked = _draw(seed)
    for case in asked:
        layer = draw.choice(LAYERS)
        denial = _drawn_statement(draw, case, layer, "Deny")
        before, after = answer(case), answer(_changed(case, _adding(denial, draw), layer))
        assert before.allowed or not after.allowed
        assert before.outcome is not Outcome.EXPLICIT_DENY or after.outcome is Outcome.EXPLICIT_DENY


@settings(max_examples=100, deadline=None)
@given(SEEDS)
def test_p02_adding_an_allow_never_denies(seed: int) -> None:
    """Whatever Allow is added wherever, what was allowed stays allowed, and a Deny stays a Deny."""
    draw, asked = _draw(seed)
    for case in asked:
        layer = draw.choice(LAYERS)
        permit = _drawn_statement(draw, case, layer, "Allow")
        before, after = answer(case), answer(_changed(case, _adding(permit, draw), layer))
        assert after.allowed or not before.allowed
        assert (before.outcome is Outcome.EXPLICIT_DENY) is (after.outcome is Outcome.EXPLICIT_DENY)


@settings(max_examples=80, deadline=None)
@given(SEEDS)
def test_p02_limits_only_take_away(seed: int) -> None:
    """Without boundary, and without the session policy of a role session, what was allowed stays allowed."""
    _, asked = _draw(seed)
    for case in asked:
        before = answer(case)
        free = case._replace(boundary=None)
        if case.caller.type == "AssumedRole":
            free = free._replace(sessions=None)
        assert answer(free).allowed or not before.allowed


@settings(max_examples=80, deadline=None)
@given(SEEDS)
def test_p02_identity_policies_alone_never_cross_accounts(seed: int) -> None:
    """Without the policy of a resource nobody of another account is let in."""
    _, asked = _draw(seed)
    for case in asked:
        foreign = case._replace(owner="999999999999", resource_policy=None)
        assert not answer(foreign).allowed


def _shuffled(draw: random.Random) -> Change:
    """Reorder statements, members and lists; nothing of that means anything."""

    def shuffle(value: Any) -> Any:
        if isinstance(value, dict):
            names = draw.sample(list(value), len(value))
            return {name: shuffle(value[name]) for name in names}
        if isinstance(value, list):
            return draw.sample([shuffle(one) for one in value], len(value))
        return value

    return shuffle


def _same(one: Decision, other: Decision) -> bool:
    return one.outcome is other.outcome and one.blocked_by is other.blocked_by


@settings(max_examples=80, deadline=None)
@given(SEEDS)
def test_order_means_nothing(seed: int) -> None:
    """Statements, members, values and policies in another order give the same answer."""
    draw, asked = _draw(seed)
    for case in asked:
        other = _all_changed(case, _shuffled(draw))
        other = other._replace(identity=draw.sample(list(other.identity), len(other.identity)))
        assert _same(answer(case), answer(other))


def _split(draw: random.Random) -> Change:
    """Make one statement of each action, resource and principal, where they are alternatives."""

    def change(document: dict[str, Any]) -> dict[str, Any]:
        statements = list(document["Statement"])
        for name in draw.sample(("Action", "Resource", "Principal"), 2):
            parts: list[dict[str, Any]] = []
            for statement in statements:
                found = statement.get(name)
                if isinstance(found, list):
                    parts.extend({**statement, name: one} for one in found)
                elif isinstance(found, dict):
                    for kind, names in found.items():
                        listed = names if isinstance(names, list) else [names]
                        parts.extend({**statement, name: {kind: one}} for one in listed)
                else:
                    parts.append(statement)
            statements = parts
        return {**document, "Statement": statements}

    return change


@settings(max_examples=80, deadline=None)
@given(SEEDS)
def test_splitting_means_nothing(seed: int) -> None:
    """Statements split by their alternatives, and policies split into one for each statement, say the same."""
    draw, asked = _draw(seed)
    for case in asked:
        assert _same(answer(case), answer(case, is_merged=False))
        for sets in range(1, len(case.identity) + 1):
            assert answer(case) == answer(case, sets=sets)
        other = _all_changed(case, _split(draw))
        apart = [
            json.dumps({**json.loads(text), "Statement": [one]})
            for text in other.identity
            for one in json.loads(text)["Statement"]
        ]
        assert _same(answer(case), answer(other._replace(identity=apart)))


def _recased(draw: random.Random) -> Change:
    """Change the case of actions and condition keys."""

    def recase(text: str) -> str:
        return "".join(draw.choice((sign.upper(), sign.lower())) for sign in text)

    def change(document: dict[str, Any]) -> dict[str, Any]:
        statements = []
        for statement in document["Statement"]:
            made = dict(statement)
            for name in ("Action", "NotAction"):
                if name in made:
                    found = made[name]
                    made[name] = [recase(one) for one in found] if isinstance(found, list) else recase(found)
            if "Condition" in made:
                made["Condition"] = {
                    operator: {recase(key): values for key, values in body.items()}
                    for operator, body in made["Condition"].items()
                }
            statements.append(made)
        return {**document, "Statement": statements}

    return change


@settings(max_examples=80, deadline=None)
@given(SEEDS)
def test_p04_the_case_of_actions_and_keys_means_nothing(seed: int) -> None:
    """Actions and condition keys in any case give the same answer."""
    draw, asked = _draw(seed)
    for case in asked:
        assert _same(answer(case), answer(_all_changed(case, _recased(draw))))


def _listed(document: dict[str, Any]) -> dict[str, Any]:
    """Write each single value as a list of one, and twice."""

    def lists(value: Any) -> Any:
        return [*value, *value] if isinstance(value, list) else [value, value]

    statements = []
    for statement in document["Statement"]:
        made = {
            name: lists(value) if name.endswith(("Action", "Resource")) else value
            for name, value in statement.items()
        }
        for operator, body in made.get("Condition", {}).items():
            made["Condition"] = {
                **made["Condition"],
                operator: {key: lists(values) for key, values in body.items()},
            }
        statements.append(made)
    return {**document, "Statement": statements, "Id": "any"}


@settings(max_examples=80, deadline=None)
@given(SEEDS)
def test_lists_ids_and_repetition_mean_nothing(seed: int) -> None:
    """Single values as lists, values and policies twice, ids, statements about other services: all the same."""
    draw, asked = _draw(seed)
    other_service = {"Effect": "Deny", "Action": "sns:*", "Sid": "Other"}
    for case in asked:
        other = _all_changed(case, _listed)
        other = _changed(other, _adding({**other_service, "Resource": "*"}, draw), "identity")
        other = other._replace(
            identity=[*other.identity, *case.identity], context={**case.context, "x:y": ["z"]}
        )
        assert _same(answer(case), answer(other))
