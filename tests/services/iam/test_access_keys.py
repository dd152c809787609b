"""CreateAccessKey, ListAccessKeys, UpdateAccessKey and DeleteAccessKey, as a client sees them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from strongroom.ids import account_of_access_key
from strongroom.services.iam.recorded import render_date
from tests.services.iam.answers import new_key, only_record, policy, refusal, user_not_found


def key_not_found(access_key_id: str) -> tuple[int, str, str]:
    """Word the refusal of a key that the user does not have."""
    return 404, "NoSuchEntity", f"The Access Key with id {access_key_id} cannot be found."


def test_a_key_is_made_and_signs_at_once(iam: Any, server: Any, account: Any) -> None:
    """The secret stands in the answer; the record shows the key but not the secret (L-03)."""
    iam.create_user(UserName="Alice")
    answer = iam.create_access_key(UserName="alice")
    key = answer["AccessKey"]
    assert (key["UserName"], key["Status"]) == ("Alice", "Active")
    assert re.fullmatch("AKIA[A-Z2-7]{16}", key["AccessKeyId"])
    assert re.fullmatch("[A-Za-z0-9+/]{40}", key["SecretAccessKey"])
    assert account_of_access_key(key["AccessKeyId"]) == account.account_id
    assert answer["ResponseMetadata"]["HTTPHeaders"]["cache-control"] == "no-store"
    record = only_record(server, answer)
    assert record["requestParameters"] == {"userName": "alice"}
    assert record["responseElements"] == {
        "accessKey": {
            "userName": "Alice",
            "accessKeyId": key["AccessKeyId"],
            "status": "Active",
            "createDate": render_date(key["CreateDate"].timestamp()),
        }
    }
    assert key["SecretAccessKey"] not in str(server.records())


def test_l03_secret_access_keys_are_on_no_disk_and_in_no_log(iam: Any, server: Any) -> None:
    """Neither store, write-ahead log and journals nor the server's own log hold the secret (S-11)."""
    iam.create_user(UserName="alice")
    secret = new_key(iam, "alice").secret_access_key.encode()
    iam.list_access_keys(UserName="alice")
    files = [path for path in server.data_dir.rglob("*") if path.is_file() and path.name != "dev.json"]
    assert len(files) > 3
    assert all(secret not in path.read_bytes() for path in [*files, server.log_path])


def test_a_user_has_at_most_two_keys(iam: Any) -> None:
    """The third is refused, also when one is inactive; the text is recorded."""
    iam.create_user(UserName="alice")
    first = new_key(iam, "alice")
    new_key(iam, "alice")
    iam.update_access_key(UserName="alice", AccessKeyId=first.access_key_id, Status="Inactive")
    assert refusal(iam.create_access_key, UserName="alice") == (
        409,
        "LimitExceeded",
        "Cannot exceed quota for AccessKeysPerUser: 2",
    )


def test_without_a_name_the_callers_own_keys_are_meant(iam: Any, account: Any) -> None:
    """All four operations take the calling user."""
    made = iam.create_access_key()["AccessKey"]
    assert made["UserName"] == "admin"
    listed = iam.list_access_keys()["AccessKeyMetadata"]
    assert [key["AccessKeyId"] for key in listed] == [account.access_key_id, made["AccessKeyId"]]
    iam.update_access_key(AccessKeyId=made["AccessKeyId"], Status="Inactive")
    iam.delete_access_key(AccessKeyId=made["AccessKeyId"])
    assert len(iam.list_access_keys()["AccessKeyMetadata"]) == 1


def test_keys_are_listed_oldest_first_without_secrets_in_pages(iam: Any, server: Any) -> None:
    """A page of one is followed by the other key."""
    iam.create_user(UserName="Alice")
    keys = [new_key(iam, "alice").access_key_id for _ in range(2)]
    page = iam.list_access_keys(UserName="ALICE", MaxItems=1)
    rest = iam.list_access_keys(UserName="ALICE", Marker=page["Marker"])
    assert (page["IsTruncated"], rest["IsTruncated"]) == (True, False)
    listed = page["AccessKeyMetadata"] + rest["AccessKeyMetadata"]
    assert sorted(key["AccessKeyId"] for key in listed) == sorted(keys)
    assert {tuple(sorted(key)) for key in listed} == {("AccessKeyId", "CreateDate", "Status", "UserName")}
    assert {key["UserName"] for key in listed} == {"Alice"}
    assert only_record(server, page)["requestParameters"] == {"userName": "ALICE", "maxItems": 1}


def test_s09_a_key_is_switched_off_and_on_for_the_next_request(iam: Any, server: Any) -> None:
    """Inactive means unknown, from the next request on; active again means that it signs."""
    iam.create_user(UserName="alice")
    key = new_key(iam, "alice")
    sts = server.client("sts", key=key)
    unknown = (403, "InvalidClientTokenId", "The security token included in the request is invalid.")
    for _ in range(3):
        assert sts.get_caller_identity()["Arn"].endswith(":user/alice")
        answer = iam.update_access_key(UserName="alice", AccessKeyId=key.access_key_id, Status="Inactive")
        assert refusal(sts.get_caller_identity) == unknown
        (listed,) = iam.list_access_keys(UserName="alice")["AccessKeyMetadata"]
        assert listed["Status"] == "Inactive"
        iam.update_access_key(UserName="alice", AccessKeyId=key.access_key_id, Status="Active")
    assert only_record(server, answer)["requestParameters"] == {
        "userName": "alice",
        "accessKeyId": key.access_key_id,
        "status": "Inactive",
    }


def test_s09_a_deleted_key_is_unknown_to_the_next_request(iam: Any, server: Any) -> None:
    """And cannot be deleted twice."""
    iam.create_user(UserName="alice")
    key = new_key(iam, "alice")
    sts = server.client("sts", key=key)
    assert sts.get_caller_identity()["Arn"].endswith(":user/alice")
    answer = iam.delete_access_key(UserName="alice", AccessKeyId=key.access_key_id)
    assert refusal(sts.get_caller_identity)[1] == "InvalidClientTokenId"
    assert refusal(iam.delete_access_key, UserName="alice", AccessKeyId=key.access_key_id) == key_not_found(
        key.access_key_id
    )
    assert only_record(server, answer)["requestParameters"] == {
        "userName": "alice",
        "accessKeyId": key.access_key_id,
    }


def test_a_key_may_end_itself(iam: Any, server: Any) -> None:
    """The call that deletes the signing key succeeds; the next one does not."""
    iam.create_user(UserName="alice")
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=policy("iam:DeleteAccessKey"))
    key = new_key(iam, "alice")
    alice = server.client("iam", key=key)
    alice.delete_access_key(AccessKeyId=key.access_key_id)
    assert refusal(alice.get_user)[1] == "InvalidClientTokenId"


def test_an_expired_status_cannot_be_set(iam: Any, account: Any) -> None:
    """The enumeration of the model has it, callers do not set it."""
    status, code, _ = refusal(iam.update_access_key, AccessKeyId=account.access_key_id, Status="Expired")
    assert (status, code) == (400, "InvalidInput")
    assert iam.list_access_keys()["AccessKeyMetadata"][0]["Status"] == "Active"


def test_another_status_breaks_the_constraint(server: Any, account: Any) -> None:
    """The text lists what may stand there."""
    form = {"AccessKeyId": account.access_key_id, "Status": "active"}
    answer = server.raw("iam", "UpdateAccessKey", form, account=account)
    assert answer.status == 400
    assert b"<Code>ValidationError</Code>" in answer.body
    assert b"Member must satisfy enum value set: [" in answer.body


@pytest.mark.parametrize("operation", ["update_access_key", "delete_access_key"])
def test_p11_a_key_of_another_user_or_account_is_not_found(iam: Any, server: Any, operation: str) -> None:
    """Naming a key is not enough: it must belong to the user that is named, and so to the account."""
    for name in ("alice", "bob"):
        iam.create_user(UserName=name)
    key = new_key(iam, "alice")
    stranger = server.new_account()
    more = {"Status": "Inactive"} if operation == "update_access_key" else {}
    for client, names in ((iam, {"UserName": "bob"}), (iam, {}), (server.client("iam", stranger), {})):
        call = getattr(client, operation)
        assert refusal(call, AccessKeyId=key.access_key_id, **names, **more) == key_not_found(
            key.access_key_id
        )
    assert server.client("sts", key=key).get_caller_identity()["Arn"].endswith(":user/alice")


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("create_access_key", {}),
        ("list_access_keys", {}),
        ("update_access_key", {"AccessKeyId": "AKIA" + "A" * 16, "Status": "Active"}),
        ("delete_access_key", {"AccessKeyId": "AKIA" + "A" * 16}),
    ],
)
def test_an_absent_user_is_not_found(iam: Any, operation: str, more: dict[str, str]) -> None:
    """The user is looked up before the key."""
    assert refusal(getattr(iam, operation), UserName="nobody", **more) == user_not_found("nobody")
