"""The operations and shapes of the log service against the service model that botocore ships."""

from __future__ import annotations

from typing import Any

from strongroom.gateway.operation import Mode, Operation
from strongroom.services.logs import SERVICE
from strongroom.wire.describe import Member, describe
from strongroom.wire.shapes import Shape
from tests.wire.conformance import Declared, check, load_model

MODEL = load_model("logs")

ALLOWED: dict[str, str] = {}

NEVER_RECORDED = {
    "log_events": "what was logged may hold anything",
    "filter_pattern": "who looks for a value that leaked writes it there",
    "sequence_token": "ignored",
    "entity": "not looked at",
}


def test_every_shape_agrees_with_the_service_model() -> None:
    """Members, types and constraints are those of the model, but for the differences that have a reason."""
    declared = {each.name: Declared(each.request, each.response) for each in SERVICE.operations}
    check(MODEL, declared, allowed=ALLOWED)


def test_every_operation_is_served_or_listed_with_a_reason() -> None:
    """The table names each of the model's operations once."""
    served = [operation.name for operation in SERVICE.operations]
    assert sorted([*served, *SERVICE.unserved]) == sorted(MODEL["operations"])
    assert all(reason.endswith(".") for reason in SERVICE.unserved.values())
    assert SERVICE.target_prefix == MODEL["metadata"]["targetPrefix"]
    assert SERVICE.version == MODEL["metadata"]["apiVersion"]


def test_p02_every_operation_asks_the_evaluator_for_the_action_of_its_name() -> None:
    """No operation asks for another one's action."""
    for operation in SERVICE.operations:
        assert operation.action == f"logs:{operation.name}"


def members_of(operation: Operation[Any, Any]) -> tuple[Member, ...]:
    """List the members of a request."""
    shape: type[Shape] = operation.request
    return describe(shape)


def test_l03_what_a_record_shows_is_everything_but_what_was_logged() -> None:
    """Of every request all members are recorded, but for those that are named here with their reason."""
    for operation in SERVICE.operations:
        shown = {member.name for member in members_of(operation) if member.name not in NEVER_RECORDED}
        assert set(operation.recorded_request) == shown, operation.name


def test_what_only_reads_takes_no_turn_of_the_writer() -> None:
    """Reading, listing and searching change nothing."""
    for operation in SERVICE.operations:
        reads = operation.name.startswith(("Get", "List", "Describe", "Filter"))
        assert (operation.mode is not Mode.CHANGE) == reads
