"""PublishVersion: make a version of what ``$LATEST`` is now; when nothing changed since the last one, give that.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html
"""

from __future__ import annotations

import base64

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import errors, shapes
from strongroom.services.lambda_.configuration import check_revision, shown
from strongroom.services.lambda_.lookup import changeable, find_target, read_place
from strongroom.services.lambda_.publishing import publish
from strongroom.services.lambda_.recorded import record_configuration
from strongroom.services.lambda_.structures import FunctionConfiguration
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Of which function, and what it must be."""

    function_name: shapes.FunctionName
    code_sha256: str | None = None
    description: shapes.Description | None = None
    revision_id: str | None = None
    publish_to: shapes.FunctionVersionLatestPublished | None = None


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_place(context, request.function_name))


def handle(context: Context, request: Request, target: Target) -> FunctionConfiguration:
    """Publish it."""
    function = changeable(target)
    latest = function.attributes.latest
    check_revision(latest, request.revision_id)
    if request.publish_to is not None:
        raise errors.not_served("PublishTo")
    present = base64.b64encode(latest.sha256).decode()
    if request.code_sha256 and request.code_sha256 != present:
        raise errors.sha_differs(request.code_sha256, present)
    function, published = publish(context, function, request.description)
    return shown(context, function, published, published.version)


PUBLISH_VERSION = Operation(
    name="PublishVersion",
    event_name="PublishVersion20150331",
    mode=Mode.CHANGE,
    request=Request,
    response=FunctionConfiguration,
    action="lambda:PublishVersion",
    target=target,
    handle=handle,
    recorded_request=tuple(Request.__struct_fields__),
    recorded_response=record_configuration,
    is_unbuffered=True,
)
