"""GetAccessKeyLastUsed: when an access key was last used, for which service and in which Region.

A key that was not used since Strongroom keeps this shows ``N/A``. The date is right to an hour, see ``last_used.py``.

Errors: AccessDenied for a key that does not exist, or is another account's.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.last_used import find_last_use
from strongroom.services.iam.lookup import tag_conditions
from strongroom.services.iam.shapes import AccessKeyId, UserNameOfKey
from strongroom.services.iam.tables import find_access_key
from strongroom.wire.shapes import Shape, Timestamp, timestamp

NOT_APPLICABLE = "N/A"


class Request(Shape):
    """Which key."""

    access_key_id: AccessKeyId


class AccessKeyLastUsed(Shape):
    """The last use."""

    last_used_date: Timestamp | None = None
    service_name: str
    region: str


class Response(Shape):
    """Whose key, and its last use."""

    user_name: UserNameOfKey | None = None
    access_key_last_used: AccessKeyLastUsed | None = None


def target(context: Context, request: Request) -> Target:
    """Name the user of the key; a refusal names the key, so that it looks alike for absent ones (P-09)."""
    label = f"access key {request.access_key_id}"
    key = find_access_key(context.rows, request.access_key_id)
    user = None if key is None else USERS.find_by_id(context.rows, key.user_id)
    if user is None or user.account != context.account:
        return Target(USERS.arn(context.account, "/", ""), context.account, label)
    return Target(user.arn, user.account, label, user, tag_conditions(user.attributes.tags or ()))


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read the mark."""
    user = target.found
    if user is None:
        raise errors.unknown_access_key(context.caller.arn, request.access_key_id)
    use = find_last_use(context.rows, request.access_key_id)
    if use is None:
        shown = AccessKeyLastUsed(service_name=NOT_APPLICABLE, region=NOT_APPLICABLE)
    else:
        shown = AccessKeyLastUsed(
            last_used_date=timestamp(use.used_ms), service_name=use.service, region=use.region
        )
    return Response(user_name=user.name, access_key_last_used=shown)


GET_ACCESS_KEY_LAST_USED = Operation(
    name="GetAccessKeyLastUsed",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="iam:GetAccessKeyLastUsed",
    target=target,
    handle=handle,
    recorded_request=("access_key_id",),
)
