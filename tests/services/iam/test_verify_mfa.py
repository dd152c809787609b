"""``contract.verify_mfa``: a code counts once, near its time, and for its user alone."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from strongroom.gateway.caller import Caller
from strongroom.gateway.context import Context
from strongroom.policy.question import Principal
from strongroom.services.iam.contract import MFARefused, verify_mfa
from strongroom.services.iam.device_rows import DEVICES, insert_device
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.model import DeviceAttributes, MFADevice, SecondFactor
from strongroom.services.iam.second_factors import GUESSES, seal_new_seed
from strongroom.store.errors import StoreTampered
from tests.services.iam.store import ACCOUNT, NOW_MS, IAMStore
from tests.support.authenticator import Authenticator

SERIAL = f"arn:aws:iam::{ACCOUNT}:mfa/phone"
NOW_S = NOW_MS / 1000


class Stand:
    """A user with a device, and requests that bring a code."""

    def __init__(self, store: IAMStore) -> None:
        self.store = store
        self.user = store.make_user()
        sealed, seed = seal_new_seed(store.keyring, ACCOUNT, SERIAL)
        self.app = Authenticator(base64.b32encode(seed.reveal()))
        device = MFADevice(ACCOUNT, SERIAL, NOW_MS, self.user.unique_id, DeviceAttributes(), sealed)
        with store.change() as transaction:
            insert_device(transaction, device)
            factors = {SERIAL: SecondFactor(device.digest, NOW_MS, 0, 0)}
            USERS.change_attributes(transaction, self.user, second_factors=factors)

    def verify(
        self, code: str, at_s: float = NOW_S, user_id: str | None = None, serial: str = SERIAL
    ) -> None:
        """Let a request bring a code at an instant."""
        principal = Principal("User", self.user.arn, ACCOUNT, self.user.unique_id)
        caller = Caller(principal, "IAMUser", self.user.name, "AKIAX", ())
        with self.store.change() as transaction:
            context: Any = Context(
                caller=caller,
                now_ms=round(at_s * 1000),
                region="us-east-1",
                request_id="r",
                source_ip="127.0.0.1",
                user_agent="",
                is_secure=True,
                rows=transaction,
                deployment=SimpleNamespace(keyring=self.store.keyring),
                inner=_no_inner_calls,
            )
            verify_mfa(context, user_id or self.user.unique_id, serial, code)

    def is_refused(self, code: str, at_s: float = NOW_S, **more: Any) -> MFARefused:
        """The code must not count."""
        with pytest.raises(MFARefused) as caught:
            self.verify(code, at_s, **more)
        self.store.connection.execute("ROLLBACK")
        return caught.value


def _no_inner_calls(context: Context, operation: Any, request: Any) -> Any:
    raise AssertionError("verifying a code calls no operation")


@pytest.fixture
def stand(store: IAMStore) -> Iterator[Stand]:
    """A user with a device whose wrong codes nobody has counted yet."""
    GUESSES.forget(SERIAL)
    yield Stand(store)
    GUESSES.forget(SERIAL)


def test_w03_a_code_counts_once(stand: Stand) -> None:
    """Neither it nor an older one counts again; the next one does."""
    stand.verify(stand.app.code(NOW_S))
    assert not stand.is_refused(stand.app.code(NOW_S)).is_unknown
    assert not stand.is_refused(stand.app.code(NOW_S - 30)).is_unknown
    stand.verify(stand.app.code(NOW_S + 30), NOW_S + 30)


def test_w03_spaces_make_no_other_code(stand: Stand) -> None:
    """They are left out, so that a used code cannot be used again with a space in it."""
    code = stand.app.code(NOW_S)
    stand.verify(f" {code[:3]} {code[3:]}")
    stand.is_refused(code)
    stand.is_refused(f"{code} ")


def test_a_clock_that_drifts_is_followed(stand: Stand) -> None:
    """A minute early is too early at once, but not step by step."""
    stand.is_refused(stand.app.code(NOW_S + 60))
    stand.verify(stand.app.code(NOW_S + 30))
    stand.verify(stand.app.code(NOW_S + 60 + 300), NOW_S + 300)


def test_another_user_or_serial_number_is_unknown(stand: Stand) -> None:
    """The device of one user proves nothing for another."""
    code = stand.app.code(NOW_S)
    assert stand.is_refused(code, user_id=stand.store.administrator().unique_id).is_unknown
    assert stand.is_refused(code, serial=SERIAL + "2").is_unknown
    assert stand.is_refused(code, user_id="AIDANOBODY").is_unknown
    stand.verify(code)


def test_w03_guessing_is_held_up_longer_and_longer(stand: Stand) -> None:
    """After five wrong codes: thirty seconds, then a minute; a right code begins anew."""
    for _ in range(5):
        stand.is_refused("000000")
    at_s = NOW_S + 29
    stand.is_refused(stand.app.code(at_s), at_s)
    at_s = NOW_S + 31
    stand.is_refused("000000", at_s)
    stand.is_refused(stand.app.code(at_s + 59), at_s + 59)
    stand.verify(stand.app.code(at_s + 61), at_s + 61)
    stand.is_refused("000000", at_s + 100)
    stand.verify(stand.app.code(at_s + 100), at_s + 100)


def test_k03_a_device_whose_row_was_exchanged_is_caught(stand: Stand) -> None:
    """Even by one with a true code: the user's row remembers the seed."""
    sealed, seed = seal_new_seed(stand.store.keyring, ACCOUNT, SERIAL)
    with stand.store.change() as transaction:
        transaction.delete(DEVICES, ACCOUNT, SERIAL.lower())
        device = MFADevice(ACCOUNT, SERIAL, NOW_MS, stand.user.unique_id, DeviceAttributes(), sealed)
        insert_device(transaction, device)
    known = Authenticator(base64.b32encode(seed.reveal()))
    with pytest.raises(StoreTampered):
        stand.verify(known.code(NOW_S))
    stand.store.connection.execute("ROLLBACK")
    with stand.store.change() as transaction:
        transaction.delete(DEVICES, ACCOUNT, SERIAL.lower())
        insert_device(transaction, replace(device, user_id=None))
    with pytest.raises(StoreTampered):
        stand.verify(known.code(NOW_S))
    stand.store.connection.execute("ROLLBACK")
