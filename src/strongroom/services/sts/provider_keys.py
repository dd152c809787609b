"""The public keys of identity providers: fetched, kept, or pinned by the operator (threat model E-01, E-04).

Rules:
 - Keys come from where the provider's own discovery document says, and that document must name the provider exactly.
   A token never says where its key is (no ``jku``, no ``x5u``).
 - Keys are kept for ten minutes. A key id that is not among them makes us ask again, but not more often than every
   30 seconds. While a provider does not answer, keys that were fetched within the last hour still count, and it is
   left alone for five seconds.
 - For an issuer in the file ``oidc_keys`` nothing is ever fetched: a cluster without a public address.
 - One thread at a time asks one issuer; who comes meanwhile waits for its answer.

Source: OpenID Connect Discovery 1.0, section 4; RFC 7517.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from strongroom.clock import Clock
from strongroom.egress.fetch import Egress, EgressFailed, EgressRefused
from strongroom.errors import StrongroomError
from strongroom.strict_json import MalformedJSON, load_json

KEPT_S: Final = 600
STALE_S: Final = 3_600
ASKED_AGAIN_S: Final = 30
LEFT_ALONE_S: Final = 5
ISSUERS_MOST: Final = 1_000
KEYS_MOST: Final = 100
_DISCOVERY: Final = "/.well-known/openid-configuration"


class NoKeys(StrongroomError):
    """The keys of a provider are not to be had.

    Attributes:
        may_pass: Whether asking again may help.
    """

    def __init__(self, reason: str, *, may_pass: bool) -> None:
        super().__init__(reason)
        self.may_pass = may_pass


class PinnedKeysRefused(StrongroomError):
    """The file of pinned keys cannot be used; the message says why."""


class PublicKey(msgspec.Struct, frozen=True):
    """One key of a provider.

    Attributes:
        key_id: ``kid``; None where the key has none.
        type: ``RSA`` or ``EC``.
        curve: Of an EC key.
        algorithm: The only algorithm it is for; None where it does not say.
        members: The whole JSON Web Key.
    """

    key_id: str | None
    type: str
    curve: str | None
    algorithm: str | None
    members: Mapping[str, Any]


class _Issuer:
    """What is known of one issuer."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.keys: tuple[PublicKey, ...] | None = None
        self.fetched_s = 0.0
        self.failed_s: float | None = None


class ProviderKeys:
    """Finds the keys of providers.

    Args:
        egress: Fetches.
        pinned: Keys by issuer.
        wall_clock: The true time: other systems' tokens are made with it (decision 5).
        monotonic_s: Measures how long ago something was.
    """

    def __init__(
        self,
        egress: Egress,
        pinned: Mapping[str, tuple[PublicKey, ...]],
        wall_clock: Clock,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._egress = egress
        self._pinned = pinned
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._issuers: OrderedDict[str, _Issuer] = OrderedDict()
        self.wall_clock = wall_clock

    def find(self, issuer: str, key_id: str | None) -> tuple[PublicKey, ...]:
        """Give the keys of an issuer that have this id; all of them when the token names none.

        Raises:
            NoKeys: They are not to be had.
        """
        pinned = self._pinned.get(issuer)
        if pinned is not None:
            return _with_id(pinned, key_id)
        known = self._issuer(issuer)
        with known.lock:
            age_s = self._monotonic_s() - known.fetched_s
            found = _with_id(known.keys or (), key_id)
            wanted = ASKED_AGAIN_S if not found else KEPT_S
            if known.keys is None or age_s >= wanted:
                self._refresh(issuer, known)
                found = _with_id(known.keys or (), key_id)
            return found

    def _refresh(self, issuer: str, known: _Issuer) -> None:
        now_s = self._monotonic_s()
        has_usable = known.keys is not None and now_s - known.fetched_s < STALE_S
        if known.failed_s is not None and now_s - known.failed_s < LEFT_ALONE_S:
            if has_usable:
                return
            raise NoKeys("the provider failed a moment ago", may_pass=True)
        try:
            known.keys = self._fetch(issuer)
        except NoKeys:
            known.failed_s = self._monotonic_s()
            if not has_usable:
                known.keys = None
                raise
        else:
            known.fetched_s = self._monotonic_s()
            known.failed_s = None

    def _fetch(self, issuer: str) -> tuple[PublicKey, ...]:
        try:
            found = _object(self._egress.fetch(issuer.rstrip("/") + _DISCOVERY))
            place = found.get("jwks_uri")
            if found.get("issuer") != issuer or not isinstance(place, str):
                raise NoKeys("the discovery document is of another issuer, or names no keys", may_pass=False)
            return read_keys(_object(self._egress.fetch(place)))
        except EgressFailed as problem:
            raise NoKeys(str(problem), may_pass=True) from problem
        except EgressRefused as problem:
            raise NoKeys(str(problem), may_pass=False) from problem

    def _issuer(self, issuer: str) -> _Issuer:
        with self._lock:
            known = self._issuers.get(issuer)
            if known is None:
                known = self._issuers[issuer] = _Issuer()
                while len(self._issuers) > ISSUERS_MOST:
                    self._issuers.popitem(last=False)
            self._issuers.move_to_end(issuer)
            return known


def read_keys(found: Mapping[str, Any]) -> tuple[PublicKey, ...]:
    """Read a JSON Web Key Set; keys that are not for signatures, or of another kind, are passed over.

    Raises:
        NoKeys: It is no such set.
    """
    listed = found.get("keys")
    if not isinstance(listed, list) or len(listed) > KEYS_MOST:
        raise NoKeys("these are no keys, or too many", may_pass=False)
    keys = []
    for members in listed:
        if not isinstance(members, dict) or members.get("kty") not in ("RSA", "EC"):
            continue
        if members.get("use", "sig") != "sig":
            continue
        keys.append(
            PublicKey(
                key_id=_text(members.get("kid")),
                type=members["kty"],
                curve=_text(members.get("crv")),
                algorithm=_text(members.get("alg")),
                members=members,
            )
        )
    return tuple(keys)


def read_pinned(path: Path) -> dict[str, tuple[PublicKey, ...]]:
    """Read the file of pinned keys: ``{"https://issuer": {"keys": [...]}}``.

    Raises:
        PinnedKeysRefused: It is not there, or is no such file.
    """
    try:
        found = load_json(path.read_bytes())
        if not isinstance(found, dict) or not all(isinstance(entry, dict) for entry in found.values()):
            raise PinnedKeysRefused(f"{path} must hold a JSON object of issuers, each with its key set.")
        return {issuer: read_keys(entry) for issuer, entry in found.items() if isinstance(entry, dict)}
    except OSError as problem:
        raise PinnedKeysRefused(f"{path} cannot be read: {problem.strerror}.") from problem
    except (MalformedJSON, NoKeys) as problem:
        raise PinnedKeysRefused(f"{path} does not hold key sets: {problem}.") from problem


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = load_json(body)
    except MalformedJSON as problem:
        raise NoKeys("the answer is no JSON", may_pass=False) from problem
    if not isinstance(found, dict):
        raise NoKeys("the answer is no JSON object", may_pass=False)
    return found


def _with_id(keys: tuple[PublicKey, ...], key_id: str | None) -> tuple[PublicKey, ...]:
    return keys if key_id is None else tuple(key for key in keys if key.key_id == key_id)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
