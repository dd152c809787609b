"""Passwords: exact types and lengths, and a fair draw."""

from __future__ import annotations

import string
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.crypto.errors import EverythingExcluded, PasswordTooShort, RequiredTypeExcluded
from strongroom.crypto.randomness import (
    LOWERCASE,
    NUMBERS,
    PUNCTUATION,
    UPPERCASE,
    PasswordWishes,
    random_bytes,
    random_password,
)

TYPES = {
    "exclude_uppercase": UPPERCASE,
    "exclude_lowercase": LOWERCASE,
    "exclude_numbers": NUMBERS,
    "exclude_punctuation": PUNCTUATION,
}

wishes = st.builds(
    PasswordWishes,
    length=st.integers(4, 60),
    exclude_characters=st.text(alphabet=string.printable + "é", max_size=6),
    exclude_numbers=st.booleans(),
    exclude_punctuation=st.booleans(),
    exclude_uppercase=st.booleans(),
    exclude_lowercase=st.booleans(),
    include_space=st.booleans(),
    require_each_included_type=st.booleans(),
)


def test_the_types_are_exact() -> None:
    """The four types are those of the API: letters, digits and the 32 ASCII symbols."""
    assert string.ascii_uppercase == UPPERCASE
    assert string.ascii_lowercase == LOWERCASE
    assert string.digits == NUMBERS
    assert string.punctuation == PUNCTUATION
    assert len(PUNCTUATION) == 32


def test_the_default_password_has_32_characters_of_all_types() -> None:
    """Without wishes: length 32, each type at least once, no space."""
    for _ in range(200):
        password = random_password(PasswordWishes())
        assert len(password) == 32
        assert " " not in password
        assert all(set(password) & set(alphabet) for alphabet in TYPES.values())


@given(wishes)
def test_a_password_is_what_was_wished_for(wish: PasswordWishes) -> None:
    """Length, allowed characters and required types hold for any wishes that can be met."""
    left = {
        flag: set(alphabet) - set(wish.exclude_characters)
        for flag, alphabet in TYPES.items()
        if not getattr(wish, flag)
    }
    pool = set().union(*left.values())
    if wish.include_space and " " not in wish.exclude_characters:
        pool.add(" ")
    if wish.require_each_included_type and not all(left.values()):
        with pytest.raises(RequiredTypeExcluded):
            random_password(wish)
    elif not pool:
        with pytest.raises(EverythingExcluded):
            random_password(wish)
    else:
        password = random_password(wish)
        assert len(password) == wish.length
        assert set(password) <= pool
        if wish.require_each_included_type:
            assert all(set(password) & alphabet for alphabet in left.values())


@pytest.mark.parametrize("length", [1, 4, 32, 120, 4096])
def test_the_length_is_exact(length: int) -> None:
    """From 1 to 4096 characters, where no type is required."""
    assert len(random_password(PasswordWishes(length=length, require_each_included_type=False))) == length


def test_the_required_types_bound_the_length() -> None:
    """Fewer characters than required types are refused; the bound follows the flags and is not always 4."""
    with pytest.raises(PasswordTooShort):
        random_password(PasswordWishes(length=3))
    assert len(random_password(PasswordWishes(length=4))) == 4
    assert len(random_password(PasswordWishes(length=3, exclude_numbers=True))) == 3
    numbers = PasswordWishes(
        length=1, exclude_punctuation=True, exclude_uppercase=True, exclude_lowercase=True
    )
    assert random_password(numbers) in NUMBERS


def test_a_required_type_that_is_excluded_is_refused_only_when_required() -> None:
    """Naming all digits in ExcludeCharacters is refused, and legal without RequireEachIncludedType."""
    wish = PasswordWishes(exclude_characters=NUMBERS)
    with pytest.raises(RequiredTypeExcluded):
        random_password(wish)
    password = random_password(msgspec.structs.replace(wish, require_each_included_type=False))
    assert not set(password) & set(NUMBERS)


def test_an_empty_pool_is_refused_whether_types_are_required_or_not() -> None:
    """Excluding every type by its flag leaves nothing to draw from; a space alone is enough."""
    nothing = PasswordWishes(
        exclude_numbers=True, exclude_punctuation=True, exclude_uppercase=True, exclude_lowercase=True
    )
    with pytest.raises(EverythingExcluded):
        random_password(nothing)
    with pytest.raises(EverythingExcluded):
        random_password(msgspec.structs.replace(nothing, include_space=True, exclude_characters=" "))
    assert random_password(msgspec.structs.replace(nothing, include_space=True, length=3)) == "   "


def test_every_character_of_the_pool_is_equally_likely() -> None:
    """A chi-squared test over the 95 characters; the bound is passed by chance once in about 10^9 runs."""
    wish = PasswordWishes(length=4096, include_space=True, require_each_included_type=False)
    counted = Counter("".join(random_password(wish) for _ in range(25)))
    expected = 25 * 4096 / 95
    statistic = sum((counted[character] - expected) ** 2 / expected for character in map(chr, range(32, 127)))
    assert len(counted) == 95
    assert statistic < 200  # 94 degrees of freedom: mean 94, standard deviation 13.7


def test_required_characters_stand_at_every_place() -> None:
    """With one character of each type, all 24 orders of the types occur, each about equally often."""
    kinds = {character: kind for kind, alphabet in enumerate(TYPES.values()) for character in alphabet}
    orders = Counter(
        tuple(kinds[character] for character in random_password(PasswordWishes(length=4)))
        for _ in range(4800)
    )
    assert len(orders) == 24
    statistic = sum((count - 200) ** 2 / 200 for count in orders.values())
    assert statistic < 90  # 23 degrees of freedom: passed by chance less than once in 10^8 runs


def test_required_characters_are_drawn_from_their_whole_type() -> None:
    """A single required digit takes all ten values, about equally often."""
    wish = PasswordWishes(length=4)
    digits = Counter(
        character for _ in range(4000) for character in random_password(wish) if character in NUMBERS
    )
    assert sum(digits.values()) == 4000
    assert sum((digits[digit] - 400) ** 2 / 400 for digit in NUMBERS) < 60  # 9 degrees of freedom


def test_random_bytes_have_the_length_asked_for() -> None:
    """Bytes are drawn anew each time."""
    assert len(random_bytes(24)) == 24
    assert random_bytes(24) != random_bytes(24)
