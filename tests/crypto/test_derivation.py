"""Subkeys: HKDF against RFC 5869, and the separation of purposes."""

from __future__ import annotations

from strongroom.crypto.derivation import Purpose, RootPurpose, derive_root_subkey, derive_subkey, hkdf
from strongroom.crypto.material import RootKey, SymmetricKey


def test_hkdf_agrees_with_rfc_5869_case_1() -> None:
    """RFC 5869 appendix A.1: with salt and info."""
    derived = hkdf(
        bytes.fromhex("0b" * 22),
        bytes.fromhex("f0f1f2f3f4f5f6f7f8f9"),
        salt=bytes.fromhex("000102030405060708090a0b0c"),
        length=42,
    )
    assert derived.hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )


def test_hkdf_agrees_with_rfc_5869_case_3() -> None:
    """RFC 5869 appendix A.3: without salt and info."""
    derived = hkdf(bytes.fromhex("0b" * 22), b"", length=42)
    assert derived.hex() == (
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
    )


def test_no_two_purposes_share_a_key() -> None:
    """Every purpose of a term and of the root gives another key, even from the same 32 bytes."""
    same = bytes(range(32))
    derived = [derive_subkey(SymmetricKey(same), purpose).reveal() for purpose in Purpose]
    derived += [derive_root_subkey(RootKey(bytearray(same)), purpose).reveal() for purpose in RootPurpose]
    assert len(set(derived)) == len(Purpose) + len(RootPurpose)
    assert same not in derived


def test_labels_are_permanent() -> None:
    """A label that changes loses what was sealed under it: this list grows at its end and changes nowhere."""
    assert [purpose.value for purpose in Purpose] == [
        "metadata",
        "credential",
        "kms-material",
        "paging",
        "audit-signing",
        "audit-seed",
        "audit-anchor",
        "session",
        "logs",
        "function",
    ]
    assert [purpose.value for purpose in RootPurpose] == ["keyring", "verification"]


def test_derived_keys_are_permanent() -> None:
    """The labels stand in ``info`` as documented, so that every release derives the same keys."""
    root = RootKey(bytearray(range(32)))
    assert derive_root_subkey(root, RootPurpose.KEYRING).reveal() == hkdf(
        bytes(range(32)), b"strongroom/v1/root/keyring"
    )
    assert derive_subkey(SymmetricKey(bytes(range(32))), Purpose.METADATA).reveal() == hkdf(
        bytes(range(32)), b"strongroom/v1/term/metadata"
    )
