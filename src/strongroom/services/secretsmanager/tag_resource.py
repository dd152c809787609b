"""TagResource: add tags to a secret, or overwrite those with the same key.

At most 50 tags. A change after which the caller could no longer tag the secret is refused: tags may decide
about permissions.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_TagResource.html; Secrets Manager
reference 8.
"""

from __future__ import annotations

import msgspec

from strongroom.gateway.authorisation import authorise
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.secretsmanager.lookup import find_target, live, with_secret
from strongroom.services.secretsmanager.shapes import SecretId, Tag
from strongroom.services.secretsmanager.tables import update_secret
from strongroom.services.secretsmanager.tags import put_tags, read_tags, request_tag_conditions
from strongroom.wire.shapes import Shape

_ACTION = "secretsmanager:TagResource"


class Request(Shape):
    """The secret and its further tags."""

    secret_id: SecretId
    tags: list[Tag]


def target(context: Context, request: Request) -> Target:
    """Name the secret; the tags of the request are condition keys."""
    return find_target(context, request.secret_id, request_tag_conditions(request.tags))


def handle(context: Context, request: Request, target: Target) -> None:
    """Put the tags."""
    secret = live(target)
    tags = put_tags(secret.attributes.tags, read_tags(request.tags))
    if not request.tags:
        return
    changed = msgspec.structs.replace(
        secret,
        changed_ms=context.now_ms,
        attributes=msgspec.structs.replace(secret.attributes, tags=tags),
    )
    authorise(context, _ACTION, with_secret(target, changed))  # nobody shuts out himself
    update_secret(context.transaction, changed)


TAG_RESOURCE: Operation[Request, Shape] = Operation(
    name="TagResource",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("secret_id", "tags"),
)
