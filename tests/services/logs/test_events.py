"""Streams and events: put, and read from either end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.logs.test_groups import refused
from tests.support.accounts import Account, Key
from tests.support.server import MovedServer, Server

CANARY = "canary-7c1f09"
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def put(logs: Any, stream: tuple[str, str], *events: tuple[int, str]) -> Any:
    """Put events into a stream."""
    group, name = stream
    sent = [{"timestamp": time_ms, "message": message} for time_ms, message in events]
    return logs.put_log_events(logGroupName=group, logStreamName=name, logEvents=sent)


def messages(answer: Any) -> list[str]:
    """List the messages of a page."""
    return [event["message"] for event in answer["events"]]


def of(stream: tuple[str, str], **more: Any) -> dict[str, Any]:
    """Write the members that name a stream."""
    return {"logGroupName": stream[0], "logStreamName": stream[1], **more}


def test_what_was_put_is_read_with_its_times(logs: Any, stream: tuple[str, str], now_ms: int) -> None:
    """Event and arrival have times of their own; the group counts the bytes as AWS counts them."""
    put(logs, stream, (now_ms - 5000, "one"), (now_ms - 4000, "zwei ä"))
    page = logs.get_log_events(**of(stream), startFromHead=True)
    assert [(event["timestamp"], event["message"]) for event in page["events"]] == [
        (now_ms - 5000, "one"),
        (now_ms - 4000, "zwei ä"),
    ]
    assert all(event["ingestionTime"] >= now_ms for event in page["events"])
    assert logs.describe_log_groups()["logGroups"][0]["storedBytes"] == 3 + 7 + 2 * 26
    (shown,) = logs.describe_log_streams(logGroupName="g")["logStreams"]
    assert shown["firstEventTimestamp"] == now_ms - 5000
    assert shown["lastEventTimestamp"] == now_ms - 4000
    assert shown["lastIngestionTime"] == page["events"][0]["ingestionTime"]
    assert shown["storedBytes"] == 0
    assert shown["arn"].endswith(":log-group:g:log-stream:s")


def test_the_latest_events_come_first_and_the_end_gives_back_the_token(
    logs: Any, stream: tuple[str, str], now_ms: int
) -> None:
    """Without startFromHead the last page comes; at either end the token that was brought is given back."""
    put(logs, stream, *((now_ms + number, f"m{number}") for number in range(10)))
    page = logs.get_log_events(**of(stream), limit=4)
    assert messages(page) == ["m6", "m7", "m8", "m9"]
    back = logs.get_log_events(**of(stream), limit=4, nextToken=page["nextBackwardToken"])
    assert messages(back) == ["m2", "m3", "m4", "m5"]
    assert back["nextForwardToken"].startswith("f/")
    again = logs.get_log_events(**of(stream), limit=9, nextToken=back["nextForwardToken"])
    assert messages(again) == ["m6", "m7", "m8", "m9"]
    first = logs.get_log_events(**of(stream), limit=4, nextToken=back["nextBackwardToken"])
    assert messages(first) == ["m0", "m1"]
    end = logs.get_log_events(**of(stream), limit=4, nextToken=first["nextBackwardToken"])
    assert messages(end) == []
    assert end["nextBackwardToken"] == first["nextBackwardToken"]
    assert messages(logs.get_log_events(**of(stream), nextToken=end["nextForwardToken"], limit=3)) == [
        "m0",
        "m1",
        "m2",
    ]


def test_who_waits_at_the_end_gets_what_arrives(logs: Any, stream: tuple[str, str], now_ms: int) -> None:
    """The forward token stays the same until there is more, from an empty stream on."""
    empty = logs.get_log_events(**of(stream), startFromHead=True)
    token = empty["nextForwardToken"]
    assert logs.get_log_events(**of(stream), nextToken=token)["nextForwardToken"] == token
    tail = logs.get_log_events(**of(stream))["nextForwardToken"]
    put(logs, stream, (now_ms, "a"))
    page = logs.get_log_events(**of(stream), nextToken=token)
    assert messages(page) == ["a"]
    assert messages(logs.get_log_events(**of(stream), nextToken=tail)) == ["a"]
    token = page["nextForwardToken"]
    assert messages(logs.get_log_events(**of(stream), nextToken=token)) == []
    put(logs, stream, (now_ms, "b"))
    assert messages(logs.get_log_events(**of(stream), nextToken=token)) == ["b"]


def test_a_range_has_its_start_and_not_its_end(logs: Any, stream: tuple[str, str], now_ms: int) -> None:
    """As AWS has it for GetLogEvents."""
    put(logs, stream, *((now_ms + number, f"m{number}") for number in range(6)))
    for head in (True, False):
        page = logs.get_log_events(**of(stream), startTime=now_ms + 2, endTime=now_ms + 4, startFromHead=head)
        assert messages(page) == ["m2", "m3"]


def test_j08_a_token_of_events_is_good_for_one_stream_and_one_way(
    logs: Any, stream: tuple[str, str], now_ms: int
) -> None:
    """Neither another stream nor the other direction nor a made-up token is taken."""
    put(logs, stream, (now_ms, "a"))
    logs.create_log_stream(logGroupName="g", logStreamName="other")
    page = logs.get_log_events(**of(stream))
    token = page["nextForwardToken"]
    invalid = ("InvalidParameterException", "The specified nextToken is invalid.")
    assert refused(logs.get_log_events, **of(("g", "other")), nextToken=token) == invalid
    assert refused(logs.get_log_events, **of(stream), nextToken="b/" + token[2:]) == invalid
    assert refused(logs.get_log_events, **of(stream), nextToken="f/abc") == invalid
    assert refused(logs.get_log_events, **of(stream), nextToken="x") == invalid
    assert refused(logs.get_log_events, **of(stream), startTime=1, nextToken=token) == invalid


def test_large_and_small_portions_are_read_whole(logs: Any, stream: tuple[str, str], now_ms: int) -> None:
    """Whatever batches they were cut into, and in pages of any size."""
    wanted = []
    for part in range(4):
        events = [
            (now_ms + part * 700_000 + number * 997, f"{part}/{number} " + "x" * 300) for number in range(600)
        ]
        put(logs, stream, *events)
        wanted += [message for _, message in events]
    for number in range(20):
        put(logs, stream, (now_ms + 3_000_000, f"small {number}"))
        wanted.append(f"small {number}")
    read: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = logs.get_log_events(**of(stream), startFromHead=True, limit=777, **token)
        read += messages(page)
        if token.get("nextToken") == page["nextForwardToken"]:
            break
        token = {"nextToken": page["nextForwardToken"]}
    assert read == wanted
    backward: list[str] = []
    token = {}
    while True:
        page = logs.get_log_events(**of(stream), **token)
        backward = messages(page) + backward
        if token.get("nextToken") == page["nextBackwardToken"]:
            break
        token = {"nextToken": page["nextBackwardToken"]}
    assert backward == wanted


def test_a_page_has_at_most_a_mebibyte(logs: Any, stream: tuple[str, str], now_ms: int) -> None:
    """Four events of 400,000 bytes take two pages."""
    for number in range(4):
        put(logs, stream, (now_ms + number, str(number) * 400_000))
    page = logs.get_log_events(**of(stream), startFromHead=True)
    assert [message[0] for message in messages(page)] == ["0", "1"]


@pytest.mark.parametrize(
    ("events", "text"),
    [
        (
            [(5, "a"), (4, "b")],
            "Log events in a single PutLogEvents request must be in chronological order.",
        ),
        (
            [(-DAY_MS - 1000, "a"), (0, "b")],
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ),
    ],
    ids=["order", "span"],
)
def test_a_portion_that_breaks_a_rule_is_refused_whole(
    logs: Any, stream: tuple[str, str], now_ms: int, events: list[tuple[int, str]], text: str
) -> None:
    """Nothing of it is kept."""
    sent = [{"timestamp": now_ms + offset, "message": message} for offset, message in events]
    refusal = ("InvalidParameterException", text)
    assert refused(logs.put_log_events, **of(stream), logEvents=sent) == refusal
    assert messages(logs.get_log_events(**of(stream))) == []


def test_a_mebibyte_is_taken_as_it_is_counted_and_no_more(
    server: Server, logs: Any, stream: tuple[str, str], now_ms: int
) -> None:
    """Each event counts 26 bytes more than its message, whatever it takes in JSON."""
    sent = [{"timestamp": now_ms, "message": "x" * 500}] * 2_000
    assert refused(logs.put_log_events, **of(stream), logEvents=sent) == (
        "InvalidParameterException",
        "Upload too large: 1052000 bytes exceeds limit of 1048576",
    )
    logs.put_log_events(**of(stream), logEvents=sent[:1_990])
    assert logs.describe_log_groups()["logGroups"][0]["storedBytes"] == 1_990 * 526
    logs.put_log_events(**of(stream), logEvents=[{"timestamp": now_ms, "message": "\x01" * 900_000}])


def test_ten_thousand_events_are_taken_and_no_more(
    server: Server, logs: Any, stream: tuple[str, str], now_ms: int
) -> None:
    """More names and values than others may send are taken for them, and bounded."""
    sent = [{"timestamp": now_ms, "message": "m"}] * 10_001
    code, text = refused(logs.put_log_events, **of(stream), logEvents=sent)
    assert code == "InvalidParameterException"
    assert text.endswith("Member must have length less than or equal to 10000")
    logs.put_log_events(**of(stream), logEvents=sent[:10_000])
    assert logs.describe_log_groups()["logGroups"][0]["storedBytes"] == 10_000 * 27
    body = json.dumps({"logGroupName": "g", "logStreamName": "s", "logEvents": [0] * 60_001}).encode()
    assert server.raw("logs", "PutLogEvents", body).json()["__type"] == "SerializationException"


@pytest.mark.parametrize(("target", "size"), [("PutLogEvents", 6_291_500), ("CreateLogStream", 1_100_000)])
def test_j06_a_body_beyond_the_limit_of_its_operation_is_not_read(
    server: Server, target: str, size: int
) -> None:
    """Only PutLogEvents may bring more than a mebibyte, and only for a key that exists."""
    body = b'{"logGroupName": "' + b"x" * size + b'"}'
    assert server.raw("logs", target, body).status == 413
    nobody = Key("AKIA" + "Z" * 16, "x" * 40)
    assert server.raw("logs", "PutLogEvents", body[:1_200_000], key=nobody).status == 413


def test_too_old_and_too_new_events_are_left_out_and_named(
    logs: Any, stream: tuple[str, str], now_ms: int
) -> None:
    """The indexes are those of the request; what lies between is kept."""
    answer = put(
        logs,
        stream,
        (now_ms - 15 * DAY_MS, "old"),
        (now_ms - 1000, "kept"),
        (now_ms, "kept too"),
        (now_ms + 3 * HOUR_MS, "new"),
    )
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 3}
    assert messages(logs.get_log_events(**of(stream))) == ["kept", "kept too"]
    logs.put_retention_policy(logGroupName="g", retentionInDays=1)
    answer = put(logs, stream, (now_ms - 2 * DAY_MS, "expired"), (now_ms - DAY_MS + HOUR_MS, "kept"))
    assert answer["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    answer = put(logs, stream, (now_ms - 2 * DAY_MS, "expired"))
    assert answer["rejectedLogEventsInfo"] == {"expiredLogEventEndIndex": 1}
    assert messages(logs.get_log_events(**of(stream))) == ["kept", "kept", "kept too"]


def test_streams_are_listed_by_name_and_by_time(logs: Any, now_ms: int) -> None:
    """In either direction, in pages, with a prefix by name only."""
    logs.create_log_group(logGroupName="g")
    names = ["a1", "a2", "b1", "b2\U0010ffff", "b2\U0010ffffx"]
    for number, name in enumerate(names):
        logs.create_log_stream(logGroupName="g", logStreamName=name)
        if name != "a2":
            put(logs, ("g", name), (now_ms - number % 2, "m"))

    def listed(**members: Any) -> list[str]:
        pages = logs.get_paginator("describe_log_streams").paginate(
            logGroupName="g", PaginationConfig={"PageSize": 2}, **members
        )
        return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]

    assert listed() == names
    assert listed(descending=True) == names[::-1]
    assert listed(logStreamNamePrefix="b2\U0010ffff") == names[3:]
    assert listed(logStreamNamePrefix="a", descending=True) == ["a2", "a1"]
    by_time = ["a2", "b2\U0010ffff", "a1", "b1", "b2\U0010ffffx"]
    assert listed(orderBy="LastEventTime") == by_time
    assert listed(orderBy="LastEventTime", descending=True) == by_time[::-1]
    assert refused(
        logs.describe_log_streams, logGroupName="g", orderBy="LastEventTime", logStreamNamePrefix="a"
    ) == ("InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.")


def test_streams_and_groups_that_are_not_there(logs: Any, stream: tuple[str, str], now_ms: int) -> None:
    """Each has its own words; a name and an ARN exclude each other."""
    events = [{"timestamp": now_ms, "message": "m"}]
    no_group = ("ResourceNotFoundException", "The specified log group does not exist.")
    no_stream = ("ResourceNotFoundException", "The specified log stream does not exist.")
    assert refused(logs.put_log_events, **of(("h", "s")), logEvents=events) == no_group
    assert refused(logs.put_log_events, **of(("g", "t")), logEvents=events) == no_stream
    assert refused(logs.get_log_events, **of(("g", "t"))) == no_stream
    assert refused(logs.delete_log_stream, **of(("g", "t"))) == no_stream
    assert refused(logs.create_log_stream, **of(stream)) == (
        "ResourceAlreadyExistsException",
        "The specified log stream already exists",
    )
    assert refused(logs.describe_log_streams, logGroupName="g", logGroupIdentifier="g") == (
        "InvalidParameterException",
        "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
    )
    assert refused(logs.describe_log_streams)[0] == "InvalidParameterException"


def test_what_is_made_anew_under_an_old_name_has_nothing_of_the_old(
    server: Server, logs: Any, stream: tuple[str, str], now_ms: int
) -> None:
    """Neither a stream nor a group; and what they left leaves the store."""
    put(logs, stream, (now_ms, "old"))
    logs.delete_log_stream(**of(stream))
    logs.create_log_stream(**of(stream))
    assert messages(logs.get_log_events(**of(stream))) == []
    put(logs, stream, (now_ms, "newer"))
    server.run_background()
    assert messages(logs.get_log_events(**of(stream))) == ["newer"]
    assert logs.describe_log_groups()["logGroups"][0]["storedBytes"] == 5 + 26
    logs.delete_log_group(logGroupName="g")
    logs.create_log_group(logGroupName="g")
    assert logs.describe_log_streams(logGroupName="g")["logStreams"] == []
    logs.create_log_stream(**of(stream))
    assert messages(logs.get_log_events(**of(stream))) == []


def test_expired_events_are_not_shown_and_leave_the_store(moved_server: MovedServer) -> None:
    """At once for whoever reads; in the background for the store. A stream goes on after all its events went."""
    logs = moved_server.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    logs.put_retention_policy(logGroupName="g", retentionInDays=3)
    now = logs.describe_log_groups()["logGroups"][0]["creationTime"]
    stream = ("g", "s")
    put(logs, stream, (now, "first"))
    moved_server.run_background()
    moved_server.advance(days=2)
    put(logs, stream, (now + 2 * DAY_MS, "second"))
    assert messages(logs.get_log_events(**of(stream))) == ["first", "second"]
    moved_server.advance(days=1, seconds=1)
    assert messages(logs.get_log_events(**of(stream))) == ["second"]
    moved_server.run_background()
    assert logs.describe_log_groups()["logGroups"][0]["storedBytes"] == 6 + 26
    moved_server.advance(days=6)
    moved_server.run_background()
    assert logs.describe_log_groups()["logGroups"][0]["storedBytes"] == 0
    put(logs, stream, (now + 9 * DAY_MS, "third"))
    assert messages(logs.get_log_events(**of(stream))) == ["third"]


def test_l03_messages_are_in_no_record(
    server: Server, logs: Any, stream: tuple[str, str], now_ms: int, account: Account
) -> None:
    """The record of PutLogEvents names group and stream alone."""
    put(logs, stream, (now_ms, CANARY))
    logs.get_log_events(**of(stream))
    (record,) = server.records("PutLogEvents", account=account)
    assert record["requestParameters"] == {"logGroupName": "g", "logStreamName": "s"}
    assert record["eventSource"] == "logs.amazonaws.com"
    assert CANARY not in json.dumps(server.records(account=account))


def test_k02_messages_lie_sealed_in_the_store(
    server: Server, logs: Any, stream: tuple[str, str], now_ms: int
) -> None:
    """No file of the deployment holds one in the clear."""
    put(logs, stream, (now_ms, f"{CANARY}-at-rest"))
    assert messages(logs.get_log_events(**of(stream))) == [f"{CANARY}-at-rest"]
    for path in server.data_dir.rglob("*"):
        if path.is_file():
            assert f"{CANARY}-at-rest".encode() not in path.read_bytes(), path
