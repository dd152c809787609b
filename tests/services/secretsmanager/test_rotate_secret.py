"""RotateSecret and CancelRotateSecret over the wire: configuration, errors and their order, what is shown.

Nobody listens where these secrets point: their rotations begin and fail. What becomes of rotations that reach a
server is tested in ``tests/rotation``.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.faults.polling import until
from tests.services.secretsmanager.answers import (
    MARKED,
    NOT_FOUND,
    allow,
    deny,
    limited_client,
    new_token,
    plain,
    refusal,
    stages,
    the_record,
)
from tests.support.accounts import Account
from tests.support.server import MovedServer, Server

DATABASE = {"engine": "postgres", "host": "127.0.0.1", "port": 1, "username": "app", "password": "p-canary"}
NO_FUNCTION = ("InvalidRequestException", "No Lambda rotation function ARN is associated with this secret.")
REFUSED_FUNCTION = (
    "AccessDeniedException",
    "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access "
    "to the principal secretsmanager.amazonaws.com.",
)
INCOMPLETE = (
    "InvalidRequestException",
    "A previous rotation isn't complete. That rotation will be reattempted.",
)
DAYS = {"AutomaticallyAfterDays": 30}


def function_arn(account: Account, name: str = "SecretsManagerRDSPostgreSQLRotationSingleUser") -> str:
    """Name a function of the account."""
    return f"arn:aws:lambda:us-east-1:{account.account_id}:function:{name}"


@pytest.fixture
def database(secretsmanager: Any) -> str:
    """A secret ``db`` that a built-in function knows; its version."""
    made: str = secretsmanager.create_secret(Name="db", SecretString=json.dumps(DATABASE))["VersionId"]
    return made


def described(client: Any, name: str = "db") -> dict[str, Any]:
    """Describe a secret."""
    return plain(client.describe_secret(SecretId=name))


def test_a_rotation_begins_with_a_version_without_a_value(secretsmanager: Any, database: str) -> None:
    """The answer comes at once; AWSPENDING is on a version that cannot be read (recorded)."""
    token = new_token()
    answer = secretsmanager.rotate_secret(SecretId="db", ClientRequestToken=token, RotationRules=DAYS)
    assert plain(answer).keys() == {"ARN", "Name", "VersionId"}
    assert answer["VersionId"] == token
    assert stages(secretsmanager, "db") == {database: ["AWSCURRENT"], token: ["AWSPENDING"]}
    shown = described(secretsmanager)
    assert shown["RotationEnabled"] is True
    assert shown["RotationRules"] == DAYS
    assert "RotationLambdaARN" not in shown
    assert "LastRotatedDate" not in shown
    assert shown["NextRotationDate"].strftime("%H:%M:%S") == "23:59:59"
    [listed] = secretsmanager.list_secrets(Filters=[{"Key": "name", "Values": ["db"]}])["SecretList"]
    for name in ("RotationEnabled", "RotationRules", "NextRotationDate"):
        assert listed[name] == shown[name]


def test_without_a_function_nothing_is_kept(secretsmanager: Any) -> None:
    """No ARN, none stored, and no known engine (recorded)."""
    secretsmanager.create_secret(Name="text", SecretString="just a text")
    before = described(secretsmanager, "text")
    assert refusal(secretsmanager.rotate_secret, SecretId="text", RotationRules=DAYS) == NO_FUNCTION
    secretsmanager.create_secret(Name="other", SecretString='{"engine":"oracle"}')
    assert refusal(secretsmanager.rotate_secret, SecretId="other") == NO_FUNCTION
    assert described(secretsmanager, "text") == before


def test_a_function_that_is_not_there_is_refused_and_nothing_is_kept(
    secretsmanager: Any, account: Account, database: str
) -> None:
    """Absent, of another account, or with a version that does not exist: one answer (recorded)."""
    before = described(secretsmanager)
    for arn in (
        function_arn(account, "mine"),
        "arn:aws:lambda:us-east-1:999999999999:function:SecretsManagerRDSPostgreSQLRotationSingleUser",
        function_arn(account) + ":7",
    ):
        refused = refusal(
            secretsmanager.rotate_secret, SecretId="db", RotationLambdaARN=arn, RotationRules=DAYS
        )
        assert refused == REFUSED_FUNCTION
    assert described(secretsmanager) == before


@pytest.mark.parametrize(
    "arn",
    ["nonsense", "arn:aws:lambda:eu-west-1:111122223333:function:f", "arn:aws:iam::111122223333:role/f"],
)
def test_what_is_no_arn_of_a_function_here_is_refused(secretsmanager: Any, database: str, arn: str) -> None:
    """Another service, another Region, no ARN."""
    assert refusal(secretsmanager.rotate_secret, SecretId="db", RotationLambdaARN=arn) == (
        "InvalidParameterException",
        "Invalid rotation Lambda ARN. Ensure the ARN matches format "
        "arn:aws:lambda:<region>:<account>:function:<functionName>.",
    )


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            {"AutomaticallyAfterDays": 3, "ScheduleExpression": "rate(3 days)"},
            "You cannot specify both rotation frequency and schedule expression together.",
        ),
        ({"ScheduleExpression": "sometimes"}, "Invalid schedule expression."),
        ({"ScheduleExpression": "rate(3 hours)"}, "Rate in hour should be least 4 and less than 24."),
        ({"ScheduleExpression": "rate(0 days)"}, "Rate in day should be greater than 0 and less than 1000."),
        (
            {"AutomaticallyAfterDays": 3, "Duration": "99h"},
            "Duration must be at least 1 hour, at most 24 hour.",
        ),
        (
            {"ScheduleExpression": "rate(6 hours)", "Duration": "8h"},
            "Duration cannot be greater than Rate in hour.",
        ),
        (
            {"ScheduleExpression": "cron(0 20 * * ? *)", "Duration": "8h"},
            "Starting hour and duration must be within a day.",
        ),
    ],
)
def test_rules_that_cannot_be_are_refused(
    secretsmanager: Any, database: str, rules: dict[str, Any], message: str
) -> None:
    """Each with AWS's words, and nothing is kept."""
    refused = refusal(secretsmanager.rotate_secret, SecretId="db", RotationRules=rules)
    assert refused == ("InvalidParameterException", message)
    assert "RotationEnabled" not in described(secretsmanager)


def test_the_missing_token_comes_first(server: Server, account: Account) -> None:
    """Its code differs from that of the other operations, and the secret need not exist (recorded)."""
    answer = server.raw("secretsmanager", "RotateSecret", {"SecretId": "absent"}, account=account)
    assert answer.status == 400
    said = json.loads(answer.body)
    assert said["__type"] == "InvalidParameterException"
    assert said["Message"] == "You must provide a ClientRequestToken value. We recommend a UUID-type value."


def test_absent_and_deleted_secrets(secretsmanager: Any, database: str) -> None:
    """The documented errors of both operations."""
    secretsmanager.delete_secret(SecretId="db")
    for call in (secretsmanager.rotate_secret, secretsmanager.cancel_rotate_secret):
        assert refusal(call, SecretId="absent") == NOT_FOUND
        assert refusal(call, SecretId="db") == MARKED


def test_the_value_is_checked_before_anything_is_kept(secretsmanager: Any, account: Account) -> None:
    """What is missing is named; values are not repeated."""
    rotate = secretsmanager.rotate_secret
    for name, value, expected in (
        ("a", {"engine": "postgres", "host": "h", "username": "u"}, "password"),
        ("b", {"host": "h", "username": "u", "password": "p-canary"}, "engine"),
        ("c", {**DATABASE, "engine": "mysql"}, "its engine is none of: aurora-postgresql, postgres"),
    ):
        secretsmanager.create_secret(Name=name, SecretString=json.dumps(value))
        code, message = refusal(rotate, SecretId=name, RotationLambdaARN=function_arn(account))
        assert code == "InvalidRequestException"
        assert expected in message
        assert "canary" not in message
        assert "RotationEnabled" not in described(secretsmanager, name)
    secretsmanager.create_secret(Name="empty")
    code, message = refusal(rotate, SecretId="empty", RotationLambdaARN=function_arn(account))
    assert (code, "no value" in message) == ("InvalidRequestException", True)


def test_a_rotation_that_is_not_complete(server: Server, secretsmanager: Any, database: str) -> None:
    """Another one is refused and drives the first one; the same call again is that one."""
    token = new_token()
    secretsmanager.rotate_secret(SecretId="db", ClientRequestToken=token)

    def failures() -> int:
        return sum(1 for record in server.records("RotationFailed") if token in record["requestID"])

    until(lambda: failures() >= 1)
    before = failures()
    assert refusal(secretsmanager.rotate_secret, SecretId="db") == INCOMPLETE
    until(lambda: failures() > before)
    again = secretsmanager.rotate_secret(SecretId="db", ClientRequestToken=token)
    assert again["VersionId"] == token
    assert stages(secretsmanager, "db") == {database: ["AWSCURRENT"], token: ["AWSPENDING"]}
    [record, *_] = [entry for entry in server.records("RotationFailed") if token in entry["requestID"]]
    assert record["requestID"] == f"Rotation-{again['ARN']}-{token}"
    assert record["eventType"] == "AwsServiceEvent"
    assert record["additionalEventData"] == {"SecretId": again["ARN"]}
    assert record["errorMessage"].startswith("Error when executing lambda during setSecret step")
    assert "canary" not in str(record)


def test_a_token_of_another_version_is_refused(secretsmanager: Any, database: str) -> None:
    """The version exists already, and no rotation made it."""
    second = secretsmanager.put_secret_value(SecretId="db", SecretString=json.dumps(DATABASE))["VersionId"]
    for token in (database, second):
        code, message = refusal(secretsmanager.rotate_secret, SecretId="db", ClientRequestToken=token)
        assert code == "InvalidParameterException"
        assert token in message


def test_the_test_of_a_configuration(server: Server, secretsmanager: Any, database: str) -> None:
    """With RotateImmediately false there is no VersionId; AWSPENDING comes and goes; events say how it went."""
    answer = secretsmanager.rotate_secret(SecretId="db", RotationRules=DAYS, RotateImmediately=False)
    assert plain(answer).keys() == {"ARN", "Name"}

    def events() -> list[str]:
        return [
            record["eventName"]
            for record in server.records()
            if record.get("additionalEventData") == {"SecretId": answer["ARN"]}
        ]

    until(lambda: "TestRotationFailed" in events())
    assert events() == ["TestRotationStarted", "TestRotationFailed"]
    until(lambda: stages(secretsmanager, "db") == {database: ["AWSCURRENT"]})
    shown = described(secretsmanager)
    assert shown["RotationEnabled"] is True
    assert "NextRotationDate" in shown
    versions = secretsmanager.list_secret_version_ids(SecretId="db", IncludeDeprecated=True)["Versions"]
    assert len(versions) == 1


def test_cancel_turns_rotation_off_and_leaves_the_rest(
    secretsmanager: Any, account: Account, database: str
) -> None:
    """Function and rules stay; a rotation in progress is named; its label has to be taken away by hand."""
    token = new_token()
    arn = function_arn(account)
    secretsmanager.rotate_secret(
        SecretId="db", ClientRequestToken=token, RotationLambdaARN=arn, RotationRules=DAYS
    )
    answer = secretsmanager.cancel_rotate_secret(SecretId="db")
    assert answer["VersionId"] == token
    shown = described(secretsmanager)
    assert shown["RotationEnabled"] is False
    assert shown["RotationLambdaARN"] == arn
    assert shown["RotationRules"] == DAYS
    assert "NextRotationDate" not in shown
    assert shown["VersionIdsToStages"] == {database: ["AWSCURRENT"], token: ["AWSPENDING"]}
    assert refusal(secretsmanager.rotate_secret, SecretId="db") == INCOMPLETE
    secretsmanager.update_secret_version_stage(
        SecretId="db", VersionStage="AWSPENDING", RemoveFromVersionId=token
    )
    until(lambda: _may_rotate(secretsmanager))
    assert plain(secretsmanager.cancel_rotate_secret(SecretId="db")).get("VersionId") is not None


def _may_rotate(client: Any) -> bool:
    """Whether the process has settled the rotation that was cancelled."""
    try:
        client.rotate_secret(SecretId="db")
    except client.exceptions.InvalidRequestException:
        return False
    return True


def test_cancel_of_what_was_never_rotated(secretsmanager: Any, database: str) -> None:
    """It succeeds and changes nothing."""
    before = described(secretsmanager)
    assert plain(secretsmanager.cancel_rotate_secret(SecretId="db")).keys() == {"ARN", "Name"}
    assert described(secretsmanager) == before


def test_a_value_put_by_hand_ends_the_rotation(server: Server, secretsmanager: Any, database: str) -> None:
    """AWSPENDING goes, the event says so, and the next date counts from the new value."""
    token = new_token()
    secretsmanager.rotate_secret(SecretId="db", ClientRequestToken=token, RotationRules=DAYS)
    put = secretsmanager.put_secret_value(SecretId="db", SecretString=json.dumps(DATABASE))
    assert stages(secretsmanager, "db") == {database: ["AWSPREVIOUS"], put["VersionId"]: ["AWSCURRENT"]}
    until(lambda: any(token in record["requestID"] for record in server.records("RotationAbandoned")))
    assert secretsmanager.rotate_secret(SecretId="db")["VersionId"] != token


def test_dates_follow_the_clock(moved_server: MovedServer) -> None:
    """NextRotationDate is the last second of the window; a value put by hand moves it (observed on AWS)."""
    client = moved_server.client("secretsmanager")
    moved_server.set_time("2026-02-02T17:16:00+00:00")
    client.create_secret(Name="db", SecretString=json.dumps(DATABASE))
    client.rotate_secret(SecretId="db", RotationRules=DAYS, RotateImmediately=False)

    def next_date() -> str:
        return str(described(client)["NextRotationDate"].timestamp())

    from datetime import datetime

    def at(text: str) -> str:
        return str(datetime.fromisoformat(text).timestamp())

    assert next_date() == at("2026-03-04T23:59:59+00:00")
    moved_server.set_time("2026-02-03T09:00:00+00:00")
    client.put_secret_value(SecretId="db", SecretString=json.dumps(DATABASE))
    assert next_date() == at("2026-03-05T23:59:59+00:00")
    rules = {"ScheduleExpression": "cron(0 16 1,15 * ? *)", "Duration": "2h"}
    until(lambda: "AWSPENDING" not in str(described(client)["VersionIdsToStages"]))
    client.rotate_secret(SecretId="db", RotationRules=rules, RotateImmediately=False)
    assert next_date() == at("2026-02-15T17:59:59+00:00")
    assert described(client)["RotationRules"] == rules
    # The window comes: the rotation begins by itself, and fails, because nobody listens there.
    until(lambda: "AWSPENDING" not in str(described(client)["VersionIdsToStages"]))
    moved_server.set_time("2026-02-15T17:30:00+00:00")
    until(lambda: "AWSPENDING" in str(described(client)["VersionIdsToStages"]))
    until(lambda: bool(moved_server.records("RotationFailed")))
    client.delete_secret(SecretId="db", ForceDeleteWithoutRecovery=True)


def test_conditions_of_the_request(
    server: Server, account: Account, secretsmanager: Any, database: str
) -> None:
    """Function, rules and RotateImmediately may be conditions; so may the function that a secret has."""
    arn = function_arn(account)
    invoke = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}
    rules_only = limited_client(
        server,
        account,
        allow("RotateSecret", condition={"Bool": {"secretsmanager:ModifyRotationRules": "false"}}),
    )
    assert refusal(rules_only.rotate_secret, SecretId="db", RotationRules=DAYS)[0] == "AccessDeniedException"
    later_only = limited_client(
        server,
        account,
        allow("RotateSecret", condition={"Bool": {"secretsmanager:RotateImmediately": "false"}}),
    )
    assert refusal(later_only.rotate_secret, SecretId="db")[0] == "AccessDeniedException"
    this_function = limited_client(
        server,
        account,
        allow("RotateSecret", condition={"ArnEquals": {"secretsmanager:RotationLambdaARN": arn}}),
        invoke,
    )
    assert refusal(this_function.rotate_secret, SecretId="db")[0] == "AccessDeniedException"
    this_function.rotate_secret(SecretId="db", RotationLambdaARN=arn)
    by_resource = limited_client(
        server,
        account,
        allow("DescribeSecret"),
        deny(
            "DescribeSecret", condition={"ArnEquals": {"secretsmanager:resource/AllowRotationLambdaArn": arn}}
        ),
    )
    assert refusal(by_resource.describe_secret, SecretId="db")[0] == "AccessDeniedException"


def test_p08_who_names_a_function_must_be_allowed_to_invoke_it(
    server: Server, account: Account, secretsmanager: Any, database: str
) -> None:
    """As AWS asks for lambda:InvokeFunction; without a function there is nothing to invoke."""
    client = limited_client(server, account, allow("RotateSecret"))
    code, message = refusal(client.rotate_secret, SecretId="db", RotationLambdaARN=function_arn(account))
    assert code == "AccessDeniedException"
    assert "lambda:InvokeFunction" in message
    assert client.rotate_secret(SecretId="db")["Name"] == "db"


def test_p08_who_configures_alternating_users_must_be_allowed_to_read_the_administrator(
    server: Server, account: Account, secretsmanager: Any
) -> None:
    """Otherwise whoever edits a secret's JSON could have another team's administrator act for him."""
    boss = secretsmanager.create_secret(Name="boss", SecretString=json.dumps(DATABASE))["ARN"]
    secretsmanager.create_secret(Name="pair", SecretString=json.dumps({**DATABASE, "masterarn": boss}))
    client = limited_client(server, account, allow("RotateSecret", "DescribeSecret"))
    code, message = refusal(client.rotate_secret, SecretId="pair")
    assert code == "AccessDeniedException"
    assert "secretsmanager:GetSecretValue" in message
    assert "RotationEnabled" not in client.describe_secret(SecretId="pair")
    both = limited_client(server, account, allow("RotateSecret"), allow("GetSecretValue", resource=boss))
    assert both.rotate_secret(SecretId="pair")["Name"] == "pair"
    code, message = refusal(
        secretsmanager.rotate_secret,
        SecretId=secretsmanager.create_secret(Name="x", SecretString=json.dumps(DATABASE))["ARN"],
        RotationLambdaARN=function_arn(account, "SecretsManagerRDSPostgreSQLRotationMultiUser"),
    )
    assert (code, "masterarn" in message) == ("InvalidRequestException", True)


def test_l02_the_record_shows_the_configuration(server: Server, secretsmanager: Any, database: str) -> None:
    """Parameters as sent, the answer's ARN, name and version."""
    token = new_token()
    answer = secretsmanager.rotate_secret(SecretId="db", ClientRequestToken=token, RotationRules=DAYS)
    record = the_record(server, answer)
    assert record["requestParameters"] == {
        "secretId": "db",
        "clientRequestToken": token,
        "rotationRules": {"automaticallyAfterDays": 30},
    }
    assert record["responseElements"] == {"arn": answer["ARN"], "name": "db", "versionId": token}
    cancelled = secretsmanager.cancel_rotate_secret(SecretId="db")
    assert the_record(server, cancelled)["responseElements"]["versionId"] == token
