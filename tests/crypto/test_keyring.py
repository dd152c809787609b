"""The keyring: wrapping, rotation, and what does not open it."""

from __future__ import annotations

import pytest

from strongroom.crypto.derivation import Purpose
from strongroom.crypto.errors import AuthenticationFailed, KeyWiped, MalformedSealed, UnknownTerm
from strongroom.crypto.keyring import Keyring, Term, new_keyring, rotate, unwrap_keyring, wrap_keyring
from strongroom.crypto.material import RootKey, SymmetricKey


def _root(first: int = 0) -> RootKey:
    return RootKey(bytearray([first, *range(1, 32)]))


def test_a_wrapped_keyring_opens_under_its_root_key() -> None:
    """All terms come back with id, time and key."""
    keyring = rotate(new_keyring(1_000), 2_000)
    opened = unwrap_keyring(_root(), wrap_keyring(_root(), keyring))
    assert opened.terms == keyring.terms
    assert [term.created_ms for term in opened.terms] == [1_000, 2_000]
    assert opened.current == 2


def test_another_root_key_does_not_open_a_keyring() -> None:
    """The wrong root key is told by the tag."""
    wrapped = wrap_keyring(_root(), new_keyring(1))
    with pytest.raises(AuthenticationFailed):
        unwrap_keyring(_root(1), wrapped)


def test_a_wiped_root_key_wraps_nothing() -> None:
    """After ``wipe`` neither direction works."""
    root = _root()
    wrapped = wrap_keyring(root, new_keyring(1))
    root.wipe()
    with pytest.raises(KeyWiped):
        unwrap_keyring(root, wrapped)
    with pytest.raises(KeyWiped):
        wrap_keyring(root, new_keyring(1))


def test_no_byte_of_a_wrapped_keyring_can_change_or_go() -> None:
    """Every changed byte and every cut is refused with a domain error."""
    wrapped = wrap_keyring(_root(), new_keyring(1))
    for position in range(len(wrapped)):
        changed = bytearray(wrapped)
        changed[position] ^= 0x80
        with pytest.raises((AuthenticationFailed, MalformedSealed)):
            unwrap_keyring(_root(), bytes(changed))
        with pytest.raises((AuthenticationFailed, MalformedSealed)):
            unwrap_keyring(_root(), wrapped[:position])


def test_rotation_adds_a_term_and_keeps_the_old_ones() -> None:
    """The new term is the current one; the older keys are unchanged; the old keyring is not touched."""
    first = new_keyring(1)
    second = rotate(first, 2)
    assert (first.current, second.current) == (1, 2)
    assert second.terms[0] == first.terms[0]
    assert second.terms[1].key != first.terms[0].key
    assert second.subkey(Purpose.PAGING, 1) == first.subkey(Purpose.PAGING)
    assert second.subkey(Purpose.PAGING) != first.subkey(Purpose.PAGING)


def test_two_keyrings_share_no_key() -> None:
    """Terms are drawn, not derived."""
    assert new_keyring(1).terms[0].key != new_keyring(1).terms[0].key


def test_k04_an_unknown_term_is_refused() -> None:
    """A term that is not there is an error, not a reason to take another."""
    with pytest.raises(UnknownTerm):
        new_keyring(1).subkey(Purpose.CREDENTIAL, 2)


@pytest.mark.parametrize("ids", [[], [0], [1, 1], [2, 1], [2**32]])
def test_term_ids_rise_and_fit_into_the_header(ids: list[int]) -> None:
    """A keyring without terms, or with ids that repeat, fall or do not fit, is refused."""
    with pytest.raises(MalformedSealed):
        Keyring([Term(term_id, 1, SymmetricKey(bytes(32))) for term_id in ids])
