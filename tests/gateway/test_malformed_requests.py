"""Malformed requests of both protocols: AWS's error, nothing changed, one record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw
import pytest

from tests.gateway.answers import read_refusal
from tests.gateway.every_operation import OPERATIONS, Entry, example_of, name_of
from tests.support.accounts import Account
from tests.support.server import Server
from tests.support.signed_http import rest_request

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

OF_THE_ACCOUNT = "account_id = :account"
_OF_A_GROUP = f"group_id IN (SELECT group_id FROM iam_groups WHERE {OF_THE_ACCOUNT})"
_OF_A_SECRET = f"secret_id IN (SELECT secret_id FROM secrets WHERE {OF_THE_ACCOUNT})"
_OF_A_FUNCTION = f"function_id IN (SELECT function_id FROM functions WHERE {OF_THE_ACCOUNT})"
_OF_A_LOG_GROUP = f"group_id IN (SELECT group_id FROM log_groups WHERE {OF_THE_ACCOUNT})"
_OF_A_KEY = f"key_id IN (SELECT key_id FROM kms_keys WHERE {OF_THE_ACCOUNT})"
TABLES = {
    **dict.fromkeys(
        (
            "accounts", "iam_account_settings", "iam_attachments", "iam_credential_reports", "iam_groups",
            "iam_instance_profiles", "iam_mfa_devices", "iam_oidc_providers", "iam_policies", "iam_roles",
            "iam_users", "iam_access_keys", "kms_aliases", "kms_grants", "kms_keys", "secrets",
            "functions", "function_layers", "log_groups",
        ),
        OF_THE_ACCOUNT,
    ),
    **dict.fromkeys(("iam_group_policies", "iam_memberships"), _OF_A_GROUP),
    "iam_policy_versions": f"policy_id IN (SELECT policy_id FROM iam_policies WHERE {OF_THE_ACCOUNT})",
    "iam_role_policies": f"role_id IN (SELECT role_id FROM iam_roles WHERE {OF_THE_ACCOUNT})",
    "iam_user_policies": f"user_id IN (SELECT user_id FROM iam_users WHERE {OF_THE_ACCOUNT})",
    **dict.fromkeys(("kms_key_dues", "kms_key_policies", "kms_key_materials"), _OF_A_KEY),
    **dict.fromkeys(("rotation_history", "rotations", "secret_policies", "secret_versions"), _OF_A_SECRET),
    **dict.fromkeys(("function_events", "function_versions"), _OF_A_FUNCTION),
    "function_code": "archive_id IN (SELECT archive_id FROM function_versions)",
    **dict.fromkeys(("log_batches", "log_dues", "log_leaves", "log_streams"), _OF_A_LOG_GROUP),
    "regions": "true",
}  # fmt: skip
"""Every table of the domain, and which of its rows belong to an account."""

NOT_JSON = "The text is not JSON."
MALFORMED_JSON = [
    pytest.param(b"{", NOT_JSON, id="cut"),
    pytest.param(b'{"Name":"a","SecretString":"v"', NOT_JSON, id="cut-at-the-end"),
    pytest.param(b"{'Name':'a'}", NOT_JSON, id="single-quotes"),
    pytest.param(b'{"Name":"a",}', NOT_JSON, id="trailing-comma"),
    pytest.param(b'{"Name":"a"} {"Name":"b"}', NOT_JSON, id="two-documents"),
    pytest.param(b'{"Name":"a"}//', NOT_JSON, id="comment"),
    pytest.param(b'{"Name":"a\nb"}', NOT_JSON, id="raw-line-break-in-text"),
    pytest.param(b'{"Name":"a\x00"}', NOT_JSON, id="raw-nul"),
    pytest.param(b"\x1f\x8b\x08\x00", "The text is not UTF-8.", id="gzip"),
    pytest.param('{"Name":"a"}'.encode("utf-16-le"), NOT_JSON, id="utf-16"),
    pytest.param(b'\xef\xbb\xbf{"Name":"a"}', NOT_JSON, id="byte-order-mark"),
    pytest.param(b'{"Name":"\xff"}', "The text is not UTF-8.", id="bad-utf-8"),
    pytest.param(b'{"Name":"\xc0\xaf"}', "The text is not UTF-8.", id="overlong-utf-8"),
    pytest.param(b'{"Name":"\xed\xa0\x80"}', "The text is not UTF-8.", id="surrogate-in-utf-8"),
    pytest.param(b'{"Name":"a\\u0000"}', "A text holds NUL.", id="escaped-nul"),
    pytest.param(b'{"Name":"a\\ud800"}', "A text holds half of a surrogate pair.", id="lone-surrogate"),
    pytest.param(b'{"Name":"a\\udc00\\ud800"}', "A text holds half of a surrogate pair.", id="swapped-pair"),
    pytest.param(b'{"Name":"a","Name":"b"}', "A name occurs twice in one object.", id="duplicate"),
    pytest.param(
        b'{"Name":"a","N\\u0061me":"b"}', "A name occurs twice in one object.", id="escaped-duplicate"
    ),
    pytest.param(
        b'{"Name":"a","x":{"y":1,"y":2}}', "A name occurs twice in one object.", id="duplicate-in-unknown"
    ),
    pytest.param(b'{"Name":"a","x":NaN}', "NaN and Infinity are not JSON.", id="nan"),
    pytest.param(b'{"Name":"a","x":-Infinity}', "NaN and Infinity are not JSON.", id="infinity"),
    pytest.param(b'{"Name":"a","x":1e999}', "A number is too large.", id="overflowing-number"),
    pytest.param(
        b'{"Name":"a","x":' + b"9" * 400 + b"}", "An integer does not fit into 64 bits.", id="huge-integer"
    ),
    pytest.param(
        b'{"Name":"a","x":9223372036854775808}',
        "An integer does not fit into 64 bits.",
        id="integer-of-65-bits",
    ),
    pytest.param(
        b'{"Name":"a","x":' + b"[" * 64 + b"]" * 64 + b"}", "The text is nested too deeply.", id="too-deep"
    ),
    pytest.param(
        b'{"Name":"a","x":' + b"[" * 400_000 + b"]" * 400_000 + b"}",
        "The text is nested too deeply.",
        id="bomb",
    ),
    pytest.param(
        b'{"Name":"a","x":[' + b"1," * 10_000 + b"1]}",
        "The text has too many names and values.",
        id="too-many",
    ),
    pytest.param(b"[]", "The top level is not an object.", id="list"),
    pytest.param(b'[{"Name":"a"}]', "The top level is not an object.", id="list-of-objects"),
    pytest.param(b'"Name"', "The top level is not an object.", id="text"),
    pytest.param(b"null", "The top level is not an object.", id="null"),
    pytest.param(b"1", "The top level is not an object.", id="number"),
    pytest.param(b"  ", NOT_JSON, id="blanks"),
    pytest.param(b"Action=CreateUser&UserName=a", NOT_JSON, id="form"),
    pytest.param(b'{"Name":1}', "NUMBER_VALUE can not be converted to a String", id="number-for-text"),
    pytest.param(b'{"Name":true}', "TRUE_VALUE can not be converted to a String", id="truth-for-text"),
    pytest.param(b'{"Name":["a"]}', "Start of list found where not expected", id="list-for-text"),
    pytest.param(
        b'{"Name":{"a":1}}', "Start of structure or map found where not expected.", id="object-for-text"
    ),
    pytest.param(b'{"Name":"a","Tags":"x"}', "Expected list or null", id="text-for-list"),
    pytest.param(b'{"Name":"a","Tags":["x"]}', "Expected null", id="text-for-structure"),
    pytest.param(
        b'{"Name":"a","SecretBinary":5}',
        "NUMBER_VALUE can not be converted to a String",
        id="number-for-blob",
    ),
]

MALFORMED_FORMS = [
    pytest.param(b"&UserName=a%zz", "A field has a broken escape.", id="broken-escape"),
    pytest.param(b"&UserName=a%", "A field has a broken escape.", id="cut-escape"),
    pytest.param(b"&UserName=%ff", "A field is not UTF-8.", id="bad-utf-8"),
    pytest.param(b"&UserName=%ed%a0%80", "A field is not UTF-8.", id="surrogate"),
    pytest.param(b"&UserName=\xff", "A field is not UTF-8.", id="raw-bytes"),
    pytest.param(b"&UserName=a%00", "A field holds NUL.", id="escaped-nul"),
    pytest.param(b"&UserName=a\x00", "A field holds NUL.", id="raw-nul"),
    pytest.param(b"&UserName=a&UserName=b", "A field occurs twice.", id="duplicate"),
    pytest.param(b"&UserName=a&User%4eame=b", "A field occurs twice.", id="escaped-duplicate"),
    pytest.param(b"&UserName=a&%41ction=DeleteUser", "A field occurs twice.", id="second-action"),
    pytest.param(
        b"&UserName=a&action=DeleteUser",
        "Action and Version are written with one capital letter.",
        id="other-case",
    ),
    pytest.param(b"&UserName=a" + b"&x.y=1" * 10_001, "The request has too many fields.", id="too-many"),
    pytest.param(b"&UserName=a&x" + b".y" * 40 + b"=1", "A field is nested too deeply.", id="too-deep"),
    pytest.param(
        b"&UserName=a&UserName.x=b", "A field is both a value and a structure.", id="value-and-structure"
    ),
    pytest.param(b"&UserName.x=b", "A value is given as a structure, list or map.", id="structure-for-text"),
    pytest.param(b"&UserName=a&Tags=x", "A structure, list or map is given as a value.", id="text-for-list"),
    pytest.param(
        b"&UserName=a&Tags.member.2.Key=k&Tags.member.2.Value=v",
        "The numbers of a list or map have gaps.",
        id="gap",
    ),
    pytest.param(
        b"&UserName=a&Tags.1.Key=k", "A list or map has fields that are not numbered.", id="not-numbered"
    ),
    pytest.param(
        b"&UserName=a&Tags.member.1=x",
        "A structure, list or map is given as a value.",
        id="text-for-structure",
    ),
]


class Store:
    """What a server has stored, for comparison."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "strongroom.db"

    def rows(self, account: Account) -> list[tuple[str, tuple[Any, ...]]]:
        """Give every row of the domain that belongs to the account."""
        connection = apsw.Connection(str(self._path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.set_busy_timeout(5_000)
            return [
                (table, row)
                for table, clause in TABLES.items()
                for row in connection.execute(
                    f"SELECT * FROM {table} WHERE {clause}", {"account": account.account_id}
                )
            ]
        finally:
            connection.close(True)


@pytest.fixture
def store(server: Server) -> Store:
    """The store of the session's server."""
    return Store(server.data_dir)


def test_the_tables_that_are_compared_are_all_that_hold_the_domain(server: Server) -> None:
    """A new table is compared too, but for the machinery of store and audit."""
    connection = apsw.Connection(str(server.data_dir / "strongroom.db"), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(5_000)
    found = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    connection.close(True)
    machinery = {
        "store_meta", "store_leaves", "store_pages", "keyring", "changes", "audit_outbox", "audit_outbox_head",
        "sqlite_sequence",
    }  # fmt: skip
    marks = {"iam_last_used"}  # every request of a key may leave one
    assert found - machinery - marks == set(TABLES)


def test_j05_every_rule_is_worded_without_the_input() -> None:
    """No text below repeats what was sent."""
    for case in (*MALFORMED_JSON, *MALFORMED_FORMS):
        assert "Name" not in str(case.values[1])


@pytest.mark.parametrize(("body", "text"), MALFORMED_JSON)
def test_j01_malformed_json_changes_nothing(
    server: Server, account: Account, store: Store, body: bytes, text: str
) -> None:
    """SerializationException with the broken rule, no change, and one record without parameters."""
    before = store.rows(account)
    answer = server.raw("secretsmanager", "CreateSecret", body, key=account)
    assert (answer.status, answer.json()) == (400, {"__type": "SerializationException", "message": text})
    assert store.rows(account) == before
    (record,) = server.records(request_id=answer.headers["x-amzn-RequestId"])
    assert (record["eventName"], record["errorCode"]) == ("CreateSecret", "SerializationException")
    assert record["requestParameters"] is None


@pytest.mark.parametrize(("fields", "text"), MALFORMED_FORMS)
def test_malformed_forms_change_nothing(
    server: Server, account: Account, store: Store, fields: bytes, text: str
) -> None:
    """MalformedQueryString with the broken rule, no change, and one record without parameters."""
    before = store.rows(account)
    body = b"Action=CreateUser&Version=2010-05-08" + fields
    answer = server.raw("iam", "", body, key=account)
    found = read_refusal(_service("iam"), answer)
    assert found == (404, "MalformedQueryString", text)
    assert store.rows(account) == before
    (record,) = server.records(request_id=answer.headers["x-amzn-RequestId"])
    assert (record["eventName"], record["errorCode"]) == ("CreateUser", "MalformedQueryString")
    assert record["requestParameters"] is None


@pytest.mark.parametrize(
    "entry", [entry for entry in OPERATIONS if name_of(entry) != "lambda-Invoke"], ids=name_of
)
def test_every_operation_refuses_a_malformed_body(server: Server, account: Account, entry: Entry) -> None:
    """No operation reads past a broken body, not even one without members; the body of Invoke is the function's."""
    service, operation = entry
    if service.protocol == "rest-json":
        method, path, own, _ = rest_request(service.name, operation.name, example_of(entry).request("any"))
        answer = server.raw(
            service.name, "", b'{"a":1,"a":2}', key=account, method=method, path=path, headers=dict(own)
        )
        assert read_refusal(service, answer)[:2] == (400, "SerializationException")
        (record,) = server.records(request_id=answer.headers["x-amzn-RequestId"])
        assert (record["eventName"], record["errorCode"]) == (
            operation.recorded_name,
            "SerializationException",
        )
        return
    broken = b'{"a":1,"a":2}' if service.protocol == "json" else b"a=1&a=2"
    head = (
        b"" if service.protocol == "json" else f"Action={operation.name}&Version={service.version}&".encode()
    )
    answer = server.raw(service.name, operation.name, head + broken, key=account)
    code, status = service.errors.serialization
    assert read_refusal(service, answer)[:2] == (status, code)
    assert [
        record["errorCode"] for record in server.records(request_id=answer.headers["x-amzn-RequestId"])
    ] == [code]


@pytest.mark.parametrize(
    "body",
    [
        b'{"Name":"a","SecretString":"v","ClientRequestToken":"11111111-0000-4000-8000-000000000000","Surprise":{"x":[1]}}',
        b'{"Name":"a","SecretString":"v","ClientRequestToken":"11111111-0000-4000-8000-000000000000","Tags":null}',
        b' \r\n\t{"Name":"\\u0061","SecretString":"v","ClientRequestToken":"11111111-0000-4000-8000-000000000000"}\n',
        b'{"Name":"a","name":"b","SecretString":"v","ClientRequestToken":"11111111-0000-4000-8000-000000000000"}',
    ],
    ids=["unknown-member", "null-member", "blanks-and-escapes", "unknown-by-case"],
)
def test_unknown_and_null_members_are_as_if_absent(server: Server, account: Account, body: bytes) -> None:
    """As AWS treats them: ignored; names of members are exact."""
    answer = server.raw("secretsmanager", "CreateSecret", body, key=account)
    assert answer.status == 200, answer.body
    assert answer.json()["Name"] == "a"


def test_an_empty_body_is_an_empty_object(server: Server, account: Account) -> None:
    """Members that an operation needs are then missing; an operation without any is answered."""
    answer = server.raw("secretsmanager", "CreateSecret", b"", key=account)
    assert answer.json() == {
        "__type": "ValidationException",
        "Message": "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not "
        "be null",
    }
    assert server.raw("secretsmanager", "GetRandomPassword", b"", key=account).status == 200


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/x-amz-json-1.1", 200),
        ("application/x-amz-json-1.0", 200),
        ("Application/X-Amz-JSON-1.1; charset=utf-8", 200),
        ("application/json", 400),
        ("text/plain", 400),
        ("text/html", 400),
        ("application/x-amz-json-1.2", 400),
        ("application/cbor", 400),
        ("application/x-www-form-urlencoded", 400),
        ("", 400),
        (None, 400),
    ],
)
def test_another_content_type_means_no_operation(
    server: Server, account: Account, content_type: str | None, status: int
) -> None:
    """JSON is read only where the request says that it is AWS JSON; anything else has no operation and no record."""
    answer = server.raw(
        "secretsmanager", "GetRandomPassword", {}, key=account, headers={"Content-Type": content_type}
    )
    assert answer.status == status
    recorded = server.records(request_id=answer.headers["x-amzn-RequestId"])
    if status == 200:
        version = "1.0" if str(content_type).endswith("1.0") else "1.1"
        assert answer.headers["Content-Type"] == f"application/x-amz-json-{version}"
        assert len(recorded) == 1
    else:
        assert answer.json() == {"__type": "UnknownOperationException"}
        assert answer.headers["Content-Type"] == "application/x-amz-json-1.1"
        assert recorded == []


@pytest.mark.parametrize(
    "target",
    [
        "secretsmanager.Nothing",
        "secretsmanager.getsecretvalue",
        "kms.Decrypt",
        "TrentService.decrypt",
        "TrentService.Nothing",
        ".",
        "GetUser.",
    ],
)
def test_unknown_targets_are_named_so(server: Server, account: Account, target: str) -> None:
    """UnknownOperationException without a text, as AWS has it; names are exact."""
    answer = server.raw("secretsmanager", target, {}, key=account)
    assert (answer.status, answer.json()) == (400, {"__type": "UnknownOperationException"})


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        (b"", "MissingAction", "The request is missing an action or a required parameter."),
        (b"Version=2010-05-08", "MissingAction", "The request is missing an action or a required parameter."),
        (
            b"Action=Nothing&Version=2010-05-08",
            "InvalidAction",
            "Could not find operation Nothing for version 2010-05-08",
        ),
        (
            b"Action=GetUser&Version=2000-01-01",
            "InvalidAction",
            "Could not find operation GetUser for version 2000-01-01",
        ),
        (
            b"Action=GetUser",
            "InvalidAction",
            "Could not find operation GetUser for version NO_VERSION_SPECIFIED",
        ),
        (
            b"Action=getuser&Version=2010-05-08",
            "InvalidAction",
            "Could not find operation getuser for version 2010-05-08",
        ),
        (
            b"Action=%3Cb%3E&Version=2010-05-08",
            "InvalidAction",
            "Could not find operation  for version 2010-05-08",
        ),
    ],
)
def test_unknown_actions_are_named_so(
    server: Server, account: Account, body: bytes, code: str, text: str
) -> None:
    """Forms that name no operation of any service get XML, and nothing that was not a name is repeated."""
    answer = server.raw("iam", "", body, key=account)
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "text/xml"
    assert f"<Code>{code}</Code><Message>{text}</Message>".encode() in answer.body


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_json_operations_are_posted(server: Server, account: Account, method: str) -> None:
    """Another method has no operation."""
    answer = server.raw("secretsmanager", "GetRandomPassword", {}, key=account, method=method)
    assert (answer.status, answer.json()) == (400, {"__type": "UnknownOperationException"})


def test_j06_a_body_over_one_mebibyte_is_refused_before_it_is_read(
    server: Server, account: Account, secretsmanager: SecretsManagerClient
) -> None:
    """Up to the limit the protocol decides, one byte more is refused by the edge; both change nothing."""
    full = json.dumps({"SecretId": "absent", "x": ""}).encode()
    full = full[:-2] + b"x" * (1_048_576 - len(full)) + full[-2:]
    answer = server.raw("secretsmanager", "DescribeSecret", full, key=account)
    assert (answer.status, answer.json()["__type"]) == (400, "ResourceNotFoundException")
    answer = server.raw("secretsmanager", "DescribeSecret", full + b" ", key=account)
    assert answer.status == 413
    assert secretsmanager.list_secrets()["SecretList"] == []


def _service(name: str) -> Any:
    return next(service for service, _ in OPERATIONS if service.name == name)
