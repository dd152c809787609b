"""The operations and shapes of KMS against the service model that botocore ships."""

from __future__ import annotations

from typing import Any

from strongroom.gateway.operation import Mode, Operation
from strongroom.services.kms import SERVICE
from strongroom.wire.describe import Member, describe
from strongroom.wire.shapes import Shape
from tests.wire.conformance import Declared, check, load_model

MODEL = load_model("kms")

ALLOWED: dict[str, str] = {}

NEVER_RECORDED = {
    "ciphertext_blob": "audit reference 1.4: ciphertexts are not recorded",
    "grant_token": "whoever holds it may name the grant",
    "grant_tokens": "whoever holds them may name the grants",
    "recipient": "not served",
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
    """ReEncrypt has two actions, one for each key."""
    assert {each.name: each.action for each in SERVICE.operations} == {
        each.name: "kms:ReEncryptFrom" if each.name == "ReEncrypt" else f"kms:{each.name}"
        for each in SERVICE.operations
    }


def members_of(operation: Operation[Any, Any]) -> tuple[Member, ...]:
    """List the members of a request."""
    shape: type[Shape] = operation.request
    return describe(shape)


def test_l03_what_a_record_shows_is_everything_but_secrets_ciphertexts_and_tokens() -> None:
    """Of every request all members are recorded, but for those that are named here with their reason."""
    for operation in SERVICE.operations:
        shown = {
            member.name
            for member in members_of(operation)
            if not member.type.is_sensitive and member.name not in NEVER_RECORDED
        }
        assert set(operation.recorded_request) == shown, operation.name


def test_x04_answers_with_plaintexts_are_not_stored() -> None:
    """Every operation that answers with a secret forbids caches to keep the reply."""
    for operation in SERVICE.operations:
        shape: type[Shape] | None = operation.response
        holds_secret = shape is not None and any(member.type.is_sensitive for member in describe(shape))
        assert operation.is_unbuffered == holds_secret, operation.name


def test_what_only_reads_or_computes_takes_no_turn_of_the_writer() -> None:
    """Cryptographic operations are reads, as AWS records them."""
    computes = {"Encrypt", "Decrypt", "ReEncrypt"}
    for operation in SERVICE.operations:
        reads = (
            operation.name.startswith(("Get", "List", "Describe", "Generate")) or operation.name in computes
        )
        assert (operation.mode is not Mode.CHANGE) == reads
        assert operation.reads_only == reads
