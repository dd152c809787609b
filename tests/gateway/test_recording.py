"""What the record of a call says, where the parameters are unusual."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import pytest

from strongroom.gateway.caller import Caller
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.gateway.recording import events_of_call, write_event
from strongroom.policy.question import Principal
from strongroom.services import secretsmanager
from strongroom.services.table import SERVICES
from strongroom.wire.describe import Kind, describe
from strongroom.wire.shapes import Shape, limits
from tests.support.server import Server

if TYPE_CHECKING:
    from tests.support.accounts import Account


class Request(Shape):
    """A request with something that no record may hold."""

    name: str
    blob: Annotated[bytes, limits(0, 64)]


def _no_target(_context: Context, _request: Request) -> Target:
    raise AssertionError("not asked for")


def _no_handle(_context: Context, _request: Request, _target: Target) -> None:
    raise AssertionError("not asked for")


def test_l02_l03_bytes_are_never_recorded_and_cost_no_record(caplog: pytest.LogCaptureFixture) -> None:
    """A member that no record can hold leaves the record without parameters, not the call without a record."""
    careless: Operation[Request, Shape] = Operation(
        "Careless",
        Mode.READ,
        Request,
        None,
        "secretsmanager:Careless",
        _no_target,
        _no_handle,
        ("name", "blob"),
    )
    principal = Principal("User", "arn:aws:iam::111122223333:user/a", "111122223333", "AIDAEXAMPLE")
    (event,) = events_of_call(
        service=secretsmanager.SERVICE,
        name="Careless",
        operation=careless,
        request=Request(name="n", blob=b"a secret"),
        response=None,
        fault=None,
        caller=Caller(principal, "IAMUser", "a", "AKIAEXAMPLE", ()),
        region="us-east-1",
        request_id="00000000-0000-4000-8000-000000000000",
        now_ms=1_700_000_000_000,
        source_ip="127.0.0.1",
        user_agent="",
    )
    written = write_event(event)
    record = json.loads(written)
    assert record["eventName"] == "Careless"
    assert record["requestParameters"] is None
    assert b"a secret" not in written
    assert "a secret" not in caplog.text
    assert "Careless" in caplog.text


def test_l03_no_operation_lists_a_member_that_records_refuse() -> None:
    """Blobs and floats that are no instants are not recorded, and no operation asks for them."""
    for service in SERVICES:
        for operation in service.operations:
            shape: type[Shape] = operation.request
            kinds = {member.name: member.type for member in describe(shape)}
            for name in operation.recorded_request:
                assert kinds[name].kind not in (Kind.BLOB, Kind.FLOAT), f"{operation.name}.{name}"
                assert not kinds[name].is_sensitive, f"{operation.name}.{name}"


@pytest.mark.parametrize(
    ("sent", "recorded"),
    [
        (1_660_171_107, "Aug 10, 2022, 10:38:27 PM"),
        (1_660_171_107.5, "Aug 10, 2022, 10:38:27 PM"),
        (-1, "-1.0"),
        (1e300, "1e+300"),
        (1e307, "1e+307"),
    ],
)
def test_instants_are_recorded_as_cloudtrail_writes_them(
    server: Server, account: Account, sent: float, recorded: str
) -> None:
    """A search by time answers and is recorded, however far from our time its limits are."""
    answer = server.raw("cloudtrail", "LookupEvents", {"StartTime": sent, "EndTime": 1e307}, key=account)
    assert answer.status == 200, answer.body
    (record,) = server.records(request_id=answer.headers["x-amzn-RequestId"])
    assert record["requestParameters"] == {"startTime": recorded, "endTime": "1e+307"}
