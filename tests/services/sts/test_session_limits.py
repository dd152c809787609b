"""What a caller gives a session of its own: policies that take away, tags, a source identity."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.services.iam.answers import refusal
from tests.services.sts.roles import ANYTHING, assume, document, new_role, new_user, trusting

TAGGING = ("sts:AssumeRole", "sts:TagSession")
WITH_ALL = (*TAGGING, "sts:SetSourceIdentity")
READS = {"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"}
READ_ONLY = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"


@pytest.fixture
def admin(account: Any) -> str:
    """The ARN of the administrator."""
    return f"arn:aws:iam::{account.account_id}:user/admin"


def test_a_session_policy_takes_away_and_gives_nothing(server: Any, iam: Any, sts: Any, admin: str) -> None:
    """What both the role and the session policy allow."""
    role = new_role(iam, READS, trust=trusting(admin), name="reader")
    both = document(READS, {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"})
    answer = sts.assume_role(RoleArn=role, RoleSessionName="one", Policy=both)
    assert 0 < answer["PackedPolicySize"] < 20
    session = server.client("iam", key=assume(sts, role, Policy=both))
    session.get_role(RoleName="reader")
    assert refusal(session.list_users)[2].endswith(
        "because no identity-based policy allows the iam:ListUsers action"
    )
    none = document({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    limited = server.client("iam", key=assume(sts, role, Policy=none))
    assert refusal(limited.get_role, RoleName="reader")[2].endswith(
        "because no session policy allows the iam:GetRole action"
    )
    deny = document(READS, {**READS, "Effect": "Deny"})
    denying = server.client("iam", key=assume(sts, role, Policy=deny))
    assert refusal(denying.get_role, RoleName="reader")[2].endswith(
        "with an explicit deny in a session policy"
    )


def test_s09_a_managed_session_policy_is_looked_up_on_every_request(
    server: Any, account: Any, iam: Any, sts: Any, admin: str
) -> None:
    """A new default version holds at once; a policy that is gone denies."""
    role = new_role(iam, ANYTHING, trust=trusting(admin), name="reader")
    name = f"p{uuid4().hex[:8]}"
    arn = iam.create_policy(PolicyName=name, PolicyDocument=document(READS))["Policy"]["Arn"]
    session = server.client("iam", key=assume(sts, role, PolicyArns=[{"arn": arn}]))
    session.get_role(RoleName="reader")
    assert refusal(session.list_users)[1] == "AccessDenied"
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(ANYTHING), SetAsDefault=True)
    session.list_users()
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    iam.delete_policy(PolicyArn=arn)
    assert refusal(session.list_users)[1] == "AccessDenied"


def test_managed_session_policies_must_be_there(
    server: Any, account: Any, iam: Any, sts: Any, admin: str
) -> None:
    """AWS's own, or those of the role's account."""
    role = new_role(iam, ANYTHING, trust=trusting(admin))
    absent = f"arn:aws:iam::{account.account_id}:policy/absent"
    for arn in (absent, "arn:aws:iam::999988887777:policy/theirs"):
        got = refusal(sts.assume_role, RoleArn=role, RoleSessionName="one", PolicyArns=[{"arn": arn}])
        assert got[:2] == (400, "ValidationError")
    eleven = [{"arn": f"arn:aws:iam::{account.account_id}:policy/p{number}"} for number in range(11)]
    got = refusal(sts.assume_role, RoleArn=role, RoleSessionName="one", PolicyArns=eleven)
    assert "less than or equal to 10" in got[2]


@pytest.mark.parametrize(
    "text", ["{", '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3"}]}']
)
def test_malformed_session_policies_are_refused(iam: Any, sts: Any, admin: str, text: str) -> None:
    """As CreatePolicy refuses them."""
    role = new_role(iam, trust=trusting(admin))
    got = refusal(sts.assume_role, RoleArn=role, RoleSessionName="one", Policy=text)
    assert got[:2] == (400, "MalformedPolicyDocument")


def test_what_does_not_fit_into_a_token_is_refused(iam: Any, sts: Any, admin: str) -> None:
    """Fifty long tags of noise; the text says how much too much it is."""
    role = new_role(iam, trust=trusting(admin, actions=TAGGING))
    tags = [
        {"Key": f"{number}{uuid4().hex}", "Value": "".join(uuid4().hex for _ in range(8))}
        for number in range(50)
    ]
    status, code, text = refusal(sts.assume_role, RoleArn=role, RoleSessionName="one", Tags=tags)
    assert (status, code) == (400, "PackedPolicyTooLarge")
    assert text.startswith("Packed size of session tags consumes ")
    long = document({**READS, "Resource": [f"arn:aws:iam::*:role/{uuid4()}" for _ in range(60)]})
    got = refusal(sts.assume_role, RoleArn=role, RoleSessionName="one", Policy=long)
    assert got[:2] == (400, "ValidationError")


def test_the_largest_session_that_fits_is_served(server: Any, iam: Any, sts: Any, admin: str) -> None:
    """Its token stays under 4 KiB, and every service takes it."""
    role = new_role(iam, ANYTHING, trust=trusting(admin, actions=WITH_ALL))
    resources = [f"arn:aws:iam::*:role/{uuid4()}" for _ in range(28)]
    noise = document({"Effect": "Deny", "Action": "s3:Get*", "Resource": resources}, ANYTHING)
    tags = [{"Key": f"k{number}", "Value": uuid4().hex} for number in range(20)]
    answer = sts.assume_role(
        RoleArn=role,
        RoleSessionName="s" * 64,
        SourceIdentity="i" * 64,
        Policy=noise,
        Tags=tags,
        MinimumSessionTokenSize=4_096,
    )
    assert 50 < answer["PackedPolicySize"] <= 100
    made = answer["Credentials"]
    assert 4_096 <= len(made["SessionToken"]) <= 4_104
    from tests.services.sts.roles import key_of

    server.client("secretsmanager", key=key_of(answer)).list_secrets()
    server.client("iam", key=key_of(answer)).list_users()


def tagged(**tags: str) -> list[dict[str, str]]:
    """Write tags."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def test_tags_need_a_permission_of_their_own(iam: Any, sts: Any, admin: str) -> None:
    """``sts:TagSession``, in the trust policy."""
    role = new_role(iam, trust=trusting(admin))
    got = refusal(sts.assume_role, RoleArn=role, RoleSessionName="one", Tags=tagged(team="blue"))
    assert got == (
        403,
        "AccessDenied",
        f"User: {admin} is not authorized to perform: sts:TagSession on resource: {role}",
    )


def test_session_tags_come_before_the_roles(server: Any, iam: Any, sts: Any, admin: str) -> None:
    """``aws:PrincipalTag`` is the session's where both have the key, whatever its case."""
    right = {
        **READS,
        "Condition": {"StringEquals": {"aws:PrincipalTag/team": "blue", "aws:PrincipalTag/site": "x"}},
    }
    role = new_role(
        iam, right, trust=trusting(admin, actions=TAGGING), name="reader", Tags=tagged(Team="red", site="x")
    )
    plain = server.client("iam", key=assume(sts, role))
    assert refusal(plain.get_role, RoleName="reader")[1] == "AccessDenied"
    blue = server.client("iam", key=assume(sts, role, Tags=tagged(TEAM="blue")))
    blue.get_role(RoleName="reader")


def test_p05_a_tag_is_literal_in_a_resource(server: Any, iam: Any, sts: Any, admin: str) -> None:
    """A star cannot even be a tag's value; what can be one matches itself alone."""
    right = {**READS, "Resource": "arn:aws:iam::*:role/${aws:PrincipalTag/own}"}
    role = new_role(iam, right, trust=trusting(admin, actions=TAGGING), name="reader")
    got = refusal(sts.assume_role, RoleArn=role, RoleSessionName="one", Tags=tagged(own="*"))
    assert got[:2] == (400, "ValidationError")
    session = server.client("iam", key=assume(sts, role, Tags=tagged(own="reader")))
    session.get_role(RoleName="reader")
    assert refusal(session.get_role, RoleName="other")[1] == "AccessDenied"


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (
            {"Tags": tagged(a="1"), "TransitiveTagKeys": ["b"]},
            "The specified transitive tag key must be included in the requested tags.",
        ),
        (
            {"Tags": tagged(a="1", A="2")},
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
        ),
    ],
)
def test_wrong_tags_are_refused(iam: Any, sts: Any, admin: str, more: Any, text: str) -> None:
    """With the recorded code and texts."""
    role = new_role(iam, trust=trusting(admin, actions=TAGGING))
    got = refusal(sts.assume_role, RoleArn=role, RoleSessionName="one", **more)
    assert got == (400, "InvalidParameterValue", text)


def test_transitive_tags_go_on_and_cannot_be_set_anew(server: Any, iam: Any, sts: Any, admin: str) -> None:
    """The next session has them, needs ``sts:TagSession`` for them, and passes them on again."""
    first = new_role(iam, ANYTHING, trust=trusting(admin, actions=TAGGING))
    right = {**READS, "Condition": {"StringEquals": {"aws:PrincipalTag/team": "blue"}}}
    second = new_role(
        iam, right, trust=trusting(first, actions=TAGGING), name="reader", Tags=tagged(team="red")
    )
    closed = new_role(iam, trust=trusting(first))
    session = server.client(
        "sts",
        key=assume(sts, first, "ss", Tags=tagged(team="blue", other="1"), TransitiveTagKeys=["team"]),
    )
    server.client("iam", key=assume(session, second)).get_role(RoleName="reader")
    assert "sts:TagSession" in refusal(session.assume_role, RoleArn=closed, RoleSessionName="two")[2]
    got = refusal(session.assume_role, RoleArn=second, RoleSessionName="two", Tags=tagged(Team="red"))
    assert got == (
        400,
        "InvalidParameterValue",
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
        "from the calling session.",
    )


def test_tags_of_the_request_are_conditions_of_the_trust(iam: Any, sts: Any, admin: str) -> None:
    """``aws:RequestTag``, ``aws:TagKeys``, ``sts:TransitiveTagKeys`` and the name of the session."""
    conditions = {
        "StringEquals": {"aws:RequestTag/team": "blue"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["team"], "sts:TransitiveTagKeys": ["team"]},
        "StringLike": {"sts:RoleSessionName": "build-*"},
    }
    role = new_role(iam, trust=trusting(admin, actions=TAGGING, conditions=conditions))
    assume(sts, role, "build-1", Tags=tagged(team="blue"), TransitiveTagKeys=["team"])
    for name, more in (
        ("build-1", {"Tags": tagged(team="red")}),
        ("other", {"Tags": tagged(team="blue")}),
        ("build-1", {"Tags": tagged(team="blue", more="1")}),
        ("build-1", {}),
    ):
        got = refusal(sts.assume_role, RoleArn=role, RoleSessionName=name, **more)
        assert got[1] == "AccessDenied"


def test_the_source_identity_stays(server: Any, iam: Any, sts: Any, admin: str) -> None:
    """It needs its permission, also where it is inherited; it does not change on the way."""
    plain = new_role(iam, trust=trusting(admin))
    got = refusal(sts.assume_role, RoleArn=plain, RoleSessionName="one", SourceIdentity="alice")
    assert "sts:SetSourceIdentity" in got[2]
    first = new_role(iam, ANYTHING, trust=trusting(admin, actions=WITH_ALL))
    right = {**READS, "Condition": {"StringEquals": {"aws:SourceIdentity": "alice"}}}
    second = new_role(iam, right, trust=trusting(first, actions=WITH_ALL), name="reader")
    closed = new_role(iam, trust=trusting(first))
    session = server.client("sts", key=assume(sts, first, SourceIdentity="alice"))
    answer = session.assume_role(RoleArn=second, RoleSessionName="two")
    assert answer["SourceIdentity"] == "alice"
    server.client("iam", key=assume(session, second)).get_role(RoleName="reader")
    assert "sts:SetSourceIdentity" in refusal(session.assume_role, RoleArn=closed, RoleSessionName="two")[2]
    got = refusal(session.assume_role, RoleArn=second, RoleSessionName="two", SourceIdentity="bob")
    assert got[:2] == (400, "ValidationError")


def test_facts_of_a_session_are_conditions(server: Any, iam: Any, sts: Any, admin: str) -> None:
    """The time of issue and the missing second factor are known of sessions, and of nothing else."""
    known = {"Null": {"aws:TokenIssueTime": "false"}, "Bool": {"aws:MultiFactorAuthPresent": "false"}}
    right = {**READS, "Condition": known}
    role = new_role(iam, right, trust=trusting(admin), name="reader")
    server.client("iam", key=assume(sts, role)).get_role(RoleName="reader")
    _, key = new_user(iam, right)
    assert refusal(server.client("iam", key=key).get_role, RoleName="reader")[1] == "AccessDenied"
    iam.put_role_policy(
        RoleName="reader",
        PolicyName="revoked",
        PolicyDocument=document(
            {
                "Effect": "Deny",
                "Action": "*",
                "Resource": "*",
                "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2100-01-01T00:00:00Z"}},
            }
        ),
    )
    revoked = server.client("iam", key=assume(sts, role))
    assert refusal(revoked.get_role, RoleName="reader")[2].endswith(
        "with an explicit deny in an identity-based policy"
    )
