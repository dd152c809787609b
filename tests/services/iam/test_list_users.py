"""ListUsers, as a client sees it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.iam.answers import new_key, only_record, policy, refusal

INVALID_MARKER = (400, "ValidationError", "Invalid Marker.")


def names(page: dict[str, Any]) -> list[str]:
    """Read the names of a page."""
    return [user["UserName"] for user in page["Users"]]


def test_users_are_listed_by_name_without_tags(iam: Any, server: Any) -> None:
    """The order does not depend on case; IsTruncated is always there."""
    for name in ("carol", "Bob", "dave"):
        iam.create_user(UserName=name, Tags=[{"Key": "k", "Value": "v"}])
    page = iam.list_users()
    assert names(page) == ["admin", "Bob", "carol", "dave"]
    assert page["IsTruncated"] is False
    assert "Marker" not in page
    assert all("Tags" not in user for user in page["Users"])
    assert only_record(server, page)["readOnly"] is True


def test_pages_follow_each_other_without_gaps(iam: Any) -> None:
    """Every user stands on exactly one page, also when users come and go in between."""
    for number in range(5):
        iam.create_user(UserName=f"user{number}")
    first = iam.list_users(MaxItems=2)
    assert first["IsTruncated"] is True
    iam.delete_user(UserName="user0")
    rest = iam.list_users(Marker=first["Marker"], MaxItems=3)
    last = iam.list_users(Marker=rest["Marker"])
    assert names(first) + names(rest) + names(last) == ["admin", *(f"user{number}" for number in range(5))]
    assert last["IsTruncated"] is False
    pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 1})
    assert [name for page in pages for name in names(page)] == [
        "admin",
        *(f"user{number}" for number in range(1, 5)),
    ]


def test_a_path_prefix_is_taken_literally(iam: Any) -> None:
    """What databases take for wildcards are characters like any other."""
    iam.create_user(UserName="one", Path="/team/blue/")
    iam.create_user(UserName="two", Path="/team_/")
    iam.create_user(UserName="three", Path="/Team/")
    assert names(iam.list_users(PathPrefix="/team/")) == ["one"]
    assert names(iam.list_users(PathPrefix="/team")) == ["one", "two"]
    assert names(iam.list_users(PathPrefix="/team_")) == ["two"]
    assert names(iam.list_users(PathPrefix="/%")) == []


def test_j08_a_marker_belongs_to_its_caller_and_question(iam: Any, server: Any) -> None:
    """Another prefix, another principal, another operation and invented texts are refused alike."""
    iam.create_user(UserName="alice", Path="/a/")
    iam.put_user_policy(UserName="alice", PolicyName="list", PolicyDocument=policy("iam:List*"))
    alice = server.client("iam", key=new_key(iam, "alice"))
    marker = iam.list_users(MaxItems=1)["Marker"]
    assert names(iam.list_users(Marker=marker)) == ["alice"]
    assert refusal(iam.list_users, Marker=marker, PathPrefix="/a/") == INVALID_MARKER
    assert refusal(alice.list_users, Marker=marker) == INVALID_MARKER
    assert refusal(iam.list_user_policies, UserName="alice", Marker=marker) == INVALID_MARKER
    assert refusal(iam.list_access_keys, UserName="alice", Marker=marker) == INVALID_MARKER
    assert refusal(iam.list_users, Marker="x" + marker[1:]) == INVALID_MARKER
    new_key(iam, "alice")
    marker = iam.list_access_keys(UserName="alice", MaxItems=1)["Marker"]
    assert refusal(iam.list_user_policies, UserName="alice", Marker=marker) == INVALID_MARKER


@pytest.mark.parametrize("most", ["0", "1001"])
def test_a_page_has_1_to_1000_users(server: Any, account: Any, most: str) -> None:
    """Other sizes break the constraint; the text does not print the value."""
    answer = server.raw("iam", "ListUsers", {"MaxItems": most}, account=account)
    assert answer.status == 400
    assert b"<Code>ValidationError</Code>" in answer.body
    assert b"Value at 'maxItems' failed to satisfy constraint: Member must have value" in answer.body


def test_another_account_is_not_listed(iam: Any, server: Any) -> None:
    """Each account sees its own users."""
    iam.create_user(UserName="alice")
    assert names(server.client("iam", server.new_account()).list_users()) == ["admin"]
