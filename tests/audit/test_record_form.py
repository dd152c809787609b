"""Forms of records."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.audit.errors import UnrecordableValue
from strongroom.audit.record import (
    Resource,
    SessionAttributes,
    SessionContext,
    SessionIssuer,
    UserIdentity,
    encode_identity,
    encode_parameters,
    encode_record,
)
from strongroom.audit.record_form import LONGEST_FILLING_BYTES, LONGEST_FORM_BYTES, form_of

from .places import ACCOUNT, ALICE, NOW_MS, REGION, SECRET_ARN, event

SESSION = UserIdentity(
    "AssumedRole",
    "AROAEXAMPLE0000000000:one",
    f"arn:aws:sts::{ACCOUNT}:assumed-role/app/one",
    ACCOUNT,
    "ASIAEXAMPLE000000000",
    session_context=SessionContext(
        SessionIssuer("Role", "AROAEXAMPLE0000000000", f"arn:aws:iam::{ACCOUNT}:role/app", ACCOUNT, "app"),
        web_id_federation_data={},
        attributes=SessionAttributes("false", "2026-01-02T03:04:05Z"),
    ),
    invoked_by="secretsmanager.amazonaws.com",
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)
# Among them what a record itself is made of, in names and in values.
PIECES = st.sampled_from(
    [
        "requestID",
        "",
        "eventID",
        '"requestID":""',
        '","eventID":"',
        '"userIdentity":{}',
        "eventTime",
        "}",
        "{}",
    ]
)
PARAMETERS = st.recursive(
    st.one_of(TEXTS, PIECES, st.integers(-(2**53), 2**53), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(TEXTS, PIECES), inner, max_size=4)
    ),
    max_leaves=12,
)
MEMBERS = st.one_of(
    st.none(),
    st.just({"requestID": "", "eventID": "", "userIdentity": {}, "eventTime": ""}),
    st.dictionaries(st.one_of(TEXTS, PIECES), PARAMETERS, max_size=4),
)
IDS = st.text(string.ascii_lowercase + string.digits + "-", max_size=36)


@given(
    request=MEMBERS,
    made_with=MEMBERS,
    response=MEMBERS,
    additional=MEMBERS,
    facts=st.fixed_dictionaries(
        {"event_name": TEXTS, "source_ip": TEXTS, "event_source": TEXTS, "region": TEXTS},
        optional={"user_agent": TEXTS, "error_message": TEXTS, "error_code": TEXTS},
    ),
    identity=st.sampled_from([ALICE, SESSION, UserIdentity()]),
    made_by=st.sampled_from([ALICE, SESSION]),
    time_ms=st.integers(0, 4_102_444_800_000),
    ids=st.tuples(IDS, IDS),
)
def test_a_form_that_is_filled_in_is_the_record_to_the_byte(
    request: Any,
    made_with: Any,
    response: Any,
    additional: Any,
    facts: dict[str, str],
    identity: UserIdentity,
    made_by: UserIdentity,
    time_ms: int,
    ids: tuple[str, str],
) -> None:
    """Whatever an event says, and whoever the form was made for."""
    parts: dict[str, Any] = {
        **facts,
        "response_elements": response,
        "additional_event_data": additional,
        "resources": (Resource(ACCOUNT, "AWS::KMS::Key", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"),),
    }
    form = form_of(event(7, identity=made_by, request_parameters=made_with, **parts))
    assert form is not None
    request_id, event_id = ids
    now = event(
        identity=identity, event_time_ms=time_ms, request_id=request_id, request_parameters=request, **parts
    )
    parameters = encode_parameters(request)
    filled = form.fill_in(encode_identity(identity), time_ms, parameters, request_id, event_id)
    assert filled == encode_record(now, event_id)


def test_a_long_event_has_no_form() -> None:
    """Whatever is filled in: nothing of a form would have to be left out."""
    assert form_of(event(response_elements={"arn": SECRET_ARN})) is not None
    assert form_of(event(response_elements={"arn": "x" * LONGEST_FORM_BYTES})) is None


@pytest.mark.parametrize("more", [0, 1])
def test_what_is_too_long_is_not_filled_in(more: int) -> None:
    """The longest that is, in the longest form, is a record of which nothing had to be left out."""
    parts: dict[str, Any] = {"response_elements": {"arn": "x" * (LONGEST_FORM_BYTES - 700)}}
    form = form_of(event(**parts))
    assert form is not None
    identity = encode_identity(ALICE)
    room = LONGEST_FILLING_BYTES - len(identity) - len(encode_parameters({"secretId": ""}))
    sent = {"secretId": "x" * (room + more)}
    now = event(request_parameters=sent, additional_event_data=None, **parts)
    filled = form.fill_in(identity, now.event_time_ms, encode_parameters(sent), now.request_id, "1")
    assert filled == (None if more else encode_record(now, "1"))


@pytest.mark.parametrize("value", [b"a secret", 1.5, None, "\ud800", {"a": b"a secret"}], ids=repr)
def test_l03_parameters_that_no_record_holds_are_not_written(value: Any) -> None:
    """Nor are they quoted."""
    with pytest.raises(UnrecordableValue) as caught:
        encode_parameters({"a": value})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("identity", [ALICE, SESSION], ids=["user", "session"])
def test_an_identity_that_was_written_before_stands_in_the_record_as_it_is(identity: UserIdentity) -> None:
    """A record says the same, whether its identity was written before or not."""
    again = event(identity=identity, identity_json=encode_identity(identity), event_time_ms=NOW_MS)
    assert encode_record(again, "1") == encode_record(event(identity=identity, event_time_ms=NOW_MS), "1")
