"""Opaque tokens: ours, unchanged, and for the same question of the same caller, or refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.crypto.associated_data import RecordType
from strongroom.crypto.errors import TokenRefused
from strongroom.crypto.keyring import new_keyring, rotate
from strongroom.crypto.sealed_token import open_token, seal_token
from tests.crypto.places import CANARY

KEYRING = new_keyring(1)


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_j08_a_token_opens_for_its_binding(fields: bytes, binding: bytes) -> None:
    """The fields come back, and the text is safe in URLs."""
    text = seal_token(KEYRING, fields, binding)
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert open_token(KEYRING, text, binding) == fields


def test_j08_a_token_opens_for_no_other_binding() -> None:
    """Another principal, operation or filter is another binding, and is refused."""
    text = seal_token(KEYRING, b"position", b"alice|ListSecrets")
    for binding in (b"bob|ListSecrets", b"alice|ListSecretVersionIds", b""):
        with pytest.raises(TokenRefused):
            open_token(KEYRING, text, binding)


def test_j08_a_token_shows_nothing() -> None:
    """Position and binding are not in the text, and two tokens for one position differ."""
    text = seal_token(KEYRING, CANARY, b"binding")
    assert CANARY not in base64.urlsafe_b64decode(text + "==")
    assert text != seal_token(KEYRING, CANARY, b"binding")


def test_j08_a_token_of_another_kind_or_deployment_is_refused() -> None:
    """Paging and session tokens have different keys, and so do two keyrings."""
    text = seal_token(KEYRING, b"position", b"binding")
    with pytest.raises(TokenRefused):
        open_token(KEYRING, text, b"binding", RecordType.SESSION_TOKEN)
    with pytest.raises(TokenRefused):
        open_token(new_keyring(1), text, b"binding")


def test_j08_a_token_outlives_a_rotation_of_the_keyring() -> None:
    """The listing that was begun before goes on."""
    text = seal_token(KEYRING, b"position", b"binding")
    assert open_token(rotate(KEYRING, 2), text, b"binding") == b"position"


def test_j04_a_token_has_one_spelling() -> None:
    """Padding, white space, the other alphabet, spare bits and changed characters are refused."""
    text = seal_token(KEYRING, b"\xff\xff", b"binding")
    while len(text) % 4 == 0 or not {"-", "_"} & set(text):
        text = seal_token(KEYRING, b"\xff\xff", b"binding")
    standard = text.replace("-", "+").replace("_", "/")
    last = text[:-1] + chr(ord(text[-1]) + 1)
    for other in (text + "=", text + "==", text + "\n", " " + text, standard, last, text[:-1], text + "A"):
        with pytest.raises(TokenRefused):
            open_token(KEYRING, other, b"binding")


@given(st.text(max_size=120))
def test_any_text_ends_in_token_refused(text: str) -> None:
    """Whatever a client sends as a token, no other error comes out."""
    with pytest.raises(TokenRefused):
        open_token(KEYRING, text, b"binding")


def test_every_changed_character_is_refused() -> None:
    """No character of a token is free."""
    text = seal_token(KEYRING, b"position", b"binding")
    for position, character in enumerate(text):
        other = "A" if character != "A" else "B"
        with pytest.raises(TokenRefused):
            open_token(KEYRING, text[:position] + other + text[position + 1 :], b"binding")
