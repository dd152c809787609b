"""Functions: made, read, changed and deleted as AWS's clients do it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from strongroom.gateway.uploads import CODE_BYTES
from tests.gateway.every_operation import CANARY, CODE, make_zip
from tests.services.lambda_.worlds import ALL, make_lambda_role, make_user
from tests.support.accounts import Account, Key
from tests.support.server import MovedServer, Server

OTHER = make_zip(index="def handler(event, context): return 2\n")


def refused(call: Any, **members: Any) -> tuple[str, int, str]:
    """Give code, status and text of the error that a call ends with."""
    with pytest.raises(ClientError) as caught:
        call(**members)
    error = caught.value.response
    return (
        error["Error"]["Code"],
        error["ResponseMetadata"]["HTTPStatusCode"],
        error["Error"].get("Message", ""),
    )


def fetch(url: str) -> bytes:
    """Fetch an address without any credentials."""
    with urllib.request.urlopen(url, timeout=30) as reply:
        found: bytes = reply.read()
        return found


def test_a_function_is_made_pending_and_is_active_at_the_next_look(lambda_: Any, role: str) -> None:
    """The fields are AWS's, and the waiters of boto3 end."""
    made = lambda_.create_function(
        FunctionName="first",
        Runtime="python3.12",
        Handler="index.handler",
        Role=role,
        Code={"ZipFile": CODE},
        Environment={"Variables": {"NAME": "value"}},
        Timeout=30,
        Tags={"team": "one"},
    )
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (made["State"], made["StateReasonCode"]) == ("Pending", "Creating")
    assert made["StateReason"] == "The function is being created."
    assert made["CodeSha256"] == base64.b64encode(hashlib.sha256(CODE).digest()).decode()
    assert made["CodeSize"] == len(CODE)
    assert made["FunctionArn"].endswith(":function:first")
    assert made["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/aws/lambda/first"}
    assert (made["MemorySize"], made["EphemeralStorage"]) == (128, {"Size": 512})
    assert made["Version"] == "$LATEST"
    lambda_.get_waiter("function_active_v2").wait(FunctionName="first")
    lambda_.get_waiter("function_updated_v2").wait(FunctionName="first")
    shown = lambda_.get_function(FunctionName="first")
    assert shown["Configuration"]["State"] == "Active"
    assert shown["Configuration"]["LastUpdateStatus"] == "Successful"
    assert shown["Configuration"]["Environment"] == {"Variables": {"NAME": "value"}}
    assert shown["Tags"] == {"team": "one"}
    assert shown["Code"]["RepositoryType"] == "S3"


def test_every_form_of_the_name_finds_the_function(lambda_: Any, function: str, account: Account) -> None:
    """A name, a partial ARN and the ARN; with a slash at the end of the path as older clients write it."""
    arn = f"arn:aws:lambda:us-east-1:{account.account_id}:function:{function}"
    for name in (
        function,
        f"{account.account_id}:function:{function}",
        f"function:{function}",
        arn,
        f"{arn}:$LATEST",
    ):
        assert lambda_.get_function_configuration(FunctionName=name)["FunctionName"] == function
    wrong = arn.replace("us-east-1", "eu-west-1")
    text = "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"
    assert refused(lambda_.get_function, FunctionName=wrong) == ("ResourceNotFoundException", 404, text)
    text = "The derived qualifier from the function name does not match the specified qualifier."
    assert refused(lambda_.get_function, FunctionName=f"{arn}:7", Qualifier="8")[2] == text


def test_a_slash_at_the_end_of_a_path_means_nothing(server: Server, account: Account) -> None:
    """Older clients write one."""
    answer = server.raw(
        "lambda", "", b"", key=account, method="GET", path="/2015-03-31/functions/?MaxItems=1"
    )
    assert answer.status == 200
    assert len(answer.json()["Functions"]) == 1


def test_the_location_gives_the_code_for_ten_minutes_and_is_recorded(moved_server: MovedServer) -> None:
    """Whoever has the address has the code; the record names who asked for it."""
    account = moved_server.first
    lambda_ = moved_server.client("lambda", account)
    role = make_lambda_role(moved_server, account)
    lambda_.create_function(
        FunctionName="first", Runtime="python3.12", Handler="index.handler", Role=role, Code={"ZipFile": CODE}
    )
    location = lambda_.get_function(FunctionName="first")["Code"]["Location"]
    assert fetch(location) == CODE
    (record,) = [each for each in moved_server.records() if each["eventName"] == "DownloadCode"]
    assert record["userIdentity"]["accessKeyId"] == account.access_key_id
    assert record["resources"][0]["ARN"].endswith(":function:first")
    changed = location[:-4] + ("AAAA" if location[-4:] != "AAAA" else "BBBB")
    moved_server.advance(seconds=600)
    for bad in (location, changed):
        with pytest.raises(urllib.error.HTTPError) as caught:
            fetch(bad)
        with caught.value as answer:  # it holds the connection
            assert answer.code == 403


@pytest.mark.parametrize(
    ("members", "text"),
    [
        (
            {"Timeout": 901},
            "'timeout' failed to satisfy constraint: Member must have value less than or equal to 900",
        ),
        ({"MemorySize": 10_241}, "Member must have value less than or equal to 10240"),
        ({"Runtime": "python3.7"}, "The runtime parameter of python3.7 is no longer supported"),
        ({"Runtime": "java21"}, "is not served by Strongroom"),
        ({"Runtime": "cobol"}, "Member must satisfy enum value set"),
        ({"Handler": "../../etc/x.y"}, "The handler is not valid"),
        ({"Handler": "index.handler; rm"}, "Member must satisfy regular expression pattern"),
        ({"Code": {"ZipFile": b"no archive"}}, "Could not unzip uploaded file. Please check your file"),
        ({"Code": {"ZipFile": b""}}, "Uploaded file must be a non-empty zip"),
        ({"Code": {"S3Bucket": "bucket", "S3Key": "key"}}, "Code in S3 is not served by Strongroom."),
        ({"Code": {"ImageUri": "x"}, "PackageType": "Image"}, "Code in a container image is not served"),
        ({"VpcConfig": {"SubnetIds": ["subnet-1"]}}, "VpcConfig is not served by Strongroom."),
        (
            {"Environment": {"Variables": {"AWS_REGION": "x"}}},
            "Reserved keys used in this request: AWS_REGION",
        ),
        ({"Environment": {"Variables": {"BIG": "x" * 4096}}}, "exceeded the 4KB limit"),
        ({"Environment": {"Variables": {"1x": "y"}}}, "Map keys must satisfy constraint"),
        ({"Role": "no role"}, "Member must satisfy regular expression pattern"),
        ({"Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:none:1"]}, "does not exist"),
        ({"Tags": {"aws:x": "y"}}, "reserved"),
        ({"FunctionName": "x" * 65}, "The function name is not valid"),
    ],
)
def test_what_cannot_be_is_refused_with_a_text_and_changes_nothing(
    lambda_: Any, role: str, members: dict[str, Any], text: str
) -> None:
    """The texts are AWS's where AWS has them."""
    base = {
        "FunctionName": "first",
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Role": role,
        "Code": {"ZipFile": CODE},
    }
    code, status, message = refused(lambda_.create_function, **{**base, **members})
    assert code in ("InvalidParameterValueException", "ValidationException")
    assert status == 400
    assert text in message
    assert refused(lambda_.get_function, FunctionName="first")[0] == "ResourceNotFoundException"


def test_a_name_is_taken_once(lambda_: Any, function: str, role: str) -> None:
    """The second is a conflict."""
    members = {"Runtime": "python3.12", "Handler": "index.handler", "Role": role, "Code": {"ZipFile": CODE}}
    expected = ("ResourceConflictException", 409, f"Function already exist: {function}")
    assert refused(lambda_.create_function, FunctionName=function, **members) == expected


def test_p08_the_role_must_be_passed_and_trust_lambda(
    server: Server, account: Account, lambda_: Any, role: str
) -> None:
    """Without iam:PassRole, with a role that trusts another service, with none, with one of another account."""
    members: dict[str, Any] = {
        "FunctionName": "first",
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Code": {"ZipFile": CODE},
    }
    text = "The role defined for the function cannot be assumed by Lambda."
    other = make_lambda_role(server, account, service="ec2.amazonaws.com")
    for bad in (other, role + "-absent"):
        assert refused(lambda_.create_function, Role=bad, **members)[::2] == (
            "InvalidParameterValueException",
            text,
        )
    foreign = role.replace(account.account_id, "000000000000")
    assert (
        refused(lambda_.create_function, Role=foreign, **members)[2]
        == "Cross-account pass role is not allowed."
    )
    key = make_user(server, account, {**ALL, "Action": "lambda:*"})
    code, status, message = refused(server.client("lambda", key=key).create_function, Role=role, **members)
    assert (code, status) == ("AccessDeniedException", 403)
    assert "iam:PassRole" in message
    right = {**ALL, "Action": "iam:PassRole", "Resource": role}
    condition = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    key = make_user(server, account, {**ALL, "Action": "lambda:*"}, {**right, "Condition": condition})
    assert server.client("lambda", key=key).create_function(Role=role, **members)["Role"] == role


def test_code_and_settings_change_and_revisions_guard_them(lambda_: Any, function: str) -> None:
    """What is not named stays; a stale revision is refused; DryRun changes nothing."""
    before = lambda_.get_function_configuration(FunctionName=function)
    dry = lambda_.update_function_code(FunctionName=function, ZipFile=OTHER, DryRun=True)
    assert dry["CodeSize"] == len(OTHER)
    assert lambda_.get_function_configuration(FunctionName=function)["RevisionId"] == before["RevisionId"]
    stale = refused(lambda_.update_function_code, FunctionName=function, ZipFile=OTHER, RevisionId="other")
    assert stale[:2] == ("PreconditionFailedException", 412)
    assert stale[2].startswith("The Revision Id provided does not match the latest Revision Id.")
    changed = lambda_.update_function_code(
        FunctionName=function, ZipFile=OTHER, RevisionId=before["RevisionId"]
    )
    assert changed["LastUpdateStatus"] == "InProgress"
    assert fetch(lambda_.get_function(FunctionName=function)["Code"]["Location"]) == OTHER
    lambda_.update_function_configuration(FunctionName=function, Timeout=60, Description="d")
    lambda_.update_function_configuration(FunctionName=function, Environment={"Variables": {"AB": "c"}})
    shown = lambda_.get_function_configuration(FunctionName=function)
    assert (shown["Timeout"], shown["Description"], shown["Runtime"]) == (60, "d", "python3.12")
    assert shown["Environment"] == {"Variables": {"AB": "c"}}
    assert shown["CodeSha256"] == changed["CodeSha256"]
    lambda_.update_function_configuration(FunctionName=function, Environment={"Variables": {}})
    assert "Environment" not in lambda_.get_function_configuration(FunctionName=function)


def test_built_in_functions_are_listed_and_belong_to_nobody(lambda_: Any, function: str) -> None:
    """They are among the functions, page by page, and can be neither changed nor deleted."""
    names: list[str] = []
    for page in lambda_.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 1}):
        names += [each["FunctionName"] for each in page["Functions"]]
    built_in = "SecretsManagerRDSPostgreSQLRotationSingleUser"
    assert built_in in names
    assert function in names
    assert names == sorted(set(names))
    shown = lambda_.get_function(FunctionName=built_in)["Configuration"]
    assert shown["State"] == "Active"
    assert "rotation process" in shown["Description"]
    for call, members in (
        (lambda_.delete_function, {}),
        (lambda_.update_function_code, {"ZipFile": CODE}),
        (lambda_.update_function_configuration, {"Timeout": 9}),
    ):
        text = refused(call, FunctionName=built_in, **members)[2]
        assert text == f"The function {built_in} is built in: it can be neither changed nor deleted."
    assert refused(lambda_.invoke, FunctionName=built_in)[2].endswith("it is invoked by rotations only.")


def test_a_deleted_function_is_gone_with_its_code(lambda_: Any, function: str, server: Server) -> None:
    """The next look finds nothing, and its address of code leads nowhere."""
    location = lambda_.get_function(FunctionName=function)["Code"]["Location"]
    assert lambda_.delete_function(FunctionName=function)["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refused(lambda_.get_function, FunctionName=function)[:2] == ("ResourceNotFoundException", 404)
    assert refused(lambda_.delete_function, FunctionName=function)[:2] == ("ResourceNotFoundException", 404)
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(location)
    with caught.value as answer:  # it holds the connection
        assert answer.code == 404
    assert CANARY not in server.log


def test_l03_records_hold_neither_variables_nor_code(
    lambda_: Any, role: str, server: Server, account: Account
) -> None:
    """The names of events are CloudTrail's; the environment is an empty object."""
    lambda_.create_function(
        FunctionName="first",
        Runtime="python3.12",
        Handler="index.handler",
        Role=role,
        Code={"ZipFile": CODE},
        Environment={"Variables": {"SECRET": CANARY}},
    )
    (record,) = [r for r in server.records(account=account) if r["eventName"] == "CreateFunction20150331"]
    assert record["requestParameters"]["environment"] == {}
    assert record["responseElements"]["environment"] == {}
    assert record["requestParameters"]["code"] == {}
    assert record["readOnly"] is False
    assert CANARY not in json.dumps(server.records(account=account))


@pytest.mark.parametrize("size", [45_000_000])
def test_a_large_archive_is_taken_and_given_back(lambda_: Any, function: str, size: int) -> None:
    """Up to 50 MB, in parts that are sealed one by one."""
    archive = _large_archive(size)
    lambda_.update_function_code(FunctionName=function, ZipFile=archive)
    assert fetch(lambda_.get_function(FunctionName=function)["Code"]["Location"]) == archive


def test_j06_what_is_larger_is_refused_with_the_limit(lambda_: Any, function: str) -> None:
    """The archive has its limit, and so has the request."""
    text = f"Request must be smaller than {CODE_BYTES} bytes for the UpdateFunctionCode operation"
    expected = ("RequestEntityTooLargeException", 413, text)
    assert refused(lambda_.update_function_code, FunctionName=function, ZipFile=bytes(53_000_000)) == expected
    text = "Zipped size must be smaller than 52428800 bytes"
    expected = ("RequestEntityTooLargeException", 413, text)
    assert refused(lambda_.update_function_code, FunctionName=function, ZipFile=bytes(52_428_801)) == expected


def test_j06_large_bodies_are_for_the_upload_of_code_and_for_known_keys_alone(
    server: Server, account: Account
) -> None:
    """Before a byte of the body is read: an unknown key, another operation, another service."""
    body = b"x" * 1_100_000
    upload = {"method": "POST", "path": "/2015-03-31/functions"}
    unknown = Key("AKIA" + "Z" * 16, "x" * 40)
    assert server.raw("lambda", "", body, key=unknown, **upload).status == 413  # type: ignore[arg-type]  # of a mapping
    aliases = {"method": "POST", "path": "/2015-03-31/functions/f/aliases"}
    assert server.raw("lambda", "", body, key=account, **aliases).status == 413  # type: ignore[arg-type]  # as above
    assert server.raw("secretsmanager", "ListSecrets", body, key=account).status == 413
    wrong = Key(account.access_key_id, "x" * 40)
    answer = server.raw("lambda", "", body, key=wrong, **upload)  # type: ignore[arg-type]  # as above
    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (403, "InvalidSignatureException")
    answer = server.raw("lambda", "", body, key=account, **upload)  # type: ignore[arg-type]  # as above
    assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (400, "SerializationException")
    assert [r["errorCode"] for r in server.records(request_id=answer.headers["x-amzn-RequestId"])] == [
        "SerializationException"
    ]


@pytest.fixture
def paths() -> Iterator[tuple[str, str]]:
    """Paths of nothing."""
    return iter(
        [
            ("GET", "/2015-03-31/nothing"),
            ("PATCH", "/2015-03-31/functions"),
            ("GET", "/2015-03-31/functions/%FF"),
        ]
    )


def test_paths_that_lead_nowhere_are_unknown_operations(
    server: Server, account: Account, paths: Iterator[tuple[str, str]]
) -> None:
    """Signed or not, in the form of REST errors."""
    for method, path in paths:
        answer = server.raw("lambda", "", b"", key=account, method=method, path=path)
        assert (answer.status, answer.headers["x-amzn-ErrorType"]) == (404, "UnknownOperationException")


def _large_archive(size: int) -> bytes:
    import io
    import zipfile

    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): pass\n")
        archive.writestr("data.bin", os.urandom(size))
    return written.getvalue()
