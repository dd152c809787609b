"""TagResource: add tags to a key, or overwrite those with the same key. A key has at most 50.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_TagResource.html; identity reference 6.2.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms.lookup import existing, find_target
from strongroom.services.kms.shapes import KeyId, Tag
from strongroom.services.kms.tables import update_key
from strongroom.services.kms.tags import put_tags, tag_conditions
from strongroom.wire.shapes import Shape


class Request(Shape):
    """The key and its further tags."""

    key_id: KeyId
    tags: list[Tag]


def target(context: Context, request: Request) -> Target:
    """Name the key; the tags of the request are condition keys."""
    return find_target(context, _ACTION, request.key_id, conditions=tag_conditions(request.tags))


def handle(context: Context, request: Request, target: Target) -> None:
    """Put the tags."""
    held = existing(target)
    held.check_not_pending()
    tags = put_tags(held.key.attributes.tags, request.tags)
    update_key(context.transaction, held.key.with_attributes(tags=tags))


_ACTION = "kms:TagResource"

TAG_RESOURCE: Operation[Request, Shape] = Operation(
    name="TagResource",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id", "tags"),
)
