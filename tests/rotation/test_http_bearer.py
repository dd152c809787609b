"""Rotation of bearer tokens, against a provider over HTTP: crashes at every boundary, lost answers, interference.

Tried by hand: without the durable intent one of these fails; so does one without the probe that follows a revocation
whose answer was lost or an error, before the new token is asked for or after it is in use.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from strongroom.egress import fetch
from strongroom.services.secretsmanager.model import AWSCURRENT, AWSPENDING, AWSPREVIOUS
from tests.rotation.stand import ACCOUNT, REGION, Stand
from tests.support.scale import rounds
from tests.support.token_provider import CALL, ISSUE, REVOKE, TokenProvider

FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:SecretsManagerHTTPBearerTokenRotation"
KINDS = ("one", "several", "replaces")
pytestmark = pytest.mark.soak  # where every kind and boundary is gone through
OFTEN = KINDS[: rounds(2, 3)]
"""For tests of many boundaries: the third kind is as the second there, and tried in soak."""


@pytest.fixture
def provider(request: pytest.FixtureRequest) -> Iterator[TokenProvider]:
    """A provider, of the kind that the test names."""
    made = TokenProvider(getattr(request, "param", "one"))
    yield made
    made.close()


both_kinds = pytest.mark.parametrize("provider", OFTEN, indirect=True)
every_kind = pytest.mark.parametrize("provider", KINDS, indirect=True)


class Token:
    """A secret with a token, and the secret with the key pair."""

    def __init__(self, stand: Stand, provider: TokenProvider, **members: Any) -> None:
        self.stand, self.provider = stand, provider
        key = stand.add(provider.key_secret(**members))
        self.masterarn = stand.secret(key).arn
        self.first = provider.issue()
        self.secret_id = stand.add(
            self.document(self.first), function=FUNCTION, administrators=(self.masterarn,)
        )

    def document(self, token: str, **members: Any) -> dict[str, Any]:
        """Write the JSON of the token's secret."""
        return {
            "token_type": "bearer",
            "access_token": token,
            "masterarn": self.masterarn,
            "team": "news",
            **members,
        }

    def current(self) -> str:
        """Read the token under AWSCURRENT."""
        value = self.stand.value(self.secret_id)
        assert value is not None
        return str(value["access_token"])

    def cause(self) -> str:
        """Read why it does not go on."""
        return self.stand.row(self.secret_id).work.cause

    def assert_rotated(self) -> None:
        """The new token is current and accepted, the old one is refused, and the history says so."""
        value = self.stand.value(self.secret_id)
        assert value == self.document(self.current())
        assert self.current() != self.first
        assert self.provider.live >= {self.current()}
        assert self.first not in self.provider.live
        assert self.stand.row(self.secret_id).work.token == ""
        assert AWSPENDING not in self.stand.secret(self.secret_id).labels
        last = self.stand.history(self.secret_id)[-1]
        assert last.outcome == "succeeded"
        facts = {"new_worked_before_promotion", "new_works_after", "old_refused_after"}
        assert {name: last.facts.get(name) for name in facts} == dict.fromkeys(facts, "yes")
        assert not any(f"token-{number}" in str(last) for number in range(9))
        assert self.provider.secret not in str(last)


@pytest.fixture
def token(stand: Stand, provider: TokenProvider) -> Token:
    """A token that is to be rotated."""
    return Token(stand, provider)


@every_kind
def test_a_rotation(token: Token) -> None:
    """Whatever the provider holds: one token, several, or always the last one; other members stay."""
    token.stand.begin(token.secret_id)
    token.stand.run(token.secret_id)
    token.assert_rotated()
    assert token.provider.live == {token.current()}
    assert token.stand.versions(token.secret_id) == 2
    last = token.stand.history(token.secret_id)[-1]
    assert ("no_token_worked_for_ms" in last.facts) == (token.provider.kind == "one")
    assert last.facts["server"] == f"127.0.0.1:{token.provider.port}"


@every_kind
def test_the_old_token_works_until_the_new_one_is_current(token: Token) -> None:
    """With room for two there is no moment in which AWSCURRENT is refused."""
    seen: list[tuple[str, bool, bool]] = []

    def hook(name: str) -> None:
        value = token.stand.value(token.secret_id)
        assert value is not None
        pending = token.stand.value(token.secret_id, AWSPENDING)
        is_pending_live = pending is not None and pending["access_token"] in token.provider.live
        seen.append((name, value["access_token"] in token.provider.live, is_pending_live))

    token.stand.begin(token.secret_id)
    token.stand.hook = hook
    token.stand.run(token.secret_id)
    assert any(name == "confirming" for name, _, _ in seen)
    if token.provider.kind == "several":
        assert all(is_current_live for _, is_current_live, _ in seen)
    if token.provider.kind == "one":
        dead = [
            name
            for name, is_current_live, is_pending_live in seen
            if not (is_current_live or is_pending_live)
        ]
        assert dead == ["revoked first", "issued"], "only between revoking and storing"


@both_kinds
@pytest.mark.parametrize("boundary", range(0, 15, rounds(2, 1)))
def test_r03_a_crash_at_every_boundary(token: Token, boundary: int) -> None:
    """Wherever the process ends, the next one adopts or obtains a token, and ends the rotation well."""
    stand = token.stand
    stand.begin(token.secret_id)
    crashed = stand.run_until_crash(token.secret_id, boundary)
    if crashed:
        stand.run(token.secret_id)
    token.assert_rotated()
    if token.provider.kind != "several":
        assert token.provider.live == {token.current()}
    assert stand.versions(token.secret_id) == 2
    if boundary == 14:
        assert not crashed, "there are more boundaries than are tried"


@every_kind
def test_with_idempotency_keys_a_crash_leaves_no_token_behind(token: Token) -> None:
    """The token whose answer was lost is given again, and adopted."""
    token.provider.knows_keys = True
    token.provider.fails_next[ISSUE].append("lose")
    token.stand.begin(token.secret_id)
    token.stand.run(token.secret_id)
    token.assert_rotated()
    assert token.provider.live == {token.current()}
    assert token.stand.history(token.secret_id)[-1].facts["answers_lost"] == "1"


@both_kinds
@pytest.mark.parametrize("path", [ISSUE, REVOKE])
@pytest.mark.parametrize("plan", ["lose", "drop", "act 500", "503", "429"])
@pytest.mark.parametrize("nth", [0, 1])
def test_an_answer_is_lost_or_refused(token: Token, path: str, plan: str, nth: int) -> None:
    """Whether the provider acted is found out by asking and by using tokens, never assumed."""
    planned = token.provider.fails_next[path]
    planned.extend([""] * nth + [plan])
    token.stand.begin(token.secret_id)
    for _ in range(3):
        token.stand.run(token.secret_id)
        if not token.stand.row(token.secret_id).work.token:
            break
    token.assert_rotated()
    if token.provider.kind == "one" and not (path == REVOKE and nth):
        assert not planned, "the fault was met"
    assert token.stand.versions(token.secret_id) == 2


@both_kinds
@pytest.mark.parametrize("plan", ["lose", "act 500"])
def test_a_revocation_that_was_done_is_known_by_a_probe(token: Token, plan: str) -> None:
    """Whatever its answer was: the rotation goes on in the same attempt, while no token may be accepted."""
    token.provider.fails_next[REVOKE].append(plan)
    token.stand.begin(token.secret_id)
    token.stand.run(token.secret_id)
    token.assert_rotated()
    assert not token.provider.fails_next[REVOKE], "the fault was met"
    assert [entry.outcome for entry in token.stand.history(token.secret_id)] == ["succeeded"]


@pytest.mark.parametrize("path", [ISSUE, REVOKE])
def test_a_provider_that_hangs_after_it_acted(
    token: Token, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is cut off, and asked again."""
    monkeypatch.setattr(fetch, "TOTAL_S", 1.5)
    token.provider.fails_next[path].append("hang")
    token.stand.begin(token.secret_id)
    for _ in range(2):
        token.stand.run(token.secret_id)
    token.assert_rotated()


@pytest.mark.parametrize("path", [ISSUE, CALL])
def test_retry_after_is_kept_to(token: Token, path: str) -> None:
    """The provider is left alone for as long as it asks; nothing was changed."""
    token.provider.retry_after = "90"
    token.provider.fails_next[path].append("429")
    token.stand.begin(token.secret_id)
    token.stand.run(token.secret_id)
    due_ms = token.stand.row(token.secret_id).due_ms
    assert due_ms is not None
    assert 85_000 < due_ms - token.stand.keys.clock() <= 90_000
    assert "status 429" in token.cause()
    assert token.provider.live == {token.first}
    token.stand.run(token.secret_id)
    token.assert_rotated()


@every_kind
def test_a_wrong_key_changes_nothing(token: Token) -> None:
    """The token that is there goes on working; the cause names the status, no value and no body."""
    old, token.provider.secret = token.provider.secret, "another"
    token.stand.begin(token.secret_id)
    token.stand.run(token.secret_id)
    assert token.cause() == "the credentials were refused: token_url answered with status 401"
    assert token.provider.live == {token.first}
    assert token.current() == token.first
    token.provider.secret = old
    token.stand.run(token.secret_id)
    token.assert_rotated()


def test_a_provider_that_is_down_is_not_asked_for_a_token(token: Token) -> None:
    """Where nothing is known of the current token, nothing is begun."""
    token.provider.fails_next[CALL].append("503")
    token.stand.begin(token.secret_id)
    token.stand.run(token.secret_id)
    assert token.provider.asked[ISSUE] == 0
    assert token.stand.row(token.secret_id).work.state == "planned"


def test_a_token_that_was_revoked_by_somebody_is_replaced(token: Token) -> None:
    """The key pair can always get another one."""
    token.provider.revoke(token.first)
    token.stand.begin(token.secret_id)
    token.stand.run(token.secret_id)
    token.assert_rotated()


def test_a_secret_without_a_token_gets_its_first_one(stand: Stand, provider: TokenProvider) -> None:
    """It holds masterarn only."""
    token = Token(stand, provider)
    provider.revoke(token.first)
    stand.put(token.secret_id, {"masterarn": token.masterarn})
    stand.begin(token.secret_id)
    stand.run(token.secret_id)
    assert stand.value(token.secret_id) == {
        "masterarn": token.masterarn,
        "token_type": "bearer",
        "access_token": token.current(),
    }
    assert provider.live == {token.current()}


def test_without_a_revoke_url_the_history_says_that_the_old_token_lives(
    stand: Stand, provider: TokenProvider
) -> None:
    """A provider with several tokens is rotated all the same; one with one token cannot be."""
    provider.kind = "several"
    token = Token(stand, provider, revoke_url=None)
    stand.begin(token.secret_id)
    stand.run(token.secret_id)
    assert stand.history(token.secret_id)[-1].facts["old_refused_after"] == "no"
    assert token.first in provider.live
    provider.kind, provider.live = "one", {token.current()}
    stand.begin(token.secret_id)
    stand.run(token.secret_id)
    assert "no revoke_url" in token.cause()
    assert provider.live == {token.current()}


def test_a_token_that_is_refused_from_the_start_is_given_up(token: Token) -> None:
    """A version never gets a second value: the rotation goes on with another one, and is held in the end."""
    token.provider.kind = "several"
    stand, bad = token.stand, 0

    def spoil(name: str) -> None:
        nonlocal bad
        if name == "issued" and bad < 1:
            bad += 1
            token.provider.live -= {f"AAAA%2Ftoken-{token.provider.issued}"}

    first = stand.begin(token.secret_id)
    stand.hook = spoil
    for _ in range(6):
        stand.run(token.secret_id)
        assert token.current() in token.provider.live
        if not stand.row(token.secret_id).work.token:
            break
    token.assert_rotated()
    assert stand.secret(token.secret_id).labels[AWSCURRENT] != first
    assert "renewed" in [entry.outcome for entry in stand.history(token.secret_id)]


def test_when_every_token_is_refused_the_rotation_is_held(token: Token) -> None:
    """It does not go on issuing tokens for ever."""
    token.provider.kind = "several"
    stand = token.stand
    stand.begin(token.secret_id)
    stand.hook = lambda name: token.provider.live.clear() if name == "issued" else None
    for _ in range(20):
        stand.run(token.secret_id)
    assert stand.row(token.secret_id).work.is_held
    assert token.provider.issued <= 4


def test_an_old_token_that_cannot_be_revoked_is_tried_again(token: Token) -> None:
    """The new one is in use meanwhile; the rotation ends when the old one is refused."""
    token.provider.kind = "several"
    token.provider.fails_next[REVOKE].extend(["503", "503", "drop"])
    token.stand.begin(token.secret_id)
    for number in range(4):
        token.stand.run(token.secret_id)
        assert token.current() != token.first
        assert (token.stand.row(token.secret_id).work.token == "") == (number == 3)
    token.assert_rotated()


@both_kinds
@pytest.mark.parametrize(
    "boundary", ["planned-pending", "intended", "issued", "probed", "committed-promoted"]
)
@pytest.mark.parametrize("works", [True, False])
def test_a_value_put_by_hand_wins(token: Token, boundary: str, works: bool) -> None:
    """Where it works the rotation is abandoned, and what it obtained is revoked; else somebody is told."""
    stand, provider = token.stand, token.provider
    stand.begin(token.secret_id)

    def put() -> None:
        if works:
            provider.kind = "several"
        by_hand = provider.issue() if works else "AAAA%2Fwrong"
        stand.put(token.secret_id, token.document(by_hand, note="put by hand"))

    stand.at(boundary, put)
    for _ in range(3):
        stand.run(token.secret_id)
        stand.offset_ms += 60_000  # what was sent may take effect late: that time is waited for
    value = stand.value(token.secret_id)
    assert value is not None
    assert value["note"] == "put by hand"
    row = stand.row(token.secret_id)
    untouched = boundary in ("planned-pending", "probed")
    if works or untouched:
        assert row.work.token == ""
        assert stand.history(token.secret_id)[-1].outcome == "abandoned"
        if works:
            assert value["access_token"] in provider.live
            assert provider.live <= {value["access_token"], token.first}
    else:
        assert row.work.is_held
        stand.put(token.secret_id, token.document(provider.issue()))
        stand.run(token.secret_id)
        assert stand.row(token.secret_id).work.token == ""
        assert token.current() in provider.live


@both_kinds
@pytest.mark.parametrize(
    "boundary", ["planned-pending", "intended", "issued", "committed-promoted", "confirming"]
)
@pytest.mark.parametrize("how", ["cancel", "delete"])
def test_cancel_or_delete_at_any_moment(token: Token, boundary: str, how: str) -> None:
    """Before the provider was asked the rotation ends; after that it goes on to a token that is accepted."""
    stand = token.stand
    stand.begin(token.secret_id)

    def act() -> None:
        if how == "delete":
            stand.change(
                token.secret_id,
                lambda secret: msgspec.structs.replace(secret, deleted_ms=1, purge_ms=1 << 60),
            )
            return

        def off(secret: Any) -> Any:
            rotation = msgspec.structs.replace(secret.attributes.rotation, is_enabled=False)
            attributes = msgspec.structs.replace(secret.attributes, rotation=rotation)
            return msgspec.structs.replace(secret, attributes=attributes)

        stand.change(token.secret_id, off)

    stand.at(boundary, act)
    stand.run(token.secret_id)
    assert stand.row(token.secret_id).work.token == ""
    assert token.current() in token.provider.live
    if boundary == "planned-pending":
        assert token.current() == token.first
        assert stand.history(token.secret_id)[-1].outcome == "cancelled"
    else:
        token.assert_rotated()
        assert AWSPREVIOUS in stand.secret(token.secret_id).labels


def test_a_second_runner_beside(token: Token) -> None:
    """A runner whose lease went to another one stores nothing more."""
    token.stand.begin(token.secret_id)
    token.stand.at("issued", lambda: token.stand.run(token.secret_id))
    token.stand.run(token.secret_id)
    token.assert_rotated()
    assert [entry.outcome for entry in token.stand.history(token.secret_id)] == ["succeeded"]


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"api_key": ""}, "api_key and api_secret_key"),
        ({"token_url": None}, "token_url is missing"),
        ({"test_url": None}, "test_url is missing"),
        ({"token_url": "http://10.1.2.3/token", "test_url": "http://10.1.2.3/"}, "not allowed"),
        ({"token_url": "ftp://127.0.0.1/"}, "no plain https URL"),
        ({"test_url": "https://user@127.0.0.1/"}, "no plain https URL"),
        ({"revoke_parameter": "a b"}, "revoke_parameter"),
        ({"scope": 7}, "scope is not a text"),
    ],
)
def test_what_the_key_s_secret_must_have(
    stand: Stand, provider: TokenProvider, members: dict[str, Any], said: str
) -> None:
    """The sentence names the member; the provider is not asked."""
    token = Token(stand, provider, **members)
    stand.begin(token.secret_id)
    stand.run(token.secret_id)
    assert said in token.cause()
    assert provider.live == {token.first}
    assert provider.asked[ISSUE] == 0


def test_r02_keys_and_tokens_go_where_the_key_s_secret_says(stand: Stand, provider: TokenProvider) -> None:
    """Who may write the token's secret cannot send the key, or the new token, to a server of their own."""
    token = Token(stand, provider)
    elsewhere = TokenProvider()
    try:
        urls = elsewhere.key_secret(api_key="x", api_secret_key="y")
        stand.put(token.secret_id, token.document(token.first, **urls))
        stand.begin(token.secret_id)
        stand.run(token.secret_id)
        assert stand.history(token.secret_id)[-1].outcome == "succeeded"
        assert not elsewhere.seen
    finally:
        elsewhere.close()


def test_the_form_of_the_requests(token: Token) -> None:
    """RFC 6749: basic authentication with encoded parts, a form; RFC 7009's name of the field where it is set."""
    stand, provider = token.stand, token.provider
    stand.begin(token.secret_id)
    stand.run(token.secret_id)
    issued = next(sent for sent in provider.seen if sent[0] == ISSUE)
    assert issued[2] == b"grant_type=client_credentials"
    assert issued[1]["content-type"] == "application/x-www-form-urlencoded;charset=UTF-8"
    assert issued[1]["idempotency-key"]
    revoked = next(sent for sent in provider.seen if sent[0] == REVOKE)
    assert revoked[2] == b"access_token=AAAA%252Ftoken-1"
    other = Token(stand, provider, revoke_parameter="token", scope="read write", api_key=None, client_id=provider.key,
                  client_secret=provider.secret)  # fmt: skip
    provider.seen.clear()
    stand.begin(other.secret_id)
    stand.run(other.secret_id)
    sent = [body for path, _, body in provider.seen if path in (ISSUE, REVOKE)]
    assert sent[0] == b"grant_type=client_credentials&scope=read+write"
    assert sent[1].startswith(b"token=AAAA%252Ftoken-")
