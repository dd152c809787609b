"""A request whose head is like one before fares exactly as one that is read from the beginning (decision 17)."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.gateway.framing import Refusal
from strongroom.gateway.head_forms import LONGEST_HEAD_BYTES, MOST_FORMS, MOST_LAYOUTS
from strongroom.gateway.routing import Route, Router
from strongroom.http_message import Header
from strongroom.sigv4.claim_form import MOST_MOMENTS, Moment
from tests.gateway.client_heads import (
    BOTO,
    FORM,
    JAVASCRIPT,
    MAX_BODY_BYTES,
    SESSION,
    STAMPS,
    TOKEN,
    ClientRequest,
    Judge,
    Outcome,
)
from tests.sigv4.signing import REGION, STAMP_MS
from tests.support.scale import rounds

CLIENTS = {"boto3": BOTO, "a session": SESSION, "javascript": JAVASCRIPT}
ANY_CLIENT = pytest.mark.parametrize("client", CLIENTS.values(), ids=list(CLIENTS))
LATER: dict[str, Any] = {"stamp": STAMPS[1], "invocation": b"b" * 36, "body": b'{"SecretId":"prod/xy"}'}


Case = tuple[ClientRequest, tuple[bytes, bytes]]


def changed(head: bytes, old: bytes, new: bytes) -> bytes:
    """Put something else, of the same length, in one place of a head."""
    assert len(old) == len(new)
    assert head.count(old) == 1
    return head.replace(old, new)


def fares_alike(judge: Judge, head: bytes, body: bytes) -> Outcome:
    """Judge a request in every way, compare, and give what became of it."""
    by_form = judge.by_form(head, body)
    assert by_form == judge.in_full(head, body)
    reused = judge.heads.reused
    assert by_form == judge.in_pieces(head, body)
    judge.heads.reused = reused
    return by_form


@ANY_CLIENT
def test_the_next_request_of_a_client_is_not_parsed_and_let_in(client: ClientRequest) -> None:
    """Another date, id, body and signature: the same head and caller as when it is read in full."""
    judge = Judge()
    judge.learn(client)
    for number in range(5):
        reused, recognised = judge.heads.reused, judge.authenticator.recognised
        later = replace(client, **LATER | {"body": b'{"SecretId":"prod/%02d"}' % number})
        assert fares_alike(judge, *later.write())[-2] == "let in"
        assert judge.heads.reused == reused + 1
        assert judge.authenticator.recognised == recognised + 4  # both ways by form, and each of them twice
    assert len(judge.heads) == 1


@ANY_CLIENT
@pytest.mark.parametrize(
    "byte", [b"\0", b"\t", b"\n", b"\r", b" ", b"%", b":", b"A", b"a", b"0", b"~", b"\x7f", b"\xff"]
)
def test_s01_another_byte_anywhere_in_the_head_changes_what_it_would_change(
    client: ClientRequest, byte: bytes
) -> None:
    """Each place in turn: outside the values the head is parsed, inside them it is judged by the value."""
    judge = Judge()
    judge.learn(client)
    head, body = replace(client, **LATER).write()
    let_in = 0
    for at in range(len(head) - 4):
        other = head[:at] + byte + head[at + 1 :]
        if b"\r\n\r\n" not in other[:-4]:  # else the edge would cut the head there
            let_in += fares_alike(judge, other, body)[-2] == "let in"
    # What is not signed may be another: the agent, ids and the blanks after a colon.
    assert let_in < len(head) // 2


SMUGGLED = {
    "another header": b"1\r\nX-Amz-Target: a.B\r\nX: 12345678",
    "a second length": b"1\r\nContent-Length: 9\r\nX: 123456789",
    "a folded line": b"12345678\r\n 123456789012345678901234",
    "an LF": b"123456789\n12345678901234567890123456",
    "a NUL": b"123456789\x0012345678901234567890123456",
    "blanks around": b" 3456789012345678901234567890123456 ",
    "a high byte": b"123456789\xe912345678901234567890123456",
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_s10_nothing_is_smuggled_inside_a_value(name: str) -> None:
    """What stands where an id stood before is read for what it is."""
    judge = Judge()
    judge.learn(BOTO)
    reused = judge.heads.reused
    head, body = BOTO.write()
    fares_alike(judge, changed(head, BOTO.invocation, SMUGGLED[name].ljust(36, b"x")[:36]), body)
    assert judge.heads.reused == reused


@pytest.mark.parametrize("length", [b"+1", b"1 ", b" 1", b"0x", b"1_", b"1,", b"-1", b"\xb2\xb3"])
def test_s10_the_length_of_the_body_is_read_anew(length: bytes) -> None:
    """A Content-Length that is none is refused, or read, as ever."""
    judge = Judge()
    judge.learn(BOTO)
    head, body = BOTO.write()
    fares_alike(judge, changed(head, b"Content-Length: 22", b"Content-Length: " + length), body)


def test_s10_other_digits_are_another_length() -> None:
    """The head says how long its own body is, not that of the request before."""
    judge = Judge()
    judge.learn(BOTO)
    reused = judge.heads.reused
    head, body = replace(BOTO, body=b'{"SecretId":"prod/db-main/others"}').write()
    assert fares_alike(judge, head, body)[0][5] == len(body) == len(BOTO.body) + 12
    assert judge.heads.reused == reused + 1


def test_j06_a_body_beyond_the_limit_is_refused_from_its_length() -> None:
    """With as many digits as one before that was not."""
    judge = Judge()
    judge.learn(replace(BOTO, body=b"x" * 12_345))
    reused = judge.heads.reused
    head, body = replace(BOTO, body=b"x" * (MAX_BODY_BYTES + 1)).write()
    assert fares_alike(judge, head, body) == ("refused", Refusal.BODY_TOO_LARGE)
    assert judge.heads.reused == reused


def asked(client: ClientRequest, **other: Any) -> Case:
    """Let a client sign another request than before."""
    return client, replace(client, **other).write()


def spoilt(client: ClientRequest, old: bytes, new: bytes) -> Case:
    """Change a head after it was signed."""
    head, body = client.write()
    return client, (changed(head, old, new), body)


def signed(client: ClientRequest, change: Callable[[bytes], bytes]) -> Case:
    """Change a signature."""
    head, body = client.write()
    at = head.index(b"Signature=") + 10
    return client, (head[:at] + change(head[at : at + 64]) + head[at + 64 :], body)


DATED = b"X-Amz-Date: 20261123T101500Z"
REFUSED = {
    "another body": (BOTO, (BOTO.write()[0], BOTO.body[::-1])),
    "another date than the signed": spoilt(BOTO, DATED, b"X-Amz-Date: 20261123T101501Z"),
    "no hour": spoilt(BOTO, DATED, b"X-Amz-Date: 20261123T251500Z"),
    "a date of another form": spoilt(BOTO, DATED, b"X-Amz-Date: 2026-11-23T10:15"),
    "too early": asked(BOTO, stamp=STAMPS[3]),
    "too late": asked(BOTO, stamp=STAMPS[4]),
    "the next day": asked(BOTO, stamp="20261124T101500Z"),
    "a signature in capitals": signed(JAVASCRIPT, bytes.upper),
    "a signature with a comma": signed(BOTO, lambda text: b"," + text[1:]),
    "another signature": signed(BOTO, lambda text: text[1:] + text[:1]),
    "another token": asked(SESSION, token=TOKEN[::-1]),
    "a token that was not signed": spoilt(SESSION, TOKEN.encode(), TOKEN[::-1].encode()),
    "a hash of another body": asked(JAVASCRIPT, content_hash=hashlib.sha256(b"").hexdigest().encode()),
    "no hash": asked(JAVASCRIPT, content_hash=b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD".ljust(64, b"-")),
    "another target": spoilt(BOTO, b"GetSecretValue", b"PutSecretValue"),
    "another credential": spoilt(BOTO, b"AKIAIOSFODNN7EXAMPLE", b"AKIAIOSFODNN7EXAMPLF"),
    "another scope": spoilt(BOTO, b"eu-central-1", b"eu-central-2"),
    "another path": spoilt(BOTO, b"POST / HTTP/1.1", b"POST ? HTTP/1.1"),
    "another version": spoilt(BOTO, b"POST / HTTP/1.1", b"POST / HTTP/1.2"),
    "another method": spoilt(BOTO, b"POST / HTTP/1.1", b"HEAD / HTTP/1.1"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_s02_to_s08_each_rule_holds_for_a_head_like_one_before(name: str) -> None:
    """What must refuse a request refuses it with the same code and words."""
    client, (head, body) = REFUSED[name]
    judge = Judge()
    judge.learn(client)
    assert fares_alike(judge, head, body)[-2] != "let in"


def test_s09_a_key_that_is_revoked_and_a_region_that_is_gone_refuse_the_next_request() -> None:
    """Nothing that the store says is kept."""
    judge = Judge()
    judge.learn(BOTO)
    judge.regions = ("eu-north-1",)
    assert fares_alike(judge, *BOTO.write())[-2] == "InvalidSignatureException"
    judge.regions = ("eu-central-1",)
    judge.credentials.credential = None
    assert fares_alike(judge, *BOTO.write())[-2] == "UnrecognizedClientException"


def test_s09_what_was_found_holds_until_a_commit_and_for_the_same_rows() -> None:
    """Threads have rows of their own, whose caches count on their own."""
    judge = Judge()
    judge.learn(BOTO)
    here, there = [SimpleNamespace(cache=SimpleNamespace(state=1)) for _ in range(2)]
    judge.store = here
    assert judge.by_form(*BOTO.write())[-2] == "let in"
    judge.credentials.credential = None
    judge.store = there
    assert judge.by_form(*BOTO.write())[-2] == "UnrecognizedClientException"
    judge.store = here
    here.cache.state += 1
    assert judge.by_form(*BOTO.write())[-2] == "UnrecognizedClientException"


@pytest.mark.parametrize("client", [BOTO, JAVASCRIPT], ids=["boto3", "javascript"])
def test_s08_nobody_is_let_in_by_the_secret_that_unknown_keys_are_verified_with(
    client: ClientRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who knows our source knows that secret."""
    judge = Judge()
    judge.learn(client)
    judge.credentials.credential = None
    monkeypatch.setattr("tests.sigv4.signing.SECRET", b"0" * 40)
    assert fares_alike(judge, *client.write())[-2] == "UnrecognizedClientException"


def test_x02_no_body_is_kept() -> None:
    """Neither where it was let in nor where it was not: it may hold a secret."""
    judge = Judge()
    judge.learn(BOTO)
    stored = b'{"SecretId":"a","SecretString":"correct horse battery"}'
    assert fares_alike(judge, *replace(BOTO, body=stored).write())[-2] == "let in"
    assert fares_alike(judge, BOTO.write()[0], stored[: len(BOTO.body)])[-2] != "let in"
    for place in (judge.authenticator, judge.heads):
        assert not any(isinstance(one, bytes) and b"horse" in one for one in reachable(place))


def test_s07_the_same_request_is_refused_when_its_time_is_over() -> None:
    """A form does not keep a signature fresh."""
    judge = Judge()
    judge.learn(BOTO)
    judge.now_ms = STAMP_MS + 300_001
    assert fares_alike(judge, *BOTO.write())[-2] == "InvalidSignatureException"


def test_heads_of_one_length_whose_values_lie_elsewhere_do_not_disturb_each_other() -> None:
    """The same headers in another order."""
    judge = Judge()
    swapped = replace(
        BOTO, constant=(*BOTO.constant[:5], BOTO.constant[7], *BOTO.constant[5:7], *BOTO.constant[8:])
    )
    judge.learn(BOTO, swapped)
    reused = judge.heads.reused
    for client in (BOTO, swapped, BOTO, swapped):
        assert fares_alike(judge, *replace(client, **LATER).write())[-2] == "let in"
    assert judge.heads.reused == reused + 4


def test_s11_no_form_is_made_of_what_was_not_let_in() -> None:
    """Without a true signature nothing is kept, however often it comes."""
    judge = Judge()
    head, body = BOTO.write()
    for _ in range(50):
        assert judge.by_form(head, body + b" ")[-2] == "InvalidSignatureException"
    assert len(judge.heads) == 0


def with_headers(*headers: Header) -> ClientRequest:
    """Let boto3 send further headers, which it does not sign."""
    names = {name.lower() for name, _ in headers}
    return replace(BOTO, constant=(*BOTO.constant, *headers), unsigned=BOTO.unsigned | names)


UNKEPT = {
    "a long head": with_headers((b"X-Long", b"x" * LONGEST_HEAD_BYTES)),
    "a repeated name": with_headers((b"X-A", b"1"), (b"x-a", b"2")),
    "a large body": replace(BOTO, body=b"x" * 70_000),
    "a query": replace(BOTO, query=b"a=b"),
    "a signature that does not stand last": replace(BOTO, is_turned=True),
}


@pytest.mark.parametrize("name", UNKEPT)
def test_no_form_is_made_of_an_unusual_request(name: str) -> None:
    """It is read in full each time."""
    judge = Judge()
    for _ in range(20):
        assert fares_alike(judge, *UNKEPT[name].write())[-2] == "let in"
    assert len(judge.heads) == 0


def test_the_forms_and_layouts_that_are_kept_are_bounded() -> None:
    """However many clients come, and wherever their values lie."""
    judge = Judge()
    for number in range(8 * MOST_FORMS):
        agent = (b"User-Agent", b"%04d" % number)
        judge.by_form(*replace(BOTO, constant=(*BOTO.constant[:4], agent, *BOTO.constant[5:])).write())
        assert len(judge.heads) <= MOST_FORMS
    assert len(judge.heads) > 0
    judge = Judge()
    padding = 2 * MOST_LAYOUTS
    for before in range(padding):
        paddings = (b"X-A", b"a" * (before + 1)), (b"X-B", b"b" * (padding - before))
        constant = (paddings[0], *BOTO.constant, paddings[1])
        judge.learn(replace(BOTO, constant=constant, unsigned=BOTO.unsigned | {b"x-a", b"x-b"}))
        assert len(judge.heads) <= MOST_LAYOUTS


def test_x02_a_form_holds_no_token_and_no_signature() -> None:
    """All that can be reached from the forms is looked through."""
    judge = Judge()
    head, _ = SESSION.write()
    judge.learn(SESSION)
    at = head.index(b"Signature=") + 10
    secrets = [TOKEN.encode(), head[at : at + 64]]
    seen = reachable(judge.heads._layouts)
    for one in seen:
        text = one.encode() if isinstance(one, str) else one
        if isinstance(text, bytes):
            assert not any(secret in text for secret in secrets)
    assert any(one == b"127.0.0.1:7327" for one in seen)  # it did look inside
    # A digest that was begun over a token would hold the last bytes of it.
    assert [moment.canonical for moment in seen if isinstance(moment, Moment)] == [None]


def reachable(start: object) -> list[object]:
    """Give all that can be reached from an object, but for the services and their operations."""
    seen: dict[int, object] = {}
    waiting = [start]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type | ModuleType | Router | Route):
            continue  # all of the program hangs on those
        seen[id(one)] = one
        waiting += gc.get_referents(one)
        slots = [getattr(one, name, None) for name in getattr(type(one), "__struct_fields__", ())]
        waiting += slots  # of values that the collector does not know
    return list(seen.values())


@ANY_CLIENT
def test_what_hangs_on_a_date_is_kept_for_a_few_dates(client: ClientRequest) -> None:
    """Requests of many seconds, mixed, are let in; each with the signature of its own second."""
    judge = Judge()
    judge.learn(client)
    reused = judge.heads.reused
    stamps = [f"20261123T1015{second:02}Z" for second in range(3 * MOST_MOMENTS)]
    for number, stamp in enumerate([*stamps, *stamps[::-1], *stamps]):
        asks = replace(client, stamp=stamp, body=b'{"SecretId":"prod/%02d"}' % (number % 100))
        assert fares_alike(judge, *asks.write())[-2] == "let in"
        other = replace(client, stamp=stamps[number // 2 % len(stamps)]).write()[0]
        at, there = asks.write()[0].index(b"Signature=") + 10, other.index(b"Signature=") + 10
        forged = asks.write()[0]
        forged = forged[:at] + other[there : there + 64] + forged[at + 64 :]
        assert fares_alike(judge, forged, asks.body)[-2] == "InvalidSignatureException"
    assert judge.heads.reused > reused + len(stamps)
    assert 1 < sum(isinstance(one, Moment) for one in reachable(judge.heads._layouts)) <= MOST_MOMENTS


def test_s06_a_head_that_was_let_in_for_one_service_does_not_open_another() -> None:
    """In the query protocol the body says which service it is, and heads are the same for all."""
    judge = Judge()
    judge.regions = ("us-east-1", REGION)
    judge.learn(FORM)
    assert fares_alike(judge, *FORM.write())[-2] == "let in"
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    sts = replace(FORM, body=body)  # signed for iam
    assert len(b"%d" % len(body)) == len(b"%d" % len(FORM.body))
    assert fares_alike(judge, *sts.write())[-2] == "SignatureDoesNotMatch"


@st.composite
def requests(draw: st.DrawFn) -> tuple[ClientRequest, ClientRequest]:
    """Draw a client and a later request of it."""
    client = draw(st.sampled_from(list(CLIENTS.values())))
    constant = draw(st.permutations(client.constant))
    text = st.binary(min_size=1, max_size=12).filter(
        lambda value: value.isascii() and value.decode().isprintable()
    )
    if draw(st.booleans()):
        constant.append((b"X-Other", draw(text).strip() or b"x"))
    unsigned = client.unsigned | draw(
        st.sampled_from([frozenset(), frozenset([b"x-other"]), frozenset([b"host"])])
    )
    first = replace(client, constant=tuple(constant), unsigned=unsigned)
    later = replace(
        first,
        stamp=draw(st.sampled_from(STAMPS)),
        invocation=draw(st.sampled_from([b"c" * 36, b"%b" * 18])),
        body=draw(st.sampled_from([first.body, b"{}", b"%b" * 11, b"x" * 22])),
        token=draw(st.sampled_from([TOKEN, TOKEN, TOKEN[::-1]])),
    )
    return first, later


JUNK = [b"\r\n", b"\r\nX: y", b"\n", b"\0", b" ", b"\t", b":", b",", b"%", b"=", b"0", b"f", b"F", b"\xe9"]
SPOILT = st.tuples(
    st.floats(0, 1, exclude_max=True), st.sampled_from(JUNK) | st.binary(min_size=1, max_size=4)
)


@pytest.mark.soak
@settings(max_examples=rounds(400, 20_000), deadline=None)
@given(requests(), st.lists(SPOILT, max_size=3), st.booleans())
def test_s01_s10_random_requests_fare_alike(
    pair: tuple[ClientRequest, ClientRequest], places: list[tuple[float, bytes]], is_other_body: bool
) -> None:
    """After a first request of a client, any later one, spoilt in any place, gives one outcome both ways."""
    first, later = pair
    judge = Judge()
    for _ in range(2):
        fares_alike(judge, *first.write())
    head, body = later.write()
    for place, junk in places:
        at = int(place * (len(head) - 4 - len(junk)))
        head = head[:at] + junk + head[at + len(junk) :]
    if b"\r\n\r\n" not in head[:-4]:
        fares_alike(judge, head, body + b" " if is_other_body else body)
