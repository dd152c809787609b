"""Ed25519: RFC 8032 vectors, and what is refused."""

from __future__ import annotations

import pytest

from strongroom.crypto.errors import InvalidKeySize, SignatureRefused
from strongroom.crypto.material import SymmetricKey
from strongroom.crypto.signing import SigningKey, verify

# RFC 8032 section 7.1, TEST 1 to 3: seed, public key, message, signature.
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
]


@pytest.mark.parametrize("vector", RFC_8032)
def test_signatures_agree_with_rfc_8032(vector: tuple[str, ...]) -> None:
    """Public key and signature follow from the seed as published, and verify."""
    seed, public_key, message, signature = (bytes.fromhex(part) for part in vector)
    key = SigningKey(SymmetricKey(seed))
    assert key.public_key == public_key
    assert key.sign(message) == signature
    verify(public_key, message, signature)


def test_a_changed_message_signature_or_key_is_refused() -> None:
    """A signature stands for one message under one key."""
    key, other = SigningKey(SymmetricKey(bytes(32))), SigningKey(SymmetricKey(bytes([1] * 32)))
    signature = key.sign(b"checkpoint")
    for public_key, message, signed in [
        (key.public_key, b"checkpoinT", signature),
        (key.public_key, b"checkpoint", bytes([signature[0] ^ 1]) + signature[1:]),
        (key.public_key, b"checkpoint", signature[:-1]),
        (key.public_key, b"checkpoint", b""),
        (other.public_key, b"checkpoint", signature),
    ]:
        with pytest.raises(SignatureRefused):
            verify(public_key, message, signed)


def test_a_public_key_of_another_size_is_refused() -> None:
    """What is no public key ends in a domain error."""
    with pytest.raises(InvalidKeySize):
        verify(bytes(31), b"checkpoint", bytes(64))
