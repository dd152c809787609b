"""The cache of signing keys: right, bounded, dropped at seal."""

from __future__ import annotations

import pytest

from strongroom.sigv4 import SigningKeyCache, derive_signing_key


class Secret:
    """A secret that counts how often it is unsealed."""

    def __init__(self, value: bytes = b"secret") -> None:
        self.value = value
        self.openings = 0

    def open(self) -> bytes:
        """Give the secret."""
        self.openings += 1
        return self.value


def test_signing_key_is_the_documented_one() -> None:
    """The derivation example of the AWS documentation comes out."""
    key = derive_signing_key(b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20120215", "us-east-1", "iam")
    assert key.hex() == "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"


def test_s11_a_key_is_derived_once() -> None:
    """The second request of the day unseals nothing."""
    cache, secret = SigningKeyCache(), Secret()
    keys = [cache.get_key("AK", 1, "20261123", "r", "s", secret.open) for _ in range(3)]
    assert keys == [derive_signing_key(b"secret", "20261123", "r", "s")] * 3
    assert secret.openings == 1


@pytest.mark.parametrize(
    "other",
    [
        ("AK2", 1, "20261123", "r", "s"),
        ("AK", 2, "20261123", "r", "s"),
        ("AK", 1, "20261124", "r", "s"),
        ("AK", 1, "20261123", "r2", "s"),
        ("AK", 1, "20261123", "r", "s2"),
    ],
)
def test_s11_every_part_of_the_name_counts(other: tuple[str, int, str, str, str]) -> None:
    """Another key id, generation, day, region or service never finds this key."""
    cache = SigningKeyCache()
    cache.get_key("AK", 1, "20261123", "r", "s", Secret(b"old").open)
    secret = Secret(b"new")
    assert cache.get_key(*other, secret.open) == derive_signing_key(b"new", *other[2:])
    assert secret.openings == 1


def test_s11_the_cache_is_bounded_and_the_oldest_goes() -> None:
    """However many keys are asked for, no more than the limit are held."""
    cache, secret = SigningKeyCache(limit=3), Secret()
    for number in range(10):
        cache.get_key(f"AK{number}", 1, "20261123", "r", "s", secret.open)
        assert len(cache) <= 3
    assert secret.openings == 10
    cache.get_key("AK9", 1, "20261123", "r", "s", secret.open)
    assert secret.openings == 10
    cache.get_key("AK0", 1, "20261123", "r", "s", secret.open)
    assert secret.openings == 11


def test_s11_drop_forgets_every_key() -> None:
    """After a seal the secret must be opened again."""
    cache, secret = SigningKeyCache(), Secret()
    cache.get_key("AK", 1, "20261123", "r", "s", secret.open)
    cache.drop()
    assert len(cache) == 0
    cache.get_key("AK", 1, "20261123", "r", "s", secret.open)
    assert secret.openings == 2


def test_s11_a_derivation_during_the_drop_leaves_nothing() -> None:
    """A request that was deriving when the store was sealed does not put its key back."""
    cache = SigningKeyCache()

    def open_while_sealing() -> bytes:
        cache.drop()
        return b"secret"

    cache.get_key("AK", 1, "20261123", "r", "s", open_while_sealing)
    assert len(cache) == 0


def test_x02_keys_are_not_in_the_repr() -> None:
    """A cache that is logged shows only how full it is."""
    cache = SigningKeyCache(limit=5)
    cache.get_key("AKIAEXAMPLE", 1, "20261123", "r", "s", Secret().open)
    assert repr(cache) == "SigningKeyCache(entries=1, limit=5)"


def test_a_cache_holds_at_least_one() -> None:
    """A limit of nothing is a mistake of the configuration."""
    with pytest.raises(ValueError, match="at least 1"):
        SigningKeyCache(limit=0)
