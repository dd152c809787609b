"""Who may invoke a function: its resource policy, for services and for other accounts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.gateway.every_operation import CODE
from tests.services.lambda_.test_functions import refused
from tests.services.lambda_.worlds import make_lambda_role, make_user
from tests.support.accounts import Account
from tests.support.server import Server


def invoke_dry(server: Server, key: Any, arn: str) -> int:
    """Ask whether a key may invoke a function; give the status."""
    return server.raw("lambda", "Invoke", {"FunctionName": arn, "InvocationType": "DryRun"}, key=key).status


def test_a_statement_is_written_as_aws_writes_it(lambda_: Any, function: str, account: Account) -> None:
    """Members in their order; the policy holds the statements, and has a revision."""
    arn = f"arn:aws:lambda:us-east-1:{account.account_id}:function:{function}"
    answer = lambda_.add_permission(
        FunctionName=function,
        StatementId="rotation",
        Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com",
        SourceAccount=account.account_id,
        SourceArn="arn:aws:secretsmanager:us-east-1:000000000000:secret:x",
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 201
    expected = {
        "Sid": "rotation",
        "Effect": "Allow",
        "Principal": {"Service": "secretsmanager.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": arn,
        "Condition": {
            "StringEquals": {"AWS:SourceAccount": account.account_id},
            "ArnLike": {"AWS:SourceArn": "arn:aws:secretsmanager:us-east-1:000000000000:secret:x"},
        },
    }
    assert json.loads(answer["Statement"]) == expected
    lambda_.add_permission(
        FunctionName=function, StatementId="all", Action="lambda:InvokeFunction", Principal="*"
    )
    policy = lambda_.get_policy(FunctionName=function)
    document = json.loads(policy["Policy"])
    assert (document["Version"], document["Id"]) == ("2012-10-17", "default")
    assert document["Statement"][0] == expected
    assert document["Statement"][1]["Principal"] == "*"
    text = (
        "The statement id (all) provided already exists. Please provide a new statement id, or remove the existing "
        "statement."
    )
    members = {"Action": "lambda:InvokeFunction", "Principal": "*"}
    assert refused(lambda_.add_permission, FunctionName=function, StatementId="all", **members) == (
        "ResourceConflictException",
        409,
        text,
    )
    stale = refused(lambda_.add_permission, FunctionName=function, StatementId="b", RevisionId="x", **members)
    assert stale[0] == "PreconditionFailedException"
    assert "Call the GetPolicy API" in stale[2]
    lambda_.remove_permission(FunctionName=function, StatementId="all", RevisionId=policy["RevisionId"])
    lambda_.remove_permission(FunctionName=function, StatementId="rotation")
    text = "The resource you requested does not exist."
    assert refused(lambda_.get_policy, FunctionName=function) == ("ResourceNotFoundException", 404, text)
    text = "No policy is associated with the given resource."
    assert refused(lambda_.remove_permission, FunctionName=function, StatementId="x")[2] == text


@pytest.mark.parametrize(
    "principal",
    [
        "nobody",
        "s3.amazonaws.com.evil.org",
        "000000000001",
        "arn:aws:iam::000000000001:root",
        "arn:aws:iam::THE:user/x",
    ],
)
def test_principals_that_are_not_there_are_refused(
    lambda_: Any, function: str, account: Account, principal: str
) -> None:
    """Accounts, users and roles must exist; a service has its form."""
    named = principal.replace("THE", account.account_id)
    text = "The provided principal was invalid. Please check the principal and try again."
    members = {"StatementId": "x", "Action": "lambda:InvokeFunction", "Principal": named}
    assert refused(lambda_.add_permission, FunctionName=function, **members)[::2] == (
        "InvalidParameterValueException",
        text,
    )
    assert refused(lambda_.get_policy, FunctionName=function)[1] == 404


def test_what_is_said_of_statements_that_are_not_there(lambda_: Any, function: str) -> None:
    """And that $LATEST has no policy of its own."""
    members = {"StatementId": "x", "Action": "lambda:InvokeFunction", "Principal": "*"}
    text = "We currently do not support adding policies for $LATEST."
    assert refused(lambda_.add_permission, FunctionName=function, Qualifier="$LATEST", **members)[2] == text
    lambda_.add_permission(FunctionName=function, **members)
    text = "Statement y is not found in resource policy."
    assert refused(lambda_.remove_permission, FunctionName=function, StatementId="y")[2] == text
    assert refused(lambda_.add_permission, FunctionName="absent", **members)[1] == 404


def test_p02_another_account_needs_its_own_right_and_the_policy(
    server: Server, account: Account, lambda_: Any, function: str
) -> None:
    """Neither side alone lets anybody in, and a version has a policy of its own."""
    other = server.new_account()
    arn = f"arn:aws:lambda:us-east-1:{account.account_id}:function:{function}"
    powerless = make_user(server, other)
    assert invoke_dry(server, other, arn) == 403
    lambda_.add_permission(
        FunctionName=function,
        StatementId="other",
        Action="lambda:InvokeFunction",
        Principal=other.account_id,
    )
    assert invoke_dry(server, other, arn) == 204
    assert invoke_dry(server, powerless, arn) == 403
    lambda_.publish_version(FunctionName=function)
    assert invoke_dry(server, other, f"{arn}:1") == 403
    lambda_.add_permission(
        FunctionName=function,
        Qualifier="1",
        StatementId="other",
        Action="lambda:InvokeFunction",
        Principal=other.account_id,
    )
    assert invoke_dry(server, other, f"{arn}:1") == 204
    lambda_.remove_permission(FunctionName=function, StatementId="other")
    assert invoke_dry(server, other, arn) == 403
    assert invoke_dry(server, other, f"{arn}:1") == 204


def test_p07_a_user_who_is_made_anew_is_not_the_one_that_the_policy_names(
    server: Server, account: Account, lambda_: Any, function: str
) -> None:
    """The policy is bound to the unique id, and shows it when the user is gone."""
    iam = server.client("iam", account)
    arn = iam.create_user(UserName="named")["User"]["Arn"]
    lambda_.add_permission(
        FunctionName=function, StatementId="one", Action="lambda:InvokeFunction", Principal=arn
    )
    key = iam.create_access_key(UserName="named")["AccessKey"]
    client = server.client("lambda", account)
    assert client is not None
    made = make_key(key)
    assert invoke_dry(server, made, function) == 204
    iam.delete_access_key(UserName="named", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="named")
    assert iam.create_user(UserName="named")["User"]["Arn"] == arn
    again = make_key(iam.create_access_key(UserName="named")["AccessKey"])
    assert invoke_dry(server, again, function) == 403
    shown = lambda_.get_policy(FunctionName=function)["Policy"]
    assert arn not in shown
    assert "AIDA" in shown


def make_key(made: dict[str, str]) -> Any:
    """Take a key out of an answer."""
    from tests.support.accounts import Key

    return Key(made["AccessKeyId"], made["SecretAccessKey"])


def test_p02_the_right_to_invoke_is_on_the_version_that_is_asked_for(
    server: Server, account: Account, lambda_: Any, function: str
) -> None:
    """A right on the function is none on its alias, and the other way round."""
    lambda_.create_alias(FunctionName=function, Name="live", FunctionVersion="$LATEST")
    arn = f"arn:aws:lambda:us-east-1:{account.account_id}:function:{function}"
    right = {"Effect": "Allow", "Action": "lambda:InvokeFunction"}
    whole = make_user(server, account, {**right, "Resource": arn})
    alias = make_user(server, account, {**right, "Resource": f"{arn}:live"})
    found = {
        (who, name): invoke_dry(server, key, name)
        for who, key in (("whole", whole), ("alias", alias))
        for name in (function, f"{function}:live", arn)
    }
    assert found == {
        ("whole", function): 204,
        ("whole", f"{function}:live"): 403,
        ("whole", arn): 204,
        ("alias", function): 403,
        ("alias", f"{function}:live"): 204,
        ("alias", arn): 403,
    }


def test_p07_a_function_made_anew_has_none_of_the_old_permissions(
    lambda_: Any, function: str, role: str
) -> None:
    """Neither its policy nor its tags nor its variables come back."""
    lambda_.add_permission(
        FunctionName=function, StatementId="x", Action="lambda:InvokeFunction", Principal="*"
    )
    lambda_.delete_function(FunctionName=function)
    lambda_.create_function(
        FunctionName=function,
        Runtime="python3.12",
        Handler="index.handler",
        Role=role,
        Code={"ZipFile": CODE},
    )
    assert refused(lambda_.get_policy, FunctionName=function)[1] == 404


def test_p07_a_role_made_anew_is_not_the_one_that_was_given(
    server: Server, account: Account, lambda_: Any
) -> None:
    """A function does not run with the rights of whoever has the old name now."""
    role = make_lambda_role(server, account)
    lambda_.create_function(
        FunctionName="first", Runtime="python3.12", Handler="index.handler", Role=role, Code={"ZipFile": CODE}
    )
    iam = server.client("iam", account)
    name = role.rpartition("/")[2]
    trust = json.dumps(iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"])
    iam.delete_role(RoleName=name)
    assert iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"] == role
    assert refused(lambda_.invoke, FunctionName="first") == (
        "AccessDeniedException",
        403,
        "The role defined for the function cannot be assumed by Lambda.",
    )
