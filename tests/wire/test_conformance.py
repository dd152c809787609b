"""The conformance checker finds each kind of difference, and nothing where there is none."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest

from strongroom.wire.shapes import SENSITIVE, Shape, Timestamp, limits, renamed, within
from tests.wire.conformance import Declared, check, differences, load_model
from tests.wire.examples import (
    ARN,
    GetSecretValueRequest,
    GetSecretValueResponse,
    ListSecretsRequest,
    PutSecretValueRequest,
    PutSecretValueResponse,
    SecretBinary,
    SecretId,
    VersionId,
)

MODEL = load_model("secretsmanager")
GET_ERRORS = {
    "ResourceNotFoundException",
    "InvalidParameterException",
    "InvalidRequestException",
    "DecryptionFailure",
    "InternalServiceError",
}


class ResponseWithMistakes(Shape):
    """GetSecretValue's output with a secret not marked, a wrong name limit and a missing member."""

    arn: ARN | None = renamed("ARN", default=None)
    name: Annotated[str, limits(1, 255)] = ""
    version_id: VersionId | None = None
    secret_binary: SecretBinary | None = None
    secret_string: Annotated[str, limits(1, 65536)] | None = None
    created_date: Timestamp | None = None
    surprise: str | None = None


class PutWithMistakes(Shape):
    """PutSecretValue's input with wrong pattern, type, requirement, element length and secrecy."""

    secret_id: SecretId | None = None
    client_request_token: VersionId | None = None
    secret_binary: Annotated[str, limits(1, 65536), SENSITIVE] | None = None
    secret_string: Annotated[str, limits(2, 65536), SENSITIVE] | None = None
    version_stages: Annotated[list[Annotated[str, limits(1, 255)]], limits(1, 20)] | None = None
    rotation_token: Annotated[str, limits(36, 256, pattern="^[a-z]+$"), SENSITIVE] | None = None


class FilterWithMistakes(Shape):
    """A filter whose elements take any text."""

    key: str | None = None
    values: Annotated[list[Annotated[str, limits(0, 512)]], limits(1, 10)] | None = None


class ListWithMistakes(Shape):
    """ListSecrets' input with wrong enumerations, ranges and nested members."""

    include_planned_deletion: bool | None = None
    max_results: Annotated[int, within(1, 101)] | None = None
    next_token: Annotated[str, limits(1, 4096)] | None = None
    filters: Annotated[list[FilterWithMistakes], limits(None, 10)] | None = None
    sort_order: str | None = None
    sort_by: Literal["created-date", "last-accessed-date", "last-changed-date", "names"] | None = None


def test_shapes_that_agree_with_the_model_pass() -> None:
    """Exact shapes give no difference, errors included."""
    check(
        MODEL,
        {
            "GetSecretValue": Declared(GetSecretValueRequest, GetSecretValueResponse, errors=GET_ERRORS),
            "PutSecretValue": Declared(PutSecretValueRequest, PutSecretValueResponse),
            "ListSecrets": Declared(ListSecretsRequest, None),
        },
        allowed={"ListSecrets.response.shape": "only its input is an example"},
    )


def test_every_kind_of_mistake_is_found_and_named() -> None:
    """Each mistake in the shapes above is reported at its place, and nothing else is."""
    found = {
        place
        for place, _ in differences(
            MODEL,
            {
                "GetSecretValue": Declared(
                    GetSecretValueRequest,
                    ResponseWithMistakes,
                    errors=GET_ERRORS | {"LimitExceededException"},
                ),
                "PutSecretValue": Declared(PutWithMistakes, None),
                "TagResource": Declared(GetSecretValueRequest, PutSecretValueResponse),
                "GetSecret": Declared(GetSecretValueRequest, None),
                "ListSecrets": Declared(ListWithMistakes, None),
            },
        )
    }
    assert found == {
        "GetSecretValue.response.Name.max",
        "GetSecretValue.response.Name.default",
        "GetSecretValue.response.SecretString.sensitive",
        "GetSecretValue.response.VersionStages.missing",
        "GetSecretValue.response.Surprise.unknown",
        "GetSecretValue.errors",
        "PutSecretValue.request.SecretId.required",
        "PutSecretValue.request.SecretBinary.type",
        "PutSecretValue.request.SecretString.min",
        "PutSecretValue.request.VersionStages.member.max",
        "PutSecretValue.request.RotationToken.pattern",
        "PutSecretValue.response.shape",
        "TagResource.request.Tags.missing",
        "TagResource.request.VersionId.unknown",
        "TagResource.request.VersionStage.unknown",
        "TagResource.response.shape",
        "GetSecret.operation",
        "ListSecrets.request.Filters.member.Key.enum",
        "ListSecrets.request.Filters.member.Values.member.pattern",
        "ListSecrets.request.SortBy.enum",
        "ListSecrets.request.MaxResults.max",
        "ListSecrets.request.SortOrder.enum",
        "ListSecrets.response.shape",
    }


def test_a_difference_fails_the_check_unless_it_is_allowed_with_a_reason() -> None:
    """The allow-list takes exact places and reasons, and refuses idle entries."""
    operations = {"GetSecretValue": Declared(GetSecretValueRequest, ResponseWithMistakes)}
    places = [place for place, _ in differences(MODEL, operations)]
    allowed = dict.fromkeys(places, "a reason")
    check(MODEL, operations, allowed=allowed)
    with pytest.raises(AssertionError, match=r"SecretString\.sensitive: False here, True in the model"):
        check(MODEL, operations)
    with pytest.raises(AssertionError, match="no such difference"):
        check(MODEL, operations, allowed=allowed | {"GetSecretValue.request.SecretId.max": "idle"})
    with pytest.raises(AssertionError, match="without a reason"):
        check(MODEL, operations, allowed=allowed | {places[0]: " "})
