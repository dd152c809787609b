"""DownloadCode: give the archive behind ``Code.Location``.

It has no counterpart in Lambda: the address that AWS gives leads to S3. The address is the permission; it is made by
GetFunction and GetLayerVersion and is good for ten minutes.
"""

from __future__ import annotations

from typing import Annotated

from strongroom.audit.record import Resource
from strongroom.errors import Fault
from strongroom.gateway.caller import NOBODY, Caller
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import errors
from strongroom.services.lambda_.code import has_code, open_code
from strongroom.services.lambda_.location import Claims, bearer_of, open_location
from strongroom.wire.shapes import SENSITIVE, Shape, limits


class Request(Shape):
    """The token of the address."""

    token: Annotated[str, limits(1, 4096), SENSITIVE]


class Response(Shape):
    """The archive."""

    archive: Annotated[bytes, SENSITIVE]


def identify(context: Context, request: Request) -> Caller:
    """Say for whom the address was made.

    Raises:
        Fault: It is not one of ours, or its time is over.
    """
    claims = open_location(context.deployment.keyring, request.token, context.now_ms)
    if claims is None:
        raise Fault("AccessDeniedException", "The address is not valid, or its time is over.", status=403)
    return bearer_of(claims, NOBODY)


def target(context: Context, request: Request) -> Target:
    """Name the function; nothing is asked of a policy."""
    del request
    claims = context.caller.bearer
    assert isinstance(claims, Claims)
    return Target(claims.arn, claims.account, claims.arn)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Open the archive."""
    del request
    claims = context.caller.bearer
    assert isinstance(claims, Claims)
    context.resources.append(Resource(claims.account, "AWS::Lambda::Function", target.arn))
    if not has_code(context.rows, claims.archive_id):
        raise errors.resource_not_found()  # it was replaced or deleted meanwhile
    keyring = context.deployment.keyring
    return Response(
        archive=open_code(
            context.rows, keyring, claims.account, claims.archive_id, claims.sha256, claims.size
        )
    )


DOWNLOAD_CODE = Operation(
    name="DownloadCode",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action=None,
    target=target,
    identify=identify,
    handle=handle,
    is_unbuffered=True,
)
