"""What a caller was allowed whatever the request."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from strongroom.gateway.caller import Caller
from strongroom.gateway.permissions import MOST_KEPT
from strongroom.policy.compile import PolicySet, compile_policy
from strongroom.policy.document import PolicyKind
from strongroom.policy.question import Principal

ACCOUNT = "111122223333"
ALICE = Principal("User", f"arn:aws:iam::{ACCOUNT}:user/Alice", ACCOUNT, "AIDAEXAMPLEALICE00000")
ALLOW_ALL = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
POLICY = compile_policy(ALLOW_ALL, PolicyKind.IDENTITY, source_id="all")


def caller() -> Caller:
    """Make a caller with a policy."""
    return Caller(ALICE, "IAMUser", "Alice", "AKIAEXAMPLEALICE0000", PolicySet([POLICY]))


def test_a_permission_is_for_its_action_and_its_stamp() -> None:
    """And for nothing else."""
    alice, key, other = caller(), object(), object()
    alice.permissions.keep(alice, "kms:Decrypt", key)
    assert alice.permissions.include(alice, "kms:Decrypt", key)
    assert not alice.permissions.include(alice, "kms:Encrypt", key)
    assert not alice.permissions.include(alice, "kms:Decrypt", other)
    assert not caller().permissions.include(caller(), "kms:Decrypt", key)


@pytest.mark.parametrize(
    "change",
    [
        {
            "principal": Principal(
                "User", f"arn:aws:iam::{ACCOUNT}:user/Bob", ACCOUNT, "AIDAEXAMPLEBOB0000000"
            )
        },
        {"identity": PolicySet()},
        {"boundary": POLICY},
        {"session": (POLICY,)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_p02_a_caller_that_is_made_of_another_one_has_not_its_permissions(change: dict[str, Any]) -> None:
    """A principal with other policies is decided on, whatever it was copied from; and the other way round."""
    alice, key = caller(), object()
    alice.permissions.keep(alice, "kms:Decrypt", key)
    other = msgspec.structs.replace(alice, **change)
    assert not other.permissions.include(other, "kms:Decrypt", key)
    other.permissions.keep(other, "kms:Encrypt", key)
    assert not other.permissions.include(other, "kms:Decrypt", key)
    assert not alice.permissions.include(alice, "kms:Encrypt", key)


def test_no_more_than_a_number_of_permissions_are_kept() -> None:
    """What is kept begins anew."""
    alice = caller()
    stamps = [object() for _ in range(MOST_KEPT + 1)]
    for stamp in stamps:
        alice.permissions.keep(alice, "kms:Decrypt", stamp)
    assert not alice.permissions.include(alice, "kms:Decrypt", stamps[0])
    assert alice.permissions.include(alice, "kms:Decrypt", stamps[-1])
