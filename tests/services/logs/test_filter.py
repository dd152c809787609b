"""FilterLogEvents: across streams, by time, stream and pattern, and as ``aws logs tail`` uses it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.logs.test_events import of, put
from tests.services.logs.test_groups import refused
from tests.support.accounts import Account
from tests.support.server import Server


@pytest.fixture
def three(logs: Any, now_ms: int) -> int:
    """A group with three streams whose events take turns; gives the time of the first."""
    logs.create_log_group(logGroupName="g")
    first = now_ms - 60_000
    for number in range(3):
        logs.create_log_stream(logGroupName="g", logStreamName=f"{'ab'[number % 2]}{number}")
    for number, name in enumerate(("a0", "b1", "a2")):
        put(logs, ("g", name), *((first + place * 30 + number * 10, f"{name} {place}") for place in range(4)))
    return first


def found(logs: Any, **members: Any) -> list[str]:
    """Search a group to its end; list the messages."""
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName="g", **members)
    return [event["message"] for page in pages for event in page["events"]]


ALL = [f"{name} {place}" for place in range(4) for name in ("a0", "b1", "a2")]


def test_events_of_all_streams_stand_in_the_order_of_time(logs: Any, three: int) -> None:
    """Each with its stream and an id of 56 digits of its own."""
    page = logs.filter_log_events(logGroupName="g")
    assert [event["message"] for event in page["events"]] == ALL
    assert [event["logStreamName"] for event in page["events"][:3]] == ["a0", "b1", "a2"]
    assert page["events"][0]["timestamp"] == three
    assert page["searchedLogStreams"] == []
    assert "nextToken" not in page
    ids = [event["eventId"] for event in page["events"]]
    assert ids == sorted(set(ids))
    assert all(len(event_id) == 56 and event_id.isdigit() for event_id in ids)


def test_either_end_of_the_range_is_in_it(logs: Any, three: int) -> None:
    """Unlike GetLogEvents, as AWS has it."""
    assert found(logs, startTime=three + 10, endTime=three + 30) == ["b1 0", "a2 0", "a0 1"]


def test_pages_are_of_the_size_that_was_asked_for_in_either_direction(logs: Any, three: int) -> None:
    """A later page follows its token, whatever it says of the direction."""
    assert found(logs, PaginationConfig={"PageSize": 5}) == ALL
    page = logs.filter_log_events(logGroupName="g", startFromHead=False, limit=5)
    assert [event["message"] for event in page["events"]] == ALL[:-6:-1]
    rest = logs.filter_log_events(logGroupName="g", nextToken=page["nextToken"], startFromHead=True)
    assert [event["message"] for event in rest["events"]] == ALL[-6::-1]
    code, text = refused(logs.filter_log_events, logGroupName="g", startFromHead=False, startTime=5)
    assert (code, "2024" in text) == ("InvalidParameterException", True)


def test_streams_are_chosen_by_name_and_by_prefix(logs: Any, three: int) -> None:
    """Not by both; a name that is not there is an error, a prefix of nothing is not."""
    assert found(logs, logStreamNames=["b1", "a2"]) == [message for message in ALL if message[0:2] != "a0"]
    assert found(logs, logStreamNamePrefix="a") == [message for message in ALL if message[0] == "a"]
    assert found(logs, logStreamNamePrefix="zz") == []
    assert refused(logs.filter_log_events, logGroupName="g", logStreamNames=["nowhere"]) == (
        "ResourceNotFoundException",
        "The specified log stream does not exist.",
    )
    both = {"logStreamNames": ["b1"], "logStreamNamePrefix": "a"}
    assert refused(logs.filter_log_events, logGroupName="g", **both)[0] == "InvalidParameterException"


def test_a_pattern_chooses_events_and_a_malformed_one_is_refused(
    server: Server, logs: Any, account: Account, now_ms: int
) -> None:
    """Terms, JSON and words; and no record has the pattern."""
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    lines = ['{"level": "error", "code": 7}', "level error", '1.2.3.4 "GET /" 404']
    put(logs, ("g", "s"), *((now_ms + place, line) for place, line in enumerate(lines)))
    assert found(logs, filterPattern='{ $.level = "err*" && $.code > 6 }') == lines[:1]
    assert found(logs, filterPattern="error -code") == lines[1:2]
    assert found(logs, filterPattern="[ip, request = GET*, status = 4*]") == lines[2:]
    assert refused(logs.filter_log_events, logGroupName="g", filterPattern="a.b") == (
        "InvalidParameterException",
        "Invalid character(s) in term 'a.b'",
    )
    assert "err*" not in json.dumps(server.records("FilterLogEvents", account=account))


def test_j08_a_token_is_good_for_its_search_alone(logs: Any, three: int) -> None:
    """Another pattern or range is refused."""
    token = logs.filter_log_events(logGroupName="g", limit=2)["nextToken"]
    for other in ({"filterPattern": "b1"}, {"startTime": three}, {"logStreamNames": ["b1"]}):
        assert refused(logs.filter_log_events, logGroupName="g", nextToken=token, **other) == (
            "InvalidParameterException",
            "The specified nextToken is invalid.",
        )


def test_following_a_group_as_aws_logs_tail_does_misses_and_repeats_nothing(
    logs: Any, three: int, now_ms: int
) -> None:
    """It asks from the time of the last event on, and drops the ids that it has shown."""
    shown: list[str] = []
    seen: set[str] = set()
    start = three
    for turn in range(4):
        members: dict[str, Any] = {"logGroupName": "g", "startTime": start, "interleaved": True}
        while True:
            page = logs.filter_log_events(**members, limit=3)
            for event in page["events"]:
                if event["eventId"] not in seen:
                    seen.add(event["eventId"])
                    shown.append(event["message"])
                    start = max(start, event["timestamp"])
            if "nextToken" not in page:
                break
            members["nextToken"] = page["nextToken"]
        # Two streams get an event of the same time as the last one, and a third a later one.
        for name in ("a0", "b1"):
            put(logs, ("g", name), (now_ms + turn, f"{name} turn {turn}"))
        put(logs, ("g", "a2"), (now_ms + turn + 1, f"a2 turn {turn}"))
    assert sorted(shown) == sorted(
        [*ALL, *(f"{name} turn {turn}" for turn in range(3) for name in ("a0", "a2", "b1"))]
    )


def test_events_of_a_deleted_stream_are_not_found(server: Server, logs: Any, three: int) -> None:
    """Neither before nor after they left the store."""
    logs.delete_log_stream(**of(("g", "b1")))
    for _ in range(2):
        assert found(logs) == [message for message in ALL if message[:2] != "b1"]
        server.run_background()
