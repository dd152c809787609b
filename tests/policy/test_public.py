"""What is public (P-10): the cases of ``cases/public.json``, and a stranger who tries random policies."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest

from strongroom.policy.document import Document, MalformedPolicy, PolicyKind, parse_policy
from strongroom.policy.public import is_public
from strongroom.services.secretsmanager import SERVICE
from strongroom.services.secretsmanager.resource_policies import SECRET_ACTIONS
from tests.policy.agreement import answer
from tests.policy.naive import Caller, Case
from tests.policy.policies import SECRET, cases

WITHOUT_RESOURCE = {
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:CreateSecret",
    "secretsmanager:GetRandomPassword",
    "secretsmanager:ListSecrets",
}


def _statement(written: dict[str, Any]) -> dict[str, Any]:
    """Fill in what a case leaves out."""
    base = {"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    made = {("Condition" if name == "C" else name): value for name, value in {**base, **written}.items()}
    return {name: value for name, value in made.items() if value is not None}


def _document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _parse(text: str) -> Document:
    return parse_policy(text, PolicyKind.RESOURCE)


@pytest.mark.parametrize("value", list(cases("public")), ids=lambda value: value[1][0])
def test_p10_public_is_what_fixes_nobody(value: tuple[dict[str, Any], Any]) -> None:
    """A policy is public, or is not, as AWS's meaning of the word says."""
    _, (_, statements, expected) = value
    document = _parse(_document([_statement(one) for one in statements]))
    assert is_public(document, SECRET_ACTIONS) is expected


def test_p10_a_policy_that_is_too_long_to_compare_is_public() -> None:
    """Very many resources in Allow and Deny end in the safe answer, after a bounded number of comparisons."""

    def document(number: int) -> Document:
        names = [f"{SECRET[:-6]}{each}*" for each in range(number)]
        return _parse(
            _document([_statement({"Resource": names}), _statement({"Effect": "Deny", "Resource": names})])
        )

    assert is_public(document(20), SECRET_ACTIONS) is False
    assert is_public(document(250), SECRET_ACTIONS) is True


def test_every_action_on_a_secret_is_reasoned_about() -> None:
    """No operation is served whose action could be granted to the public without being seen."""
    served = {operation.action for operation in SERVICE.operations if operation.action}
    assert served - WITHOUT_RESOURCE <= set(SECRET_ACTIONS)


# --- a stranger -------------------------------------------------------------------------------------------

STRANGERS = (
    Caller("User", "arn:aws:iam::999999999999:user/ada", "999999999999", "AIDASTRANGERAAAAAAAAA"),
    Caller("Account", "arn:aws:iam::999999999999:root", "999999999999", "999999999999"),
    Caller("Anonymous", "*"),
)

NARROWING = (
    ("aws:SourceAccount", ["111122223333", "1111*", "*"]),
    ("aws:PrincipalAccount", ["111122223333", "${aws:PrincipalAccount}"]),
    ("aws:SourceVpc", ["vpc-1", "vpc-*"]),
    ("aws:PrincipalOrgID", ["o-ours", "o-*"]),
    ("aws:PrincipalOrgPaths", ["o-ours/*", "*"]),
    (
        "aws:PrincipalArn",
        ["arn:aws:iam::111122223333:user/*", "arn:aws:iam::*:user/ada", "arn:aws:*:*:1111*:*"],
    ),
    ("aws:SourceArn", ["arn:aws:s3:::ours", "arn:aws:s3:::*", "arn:*:*:*:111122223333:*"]),
    ("aws:SourceIp", ["203.0.113.0/24", "0.0.0.0/1", "0.0.0.0/0", "junk"]),
    ("aws:userid", ["AIDAADAAAAAAAAAAAAAAA", "AIDA*", "AROAAPP:*"]),
    ("secretsmanager:VersionStage", ["AWSCURRENT"]),
    ("aws:SecureTransport", ["true", "false"]),
)

THEIRS: dict[str, tuple[list[str], ...]] = {
    "aws:sourceaccount": ([], ["111144445555"], ["999999999999"]),
    "aws:sourcevpc": ([], ["vpc-9"]),
    "aws:principalorgid": ([], ["o-theirs"]),
    "aws:principalorgpaths": ([], ["o-theirs/r-1/"]),
    "aws:sourcearn": ([], ["arn:aws:s3:::theirs"], ["arn:aws:sns:us-east-1:999999999999:a:111122223333:b"]),
    "aws:sourceip": ([], ["8.8.8.8"], ["2001:db8::1"]),
    "secretsmanager:versionstage": ([], ["AWSCURRENT"]),
    "aws:securetransport": (["true"], ["false"]),
}
"""What strangers can bring: nothing that is ours."""


def _operator(draw: random.Random, key: str) -> str:
    if key == "aws:SourceIp":
        name = draw.choice(("IpAddress", "NotIpAddress"))
    elif key.endswith("Arn"):
        name = draw.choice(("ArnLike", "ArnEquals", "StringLike", "ArnNotLike", "StringNotLike"))
    else:
        name = draw.choice(("StringEquals", "StringLike", "StringNotEquals", "StringNotLike"))
    prefix = draw.choices(("", "ForAllValues:", "ForAnyValue:"), (6, 2, 2))[0]
    return prefix + name + ("IfExists" if draw.random() < 0.2 else "")


def _drawn(draw: random.Random) -> dict[str, Any]:
    made: dict[str, Any] = {"Effect": draw.choice(("Allow", "Deny"))}
    made["Principal"] = draw.choice(("*", "*", "*", {"AWS": ["*", "111122223333"]}, {"AWS": "111122223333"}))
    if made["Effect"] == "Deny" and draw.random() < 0.2:
        del made["Principal"]
        made["NotPrincipal"] = {"AWS": draw.choice((["111122223333"], ["*"]))}
    name = draw.choices(("Action", "NotAction"), (5, 1))[0]
    made[name] = draw.choice(
        ("secretsmanager:GetSecretValue", "secretsmanager:*", "*", "secretsmanager:Put*")
    )
    if draw.random() < 0.3:
        made["Resource"] = draw.choice((SECRET, "*", SECRET[:-6] + "??????", SECRET[:-6] + "*"))
    block: dict[str, Any] = {}
    for _ in range(draw.choice((0, 1, 1, 2))):
        key, values = draw.choice(NARROWING)
        block.setdefault(_operator(draw, key), {})[key] = draw.sample(
            values, draw.randint(1, 2) if len(values) > 1 else 1
        )
        if draw.random() < 0.2:
            block.setdefault("Null", {})[key] = draw.choice(("true", "false"))
    if block:
        made["Condition"] = block
    return made


def test_p10_what_is_not_public_lets_no_stranger_in() -> None:
    """Random policies that are judged not public grant nothing to callers who have nothing of what they fix."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    draw = random.Random(seed)
    judged: Counter[tuple[bool, bool]] = Counter()
    for _ in range(4_000):
        text = _document([_drawn(draw) for _ in range(draw.randint(1, 3))])
        try:
            public = is_public(_parse(text), SECRET_ACTIONS)
        except MalformedPolicy:
            continue
        let_in = False
        for _ in range(12):
            caller = draw.choice(STRANGERS)
            context = {key: draw.choice(values) for key, values in THEIRS.items()}
            if caller.account:
                context["aws:principalaccount"] = [caller.account]
                context["aws:principalarn"] = [caller.arn]
                context["aws:userid"] = [caller.id]
            case = Case(
                caller=caller,
                action=draw.choice(("secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue")),
                resource=SECRET,
                owner="111122223333",
                context=context,
                identity=[_document([{"Effect": "Allow", "Action": "*", "Resource": "*"}])],
                resource_policy=text,
            )
            if answer(case).allowed:
                let_in = True
                assert public, (seed, text, case)
        judged[public, let_in] += 1
    # Both answers are frequent, and most of what is called public does let a stranger in.
    assert judged[False, False] > 1_000
    assert judged[True, True] > 500
    assert judged[True, True] > judged[True, False]
