"""Making a version of what ``$LATEST`` is now."""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.ids import new_uuid
from strongroom.services.lambda_.model import Configuration, Function
from strongroom.services.lambda_.tables import find_version, insert_version, update_function


def publish(context: Context, function: Function, description: str | None) -> tuple[Function, Configuration]:
    """Publish a version, unless nothing changed since the last one: then that one is given.

    Args:
        context: Of a change.
        function: As it is stored.
        description: Of the version; None for that of the function.
    """
    attributes = function.attributes
    latest = attributes.latest
    if attributes.published_revision == latest.revision_id:
        last = find_version(context.rows, function.function_id, attributes.next_version - 1)
        if last is not None:
            return function, last
    published = replace(
        latest,
        version=str(attributes.next_version),
        description=latest.description if description is None else description,
        revision_id=new_uuid(),
        modified_ms=context.now_ms,
    )
    insert_version(context.transaction, function.function_id, published)
    # AWS gives $LATEST a new revision too; what was published last is remembered by it.
    latest = replace(latest, revision_id=new_uuid())
    function = replace(
        function,
        attributes=replace(
            attributes,
            latest=latest,
            next_version=attributes.next_version + 1,
            published_revision=latest.revision_id,
        ),
    )
    update_function(context.transaction, function)
    return function, published
