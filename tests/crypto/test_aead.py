"""Authenticated encryption: published vectors, and what it refuses."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFHMAC, CounterLocation, Mode

from strongroom.crypto import aead
from strongroom.crypto.errors import AuthenticationFailed, InvalidKeySize

KEY = bytes(range(32))
ASSOCIATED_DATA = b"the place"

# C2SP/wycheproof, testvectors_v1/aes_gcm_test.json, tcId 91, 92, 94, 100, 103:
# key, nonce, associated data, plaintext, ciphertext, tag.
WYCHEPROOF = [
    (
        "92ace3e348cd821092cd921aa3546374299ab46209691bc28b8752d17f123c20",
        "00112233445566778899aabb",
        "00000000ffffffff",
        "00010203040506070809",
        "e27abdd2d2a53d2f136b",
        "9a4a2579529301bcfb71c78d4060f52c",
    ),
    (
        "29d3a44f8723dc640239100c365423a312934ac80239212ac3df3421a2098123",
        "00112233445566778899aabb",
        "aabbccddeeff",
        "",
        "",
        "2a7d77fa526b8250cb296078926b5020",
    ),
    (
        "cc56b680552eb75008f5484b4cb803fa5063ebd6eab91f6ab6aef4916a766273",
        "99e23ec48985bccdeeab60f1",
        "",
        "2a",
        "06",
        "633c1e9703ef744ffffb40edf9d14355",
    ),
    (
        "b279f57e19c8f53f2f963f5f2519fdb7c1779be2ca2b3ae8e1128b7d6c627fc4",
        "98bc2c7438d5cd7665d76f6e",
        "c0",
        "fcc515b294408c8645c9183e3f4ecee5127846d1",
        "eb5500e3825952866d911253f8de860c00831c81",
        "ecb660e1fb0541ec41e8d68a64141b3a",
    ),
    (
        "ff0089ee870a4a39f645b0a5da774f7a5911e9696fc9cad646452c2aa8595a12",
        "bc2a7757d0ce2d8b1f14ccd9",
        "972ab4e06390caae8f99dd6e2187be6c7ff2c08a24be16ef",
        "748b28031621d95ee61812b4b4f47d04c6fc2ff3",
        "a929ee7e67c7a2f91bbcec6389a3caf43ab49305",
        "ebec6774b955e789591c822dab739e12",
    ),
]


@pytest.mark.parametrize("vector", WYCHEPROOF)
def test_open_agrees_with_wycheproof(vector: tuple[str, ...]) -> None:
    """A published AES-256-GCM ciphertext, laid out as nonce, ciphertext, tag, opens to its plaintext."""
    key, nonce, associated_data, plaintext, ciphertext, tag = (bytes.fromhex(part) for part in vector)
    assert aead.open(key, nonce + ciphertext + tag, associated_data) == plaintext


@pytest.mark.parametrize("vector", WYCHEPROOF)
def test_every_flipped_bit_of_a_published_vector_is_refused(vector: tuple[str, ...]) -> None:
    """No bit of nonce, ciphertext, tag or associated data can change unnoticed."""
    key, nonce, associated_data, _, ciphertext, tag = (bytes.fromhex(part) for part in vector)
    sealed = nonce + ciphertext + tag
    for position in range(8 * len(sealed)):
        with pytest.raises(AuthenticationFailed):
            aead.open(key, _flip(sealed, position), associated_data)
    for position in range(8 * len(associated_data)):
        with pytest.raises(AuthenticationFailed):
            aead.open(key, sealed, _flip(associated_data, position))


def test_derive_once_agrees_with_sp_800_108() -> None:
    """The one-time key is HMAC-SHA256 over counter, label, zero, context and length, as in SP 800-108."""
    by_hand = hmac.digest(
        KEY, b"\x00\x00\x00\x01" + b"label" + b"\x00" + b"context" + b"\x00\x00\x01\x00", "sha256"
    )
    assert aead.derive_once(KEY, b"label", b"context") == by_hand


def test_library_agrees_with_the_nist_counter_mode_vector() -> None:
    """The library's KDF agrees with NIST CAVP KDFCTR_gen (HMAC_SHA256, BEFORE_FIXED, 32 bits, COUNT 0)."""
    derived = KBKDFHMAC(
        algorithm=SHA256(),
        mode=Mode.CounterMode,
        length=16,
        rlen=4,
        llen=None,
        location=CounterLocation.BeforeFixed,
        label=None,
        context=None,
        fixed=bytes.fromhex(
            "01322b96b30acd197979444e468e1c5c6859bf1b1cf951b7e725303e237e"
            "46b864a145fab25e517b08f8683d0315bb2911d80a0e8aba17f3b413faac"
        ),
    ).derive(bytes.fromhex("dd1d91b7d90b2bd3138533ce92b272fbf8a369316aefe242e659cc0ae238afe0"))
    assert derived.hex() == "10621342bfb0fd40046c0e29f2cfdbf0"


def test_k01_every_message_has_its_own_nonce_and_salt() -> None:
    """Sealing the same bytes twice shares neither nonce nor salt nor ciphertext."""
    sealed = [aead.seal_once(KEY, b"label", b"same", ASSOCIATED_DATA) for _ in range(100)]
    assert len({one[: aead.SALT_BYTES] for one in sealed}) == 100
    assert len({one[aead.SALT_BYTES :][: aead.NONCE_BYTES] for one in sealed}) == 100
    assert len({one[aead.SALT_BYTES + aead.NONCE_BYTES :] for one in sealed}) == 100


def test_k01_seal_once_encrypts_under_a_derived_key() -> None:
    """What ``seal_once`` makes opens with the key derived from its salt, not with the long-lived key."""
    sealed = aead.seal_once(KEY, b"label", b"content", ASSOCIATED_DATA)
    salt, rest = sealed[: aead.SALT_BYTES], sealed[aead.SALT_BYTES :]
    assert aead.open(aead.derive_once(KEY, b"label", salt), rest, ASSOCIATED_DATA) == b"content"
    with pytest.raises(AuthenticationFailed):
        aead.open(KEY, rest, ASSOCIATED_DATA)


@pytest.mark.parametrize("size", [0, 16, 24, 31, 33])
def test_k01_only_keys_of_256_bits_are_taken(size: int) -> None:
    """The shorter keys of AES are refused, although the library takes them."""
    with pytest.raises(InvalidKeySize):
        aead.seal(bytes(size), b"content", ASSOCIATED_DATA)
    with pytest.raises(InvalidKeySize):
        aead.open(bytes(size), bytes(64), ASSOCIATED_DATA)


def test_cut_bytes_are_refused_at_every_length() -> None:
    """No prefix of sealed bytes opens, and none ends in another error than the one for it."""
    sealed = aead.seal_once(KEY, b"label", b"content", ASSOCIATED_DATA)
    for length in range(len(sealed)):
        with pytest.raises(AuthenticationFailed):
            aead.open_once(KEY, b"label", sealed[:length], ASSOCIATED_DATA)
        with pytest.raises(AuthenticationFailed):
            aead.open(KEY, sealed[:length], ASSOCIATED_DATA)


def test_a_label_separates_uses_of_one_key() -> None:
    """A message sealed under one label does not open under another."""
    sealed = aead.seal_once(KEY, b"one", b"content", ASSOCIATED_DATA)
    with pytest.raises(AuthenticationFailed):
        aead.open_once(KEY, b"two", sealed, ASSOCIATED_DATA)


def test_the_error_names_no_secret() -> None:
    """The message of a refusal holds neither key nor bytes."""
    sealed = aead.seal(KEY, b"content", ASSOCIATED_DATA)
    with pytest.raises(AuthenticationFailed) as refusal:
        aead.open(hashlib.sha256(KEY).digest(), sealed, ASSOCIATED_DATA)
    assert KEY.hex() not in str(refusal.value)
    assert sealed.hex() not in str(refusal.value)


def _flip(data: bytes, position: int) -> bytes:
    changed = bytearray(data)
    changed[position // 8] ^= 1 << position % 8
    return bytes(changed)
