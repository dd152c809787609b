"""Random bytes, and random passwords for ``GetRandomPassword``.

Rules:

1. Every draw comes from the kernel (``os.urandom``), through rejection: no modulo bias.
2. Where each type is required, one character of each is drawn and put at a random place; all other
   characters are drawn from the whole pool.

Source: Secrets Manager API reference, GetRandomPassword.
"""

from __future__ import annotations

from os import urandom
from typing import Final

import msgspec

from strongroom.crypto.errors import EverythingExcluded, PasswordTooShort, RequiredTypeExcluded
from strongroom.ids import draw

UPPERCASE: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LOWERCASE: Final = "abcdefghijklmnopqrstuvwxyz"
NUMBERS: Final = "0123456789"
PUNCTUATION: Final = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
SPACE: Final = " "


class PasswordWishes(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What a password is made of; the defaults are those of the API.

    Args:
        length: Characters, 1 to 4096 (checked at the edge).
        exclude_characters: Each of its characters is left out.
        exclude_numbers: Leave out ``0-9``.
        exclude_punctuation: Leave out the 32 ASCII symbols.
        exclude_uppercase: Leave out ``A-Z``.
        exclude_lowercase: Leave out ``a-z``.
        include_space: Add the space to the pool; it is never required.
        require_each_included_type: At least one character of each of the four types that no flag leaves out.
    """

    length: int = 32
    exclude_characters: str = ""
    exclude_numbers: bool = False
    exclude_punctuation: bool = False
    exclude_uppercase: bool = False
    exclude_lowercase: bool = False
    include_space: bool = False
    require_each_included_type: bool = True


def random_bytes(count: int) -> bytes:
    """Draw ``count`` bytes from the kernel."""
    return urandom(count)


def random_password(wishes: PasswordWishes) -> str:
    """Draw a password of exactly ``wishes.length`` characters.

    Each place of a required character is equally likely, and so is each character of its type. (Among all
    passwords with one of each type, those with several characters of a type are slightly more likely.)

    Raises:
        PasswordTooShort: Fewer characters than required types.
        RequiredTypeExcluded: ``exclude_characters`` empties a required type.
        EverythingExcluded: No character is left.
    """
    excluded = set(wishes.exclude_characters)
    types = [
        "".join(character for character in alphabet if character not in excluded)
        for alphabet, is_left_out in (
            (UPPERCASE, wishes.exclude_uppercase),
            (LOWERCASE, wishes.exclude_lowercase),
            (NUMBERS, wishes.exclude_numbers),
            (PUNCTUATION, wishes.exclude_punctuation),
        )
        if not is_left_out
    ]
    required = types if wishes.require_each_included_type else []
    if wishes.length < len(required):
        raise PasswordTooShort("the password has fewer characters than required types")
    if not all(required):
        raise RequiredTypeExcluded("a required type has no character left")
    pool = "".join(types) + (SPACE if wishes.include_space and SPACE not in excluded else "")
    if not pool:
        raise EverythingExcluded("no character is left")

    password = list(draw(pool, wishes.length))
    # The pool's characters are independent, so it is enough to shuffle the places of the required ones: the
    # outcome is distributed as after a shuffle of the whole.
    free = list(range(wishes.length))
    for alphabet in required:
        password[free.pop(_draw_below(len(free)))] = draw(alphabet, 1)
    return "".join(password)


def _draw_below(limit: int) -> int:
    """Draw a number from 0 to ``limit`` - 1, each equally likely; ``limit`` is at most 65,536."""
    ceiling = 65_536 - 65_536 % limit
    while True:
        drawn = int.from_bytes(urandom(2), "big")
        if drawn < ceiling:
            return drawn % limit
