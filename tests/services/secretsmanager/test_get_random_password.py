"""GetRandomPassword, as a client sees it. The engine's own tests are in tests/crypto."""

from __future__ import annotations

import string
from typing import Any

import pytest
from botocore.exceptions import ClientError

OPERATION = "secretsmanager.GetRandomPassword"
PUNCTUATION = set("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def test_a_password_has_32_characters_of_all_four_types(secretsmanager: Any) -> None:
    """Without wishes: 32 characters, at least one of each type, no space."""
    for _ in range(20):
        password = secretsmanager.get_random_password()["RandomPassword"]
        assert len(password) == 32
        for kind in (string.ascii_uppercase, string.ascii_lowercase, string.digits, PUNCTUATION):
            assert set(password) & set(kind)
        assert " " not in password


def test_length_and_exclusions_hold_exactly(secretsmanager: Any) -> None:
    """120 characters with exclusions have that length and only what is left (recorded)."""
    password = secretsmanager.get_random_password(
        PasswordLength=120, ExcludeCharacters="xyzDje@?!.", ExcludePunctuation=True, ExcludeUppercase=True
    )["RandomPassword"]
    assert len(password) == 120
    assert set(password) <= set(string.ascii_lowercase + string.digits) - set("xyzDje@?!.")


def test_a_password_may_be_of_spaces_alone(secretsmanager: Any) -> None:
    """IncludeSpace adds the space to what is drawn from; it is a type of its own that is never required."""
    assert (
        secretsmanager.get_random_password(
            PasswordLength=5,
            IncludeSpace=True,
            ExcludeNumbers=True,
            ExcludePunctuation=True,
            ExcludeUppercase=True,
            ExcludeLowercase=True,
        )["RandomPassword"]
        == "     "
    )


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"PasswordLength": 3}, "Password length is too short based on the required types."),
        (
            {"ExcludeCharacters": string.digits},
            "All characters of the desired type have been excluded.",
        ),
        (
            {
                "ExcludeNumbers": True,
                "ExcludePunctuation": True,
                "ExcludeUppercase": True,
                "ExcludeLowercase": True,
            },
            "All characters have been excluded from selection.",
        ),
    ],
)
def test_impossible_wishes_are_refused(secretsmanager: Any, wishes: dict[str, Any], message: str) -> None:
    """Each way in which nothing can be drawn has its text."""
    with pytest.raises(ClientError) as refused:
        secretsmanager.get_random_password(**wishes)
    assert refused.value.response["Error"] == {"Code": "InvalidParameterException", "Message": message}


def test_required_types_are_only_those_that_no_flag_leaves_out(secretsmanager: Any) -> None:
    """Two types are left out, so two characters are enough."""
    password = secretsmanager.get_random_password(
        PasswordLength=2, ExcludeNumbers=True, ExcludePunctuation=True
    )["RandomPassword"]
    assert len(password) == 2


def test_a_type_may_be_emptied_when_it_is_not_required(secretsmanager: Any) -> None:
    """RequireEachIncludedType=false draws from whatever is left."""
    password = secretsmanager.get_random_password(
        ExcludeCharacters=string.digits, RequireEachIncludedType=False
    )["RandomPassword"]
    assert not set(password) & set(string.digits)


@pytest.mark.parametrize(
    ("length", "constraint"), [(5000, "less than or equal to 4096"), (0, "greater than or equal to 1")]
)
def test_the_length_has_limits(server: Any, account: Any, length: int, constraint: str) -> None:
    """A length outside of 1 to 4096 breaks a constraint of the model."""
    status, _, body = server.raw("secretsmanager", OPERATION, {"PasswordLength": length}, account=account)
    assert status == 400
    assert b"ValidationException" in body
    expected = (
        f"1 validation error detected: Value '{length}' at 'passwordLength' failed to satisfy constraint: "
        f"Member must have value {constraint}"
    )
    assert expected.encode() in body


def test_x04_the_answer_is_not_to_be_stored(server: Any, account: Any) -> None:
    """A password is not left in a cache on the way."""
    status, headers, _ = server.raw("secretsmanager", OPERATION, {}, account=account)
    assert status == 200
    assert headers["cache-control"] == "no-store"


def test_l03_the_record_shows_the_wishes_and_not_the_password(server: Any, secretsmanager: Any) -> None:
    """One record, with the parameters and without the password."""
    answer = secretsmanager.get_random_password(PasswordLength=40, ExcludePunctuation=True)
    (record,) = server.records(request_id=answer["ResponseMetadata"]["RequestId"])
    assert record["eventName"] == "GetRandomPassword"
    assert record["readOnly"] is True
    assert record["requestParameters"] == {"passwordLength": 40, "excludePunctuation": True}
    assert record["responseElements"] is None
    assert answer["RandomPassword"] not in repr(record)
