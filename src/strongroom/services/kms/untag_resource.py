"""UntagResource: take tags from a key; keys that it does not have are ignored.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_UntagResource.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms.lookup import existing, find_target
from strongroom.services.kms.shapes import KeyId, TagKey
from strongroom.services.kms.tables import update_key
from strongroom.services.kms.tags import remove_tags, tag_key_conditions
from strongroom.wire.shapes import Shape


class Request(Shape):
    """The key, and the keys of the tags."""

    key_id: KeyId
    tag_keys: list[TagKey]


def target(context: Context, request: Request) -> Target:
    """Name the key; the tag keys of the request are a condition key."""
    return find_target(context, _ACTION, request.key_id, conditions=tag_key_conditions(request.tag_keys))


def handle(context: Context, request: Request, target: Target) -> None:
    """Take the tags away."""
    held = existing(target)
    held.check_not_pending()
    tags = remove_tags(held.key.attributes.tags, request.tag_keys)
    update_key(context.transaction, held.key.with_attributes(tags=tags))


_ACTION = "kms:UntagResource"

UNTAG_RESOURCE: Operation[Request, Shape] = Operation(
    name="UntagResource",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id", "tag_keys"),
)
