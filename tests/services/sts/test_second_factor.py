"""Credentials for who shows a second factor: what the code opens, once, and what the session remembers of it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.services.iam.answers import only_record, refusal
from tests.services.sts.roles import ANYTHING, assume, key_of, new_role, new_user, trusting
from tests.support.accounts import Key
from tests.support.authenticator import Authenticator

WITH_FACTOR = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
WRONG = (
    403,
    "AccessDenied",
    "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
)
UNKNOWN = (
    403,
    "AccessDenied",
    "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is "
    "valid and associated with this user.",
)


class Holder:
    """A user with a device."""

    def __init__(self, server: Any, iam: Any) -> None:
        self.arn, self.key = new_user(iam, ANYTHING)
        name = self.arn.rpartition("/")[2]
        made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
        self.serial: str = made["SerialNumber"]
        self.app = Authenticator(made["Base32StringSeed"])
        iam.enable_mfa_device(UserName=name, SerialNumber=self.serial, **self.app.pair(time.time()))
        self.sts = server.client("sts", key=self.key)

    def factor(self) -> dict[str, str]:
        """Show the device and its next code: the present one was used up when the device was enabled."""
        return {"SerialNumber": self.serial, "TokenCode": self.app.code(time.time() + 30)}


@pytest.fixture
def holder(server: Any, iam: Any) -> Holder:
    """A user with a device."""
    return Holder(server, iam)


def test_w03_a_role_may_ask_for_it_and_the_session_remembers(server: Any, iam: Any, holder: Holder) -> None:
    """Without, the role is as if it were not there; the code is good once."""
    role = new_role(iam, ANYTHING, trust=trusting(holder.arn, conditions=WITH_FACTOR))
    ask = {"RoleArn": role, "RoleSessionName": "one"}
    assert refusal(holder.sts.assume_role, **ask)[1] == "AccessDenied"
    factor = holder.factor()
    answer = holder.sts.assume_role(**ask, **factor)
    record = only_record(server, answer)
    assert record["readOnly"] is True
    assert record["requestParameters"]["serialNumber"] == holder.serial
    assert factor["TokenCode"] not in str(record["requestParameters"])
    used = server.client("iam", key=key_of(answer)).list_users()
    assert (
        only_record(server, used)["userIdentity"]["sessionContext"]["attributes"]["mfaAuthenticated"]
        == "true"
    )
    assert refusal(holder.sts.assume_role, **ask, **factor) == WRONG


def test_a_factor_that_is_not_the_callers_is_refused(
    server: Any, iam: Any, sts: Any, account: Any, holder: Holder
) -> None:
    """Another's, one that is not there, half of one, one of a role's session."""
    role = new_role(iam, ANYTHING, trust=trusting(account.account_id))
    ask = {"RoleArn": role, "RoleSessionName": "one"}
    assert refusal(sts.assume_role, **ask, **holder.factor()) == UNKNOWN
    absent = {**holder.factor(), "SerialNumber": holder.serial + "x"}
    assert refusal(holder.sts.assume_role, **ask, **absent) == UNKNOWN
    wrong = {**holder.factor(), "TokenCode": "000000"}
    if holder.factor()["TokenCode"] != "000000":
        assert refusal(holder.sts.assume_role, **ask, **wrong) == WRONG
    for member in ("SerialNumber", "TokenCode"):
        half = {member: holder.factor()[member]}
        assert refusal(holder.sts.assume_role, **ask, **half)[:2] == (400, "ValidationError")
    session = server.client("sts", key=assume(holder.sts, role))
    assert refusal(session.assume_role, **ask, **holder.factor()) == UNKNOWN


def test_with_it_get_session_token_opens_iam(server: Any, iam: Any, holder: Holder) -> None:
    """And its age is a condition."""
    session: Key = key_of(holder.sts.get_session_token(**holder.factor()))
    server.client("iam", key=session).list_users()
    fresh = {**WITH_FACTOR, "NumericLessThan": {"aws:MultiFactorAuthAge": "300"}}
    assume(server.client("sts", key=session), new_role(iam, trust=trusting(holder.arn, conditions=fresh)))
    old = {**WITH_FACTOR, "NumericGreaterThan": {"aws:MultiFactorAuthAge": "300"}}
    closed = new_role(iam, trust=trusting(holder.arn, conditions=old))
    caller = server.client("sts", key=session)
    assert refusal(caller.assume_role, RoleArn=closed, RoleSessionName="one")[1] == "AccessDenied"
