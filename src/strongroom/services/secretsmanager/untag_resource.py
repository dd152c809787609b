"""UntagResource: take tags away from a secret; keys that it does not have are ignored.

A change after which the caller could no longer untag the secret is refused: tags may decide about permissions.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UntagResource.html; Secrets Manager
reference 8.
"""

from __future__ import annotations

import msgspec

from strongroom.gateway.authorisation import authorise
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.secretsmanager.lookup import find_target, live, with_secret
from strongroom.services.secretsmanager.shapes import SecretId, TagKey
from strongroom.services.secretsmanager.tables import update_secret
from strongroom.services.secretsmanager.tags import remove_tags, tag_key_conditions
from strongroom.wire.shapes import Shape

_ACTION = "secretsmanager:UntagResource"


class Request(Shape):
    """The secret and the keys of the tags."""

    secret_id: SecretId
    tag_keys: list[TagKey]


def target(context: Context, request: Request) -> Target:
    """Name the secret; the keys are a condition key."""
    return find_target(context, request.secret_id, tag_key_conditions(request.tag_keys))


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove the tags."""
    secret = live(target)
    tags = remove_tags(secret.attributes.tags, request.tag_keys)
    if tags == secret.attributes.tags:
        return
    changed = msgspec.structs.replace(
        secret,
        changed_ms=context.now_ms,
        attributes=msgspec.structs.replace(secret.attributes, tags=tags),
    )
    authorise(context, _ACTION, with_secret(target, changed))  # nobody shuts out himself
    update_secret(context.transaction, changed)


UNTAG_RESOURCE: Operation[Request, Shape] = Operation(
    name="UntagResource",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("secret_id", "tag_keys"),
)
