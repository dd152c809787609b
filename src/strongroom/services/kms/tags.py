"""The rules of tags on keys.

Rules (identity reference 6.2; threat model P-05):
 - At most 50 tags; keys and values are case-sensitive; a key that was there keeps its place.
 - ``aws:`` at the beginning of a key, in any case, is reserved.
 - ``*``, ``?`` and control characters are refused: tags end up in policies, by way of variables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from strongroom.policy.match import fold
from strongroom.services.kms import errors
from strongroom.services.kms.model import TAGS_MOST
from strongroom.services.kms.shapes import Tag

Tags = tuple[tuple[str, str], ...]
"""Keys and values in order of insertion."""

_RESERVED: Final = "aws:"
_REFUSED: Final = re.compile("[*?\x00-\x1f\x7f-\x9f\u2028\u2029]")


def put_tags(held: Tags, given: Sequence[Tag]) -> Tags:
    """Add tags, or overwrite those with the same key.

    Raises:
        Fault: A key is reserved or listed twice, a character is refused, or there would be more than 50.
    """
    if len({tag.tag_key for tag in given}) < len(given):
        raise errors.duplicate_tag_keys()
    tags = dict(held)
    for tag in given:
        if fold(tag.tag_key[: len(_RESERVED)]) == _RESERVED:
            raise errors.reserved_tag_key()
        if _REFUSED.search(tag.tag_key) is not None or _REFUSED.search(tag.tag_value) is not None:
            raise errors.refused_tag()
        tags[tag.tag_key] = tag.tag_value
    if len(tags) > TAGS_MOST:
        raise errors.too_many_tags()
    return tuple(tags.items())


def remove_tags(held: Tags, keys: Iterable[str]) -> Tags:
    """Take tags away; keys that are not there are ignored."""
    gone = set(keys)
    return tuple(tag for tag in held if tag[0] not in gone)


def tag_conditions(given: Sequence[Tag] | None) -> dict[str, tuple[str, ...]]:
    """Give the condition keys of tags in a request: ``aws:RequestTag/...`` and ``aws:TagKeys``."""
    conditions: dict[str, tuple[str, ...]] = {}
    for tag in given or ():
        name = "aws:requesttag/" + fold(tag.tag_key)
        conditions[name] = (*conditions.get(name, ()), tag.tag_value)
    return {**conditions, **tag_key_conditions([tag.tag_key for tag in given or ()])}


def tag_key_conditions(keys: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Give the condition key ``aws:TagKeys``; absent when no key is named."""
    return {"aws:tagkeys": tuple(keys)} if keys else {}
