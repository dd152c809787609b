"""TagUser, UntagUser and ListUserTags as a client sees them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.iam.answers import new_key, only_record, refusal, user_not_found

KELVIN_SIGN = "\u212a"


def tag(key: str, value: str = "1") -> dict[str, str]:
    """Write a tag."""
    return {"Key": key, "Value": value}


@pytest.fixture
def alice(iam: Any) -> str:
    """A user with two tags."""
    iam.create_user(UserName="Alice", Tags=[tag("Team", "blue"), tag("app")])
    return "alice"


def test_a_key_replaces_the_one_that_differs_by_case_only(iam: Any, server: Any, alice: str) -> None:
    """The new spelling is kept; tags are listed by key."""
    answer = iam.tag_user(UserName=alice, Tags=[tag("TEAM", "red"), tag("b")])
    assert only_record(server, answer)["requestParameters"] == {
        "userName": alice,
        "tags": [{"key": "TEAM", "value": "red"}, {"key": "b", "value": "1"}],
    }
    found = iam.list_user_tags(UserName=alice)
    assert found["Tags"] == [tag("app"), tag("b"), tag("TEAM", "red")]
    assert found["IsTruncated"] is False
    assert iam.get_user(UserName=alice)["User"]["Tags"] == [tag("app"), tag("TEAM", "red"), tag("b")]


def test_p04_a_lookalike_replaces_nothing(iam: Any, alice: str) -> None:
    """Case is folded in ASCII only."""
    iam.tag_user(UserName=alice, Tags=[tag("kind")])
    iam.tag_user(UserName=alice, Tags=[tag(f"{KELVIN_SIGN}ind", "2")])
    assert len(iam.list_user_tags(UserName=alice)["Tags"]) == 4


def test_untag_removes_whatever_the_case_and_no_key_is_no_error(iam: Any, server: Any, alice: str) -> None:
    """Without tags left the user shows none."""
    answer = iam.untag_user(UserName=alice, TagKeys=["TEAM", "absent"])
    assert only_record(server, answer)["requestParameters"] == {
        "userName": alice,
        "tagKeys": ["TEAM", "absent"],
    }
    assert iam.list_user_tags(UserName=alice)["Tags"] == [tag("app")]
    iam.untag_user(UserName=alice, TagKeys=["app"])
    assert iam.list_user_tags(UserName=alice)["Tags"] == []
    assert "Tags" not in iam.get_user(UserName=alice)["User"]


def test_tags_are_listed_in_pages(iam: Any, alice: str) -> None:
    """A page ends where MaxItems says; the marker goes on there."""
    iam.tag_user(UserName=alice, Tags=[tag("b"), tag("c")])
    page = iam.list_user_tags(UserName=alice, MaxItems=3)
    rest = iam.list_user_tags(UserName=alice, Marker=page["Marker"])
    keys = [each["Key"] for each in (*page["Tags"], *rest["Tags"])]
    assert keys == ["app", "b", "c", "Team"]
    assert (page["IsTruncated"], rest["IsTruncated"]) == (True, False)
    other = refusal(iam.list_user_tags, UserName="admin", Marker=page["Marker"])
    assert other == (400, "ValidationError", "Invalid Marker.")


def test_a_user_has_at_most_50_tags(iam: Any, alice: str) -> None:
    """A tag that is replaced does not count twice; a refused call changes nothing."""
    iam.tag_user(UserName=alice, Tags=[tag(f"k{number}") for number in range(48)])
    iam.tag_user(UserName=alice, Tags=[tag("K1", "2")])
    assert refusal(iam.tag_user, UserName=alice, Tags=[tag("one-more"), tag("k2", "2")]) == (
        409,
        "LimitExceeded",
        "The number of tags has reached the maximum limit.",
    )
    held = {each["Key"]: each["Value"] for each in iam.list_user_tags(UserName=alice)["Tags"]}
    assert (len(held), held["k2"], held["K1"]) == (50, "1", "2")


def test_keys_that_cannot_be_told_apart_or_are_awss_are_refused(iam: Any, alice: str) -> None:
    """In AWS's words."""
    twice = refusal(iam.tag_user, UserName=alice, Tags=[tag("x"), tag("X")])
    text = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
    assert twice == (400, "InvalidInput", text)
    assert refusal(iam.tag_user, UserName=alice, Tags=[tag("AWS:x")])[:2] == (400, "InvalidInput")


@pytest.mark.parametrize(
    ("operation", "more"),
    [("tag_user", {"Tags": [tag("k")]}), ("untag_user", {"TagKeys": ["k"]}), ("list_user_tags", {})],
)
def test_an_absent_user_is_not_found(iam: Any, operation: str, more: dict[str, Any]) -> None:
    """The refusal repeats the name."""
    assert refusal(getattr(iam, operation), UserName="nobody", **more) == user_not_found("nobody")


def test_tags_that_are_set_and_removed_are_condition_keys(iam: Any, server: Any, alice: str) -> None:
    """``aws:RequestTag`` and ``aws:TagKeys`` say which tags a caller may set and remove."""
    iam.create_user(UserName="caller")
    iam.put_user_policy(
        UserName="caller",
        PolicyName="p",
        PolicyDocument='{"Version":"2012-10-17","Statement":['
        '{"Effect":"Allow","Action":"iam:TagUser","Resource":"*",'
        '"Condition":{"StringEquals":{"aws:RequestTag/cost":["1","2"]},'
        '"ForAllValues:StringEquals":{"aws:TagKeys":"cost"}}},'
        '{"Effect":"Allow","Action":"iam:UntagUser","Resource":"*",'
        '"Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":"cost"}}}]}',
    )
    caller = server.client("iam", key=new_key(iam, "caller"))
    caller.tag_user(UserName=alice, Tags=[tag("cost", "2")])
    assert refusal(caller.tag_user, UserName=alice, Tags=[tag("cost", "3")])[1] == "AccessDenied"
    assert refusal(caller.tag_user, UserName=alice, Tags=[tag("cost"), tag("x")])[1] == "AccessDenied"
    assert refusal(caller.untag_user, UserName=alice, TagKeys=["Team"])[1] == "AccessDenied"
    caller.untag_user(UserName=alice, TagKeys=["cost"])
    assert len(iam.list_user_tags(UserName=alice)["Tags"]) == 2
