"""The rules of tags of users, roles and what else has them.

Rules:
 - At most 50 tags; keys that begin with ``aws:`` belong to AWS.
 - Keys of users and roles are kept as written and told apart without regard to case: a tag whose key differs
   by case only replaces the one that is there. Keys of policies and of everything else are told apart by case.
 - Case is folded in ASCII only (P-04), except where two tags of one request are compared: there a lookalike is
   refused as well.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html and identity reference 4.2 (recorded).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from strongroom.gateway.context import Context
from strongroom.policy.match import fold
from strongroom.services.iam import errors
from strongroom.services.iam.lookup import NO_CONDITIONS, Conditions
from strongroom.services.iam.marker import cut_page, open_marker
from strongroom.services.iam.shapes import MAX_ITEMS_DEFAULT, Tag

TAGS_MOST: Final = 50

Tags = tuple[tuple[str, str], ...]
"""Keys and values as they are kept."""


def request_conditions(tags: Sequence[Tag] | None) -> Conditions:
    """Give the condition keys of the tags that a request sets."""
    if not tags:
        return NO_CONDITIONS
    conditions = _by_key("aws:requesttag/", [(tag.key, tag.value) for tag in tags])
    return {**conditions, **key_conditions([tag.key for tag in tags])}


def key_conditions(keys: Sequence[str]) -> Conditions:
    """Give the condition key of the tag keys that a request removes."""
    return {"aws:tagkeys": tuple(keys)} if keys else NO_CONDITIONS


def resource_conditions(tags: Tags) -> Conditions:
    """Give the condition keys of the tags of what is neither user nor role; those have ``iam:ResourceTag`` too."""
    return _by_key("aws:resourcetag/", tags) if tags else NO_CONDITIONS


def new_tags(tags: Sequence[Tag] | None, *, folds_case: bool = True) -> Tags:
    """Give the tags of something new.

    Raises:
        Fault: Two keys that are the same, or a key with the prefix ``aws:``.
    """
    return merged_tags((), tags or (), folds_case=folds_case)


def merged_tags(held: Tags, tags: Sequence[Tag], *, folds_case: bool = True) -> Tags:
    """Give ``held`` with tags added or replaced.

    Args:
        held: What is there.
        tags: What the request sets.
        folds_case: Whether keys that differ by case only are the same; False for policies.

    Raises:
        Fault: Two keys of the request that are the same, a key with the prefix ``aws:``, or too many tags.
    """
    keys = [tag.key.lower() if folds_case else tag.key for tag in tags]
    if len(set(keys)) < len(keys):
        raise errors.duplicate_tag_keys(folds_case=folds_case)
    if any(fold(key).startswith("aws:") for key in keys):
        raise errors.reserved_tag_key()
    replaced = _identities([tag.key for tag in tags], folds_case)
    kept = tuple(each for each in held if _identity(each[0], folds_case) not in replaced)
    merged = (*kept, *((tag.key, tag.value) for tag in tags))
    if len(merged) > TAGS_MOST:
        raise errors.too_many_tags()
    return merged


def remaining_tags(held: Tags, keys: Sequence[str], *, folds_case: bool = True) -> Tags:
    """Give ``held`` without the tags of some keys; a key that is not there does no harm."""
    removed = _identities(keys, folds_case)
    return tuple(each for each in held if _identity(each[0], folds_case) not in removed)


def page_of_tags(
    context: Context,
    operation: str,
    owner: str,
    tags: Tags,
    marker: str | None,
    most: int | None,
    *,
    folds_case: bool = True,
) -> tuple[list[Tag], str | None]:
    """Cut a page of tags, sorted by key.

    Args:
        context: Who asks.
        operation: For example ``ListUserTags``.
        owner: The unique id or ARN of what has them.
        tags: All of them.
        marker: What the caller brought back.
        most: ``MaxItems``.
        folds_case: Whether keys that differ by case only are the same.

    Raises:
        Fault: A marker of another listing.
    """
    after = open_marker(context, operation, owner, marker)
    ordered = sorted(tags, key=lambda tag: _identity(tag[0], folds_case))
    found = [tag for tag in ordered if _identity(tag[0], folds_case) > after]
    page, following = cut_page(
        context, operation, owner, found, most or MAX_ITEMS_DEFAULT, lambda tag: _identity(tag[0], folds_case)
    )
    return show_tags(page), following


def show_tags(tags: Sequence[tuple[str, str]]) -> list[Tag]:
    """Show tags as the API does."""
    return [Tag(key=key, value=value) for key, value in tags]


def _identities(keys: Sequence[str], folds_case: bool) -> set[str]:
    return {_identity(key, folds_case) for key in keys}


def _identity(key: str, folds_case: bool) -> str:
    return fold(key) if folds_case else key


def _by_key(prefix: str, tags: Sequence[tuple[str, str]]) -> Conditions:
    """Give condition keys with all values: keys that differ by case only are one, and none hides behind another."""
    conditions: dict[str, tuple[str, ...]] = {}
    for key, value in tags:
        name = prefix + fold(key)
        conditions[name] = (*conditions.get(name, ()), value)
    return conditions
