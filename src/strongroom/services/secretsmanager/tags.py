"""The rules of tags.

Rules (reference 8; threat model P-05):
 - At most 50 tags; keys and values are case-sensitive; a key that was there keeps its place.
 - ``aws:`` at the beginning of a key, in any case, is reserved.
 - ``*``, ``?`` and control characters are refused: tags end up in policies, by way of variables.
 - A secret that was never tagged shows no tags, one that lost all of them shows an empty list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from strongroom.policy.match import fold
from strongroom.services.secretsmanager import errors
from strongroom.services.secretsmanager.model import TAGS_MOST
from strongroom.services.secretsmanager.shapes import Tag

Tags = tuple[tuple[str, str], ...]
"""Keys and values in order of insertion."""

_RESERVED: Final = "aws:"
_REFUSED: Final = re.compile("[*?\x00-\x1f\x7f-\x9f\u2028\u2029]")


def read_tags(given: Sequence[Tag]) -> Tags:
    """Check the tags of a request.

    Raises:
        Fault: A key is absent, reserved or listed twice, or a character is refused.
    """
    tags: dict[str, str] = {}
    for tag in given:
        if tag.key is None:
            raise errors.invalid_parameter("A tag must have a key.")
        value = tag.value or ""
        if fold(tag.key[: len(_RESERVED)]) == _RESERVED:
            raise errors.invalid_parameter("Tag keys that begin with aws: are reserved for AWS.")
        if _REFUSED.search(tag.key) is not None or _REFUSED.search(value) is not None:
            raise errors.invalid_parameter("Tags can't contain *, ? or control characters.")
        if tag.key in tags:
            raise errors.invalid_parameter("You can't specify a tag key more than once.")
        tags[tag.key] = value
    return tuple(tags.items())


def put_tags(held: Tags | None, given: Tags) -> Tags | None:
    """Add tags, or overwrite those with the same key; None stays None when nothing is given.

    Raises:
        Fault: There would be more than 50.
    """
    if not given:
        return held
    tags = dict(held or ())
    tags.update(given)
    if len(tags) > TAGS_MOST:
        raise errors.invalid_parameter(f"A secret can have at most {TAGS_MOST} tags.")
    return tuple(tags.items())


def remove_tags(held: Tags | None, keys: Iterable[str]) -> Tags | None:
    """Take tags away; keys that are not there are ignored."""
    if held is None:
        return None
    gone = set(keys)
    return tuple(tag for tag in held if tag[0] not in gone)


def shown_tags(held: Tags | None) -> list[Tag] | None:
    """Give the tags as replies list them."""
    return None if held is None else [Tag(key=key, value=value) for key, value in held]


def request_tag_conditions(given: Sequence[Tag] | None) -> Mapping[str, tuple[str, ...]]:
    """Give the condition keys of tags in a request: ``aws:RequestTag/...`` and ``aws:TagKeys``."""
    conditions: dict[str, tuple[str, ...]] = {}
    for tag in given or ():
        if tag.key is not None:
            name = "aws:requesttag/" + fold(tag.key)
            conditions[name] = (*conditions.get(name, ()), tag.value or "")
    return {**conditions, **tag_key_conditions([tag.key for tag in given or () if tag.key is not None])}


def tag_key_conditions(keys: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """Give the condition key ``aws:TagKeys``; absent when no key is named."""
    return {"aws:tagkeys": tuple(keys)} if keys else {}
