"""The operations, shapes and bindings of Lambda against the service model that botocore ships."""

from __future__ import annotations

from typing import Any, Final

from strongroom.gateway.operation import Mode
from strongroom.services.lambda_ import SERVICE
from strongroom.wire.describe import describe
from strongroom.wire.rest_json import Binding
from strongroom.wire.shapes import Shape
from tests.wire.conformance import Declared, check, differences, load_model

MODEL: Final = load_model("lambda")
OWN: Final = {"DownloadCode"}
"""Operations that Lambda does not have: its own address of code leads to S3."""
NEVER_ANSWERED: Final = {
    "AcceleratorConfig",
    "CapacityProviderConfig",
    "ConfigSha256",
    "DeadLetterConfig",
    "DurableConfig",
    "DurableExecutionArn",
    "Error",
    "FileSystemConfigs",
    "ImageConfigResponse",
    "ImageUri",
    "KMSKeyArn",
    "LastUpdateStatusReason",
    "LastUpdateStatusReasonCode",
    "MasterArn",
    "ResolvedImageUri",
    "ResolvedS3Object",
    "RuntimeConfig",
    "SigningJobArn",
    "SigningProfileVersionArn",
    "SourceKMSKeyArn",
    "TagsError",
    "TenancyConfig",
    "VpcConfig",
}
"""Members of answers that are never filled here: what they tell of is not served."""
NEVER_THERE: Final = "ListEventSourceMappings.response.EventSourceMappings"
"""A list that is always empty: what its elements would hold is not written down."""
NEVER_RECORDED: Final = {
    "client_context": "what a function is invoked with is not recorded",
    "durable_execution_name": "not served",
    "event_source_token": "whoever holds it may act as the event source",
    "host": "the address that the client used, not a member of the request",
    "payload": "what a function is invoked with is not recorded",
    "tenant_id": "not served",
}

HOSTS: Final = {
    f"{name}.request.Host.unknown": "where the client reached us, for the address of code"
    for name in ("GetFunction", "GetLayerVersion", "GetLayerVersionByArn", "PublishLayerVersion")
}


def test_every_shape_agrees_with_the_service_model() -> None:
    """Members, types and constraints are those of the model, but for the differences that have a reason."""
    declared = {
        each.name: Declared(each.request, each.response)
        for each in SERVICE.operations
        if each.name not in OWN
    }
    never = {
        place: "never filled here"
        for place, _ in differences(MODEL, declared)
        if ".response" in place
        and place.endswith(".missing")
        and (place.split(".")[-2] in NEVER_ANSWERED or place.startswith(NEVER_THERE))
    }
    check(MODEL, declared, allowed={**never, **HOSTS})


def test_every_operation_is_served_or_listed_with_a_reason() -> None:
    """The table names each of the model's operations once."""
    served = {operation.name for operation in SERVICE.operations} - OWN
    assert sorted([*served, *SERVICE.unserved]) == sorted(MODEL["operations"])
    assert all(reason.endswith(".") for reason in SERVICE.unserved.values())
    assert SERVICE.version == MODEL["metadata"]["apiVersion"]
    assert SERVICE.bindings is not None
    assert sorted(SERVICE.bindings()) == sorted({*MODEL["operations"], *OWN})


def test_every_binding_is_that_of_the_service_model() -> None:
    """Methods, paths, statuses and the places of members are those of the model."""
    assert SERVICE.bindings is not None
    for operation in SERVICE.operations:
        if operation.name not in OWN:
            assert _modelled(operation.name) == _comparable(SERVICE.bindings()[operation.name])


def test_paths_of_what_is_not_served_are_those_of_the_service_model() -> None:
    """They answer with the reason, so they must be found."""
    assert SERVICE.bindings is not None
    for name in SERVICE.unserved:
        http = MODEL["operations"][name]["http"]
        binding = SERVICE.bindings()[name]
        query = b"?" + binding.marks if binding.marks else b""
        assert (binding.method, binding.path + query.decode()) == (http["method"], http["requestUri"])


def test_p02_every_operation_asks_the_evaluator_for_the_action_of_its_name() -> None:
    """Invoke has the action InvokeFunction; the address of code is the permission to fetch it."""
    others = {"Invoke": "lambda:InvokeFunction", "GetLayerVersionByArn": "lambda:GetLayerVersion"}
    for operation in SERVICE.operations:
        if operation.name in OWN:
            assert operation.action is None
        else:
            assert operation.action == others.get(operation.name, f"lambda:{operation.name}")


def test_l03_what_a_record_shows_is_everything_but_secrets_and_code() -> None:
    """Of every request all members are recorded, but for those that are named here with their reason."""
    for operation in SERVICE.operations:
        shape: type[Shape] = operation.request
        shown = {
            member.name
            for member in describe(shape)
            if not member.type.is_sensitive and member.name not in NEVER_RECORDED
        }
        recorded = set(operation.recorded_request)
        assert recorded == shown, operation.name


def test_x04_answers_with_variables_code_and_results_are_not_stored() -> None:
    """Every operation that answers with a secret forbids caches to keep the reply."""
    for operation in SERVICE.operations:
        shape: type[Shape] | None = operation.response
        holds_secret = shape is not None and operation.name != "ListFunctions" and _holds_secret(shape)
        assert operation.is_unbuffered or not holds_secret, operation.name


def test_what_only_reads_takes_no_turn_of_the_writer() -> None:
    """What gets and lists reads; an event that is kept is a change of Invoke."""
    for operation in SERVICE.operations:
        reads = operation.name.startswith(("Get", "List", "Download"))
        assert (operation.mode is not Mode.CHANGE) == (reads or operation.name == "Invoke")
        assert operation.reads_only == reads


def _holds_secret(shape: type[Shape]) -> bool:
    for member in describe(shape):
        if member.type.is_sensitive:
            return True
        if member.type.shape is not None and _holds_secret(member.type.shape):
            return True
    return False


def _modelled(name: str) -> dict[str, Any]:
    operation = MODEL["operations"][name]
    sent = MODEL["shapes"][operation["input"]["shape"]] if "input" in operation else {"members": {}}
    back = MODEL["shapes"][operation["output"]["shape"]] if "output" in operation else {"members": {}}
    return {
        "method": operation["http"]["method"],
        "path": operation["http"]["requestUri"],
        "status": operation["http"].get("responseCode", 200),
        "query": _placed(sent, "querystring"),
        "headers": {member: where.lower() for member, where in _placed(sent, "header").items()},
        "payload": sent.get("payload", ""),
        "reply_headers": _placed(back, "header"),
        "reply_payload": back.get("payload", ""),
        "reply_status": "".join(_placed(back, "statusCode")),
    }


def _placed(shape: dict[str, Any], location: str) -> dict[str, str]:
    return {
        name: member.get("locationName", "")
        for name, member in shape["members"].items()
        if member.get("location") == location
    }


def _comparable(binding: Binding) -> dict[str, Any]:
    headers = {member: where for member, where in binding.headers.items() if member != "Host"}
    return {
        "method": binding.method,
        "path": binding.path + ("?" + binding.marks.decode() if binding.marks else ""),
        "status": binding.status,
        "query": dict(binding.query),
        "headers": headers,
        "payload": binding.payload,
        "reply_headers": dict(binding.reply_headers),
        "reply_payload": binding.reply_payload,
        "reply_status": binding.reply_status,
    }
