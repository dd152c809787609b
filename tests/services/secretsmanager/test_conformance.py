"""The operations and shapes of Secrets Manager against the service model that botocore ships."""

from __future__ import annotations

from typing import Any

from strongroom.gateway.operation import Operation
from strongroom.services.secretsmanager import SERVICE
from strongroom.wire.describe import Member, describe
from strongroom.wire.shapes import Shape
from tests.wire.conformance import Declared, check, load_model

MODEL = load_model("secretsmanager")

ALLOWED = {
    "PutSecretValue.request.SecretString.min": "AWS answers an empty string as if there were no value",
}


def test_every_shape_agrees_with_the_service_model() -> None:
    """Members, types and constraints are those of the model, but for the differences that have a reason."""
    declared = {
        operation.name: Declared(operation.request, operation.response) for operation in SERVICE.operations
    }
    check(MODEL, declared, allowed=ALLOWED)


def test_every_operation_is_served_or_listed_with_a_reason() -> None:
    """The table names each of the model's operations once."""
    served = [operation.name for operation in SERVICE.operations]
    assert sorted([*served, *SERVICE.unserved]) == sorted(MODEL["operations"])
    assert all(reason.strip() for reason in SERVICE.unserved.values())
    assert SERVICE.target_prefix == MODEL["metadata"]["targetPrefix"]
    assert SERVICE.version == MODEL["metadata"]["apiVersion"]


def test_every_operation_asks_for_the_permission_of_its_name() -> None:
    """The IAM action is the operation's name."""
    assert {operation.name: operation.action for operation in SERVICE.operations} == {
        operation.name: f"secretsmanager:{operation.name}" for operation in SERVICE.operations
    }


def members_of(operation: Operation[Any, Any]) -> tuple[Member, ...]:
    """List the members of a request."""
    shape: type[Shape] = operation.request
    return describe(shape)


def test_l03_no_record_shows_a_sensitive_member() -> None:
    """Of every request, what the record shows is a member, and none that the model calls sensitive."""
    for operation in SERVICE.operations:
        members = {member.name: member.type for member in members_of(operation)}
        for name in operation.recorded_request:
            assert not members[name].is_sensitive, f"{operation.name}.{name}"


def test_l03_every_other_member_is_shown() -> None:
    """What is not recorded of a request is a secret."""
    not_recorded = {
        operation.name: {
            member.name
            for member in members_of(operation)
            if not member.type.is_sensitive and member.name not in operation.recorded_request
        }
        for operation in SERVICE.operations
    }
    assert {name: members for name, members in not_recorded.items() if members} == {}


def test_x04_answers_with_values_are_not_stored() -> None:
    """Every operation that answers with a secret forbids caches to keep the reply."""
    model = MODEL["shapes"]
    for operation in SERVICE.operations:
        output = MODEL["operations"][operation.name].get("output")
        holds_secret = output is not None and _holds_secret(model, output["shape"], set())
        assert operation.is_unbuffered == holds_secret, operation.name


def _holds_secret(shapes: dict[str, dict[str, object]], name: str, seen: set[str]) -> bool:
    if name in seen:
        return False
    seen.add(name)
    shape = shapes[name]
    if shape.get("sensitive"):
        return True
    inner = [part["shape"] for part in shape.get("members", {}).values()]  # type: ignore[attr-defined]
    inner += [shape[part]["shape"] for part in ("member", "value") if part in shape]  # type: ignore[index]
    return any(_holds_secret(shapes, part, seen) for part in inner)
