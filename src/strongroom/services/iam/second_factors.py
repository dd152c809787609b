"""What a code of an MFA device is worth: enabling, verifying, guessing.

Rules:
 - A code is used once: the row of the user remembers the last step, and only later ones count (W-03).
 - A device may be a step early or late; how far its clock is off is learnt from every code.
 - Who guesses is held up: after five wrong codes in a row a device takes none for a while, twice as long each time
   up to an hour. Each worker counts for itself, in memory: a counter in the store would let a guesser write.

Source: RFC 6238, sections 5.2 and 6.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from strongroom.clock import Instant
from strongroom.crypto.associated_data import RecordType
from strongroom.crypto.errors import CryptoError
from strongroom.crypto.keyring import Keyring
from strongroom.crypto.material import Plaintext
from strongroom.crypto.record import open_record, seal_record
from strongroom.crypto.totp import find_consecutive, find_step, new_seed, step_of
from strongroom.gateway.context import Context
from strongroom.services.iam.device_rows import device_of
from strongroom.services.iam.identity_rows import USERS, with_entry
from strongroom.services.iam.model import MFADevice, SecondFactor, User
from strongroom.store.errors import StoreTampered

_NEAR_STEPS: Final = 1
_RESYNC_STEPS: Final = 40
_FREE_TRIES: Final = 5
_FIRST_PAUSE_MS: Final = 30_000
_LONGEST_PAUSE_MS: Final = 3_600_000
_DEVICES_COUNTED_MOST: Final = 10_000


class Guesses:
    """Wrong codes in a row, by device."""

    def __init__(self) -> None:
        self._wrong: dict[str, tuple[int, Instant]] = {}

    def is_paused(self, serial: str, now_ms: Instant) -> bool:
        """Say whether a device takes no codes at present."""
        return now_ms < self._wrong.get(serial, (0, 0))[1]

    def note(self, serial: str, now_ms: Instant) -> None:
        """Count a wrong code."""
        count = self._wrong.pop(serial, (0, 0))[0] + 1
        over = count - _FREE_TRIES
        pause_ms = 0 if over < 0 else min(_FIRST_PAUSE_MS << min(over, 10), _LONGEST_PAUSE_MS)
        if len(self._wrong) >= _DEVICES_COUNTED_MOST:
            del self._wrong[next(iter(self._wrong))]
        self._wrong[serial] = count, now_ms + pause_ms

    def forget(self, serial: str) -> None:
        """Begin anew after a right code."""
        self._wrong.pop(serial, None)


GUESSES: Final = Guesses()
"""Those of this worker."""


def seal_new_seed(keyring: Keyring, account: str, serial: str) -> tuple[bytes, Plaintext]:
    """Draw the seed of a device.

    Returns:
        The seed as it is stored, and in clear: it is shown once.
    """
    seed = Plaintext(new_seed())
    return seal_record(keyring, RecordType.CREDENTIAL, seed, account, serial), seed


def open_seed(keyring: Keyring, device: MFADevice) -> bytes:
    """Open the seed of a device.

    Raises:
        StoreTampered: It was not sealed for this account and serial number, or was changed.
    """
    try:
        opened = open_record(
            keyring, RecordType.CREDENTIAL, device.sealed_seed, device.account, device.serial
        )
    except CryptoError as problem:
        raise StoreTampered("the seed of an MFA device does not open in its place") from problem
    return opened.reveal()


def is_right_code(context: Context, user: User, serial: str, code: str) -> bool:
    """Use up a code of a device that the user has; only in a change.

    Raises:
        StoreTampered: The device is not what Strongroom wrote.
    """
    held = user.attributes.second_factors[serial]
    device = device_of(context.rows, user, serial)
    assert device is not None
    if GUESSES.is_paused(serial, context.now_ms):
        return False
    seed = open_seed(context.deployment.keyring, device)
    now = step_of(context.now_ms)
    found = find_step(seed, code, now + held.drift_steps, _NEAR_STEPS, held.last_step)
    if found is None:
        GUESSES.note(serial, context.now_ms)
        return False
    GUESSES.forget(serial)
    keep_second_factor(context, user, serial, replace(held, last_step=found, drift_steps=found - now))
    return True


def synchronise(
    context: Context, device: MFADevice, codes: tuple[str, str], held: SecondFactor | None
) -> SecondFactor | None:
    """Learn from two consecutive codes how far the clock of a device is off, or None when they are not its codes.

    Args:
        context: Who asks.
        device: The device.
        codes: One, and the one after it.
        held: What its user's row remembers; None for a device that is not enabled yet.
    """
    if GUESSES.is_paused(device.serial, context.now_ms):
        return None
    seed = open_seed(context.deployment.keyring, device)
    now = step_of(context.now_ms)
    after = 0 if held is None else held.last_step
    found = find_consecutive(seed, *codes, now, _RESYNC_STEPS, after)
    if found is None:
        GUESSES.note(device.serial, context.now_ms)
        return None
    GUESSES.forget(device.serial)
    enabled_ms = context.now_ms if held is None else held.enabled_ms
    return SecondFactor(device.digest, enabled_ms, found, found - now)


def keep_second_factor(context: Context, user: User, serial: str, held: SecondFactor | None) -> None:
    """Remember a device in the row of its user; None forgets it."""
    factors = with_entry(user.attributes.second_factors, serial, held)
    USERS.change_attributes(context.transaction, user, second_factors=factors)
