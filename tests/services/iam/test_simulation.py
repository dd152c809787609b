"""SimulateCustomPolicy, SimulatePrincipalPolicy and the two GetContextKeys operations, as a client sees them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.iam.answers import new_key, only_record, refusal

READ = "secretsmanager:GetSecretValue"
SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:db-AbCdEf"
DATES = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*","Condition":'
    '{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}'
)
MATEO = "arn:aws:iam::111122223333:user/mateo"


def document(*statements: dict[str, Any]) -> str:
    """Write a policy; a statement without some member gets the usual one."""
    usual = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [usual | each for each in statements]})


def entry(name: str, kind: str, *values: str) -> dict[str, Any]:
    """Write a context entry."""
    return {"ContextKeyName": name, "ContextKeyType": kind, "ContextKeyValues": list(values)}


def decisions(answer: dict[str, Any]) -> list[str]:
    """Give the decisions of all results."""
    return [result["EvalDecision"] for result in answer["EvaluationResults"]]


def test_the_documented_examples_have_the_documented_answers(iam: Any) -> None:
    """AWS CLI reference, simulate-custom-policy, examples 1 and 2: positions are those that AWS prints."""
    later = entry("aws:CurrentTime", "date", "2019-04-25T11:00:00Z")
    asked = {"PolicyInputList": [DATES], "ActionNames": ["dynamodb:CreateBackup"]}
    answer = iam.simulate_custom_policy(**asked, ContextEntries=[later])
    assert answer["IsTruncated"] is False
    assert answer["EvaluationResults"] == [
        {
            "EvalActionName": "dynamodb:CreateBackup",
            "EvalResourceName": "*",
            "EvalDecision": "allowed",
            "MatchedStatements": [
                {
                    "SourcePolicyId": "PolicyInputList.1",
                    "SourcePolicyType": "IAM Policy",
                    "StartPosition": {"Line": 1, "Column": 38},
                    "EndPosition": {"Line": 1, "Column": 167},
                }
            ],
            "MissingContextValues": [],
        }
    ]
    earlier = entry("aws:CurrentTime", "date", "2014-04-25T11:00:00Z")
    [result] = iam.simulate_custom_policy(**asked, ContextEntries=[earlier])["EvaluationResults"]
    assert result["EvalDecision"] == "implicitDeny"
    assert result["MatchedStatements"] == []


def test_a_resource_policy_within_one_account(iam: Any) -> None:
    """IAM API reference, SimulateCustomPolicy, example 2: whom the resource names, no boundary limits."""
    only_iam = document({"Action": "iam:*"})
    resource_policy = document(
        {
            "Principal": {"AWS": MATEO},
            "Action": ["s3:List*", "s3:Put*"],
            "Resource": "arn:aws:s3:::production/*",
        }
    )
    [result] = iam.simulate_custom_policy(
        PolicyInputList=[only_iam],
        PermissionsBoundaryPolicyInputList=[only_iam],
        ActionNames=["s3:PutObject"],
        CallerArn=MATEO,
        ResourceArns=["arn:aws:s3:::production/Test"],
        ResourceOwner="arn:aws:iam::111122223333:root",
        ResourcePolicy=resource_policy,
    )["EvaluationResults"]
    assert result["EvalDecision"] == "allowed"
    assert result["EvalDecisionDetails"] == {}
    assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    [matched] = result["MatchedStatements"]
    assert (matched["SourcePolicyId"], matched["SourcePolicyType"]) == ("ResourcePolicy", "Resource Policy")
    [of_resource] = result["ResourceSpecificResults"]
    assert of_resource["EvalResourceName"] == "arn:aws:s3:::production/Test"
    assert of_resource["EvalResourceDecision"] == "allowed"
    assert of_resource["MatchedStatements"] == [matched]
    assert of_resource["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}


@pytest.mark.parametrize(
    ("action", "decision", "details"),
    [
        (READ, "allowed", {"IAM Policy": "allowed", "Resource Policy": "allowed"}),
        (
            "secretsmanager:PutSecretValue",
            "implicitDeny",
            {"IAM Policy": "allowed", "Resource Policy": "implicitDeny"},
        ),
        (
            "secretsmanager:DeleteSecret",
            "explicitDeny",
            {"IAM Policy": "implicitDeny", "Resource Policy": "explicitDeny"},
        ),
    ],
)
def test_across_accounts_each_side_is_told(
    iam: Any, action: str, decision: str, details: dict[str, str]
) -> None:
    """Both accounts must allow; the details say what each says on its own."""
    resource_policy = document(
        {"Principal": {"AWS": "444455556666"}, "Action": READ},
        {"Principal": "*", "Effect": "Deny", "Action": "secretsmanager:Delete*"},
    )
    [result] = iam.simulate_custom_policy(
        PolicyInputList=[document({"Action": [READ, "secretsmanager:Put*"]})],
        ActionNames=[action],
        CallerArn="arn:aws:iam::444455556666:user/eve",
        ResourceArns=[SECRET],
        ResourceOwner="arn:aws:iam::111122223333:root",
        ResourcePolicy=resource_policy,
    )["EvaluationResults"]
    assert result["EvalDecision"] == decision
    assert result["EvalDecisionDetails"] == details
    assert result["ResourceSpecificResults"][0]["EvalDecisionDetails"] == details


def test_every_statement_that_decides_is_named(iam: Any) -> None:
    """All that allow, in all policies; where one denies, only those that deny. Lines are counted."""
    first = json.dumps(json.loads(document({"Action": READ}, {"Action": "secretsmanager:Get*"})), indent=2)
    second = document({"Action": "sns:*"}, {"Action": "secretsmanager:*"})
    asked = {"ActionNames": [READ], "ResourceArns": ["*"]}
    [result] = iam.simulate_custom_policy(PolicyInputList=[first, second], **asked)["EvaluationResults"]
    assert [each["SourcePolicyId"] for each in result["MatchedStatements"]] == [
        "PolicyInputList.1",
        "PolicyInputList.1",
        "PolicyInputList.2",
    ]
    lines = first.split("\n")
    for matched, number in zip(result["MatchedStatements"][:2], (4, 9), strict=True):
        assert matched["StartPosition"] == {"Line": number, "Column": lines[number - 1].index("{") + 2}
        assert matched["EndPosition"] == {"Line": number + 4, "Column": lines[number + 3].index("}") + 2}
    denial = document({"Effect": "Deny", "Action": READ})
    [denied] = iam.simulate_custom_policy(PolicyInputList=[first, denial, second], **asked)[
        "EvaluationResults"
    ]
    assert denied["EvalDecision"] == "explicitDeny"
    assert [each["SourcePolicyId"] for each in denied["MatchedStatements"]] == ["PolicyInputList.2"]


def test_missing_keys_are_named_where_aws_puts_them(iam: Any) -> None:
    """For * in the result, for a resource with it; keys of statements about other actions do not count."""
    policy = document(
        {
            "Action": READ,
            "Resource": "arn:aws:secretsmanager:*:*:secret:${aws:username}/*",
            "Condition": {
                "StringEquals": {"aws:PrincipalTag/team": "${aws:ResourceTag/team}"},
                "Bool": {"AWS:SecureTransport": "true"},
            },
        },
        {"Action": "sns:*", "Condition": {"StringEquals": {"sns:Protocol": "https"}}},
    )
    given = [entry("aws:securetransport", "boolean", "true")]
    missing = ["aws:PrincipalTag/team", "aws:ResourceTag/team", "aws:username"]
    asked = {"PolicyInputList": [policy], "ActionNames": [READ], "ContextEntries": given}
    [result] = iam.simulate_custom_policy(**asked)["EvaluationResults"]
    assert sorted(result["MissingContextValues"]) == missing
    [result] = iam.simulate_custom_policy(**asked, ResourceArns=[SECRET])["EvaluationResults"]
    assert result["MissingContextValues"] == []
    [of_resource] = result["ResourceSpecificResults"]
    assert sorted(of_resource["MissingContextValues"]) == missing
    # Whose ARN is given has a name.
    [result] = iam.simulate_custom_policy(**asked, CallerArn=MATEO)["EvaluationResults"]
    assert "aws:username" not in result["MissingContextValues"]


def test_lists_are_lists(iam: Any) -> None:
    """A key of a list type needs a set operator, as lists do in requests."""
    plain = document({"Condition": {"StringEquals": {"my:Colors": "red"}}})
    by_set = document({"Condition": {"ForAnyValue:StringEquals": {"my:Colors": "red"}}})
    asked = {"ActionNames": [READ], "ContextEntries": [entry("my:Colors", "stringList", "red", "blue")]}
    assert decisions(iam.simulate_custom_policy(PolicyInputList=[plain], **asked)) == ["implicitDeny"]
    assert decisions(iam.simulate_custom_policy(PolicyInputList=[by_set], **asked)) == ["allowed"]


def test_results_come_in_pages(iam: Any) -> None:
    """Each action with each resource, over pages whose markers belong to one question."""
    actions = ["sns:Publish", READ, "sns:Subscribe"]
    resources = [SECRET, "arn:aws:sns:us-east-1:111122223333:topic"]
    asked = {
        "PolicyInputList": [document({"Action": "sns:*"})],
        "ActionNames": actions,
        "ResourceArns": resources,
    }
    seen = []
    page = iam.simulate_custom_policy(**asked, MaxItems=4)
    assert page["IsTruncated"] is True
    seen += page["EvaluationResults"]
    other = {**asked, "ActionNames": [*actions, "sns:Tag"]}
    assert refusal(iam.simulate_custom_policy, **other, Marker=page["Marker"])[1] == "ValidationError"
    page = iam.simulate_custom_policy(**asked, Marker=page["Marker"])
    assert page["IsTruncated"] is False
    seen += page["EvaluationResults"]
    assert [(one["EvalActionName"], one["EvalResourceName"]) for one in seen] == [
        (action, resource) for action in actions for resource in resources
    ]
    assert [one["EvalDecision"] for one in seen] == ["allowed"] * 2 + ["implicitDeny"] * 2 + ["allowed"] * 2


def test_the_policy_of_a_key_must_agree(iam: Any) -> None:
    """For keys of KMS the policies of the account grant nothing that the key's policy does not hand on."""
    asked = {
        "PolicyInputList": [document({"Action": "kms:*"})],
        "ActionNames": ["kms:Decrypt"],
        "CallerArn": MATEO,
        "ResourceArns": ["arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
    }
    for principal, decision in (
        ("111122223333", "allowed"),
        ("arn:aws:iam::111122223333:user/x", "implicitDeny"),
    ):
        policy = document({"Principal": {"AWS": principal}, "Action": "kms:*"})
        assert decisions(iam.simulate_custom_policy(**asked, ResourcePolicy=policy)) == [decision]


@pytest.mark.parametrize(
    "change",
    [
        {"PolicyInputList": ["{"]},
        {"PolicyInputList": [document({"Effect": "allow"})]},
        {"PermissionsBoundaryPolicyInputList": ["[]"]},
        {"PermissionsBoundaryPolicyInputList": [document({}), document({})]},
        {"ActionNames": ["secretsmanager:*"]},
        {"ActionNames": ["GetSecretValue"]},
        {"ActionNames": []},
        {"CallerArn": "arn:aws:sts::111122223333:assumed-role/app/s"},
        {"ResourcePolicy": document({"Principal": "*"})},
        {"ResourcePolicy": "{}", "CallerArn": MATEO},
        {"ResourcePolicy": document({}), "CallerArn": MATEO},
        {
            "ResourcePolicy": document({"Principal": "*"}),
            "CallerArn": MATEO,
            "ResourceArns": ["arn:aws:iam::111122223333:role/app"],
        },
        {"ResourceOwner": "somebody"},
        {"OrderedOrganizationPolicyInputList": [{"ServiceControlPolicyInputList": [document({})]}]},
        {"ContextEntries": [entry("aws:SourceIp", "ip", "nowhere")]},
        {"ContextEntries": [entry("my:Number", "numeric", "one")]},
        {"ContextEntries": [entry("my:Numbers", "numericList", "1", "one")]},
        {"ContextEntries": [entry("my:Flag", "boolean", "yes")]},
        {"ContextEntries": [entry("my:Date", "date", "soon")]},
        {"ContextEntries": [entry("my:Bytes", "binary", "!")]},
        {"ContextEntries": [entry("my:Text", "string", "a", "b")]},
        {"ContextEntries": [entry("my:Text", "string", "a"), entry("MY:TEXT", "string", "a")]},
        {"ContextEntries": [{"ContextKeyName": "my:Text"}]},
    ],
)
def test_what_cannot_be_simulated_is_invalid_input(iam: Any, change: dict[str, Any]) -> None:
    """Malformed policies, wildcards in actions, callers that are no users, values of other types."""
    asked = {"PolicyInputList": [document({})], "ActionNames": [READ], **change}
    status, code, message = refusal(iam.simulate_custom_policy, **asked)
    assert (status, code) == (400, "InvalidInput")
    assert message


def test_no_page_looks_at_more_statements_than_allowed(iam: Any) -> None:
    """With very many statements a page is shorter than asked, and the next one goes on."""
    wide = document(*({"Action": f"x:a{number}"} for number in range(1_000)))
    asked = {
        "PolicyInputList": [wide],
        "ActionNames": [f"x:b{number}" for number in range(80)],
        "MaxItems": 1_000,
    }
    page = iam.simulate_custom_policy(**asked)
    assert page["IsTruncated"] is True
    assert 1 <= len(page["EvaluationResults"]) < 80
    rest = iam.simulate_custom_policy(**asked, Marker=page["Marker"])
    assert len(page["EvaluationResults"]) + len(rest["EvaluationResults"]) == 80


# --- principals -------------------------------------------------------------------------------------------


@pytest.fixture
def alice(iam: Any) -> str:
    """A user with an inline policy, a managed one, a group with one, and a tag."""
    arn: str = iam.create_user(UserName="alice", Path="/team/", Tags=[{"Key": "team", "Value": "red"}])[
        "User"
    ]["Arn"]
    iam.put_user_policy(UserName="alice", PolicyName="own", PolicyDocument=document({"Action": READ}))
    iam.create_group(GroupName="readers")
    iam.put_group_policy(
        GroupName="readers",
        PolicyName="of-group",
        PolicyDocument=document(
            {
                "Action": "secretsmanager:DescribeSecret",
                "Condition": {"StringEquals": {"aws:PrincipalTag/team": "red", "aws:username": "alice"}},
            }
        ),
    )
    iam.add_user_to_group(GroupName="readers", UserName="alice")
    made = iam.create_policy(PolicyName="managed", PolicyDocument=document({"Action": "sns:*"}))
    iam.attach_user_policy(UserName="alice", PolicyArn=made["Policy"]["Arn"])
    return arn


def test_a_user_has_its_policies_and_those_of_its_groups(iam: Any, alice: str) -> None:
    """Inline, managed and group policies decide, by the user's own name and tags, and are named."""
    answer = iam.simulate_principal_policy(
        PolicySourceArn=alice,
        ActionNames=[READ, "secretsmanager:DescribeSecret", "sns:Publish", "kms:Decrypt"],
    )
    assert decisions(answer) == ["allowed", "allowed", "allowed", "implicitDeny"]
    named = [
        [each["SourcePolicyId"] for each in result["MatchedStatements"]]
        for result in answer["EvaluationResults"]
    ]
    assert named == [["own"], ["of-group"], ["managed"], []]


def test_the_simulation_says_what_the_server_does(
    iam: Any, server: Any, secretsmanager: Any, alice: str
) -> None:
    """Reading, describing and deleting a secret go as simulated, and so after the policy has changed."""
    arn = secretsmanager.create_secret(Name="s", SecretString="a value")["ARN"]
    client = server.client("secretsmanager", new_key(iam, "alice"))
    calls = {
        READ: client.get_secret_value,
        "secretsmanager:DescribeSecret": client.describe_secret,
        "secretsmanager:DeleteSecret": client.delete_secret,
    }

    def compare() -> list[str]:
        answer = iam.simulate_principal_policy(
            PolicySourceArn=alice, ActionNames=list(calls), ResourceArns=[arn]
        )
        for call, decision in zip(calls.values(), decisions(answer), strict=True):
            if decision == "allowed":
                call(SecretId=arn)
            else:
                with pytest.raises(client.exceptions.ClientError, match="AccessDeniedException"):
                    call(SecretId=arn)
        return decisions(answer)

    assert compare() == ["allowed", "allowed", "implicitDeny"]
    iam.put_user_policy(
        UserName="alice",
        PolicyName="own",
        PolicyDocument=document({"Effect": "Deny", "Action": READ, "Resource": arn}),
    )
    assert compare() == ["explicitDeny", "allowed", "implicitDeny"]


def test_boundaries_limit_and_can_be_replaced_or_left_out(iam: Any, alice: str) -> None:
    """The user's own boundary counts, unless another is given or boundaries are excluded."""
    bound = iam.create_policy(PolicyName="bound", PolicyDocument=document({"Action": "sns:*"}))["Policy"][
        "Arn"
    ]
    iam.put_user_permissions_boundary(UserName="alice", PermissionsBoundary=bound)
    asked = {"PolicySourceArn": alice, "ActionNames": [READ]}
    [result] = iam.simulate_principal_policy(**asked)["EvaluationResults"]
    assert result["EvalDecision"] == "implicitDeny"
    assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    [result] = iam.simulate_principal_policy(**asked, PermissionsBoundaryPolicyInputList=[document({})])[
        "EvaluationResults"
    ]
    assert result["EvalDecision"] == "allowed"
    assert result["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": True}
    [result] = iam.simulate_principal_policy(
        **asked, PolicyExclusionList=[{"PolicyType": "permission-boundary"}]
    )["EvaluationResults"]
    assert result["EvalDecision"] == "allowed"
    assert "PermissionsBoundaryDecisionDetail" not in result


def test_policies_can_be_left_out_and_added(iam: Any, alice: str, account: Any) -> None:
    """By sort, by ARN, by name; and policies as texts come on top."""
    actions = [READ, "secretsmanager:DescribeSecret", "sns:Publish"]

    def without(*exclusions: dict[str, Any], **more: Any) -> list[str]:
        answer = iam.simulate_principal_policy(
            PolicySourceArn=alice, ActionNames=actions, PolicyExclusionList=list(exclusions), **more
        )
        return ["allowed" if each == "allowed" else "" for each in decisions(answer)]

    assert without({"PolicyType": "inline"}) == ["", "", "allowed"]
    managed = f"arn:aws:iam::{account.account_id}:policy/managed"
    assert without({"PolicyArn": managed}) == ["allowed", "allowed", ""]
    assert without({"PolicyType": "user-managed"}) == ["allowed", "allowed", ""]
    assert without({"PolicyType": "aws-managed"}) == ["allowed"] * 3
    inline = {"PolicyName": "of-group", "AttachmentType": "group", "AttachmentName": "readers"}
    assert without({"InlinePolicyIdentifier": inline}) == ["allowed", "", "allowed"]
    added = without({"PolicyType": "inline"}, PolicyInputList=[document({"Action": READ})])
    assert added == ["allowed", "", "allowed"]


def test_roles_and_groups_can_be_simulated(iam: Any, alice: str, account: Any) -> None:
    """A role by its policies; a group by its own, without a user's name."""
    trust = document({"Principal": {"AWS": account.account_id}, "Action": "sts:AssumeRole"}).replace(
        ', "Resource": "*"', ""
    )
    role = iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=document({"Action": READ}))
    answer = iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=[READ, "sns:Publish"])
    assert decisions(answer) == ["allowed", "implicitDeny"]
    group = f"arn:aws:iam::{account.account_id}:group/readers"
    [result] = iam.simulate_principal_policy(
        PolicySourceArn=group, ActionNames=["secretsmanager:DescribeSecret"]
    )["EvaluationResults"]
    assert result["EvalDecision"] == "implicitDeny"
    assert sorted(result["MissingContextValues"]) == ["aws:PrincipalTag/team", "aws:username"]
    status, code, _ = refusal(
        iam.simulate_principal_policy,
        PolicySourceArn=role,
        ActionNames=[READ],
        ResourcePolicy=document({"Principal": "*"}),
    )
    assert (status, code) == (400, "InvalidInput")


def test_who_is_not_there_is_not_found(iam: Any, alice: str, account: Any) -> None:
    """Absent, of another path, of another sort: refused; the ARN of something else is invalid input."""
    for operation, more in (
        (iam.simulate_principal_policy, {"ActionNames": [READ]}),
        (iam.get_context_keys_for_principal_policy, {}),
    ):
        for path in ("user/absent", "user/alice", "group/absent", "role/team/alice"):
            arn = f"arn:aws:iam::{account.account_id}:{path}"
            status, code, message = refusal(operation, PolicySourceArn=arn, **more)
            assert (status, code) == (404, "NoSuchEntity")
            word, _, name = path.partition("/")
            assert message == f"The {word} with name {name.rpartition('/')[2]} cannot be found."
        for resource in ("root", "policy/managed", "user/"):
            arn = f"arn:aws:iam::{account.account_id}:{resource}"
            assert refusal(operation, PolicySourceArn=arn, **more)[:2] == (400, "InvalidInput")


def test_context_keys_are_collected(iam: Any, alice: str) -> None:
    """From conditions and variables, each once; of a principal from all its policies, and from those given."""
    first = document(
        {"Condition": {"StringLike": {"aws:UserAgent": "${aws:username}-*"}}},
        {"Resource": "arn:aws:s3:::b/${aws:PrincipalTag/team, 'none'}/${*}"},
    )
    second = document({"Condition": {"Bool": {"AWS:USERAGENT": "true", "aws:SecureTransport": "true"}}})
    found = iam.get_context_keys_for_custom_policy(PolicyInputList=[first, second])["ContextKeyNames"]
    assert found == ["aws:PrincipalTag/team", "aws:SecureTransport", "aws:UserAgent", "aws:username"]
    of_alice = iam.get_context_keys_for_principal_policy(PolicySourceArn=alice)["ContextKeyNames"]
    assert of_alice == ["aws:PrincipalTag/team", "aws:username"]
    both = iam.get_context_keys_for_principal_policy(PolicySourceArn=alice, PolicyInputList=[second])
    assert both["ContextKeyNames"] == [
        "aws:PrincipalTag/team",
        "aws:SecureTransport",
        "AWS:USERAGENT",
        "aws:username",
    ]
    assert refusal(iam.get_context_keys_for_custom_policy, PolicyInputList=["{"])[:2] == (400, "InvalidInput")


def test_l02_simulations_are_recorded_without_their_policies(iam: Any, server: Any, alice: str) -> None:
    """The record shows whose policies and which actions; nothing of the answer."""
    answer = iam.simulate_principal_policy(PolicySourceArn=alice, ActionNames=[READ], MaxItems=5)
    record = only_record(server, answer)
    assert record["eventName"] == "SimulatePrincipalPolicy"
    assert record["readOnly"] is True
    assert record["requestParameters"] == {
        "policySourceArn": alice,
        "actionNames": [READ],
        "maxItems": 5,
    }
    assert record["responseElements"] is None
