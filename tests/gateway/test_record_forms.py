"""Records of reads that are filled in (decision 18): the same bytes as records that are made as a whole."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import pytest
from bench.filling import secret_name
from bench.profiling import Replies, serving
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from strongroom.audit.record import Resource, SessionIssuer, encode_record
from strongroom.audit.record_form import LONGEST_FILLING_BYTES
from strongroom.errors import Fault
from strongroom.gateway.call import Call
from strongroom.gateway.caller import Caller, Temporary
from strongroom.gateway.context import Context
from strongroom.gateway.exchange import Exchange
from strongroom.gateway.operation import Service
from strongroom.gateway.record_forms import LEARN_EVERY, LONGEST_AGENT, MOST_FORMS, RecordForms
from strongroom.gateway.recording import events_of_call
from strongroom.gateway.routing import Route
from strongroom.http_message import RawRequest
from strongroom.policy.question import Principal
from strongroom.services import kms, secretsmanager
from strongroom.services.table import SERVICES

ACCOUNT = "111122223333"
READS = [
    (service, operation, shown)
    for service, name, shown in (
        (secretsmanager.SERVICE, "GetSecretValue", ("secret_id", "version_id", "version_stage")),
        (secretsmanager.SERVICE, "DescribeSecret", ("secret_id",)),
        (kms.SERVICE, "DescribeKey", ("key_id",)),
    )
    for operation in service.operations
    if operation.name == name
]
# Among them what a record itself is made of.
TEXTS = st.one_of(
    st.text(st.characters(), max_size=40),  # lone surrogates too: nobody can record those
    st.sampled_from(
        ['","eventID":"', '"requestParameters":null', "\\", '\\"', "{}", "null", "\x00", "\u2028"]
    ),
)
CALLERS = st.builds(
    lambda name, key, is_session, tag: Caller(
        Principal("User", f"arn:aws:iam::{ACCOUNT}:user/{name}", ACCOUNT, f"AIDA{name}"),
        "AssumedRole" if is_session else "IAMUser",
        None if is_session else name,
        key,
        (),
        temporary=Temporary(
            1_700_000_000_000,
            1_800_000_000_000,
            SessionIssuer("Role", "AROAEXAMPLE", f"arn:aws:iam::{ACCOUNT}:role/{name}", ACCOUNT, name),
            source_identity=tag,
        )
        if is_session
        else None,
    ),
    st.text(st.characters(codec="utf-8"), max_size=20),
    st.sampled_from(["AKIAEXAMPLE000000000", "ASIAEXAMPLE000000000"]),
    st.booleans(),
    st.one_of(st.none(), st.text(st.characters(codec="utf-8"), max_size=20)),
)
NOBODY_ANSWERS: Any = None
AGENTS = st.one_of(
    st.sampled_from([b"", b"aws-cli/2.0"]),
    st.binary(max_size=60),
    st.integers(200, 1_400).map(lambda n: b"\xe9" * n),
)


def made_call(
    which: int = 0,
    members: Mapping[str, str] | None = None,
    *,
    caller: Caller | None = None,
    agent: bytes = b"aws-cli/2.0",
    peer: str = "192.0.2.7",
    region: str = "eu-central-1",
    now_ms: int = 1_767_323_045_678,
    resources: tuple[Resource, ...] = (),
    fault: Fault | None = None,
) -> Call:
    """Make a call that ended, as the pipeline hands it to step 8."""
    service, operation, shown = READS[which]
    given = {"secret_id": "a", "key_id": "a", **(members or {})}
    request = RawRequest(
        b"POST", b"/", b"", ((b"user-agent", agent),), b"", peer, True, str(uuid4()), {b"user-agent": agent}
    )
    who = caller or Caller(
        Principal("User", f"arn:aws:iam::{ACCOUNT}:user/a", ACCOUNT, "AIDA"), "IAMUser", "a", "AKIA", ()
    )
    call = Call(
        Exchange(request, NOBODY_ANSWERS, is_last=False),
        Route(service, operation, operation.name, "json-1.1"),
        who,
        region,
        now_ms,
    )
    call.request = operation.request(**{name: given[name] for name in shown if given.get(name) is not None})
    none: Any = None
    call.context = Context(
        who, now_ms, region, request.request_id, peer, call.user_agent, True, none, none, none
    )
    call.context.resources.extend(resources)
    call.fault = fault
    return call


def event_of(call: Call) -> Any:
    """Say what happened as step 8 does for a record that is made as a whole."""
    assert call.context is not None
    [event] = events_of_call(
        service=call.route.service,
        name=call.route.name,
        operation=call.route.operation,
        request=call.request,
        response=None,
        fault=call.fault,
        caller=call.caller,
        region=call.region,
        request_id=call.request_id,
        now_ms=call.now_ms,
        source_ip=call.exchange.request.peer,
        user_agent=call.user_agent,
        resources=call.context.resources,
    )
    return event


def learned(*calls: Call) -> RecordForms:
    """Give forms that have seen calls often enough to keep their forms."""
    forms = RecordForms()
    for call in calls:
        for _ in range(LEARN_EVERY):
            forms.learn(call, event_of(call))
    return forms


def same(forms: RecordForms, call: Call) -> bool:
    """Whether a call is filled in; then it must be the record that is made as a whole."""
    filled = forms.fill_in(call)
    if filled is None:
        return False
    assert filled == encode_record(event_of(call), json.loads(filled)["eventID"])
    return True


@given(data=st.data(), which=st.integers(0, len(READS) - 1), agent=AGENTS, learner=CALLERS, caller=CALLERS)
def test_l03_a_record_that_is_filled_in_is_the_one_that_is_made_as_a_whole(
    data: st.DataObject, which: int, agent: bytes, learner: Caller, caller: Caller
) -> None:
    """To the byte, whoever calls with what, and whoever's call the form was made of."""
    place = st.sampled_from(["127.0.0.1", "192.0.2.7", "2001:db8::1"])
    where: dict[str, Any] = {
        "agent": agent,
        "peer": data.draw(place),
        "region": data.draw(st.sampled_from(["us-east-1", "eu-central-1"])),
    }
    members = st.fixed_dictionaries(
        {"secret_id": TEXTS, "key_id": TEXTS},
        optional={"version_id": TEXTS, "version_stage": TEXTS},
    )
    forms = learned(made_call(which, caller=learner, **where))
    assert len(forms) == (len(agent) <= LONGEST_AGENT)
    for _ in range(3):
        shown = data.draw(members)
        call = made_call(
            which, shown, caller=caller, now_ms=data.draw(st.integers(0, 4_102_444_800_000)), **where
        )
        try:
            "".join(text for text in shown.values() if text in vars_of(call)).encode()
        except UnicodeEncodeError:
            assert not same(forms, call)
        else:
            assert same(forms, call) is (len(agent) <= LONGEST_AGENT)


def vars_of(call: Call) -> list[Any]:
    """Give the members of a request."""
    return [getattr(call.request, name) for name in call.request.__struct_fields__]


def from_source(name: str) -> Call:
    """Make a call of the same operation in a service that records name otherwise."""
    call = made_call()
    service = replace(call.route.service, event_source=name)
    call.route = Route(service, call.route.operation, call.route.name, "json-1.1")
    return call


OTHERS: dict[str, Callable[[], Call]] = {
    "operation": lambda: made_call(1),
    "service": lambda: made_call(2),
    "agent": lambda: made_call(agent=b"aws-cli/2.1"),
    "address": lambda: made_call(peer="192.0.2.8"),
    "region": lambda: made_call(region="us-east-1"),
    "account": lambda: made_call(
        caller=Caller(
            Principal("User", "arn:aws:iam::444455556666:user/a", "444455556666"), "IAMUser", "a", "AKIA", ()
        )
    ),
    "failure": lambda: made_call(fault=Fault("ResourceNotFoundException", "There is none.")),
    "denial": lambda: made_call(fault=Fault("AccessDeniedException", "You may not.")),
    "resource": lambda: made_call(resources=(Resource(ACCOUNT, "AWS::KMS::Key", "arn:aws:kms:x:y:key/z"),)),
    "source": lambda: from_source("elsewhere.amazonaws.com"),
    "half a character": lambda: made_call(members={"secret_id": "\ud800"}),
    "length": lambda: made_call(members={"secret_id": "x" * LONGEST_FILLING_BYTES}),
}


@pytest.mark.parametrize("other", OTHERS)
def test_l03_a_form_serves_no_call_that_differs_in_what_it_holds(other: str) -> None:
    """Such a call is recorded as a whole; one like the form's is filled in."""
    forms = learned(made_call())
    assert same(forms, made_call())
    assert not same(forms, OTHERS[other]())


def test_forms_of_several_operations_are_kept_side_by_side() -> None:
    """A client that alternates between them profits all the same."""
    calls = [made_call(which) for which in range(len(READS))]
    forms = learned(*calls)
    assert len(forms) == len(calls)
    assert all(same(forms, call) for call in calls)


@pytest.mark.parametrize("other", ["failure", "denial", "resource"])
def test_what_is_no_plain_success_makes_no_form(other: str) -> None:
    """Errors and resources stand outside the holes."""
    assert len(learned(OTHERS[other]())) == 0


def test_a_form_is_of_one_operation_as_it_is_declared() -> None:
    """One of the same name that says something else of itself is recorded as a whole."""
    forms = learned(made_call())
    call = made_call()
    assert call.route.operation is not None
    changed = replace(call.route.operation, is_read_only=False)
    call.route = Route(call.route.service, changed, call.route.name, "json-1.1")
    assert not same(forms, call)


def test_an_operation_whose_records_show_a_response_has_no_form() -> None:
    """What a response shows differs from call to call."""
    call = made_call()
    assert call.route.operation is not None
    showing = replace(call.route.operation, recorded_response=lambda _: {"a": "b"})
    call.route = Route(call.route.service, showing, call.route.name, "json-1.1")
    assert len(learned(call)) == 0


def test_the_number_of_forms_is_bounded_and_not_every_call_makes_one() -> None:
    """Clients that look different each time fill nothing but the room that there is."""
    forms = RecordForms()
    for number in range(LEARN_EVERY * (MOST_FORMS + 3)):
        call = made_call(peer=f"2001:db8::{number:x}")
        forms.learn(call, event_of(call))
        assert len(forms) <= min(MOST_FORMS, number // LEARN_EVERY + 1)
    assert 0 < len(forms) < MOST_FORMS


def test_names_of_services_in_records_are_their_own() -> None:
    """A form is found by the event source and the operation's name, among others."""

    def sources(services: list[Service]) -> list[str]:
        return [service.event_source for service in services]

    assert len(set(sources(list(SERVICES)))) == len(list(SERVICES))


def test_l02_a_worker_fills_in_the_records_of_reads_like_those_before() -> None:
    """Each of them durable, and with an id of its own."""
    with serving() as (worker, signer):
        replies = Replies(worker.loop)
        forms: RecordForms = worker.pipeline.steps._forms

        async def read(number: int) -> None:
            wire = signer.secretsmanager("GetSecretValue", {"SecretId": secret_name(number)})
            head, _, body = wire.partition(b"\r\n\r\n")
            lines = [line.partition(b": ") for line in head.split(b"\r\n")[1:]]
            headers = tuple((name.lower(), value) for name, _, value in lines)
            request = RawRequest(b"POST", b"/", b"", headers, body, "127.0.0.1", False, str(uuid4()))
            done = replies.expect(1)
            worker.pipeline.handle_batch([Exchange(request, replies, is_last=False)])
            await asyncio.wait_for(done, 60)

        before = worker.journal.records
        for number in range(20):
            worker.loop.run_until_complete(read(number))
        assert worker.journal.records == before + 20
        assert forms.filled == 19
