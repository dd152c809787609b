"""Small sealed records: they open in their own place, under the term their header names."""

from __future__ import annotations

import pytest

from strongroom.crypto.associated_data import RecordType
from strongroom.crypto.errors import AuthenticationFailed, CryptoError, MalformedSealed, UnknownTerm
from strongroom.crypto.keyring import Keyring, Term, new_keyring, rotate
from strongroom.crypto.material import Plaintext, SymmetricKey
from strongroom.crypto.record import open_record, seal_record, term_of_record
from tests.crypto.places import ACCOUNT, CANARY, OTHER_ACCOUNT

KEYRING = new_keyring(1)
PLACE = (ACCOUNT, "AKIAEXAMPLE234567ABC")


def _sealed() -> bytes:
    return seal_record(KEYRING, RecordType.CREDENTIAL, Plaintext(CANARY), *PLACE)


def test_a_record_opens_in_its_place() -> None:
    """What was sealed comes back, and the sealed bytes do not show it."""
    sealed = _sealed()
    assert CANARY not in sealed
    assert open_record(KEYRING, RecordType.CREDENTIAL, sealed, *PLACE) == Plaintext(CANARY)


@pytest.mark.parametrize(
    "place",
    [
        (OTHER_ACCOUNT, PLACE[1]),
        (ACCOUNT, "AKIAEXAMPLE234567ABD"),
        (PLACE[1], ACCOUNT),
        (ACCOUNT + PLACE[1][0], PLACE[1][1:]),
    ],
)
def test_k02_a_moved_record_does_not_open(place: tuple[str, str]) -> None:
    """A credential that an attacker copies to another user, account or column is refused."""
    with pytest.raises(AuthenticationFailed):
        open_record(KEYRING, RecordType.CREDENTIAL, _sealed(), *place)


def test_k02_a_record_does_not_open_as_another_type() -> None:
    """Relabelling the type byte does not help: purpose key and associated data differ."""
    sealed = seal_record(KEYRING, RecordType.PAGING_TOKEN, Plaintext(CANARY), b"binding")
    with pytest.raises(MalformedSealed):
        open_record(KEYRING, RecordType.SESSION_TOKEN, sealed, b"binding")
    relabelled = sealed[:1] + bytes((RecordType.SESSION_TOKEN,)) + sealed[2:]
    with pytest.raises(AuthenticationFailed):
        open_record(KEYRING, RecordType.SESSION_TOKEN, relabelled, b"binding")


def test_k04_an_old_record_opens_under_the_term_it_names() -> None:
    """After a rotation the header's term opens the record, and new records name the new term."""
    sealed = _sealed()
    rotated = rotate(KEYRING, 2)
    assert open_record(rotated, RecordType.CREDENTIAL, sealed, *PLACE).reveal() == CANARY
    assert term_of_record(sealed) == 1
    assert term_of_record(seal_record(rotated, RecordType.CREDENTIAL, Plaintext(b"x"), *PLACE)) == 2


def test_k04_a_record_that_names_another_term_does_not_open() -> None:
    """Only the named term is used: one that would fit is not tried, and an unknown one is an error."""
    sealed = _sealed()
    rotated = rotate(KEYRING, 2)
    with pytest.raises(AuthenticationFailed):
        open_record(rotated, RecordType.CREDENTIAL, _rename_term(sealed, 2), *PLACE)
    with pytest.raises(UnknownTerm):
        open_record(rotated, RecordType.CREDENTIAL, _rename_term(sealed, 9), *PLACE)


def test_k04_the_name_of_the_term_is_authenticated() -> None:
    """Even where two terms hold the same key, a record opens only under the name it was sealed with."""
    twin = Keyring([Term(1, 1, SymmetricKey(bytes(32))), Term(2, 1, SymmetricKey(bytes(32)))])
    sealed = seal_record(twin, RecordType.CREDENTIAL, Plaintext(CANARY), *PLACE)
    assert open_record(twin, RecordType.CREDENTIAL, sealed, *PLACE).reveal() == CANARY
    with pytest.raises(AuthenticationFailed):
        open_record(twin, RecordType.CREDENTIAL, _rename_term(sealed, 1), *PLACE)


def test_no_byte_of_a_record_can_change_or_go() -> None:
    """Every changed byte and every cut is refused with a domain error."""
    sealed = _sealed()
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(CryptoError):
            open_record(KEYRING, RecordType.CREDENTIAL, bytes(changed), *PLACE)
        with pytest.raises(CryptoError):
            open_record(KEYRING, RecordType.CREDENTIAL, sealed[:position], *PLACE)


def _rename_term(sealed: bytes, term_id: int) -> bytes:
    return sealed[:2] + term_id.to_bytes(4, "big") + sealed[6:]
