"""Reads like those before are recorded as what they are: every change shows in the very next record (decision 18).

Every test reads often enough that the form of the record is at hand, then changes one thing.
"""

from __future__ import annotations

import http.client
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from strongroom.gateway.record_forms import LEARN_EVERY
from tests.services.kms.answers import User, policy, statement
from tests.services.secretsmanager.answers import request_id
from tests.support.accounts import Account, Key
from tests.support.server import Server, run_program
from tests.support.signed_http import build_request

OF_EACH = ("eventID", "requestID", "eventTime")
MAY_READ = statement("secretsmanager:GetSecretValue")


@pytest.fixture
def secrets(secretsmanager: Any) -> Any:
    """Secrets a and b."""
    for name in ("a", "b"):
        secretsmanager.create_secret(Name=name, SecretString=f"value of {name}")
    return secretsmanager


def record_of(server: Server, id_of_request: str) -> dict[str, Any]:
    """Give the one record of a request."""
    [record] = server.records(request_id=id_of_request)
    return record


def read(server: Server, client: Any, **members: str) -> dict[str, Any]:
    """Read a secret and give its record, without what differs in each."""
    answer = client.get_secret_value(**{"SecretId": "a", **members})
    record = record_of(server, request_id(answer))
    return {name: value for name, value in record.items() if name not in OF_EACH}


def record_of_refusal(server: Server, client: Any, **members: str) -> dict[str, Any]:
    """Ask for what is refused, and give its record."""
    with pytest.raises(ClientError) as caught:
        client.get_secret_value(**members)
    response: Any = caught.value.response
    return record_of(server, request_id(response))


def read_often(server: Server, client: Any) -> dict[str, Any]:
    """Read until the form is kept, and once more; all records say the same, and each has an id of its own."""
    answers = [client.get_secret_value(SecretId="a") for _ in range(2 * LEARN_EVERY)]
    records = [record_of(server, request_id(answer)) for answer in answers]
    assert len({record["eventID"] for record in records}) == len(records)
    for record in records:
        assert record["eventTime"] >= records[0]["eventTime"]
    plain = [{name: value for name, value in one.items() if name not in OF_EACH} for one in records]
    assert [one for one in plain if one != plain[0]] == []
    return plain[0]


def test_l03_another_secret_or_version_is_what_the_record_names(server: Server, secrets: Any) -> None:
    """The parameters are those of each request."""
    before = read_often(server, secrets)
    assert before["requestParameters"] == {"secretId": "a"}
    other = read(server, secrets, SecretId="b", VersionStage="AWSCURRENT")
    assert other == {**before, "requestParameters": {"secretId": "b", "versionStage": "AWSCURRENT"}}
    assert read(server, secrets) == before


def test_l02_a_read_that_fails_is_recorded_as_one(server: Server, secrets: Any) -> None:
    """With its error; the next one that goes well is recorded without."""
    before = read_often(server, secrets)
    for members, code in (
        ({"SecretId": "absent"}, "ResourceNotFoundException"),
        ({"SecretId": "a", "VersionStage": "AWSPENDING"}, "ResourceNotFoundException"),
    ):
        failed = record_of_refusal(server, secrets, **members)
        assert failed["errorCode"] == code
        assert failed["errorMessage"]
        assert failed["requestParameters"]["secretId"] == members["SecretId"]
    assert read(server, secrets) == before


def test_l02_a_read_that_is_denied_is_recorded_as_one(server: Server, account: Account, secrets: Any) -> None:
    """And the next one that is allowed again as an allowed one."""
    user = User(server, account, MAY_READ)
    client = user.client("secretsmanager")
    before = read_often(server, client)
    user.may(statement("secretsmanager:ListSecrets"))
    denied = record_of_refusal(server, client, SecretId="a")
    assert denied["errorCode"] == "AccessDenied"
    assert (denied["eventName"], denied["userIdentity"]) == ("GetSecretValue", before["userIdentity"])
    user.may(MAY_READ)
    assert read(server, client) == before


def test_s09_a_user_with_another_name_is_recorded_under_it(
    server: Server, account: Account, secrets: Any
) -> None:
    """From the next request on; tags change nothing in a record."""
    user = User(server, account, MAY_READ)
    client, iam = user.client("secretsmanager"), server.client("iam", account)
    before = read_often(server, client)
    iam.tag_user(UserName=user.name, Tags=[{"Key": "team", "Value": "red"}])
    assert read(server, client) == before
    for name in ("renamed", user.name):
        iam.update_user(UserName="renamed" if name == user.name else user.name, NewUserName=name)
        arn = user.arn.replace(user.name, name)
        identity = {**before["userIdentity"], "arn": arn, "userName": name}
        assert read(server, client) == {**before, "userIdentity": identity}


def test_l02_each_caller_is_recorded_as_itself(server: Server, account: Account, secrets: Any) -> None:
    """Users, and sessions of one role under several names, with one form."""
    before = read_often(server, secrets)
    iam, sts = server.client("iam", account), server.client("sts", account)
    trust = statement("sts:AssumeRole", Principal={"AWS": account.account_id})
    del trust["Resource"]
    role = iam.create_role(RoleName="app", AssumeRolePolicyDocument=policy(trust))["Role"]
    iam.put_role_policy(RoleName="app", PolicyName="may", PolicyDocument=policy(MAY_READ))
    for name in ("one", "two", "one"):
        given = sts.assume_role(RoleArn=role["Arn"], RoleSessionName=name)
        key = Key(
            *[given["Credentials"][part] for part in ("AccessKeyId", "SecretAccessKey", "SessionToken")]
        )
        record = read(server, server.client("secretsmanager", key=key))
        identity = record.pop("userIdentity")
        assert record == {part: value for part, value in before.items() if part != "userIdentity"}
        assert identity["type"] == "AssumedRole"
        assert identity["arn"] == given["AssumedRoleUser"]["Arn"]
        assert identity["principalId"] == given["AssumedRoleUser"]["AssumedRoleId"]
        assert identity["accessKeyId"] == key.access_key_id
    assert read(server, secrets) == before


def test_l02_another_account_is_recorded_in_its_own_trail(server: Server, secrets: Any) -> None:
    """With secrets of the same name."""
    before = read_often(server, secrets)
    other = server.new_account()
    client = server.client("secretsmanager", other)
    client.create_secret(Name="a", SecretString="x")
    record = read(server, client)
    assert record["recipientAccountId"] == record["userIdentity"]["accountId"] == other.account_id
    assert read(server, secrets) == before


def test_l02_another_user_agent_is_recorded(server: Server, account: Account, secrets: Any) -> None:
    """As it was sent."""
    before = read_often(server, secrets)
    for agent in ("tool/1.0", 'tool","eventID":"x', "t" * 2_000):
        record = read(server, server.client("secretsmanager", account, user_agent=agent))
        assert record["userAgent"].startswith(agent[:1_000])
        assert {**record, "userAgent": before["userAgent"]} == before
    assert read(server, secrets) == before


def test_l02_another_address_is_recorded(server: Server, account: Account, secrets: Any) -> None:
    """Of the connection that the request came over."""
    del secrets
    records = []
    for address in ["127.0.0.1"] * (2 * LEARN_EVERY) + ["127.0.0.2", "127.0.0.1"]:
        method, path, headers, body = build_request(
            server.endpoint, account, "secretsmanager", "GetSecretValue", {"SecretId": "a"}
        )
        place = urlsplit(server.endpoint).netloc
        connection = http.client.HTTPConnection(place, timeout=60, source_address=(address, 0))
        connection.request(method, path, body, headers)
        reply = connection.getresponse()
        assert reply.status == 200
        reply.read()
        connection.close()
        record = record_of(server, reply.headers["x-amzn-RequestId"])
        assert record["sourceIPAddress"] == address
        records.append({part: value for part, value in record.items() if part not in OF_EACH})
    assert {**records[-2], "sourceIPAddress": "127.0.0.1"} == records[-1] == records[0]


def test_l02_another_region_is_recorded(server: Server, account: Account, secrets: Any) -> None:
    """Of the signature's scope, with a secret of the same name there."""
    added = run_program("region", "add", "ap-south-2", "--data-dir", server.data_dir)
    assert added.returncode == 0, added.stderr
    before = read_often(server, secrets)
    elsewhere = server.client("secretsmanager", account, region="ap-south-2")
    elsewhere.create_secret(Name="a", SecretString="x")
    assert read(server, elsewhere) == {**before, "awsRegion": "ap-south-2"}
    assert read(server, secrets) == before
