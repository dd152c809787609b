"""Random policies: the compiled evaluator against a naive one, and what adding a statement may change."""

from __future__ import annotations

import json
import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.policy.compile import CompiledPolicy, compile_policy
from strongroom.policy.evaluate import Outcome, evaluate
from strongroom.policy.model import PolicyKind
from tests.policy import naive
from tests.policy.policies import ACCOUNT, question

ACTIONS = ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "kms:Decrypt", "iam:GetUser"]
ACTION_PATTERNS = [
    *ACTIONS,
    "*",
    "secretsmanager:*",
    "SECRETSMANAGER:get*",
    "secretsmanager:???SecretValue",
    "kms:D*",
    "iam:*User",
    "s3:Get*",
]
NAMES = ["a", "ab", "a/b", "a:b", "team/x", "team/y", "*", "a*"]
REGIONS = ["eu-central-1", "us-east-1"]
RESOURCES = [
    *(f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret:{name}" for region in REGIONS for name in NAMES),
    f"arn:aws:iam::{ACCOUNT}:user/a",
    "*",
]
TAILS = [
    "secret:a",
    "secret:a*",
    "secret:a?",
    "secret:a/?",
    "secret:team/*",
    "secret:*x",
    "secret:*",
    "*",
    "*a*",
    "?ecret:a",
    "secret:${aws:username}",
    "secret:${aws:username}*",
    "${aws:username}",
    "user/a",
]
HEADS = [
    "arn:aws:secretsmanager:eu-central-1:111122223333:",
    "arn:aws:secretsmanager:*:111122223333:",
    "arn:aws:secretsmanager:eu-*:*:",
    "arn:aws:secretsmanager:us-????-1:111122223333:",
    "arn:aws:secretsmanager:*:444455556666:",
]
RESOURCE_PATTERNS = [
    "*",
    "arn:aws:secretsmanager:*",
    "arn:aws:iam::*:user/a",
    *(head + tail for head in HEADS for tail in TAILS),
]
CONDITIONS: list[dict[str, Any]] = [
    {"StringEquals": {"aws:PrincipalTag/T": ["red", "blue"]}},
    {"StringNotEquals": {"aws:PrincipalTag/t": "red"}},
    {"StringLike": {"aws:principaltag/t": "r*"}},
    {"StringEqualsIfExists": {"aws:PrincipalTag/t": "blue"}},
    {"Null": {"aws:PrincipalTag/t": "true"}},
    {"NumericLessThan": {"aws:PrincipalTag/n": "5"}},
    {"NumericLessThan": {"aws:PrincipalTag/n": ["5", "9"]}, "StringEquals": {"aws:PrincipalTag/t": "red"}},
]
CONTEXTS: list[dict[str, tuple[str, ...]]] = [
    {},
    {"aws:username": ("a",)},
    {"aws:username": ("*",), "aws:principaltag/t": ("red",)},
    {"aws:username": ("team/x",), "aws:principaltag/t": ("blue",), "aws:principaltag/n": ("7",)},
    {"aws:principaltag/t": ("green",), "aws:principaltag/n": ("many",)},
]


def random_statement(draw: random.Random) -> dict[str, Any]:
    """Draw one statement of an identity policy."""
    made: dict[str, Any] = {"Effect": draw.choice(["Allow", "Allow", "Deny"])}
    actions = draw.sample(ACTION_PATTERNS, draw.randint(1, 3))
    resources = draw.sample(RESOURCE_PATTERNS, draw.randint(1, 4))
    made["NotAction" if draw.random() < 0.2 else "Action"] = actions
    made["NotResource" if draw.random() < 0.2 else "Resource"] = resources
    if draw.random() < 0.4:
        made["Condition"] = draw.choice(CONDITIONS)
    return made


def random_document(draw: random.Random) -> dict[str, Any]:
    """Draw one identity policy."""
    count = draw.choice([1, 2, 3, 8])
    return {"Version": "2012-10-17", "Statement": [random_statement(draw) for _ in range(count)]}


def compiled(document: dict[str, Any]) -> CompiledPolicy:
    """Compile an identity policy."""
    return compile_policy(json.dumps(document), PolicyKind.IDENTITY, source_id="random")


def test_p02_compiled_buckets_agree_with_a_naive_evaluator() -> None:
    """6,000 random questions get the same answer from the buckets and from a walk over the JSON."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    draw = random.Random(seed)
    outcomes: dict[str, int] = {}
    for _ in range(600):
        documents = [random_document(draw) for _ in range(draw.randint(1, 2))]
        policies = [compiled(document) for document in documents]
        for _ in range(10):
            action, resource = draw.choice(ACTIONS), draw.choice(RESOURCES)
            context = draw.choice(CONTEXTS)
            asked = question(action=action, resource=resource, context=context)
            answer = evaluate(asked, identity=policies).outcome.value
            wanted = naive.decide(documents, action, resource, context)
            assert answer == wanted, (documents, action, resource, context)
            outcomes[answer] = outcomes.get(answer, 0) + 1
    # A comparison that sees one answer only would prove nothing.
    assert min(outcomes.get(name, 0) for name in ("allowed", "implicitDeny", "explicitDeny")) > 200


SEEDS = st.integers(0, (1 << 32) - 1)


def _ask(draw: random.Random) -> Any:
    return question(
        action=draw.choice(ACTIONS), resource=draw.choice(RESOURCES), context=draw.choice(CONTEXTS)
    )


@settings(max_examples=300, deadline=None)
@given(SEEDS)
def test_p02_adding_a_deny_never_allows(seed: int) -> None:
    """Whatever Deny is added wherever, what was denied stays denied."""
    draw = random.Random(seed)
    document, asked = random_document(draw), _ask(draw)
    before = evaluate(asked, identity=[compiled(document)])
    denial = {**random_statement(draw), "Effect": "Deny"}
    document["Statement"].insert(draw.randint(0, len(document["Statement"])), denial)
    after = evaluate(asked, identity=[compiled(document)])
    assert before.allowed or not after.allowed
    assert before.outcome is not Outcome.EXPLICIT_DENY or after.outcome is Outcome.EXPLICIT_DENY


@settings(max_examples=300, deadline=None)
@given(SEEDS)
def test_p02_adding_an_allow_never_denies(seed: int) -> None:
    """Whatever Allow is added wherever, what was allowed stays allowed, and a Deny stays a Deny."""
    draw = random.Random(seed)
    document, asked = random_document(draw), _ask(draw)
    before = evaluate(asked, identity=[compiled(document)])
    permit = {**random_statement(draw), "Effect": "Allow"}
    document["Statement"].insert(draw.randint(0, len(document["Statement"])), permit)
    after = evaluate(asked, identity=[compiled(document)])
    assert after.allowed or not before.allowed
    assert (before.outcome is Outcome.EXPLICIT_DENY) is (after.outcome is Outcome.EXPLICIT_DENY)


@settings(max_examples=200, deadline=None)
@given(SEEDS)
def test_p02_limits_only_take_away(seed: int) -> None:
    """A boundary or a session policy never allows what the identity policies alone do not."""
    draw = random.Random(seed)
    document, limit, asked = random_document(draw), random_document(draw), _ask(draw)
    alone = evaluate(asked, identity=[compiled(document)])
    text = json.dumps(limit)
    boundary = compile_policy(text, PolicyKind.BOUNDARY, source_id="boundary")
    session = compile_policy(text, PolicyKind.SESSION, source_id="session")
    for limited in (
        evaluate(asked, identity=[compiled(document)], boundary=boundary),
        evaluate(asked, identity=[compiled(document)], session=session),
        evaluate(asked, identity=[compiled(document)], session=[session]),
    ):
        assert alone.allowed or not limited.allowed


@settings(max_examples=200, deadline=None)
@given(SEEDS)
def test_splitting_a_policy_changes_nothing(seed: int) -> None:
    """The same statements in one policy and in one policy each give the same outcome."""
    draw = random.Random(seed)
    document, asked = random_document(draw), _ask(draw)
    apart = [compiled({**document, "Statement": [one]}) for one in document["Statement"]]
    whole = evaluate(asked, identity=[compiled(document)])
    assert evaluate(asked, identity=apart).outcome is whole.outcome
