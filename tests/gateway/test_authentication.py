"""What the authenticator keeps between requests: the latest time it saw, and a bounded number of signing keys."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import apsw
import pytest

from strongroom.errors import Fault
from strongroom.gateway.authentication import MOST_SIGNING_KEYS, Authenticator
from strongroom.gateway.caller import Caller, Credential
from strongroom.gateway.routing import Router
from strongroom.policy.question import Principal
from strongroom.services.table import SERVICES
from strongroom.store.cache import RowCache
from tests.sigv4.signing import ACCESS_KEY_ID, SECRET, STAMP_MS, make_request, sign, with_authorization

REGIONS = tuple(f"eu-test-{number}" for number in range(2 * MOST_SIGNING_KEYS))
SKEW_MS = 300_000


class OneCredential:
    """A source that knows one key."""

    def __init__(self) -> None:
        principal = Principal("User", "arn:aws:iam::111122223333:user/a", "111122223333", "AIDAEXAMPLE")
        self.credential = Credential(SECRET, Caller(principal, "IAMUser", "a", ACCESS_KEY_ID, ()))

    def find(self, _rows: Any, access_key_id: str) -> Credential | None:
        """Find it."""
        return self.credential if access_key_id == ACCESS_KEY_ID else None


class NoSessions:
    """A source without temporary credentials."""

    def find(self, _rows: Any, _access_key_id: str, _token: str) -> Credential | None:
        """Find nothing."""
        return None


class Stand:
    """An authenticator whose clock the test sets."""

    def __init__(self) -> None:
        self.source = OneCredential()
        self.now_ms = STAMP_MS
        self.authenticator = Authenticator(
            self.source, NoSessions(), lambda: self.now_ms, lambda _rows: REGIONS
        )
        self.router = Router(SERVICES)
        self.rows: Any = SimpleNamespace(cache=RowCache(apsw.Connection(":memory:"), 1_000))

    def let_in(self, region: str = REGIONS[0], key_id: str = ACCESS_KEY_ID) -> str:
        """Sign a request and have it verified; return the caller's key id."""
        request = sign(make_request(), region=region)
        if key_id != ACCESS_KEY_ID:
            request = with_authorization(request, ACCESS_KEY_ID.encode(), key_id.encode())
        credential, _ = self.authenticator.authenticate(request, self.router.find(request), self.rows)
        return credential.caller.access_key_id


@pytest.fixture
def stand() -> Stand:
    """A fresh authenticator."""
    return Stand()


def test_s07_a_clock_that_went_back_by_more_than_the_skew_opens_nothing(stand: Stand) -> None:
    """Old signatures would be fresh again: everything is refused until the clock is right."""
    stand.now_ms = STAMP_MS + SKEW_MS
    assert stand.let_in() == ACCESS_KEY_ID
    stand.now_ms = STAMP_MS - 1
    with pytest.raises(Fault) as caught:
        stand.let_in()
    assert (caught.value.code, caught.value.status) == ("InternalFailure", 503)
    stand.now_ms = STAMP_MS
    assert stand.let_in() == ACCESS_KEY_ID


def test_s11_the_signing_keys_that_are_kept_are_bounded(stand: Stand) -> None:
    """However many Regions sign, a credential keeps a bounded number of derived keys, and all verify."""
    for region in REGIONS:
        assert stand.let_in(region) == ACCESS_KEY_ID
        assert len(stand.source.credential.signing_keys) <= MOST_SIGNING_KEYS
    assert stand.source.credential.signing_keys


def test_s08_an_unknown_key_walks_the_same_way(stand: Stand) -> None:
    """Scope, time and coverage are judged first, as for a known key; then it is unknown, whatever it signed."""
    with pytest.raises(Fault, match=r"UnrecognizedClientException.*security token"):
        stand.let_in(key_id="AKIAZZZZZZZZZZZZZZZZ")
    with pytest.raises(Fault, match="scoped to a valid region"):
        stand.let_in("xx-nowhere-1", key_id="AKIAZZZZZZZZZZZZZZZZ")
    stand.now_ms = STAMP_MS + SKEW_MS + 1
    with pytest.raises(Fault, match="Signature expired"):
        stand.let_in(key_id="AKIAZZZZZZZZZZZZZZZZ")


def test_x02_a_credential_does_not_show_its_secret(stand: Stand) -> None:
    """Neither the secret nor a derived key stands in a representation."""
    stand.let_in()
    assert SECRET.decode() not in repr(stand.source.credential)
    assert "signing_keys" not in repr(stand.source.credential)
