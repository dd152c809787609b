"""The rules of tags on log groups.

Rules:
 - At most 50 tags; keys and values are case-sensitive; a key that was there keeps its place. The characters that may
   stand in them are those of the service model, which has neither wildcards nor control characters (P-05).
 - ``aws:`` at the beginning of a key, in any case, is reserved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from strongroom.policy.match import fold
from strongroom.services.logs import errors
from strongroom.services.logs.model import Tags

TAGS_MOST: Final = 50
_RESERVED: Final = "aws:"


def put_tags(held: Tags, given: Mapping[str, str]) -> Tags:
    """Add tags, or overwrite those with the same key.

    Raises:
        Fault: A key is reserved, or there would be more than 50.
    """
    if any(fold(key[: len(_RESERVED)]) == _RESERVED for key in given):
        raise errors.invalid_parameter("aws: prefixed tag key names are not allowed for external use.")
    tags = {**dict(held), **given}
    if len(tags) > TAGS_MOST:
        raise errors.too_many_tags()
    return tuple(tags.items())


def remove_tags(held: Tags, keys: Iterable[str]) -> Tags:
    """Take tags away; keys that are not there are ignored."""
    gone = set(keys)
    return tuple(tag for tag in held if tag[0] not in gone)


def tag_conditions(given: Mapping[str, str] | None) -> dict[str, tuple[str, ...]]:
    """Give the condition keys of tags in a request: ``aws:RequestTag/...`` and ``aws:TagKeys``."""
    conditions: dict[str, tuple[str, ...]] = {}
    for key, value in (given or {}).items():
        name = "aws:requesttag/" + fold(key)
        conditions[name] = (*conditions.get(name, ()), value)
    return {**conditions, **tag_key_conditions(list(given or ()))}


def tag_key_conditions(keys: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Give the condition key ``aws:TagKeys``; absent when no key is named."""
    return {"aws:tagkeys": tuple(keys)} if keys else {}
