"""Grants on KMS keys as the evaluator takes them: as an Allow of the key's policy, below every Deny.

Source: https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
"""

from __future__ import annotations

from typing import Any

import pytest

from strongroom.policy.compile import MatchedStatement
from strongroom.policy.evaluate import Granted, evaluate
from strongroom.policy.model import PolicyKind
from strongroom.policy.principals import Grant
from strongroom.policy.question import Principal
from tests.policy.policies import ACCOUNT, policy, question

KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
DECRYPT = "kms:Decrypt"
ALLOW_ALL = ["Allow", "*", "*"]
DENY_ALL = ["Deny", "*", "*"]
OTHER = Principal("User", "arn:aws:iam::444455556666:user/eve", "444455556666", "AIDAEVEEEEEEEEEEEEEEE")
SESSION = Principal(
    "AssumedRole",
    f"arn:aws:sts::{ACCOUNT}:assumed-role/app/one",
    ACCOUNT,
    "AROAAPPPPPPPPPPPPPPPP:one",
    role_arn=f"arn:aws:iam::{ACCOUNT}:role/app",
)
ASKED = question(action=DECRYPT, resource=KEY)
# A key that lets nobody in: only a grant can.
CLOSED = policy(
    {"Principal": {"AWS": "999988887777"}, "Effect": "Allow", "Action": "kms:*", "Resource": "*"},
    kind=PolicyKind.KEY,
)
DIRECT = Granted("g1", Grant.DIRECT)


def test_a_grant_lets_the_grantee_in_without_any_policy() -> None:
    """Neither key policy nor identity policy names the caller; the grant is the reason."""
    assert not evaluate(ASKED, identity=[], resource=CLOSED).allowed
    decision = evaluate(ASKED, identity=[], resource=CLOSED, granted=DIRECT)
    assert decision.allowed
    assert decision.matched == (MatchedStatement("g1", None, 0),)


@pytest.mark.parametrize("layer", ["identity", "resource", "boundary", "session"])
def test_p02_a_deny_in_any_layer_wins_over_a_grant(layer: str) -> None:
    """A grant only allows."""
    layers: dict[str, Any] = {"identity": [], "resource": CLOSED, layer: policy(DENY_ALL)}
    if layer == "identity":
        layers["identity"] = [policy(DENY_ALL)]
    if layer == "resource":
        everybody = {"Principal": "*", "Effect": "Deny", "Action": "kms:*", "Resource": "*"}
        layers["resource"] = policy(everybody, kind=PolicyKind.KEY)
    assert not evaluate(ASKED, granted=DIRECT, **layers).allowed


def test_a_grantee_of_another_account_needs_its_own_account_too() -> None:
    """Both sides must agree: the grant stands for the side of the key."""
    asked = question(principal=OTHER, action=DECRYPT, resource=KEY)
    assert not evaluate(asked, identity=[], resource=CLOSED, granted=DIRECT).allowed
    assert not evaluate(asked, identity=[policy(ALLOW_ALL)], resource=CLOSED).allowed
    assert evaluate(asked, identity=[policy(ALLOW_ALL)], resource=CLOSED, granted=DIRECT).allowed


def test_a_grant_to_a_role_stays_inside_boundary_and_session_policy() -> None:
    """A role is named less closely than a session: what limits the session limits what the grant gives."""
    asked = question(principal=SESSION, action=DECRYPT, resource=KEY)
    granted = Granted("g1", Grant.ROLE)
    narrow = policy(["Allow", "kms:Encrypt", "*"])
    wide = policy(["Allow", "kms:*", "*"])
    assert evaluate(asked, identity=[], resource=CLOSED, granted=granted).allowed
    for limit in ("boundary", "session"):
        assert not evaluate(asked, identity=[], resource=CLOSED, granted=granted, **{limit: narrow}).allowed
        assert evaluate(asked, identity=[], resource=CLOSED, granted=granted, **{limit: wide}).allowed


def test_a_grant_to_an_account_leaves_the_decision_to_its_identity_policies() -> None:
    """As a key policy that names the account."""
    granted = Granted("g1", Grant.ACCOUNT)
    assert not evaluate(ASKED, identity=[], resource=CLOSED, granted=granted).allowed
    assert evaluate(ASKED, identity=[policy(ALLOW_ALL)], resource=CLOSED, granted=granted).allowed


def test_a_grant_never_takes_away_what_the_key_policy_gives() -> None:
    """The closer of the two counts."""
    names_all = policy(
        {"Principal": "*", "Effect": "Allow", "Action": "kms:*", "Resource": "*"}, kind=PolicyKind.KEY
    )
    assert evaluate(ASKED, identity=[], resource=names_all, granted=Granted("g1", Grant.ACCOUNT)).allowed
