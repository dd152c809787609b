"""The rules of tags on functions.

Rules (threat model P-05):
 - At most 50 tags; keys and values are case-sensitive. ``aws:`` at the beginning of a key, in any case, is reserved.
 - ``*``, ``?`` and control characters are refused: tags end up in policies, by way of variables.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from strongroom.policy.match import fold
from strongroom.policy.question import tag_keys
from strongroom.services.lambda_ import errors

Tags = tuple[tuple[str, str], ...]
"""Keys and values in order of insertion."""
TAGS_MOST: Final = 50
_REFUSED: Final = re.compile("[*?\x00-\x1f\x7f-\x9f\u2028\u2029]")


def check_tags(held: Tags, given: Mapping[str, str]) -> Tags:
    """Add tags, or overwrite those with the same key.

    Raises:
        Fault: A key is reserved, a character is refused, or there are more than 50.
    """
    for key, value in given.items():
        if fold(key[:4]) == "aws:":
            raise errors.invalid("Tag keys that begin with aws: are reserved for AWS.")
        if _REFUSED.search(key) is not None or _REFUSED.search(value) is not None:
            raise errors.invalid("Tags can't contain *, ? or control characters.")
    tags = {**dict(held), **given}
    if len(tags) > TAGS_MOST:
        raise errors.invalid(f"A function can have at most {TAGS_MOST} tags.")
    return tuple(tags.items())


def without_tags(held: Tags, keys: Iterable[str]) -> Tags:
    """Take tags away; keys that are not there are ignored."""
    gone = set(keys)
    return tuple(tag for tag in held if tag[0] not in gone)


def request_tag_conditions(given: Mapping[str, str] | None) -> Mapping[str, tuple[str, ...]]:
    """Give the condition keys of tags in a request: ``aws:RequestTag/...`` and ``aws:TagKeys``."""
    if not given:
        return {}
    return {**tag_keys(given.items(), "aws:requesttag/"), "aws:tagkeys": tuple(given)}
