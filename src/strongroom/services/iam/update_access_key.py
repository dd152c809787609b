"""UpdateAccessKey: make an access key of a user inactive or active again; without a name of the caller.

It holds from the next request on, on every worker (S-09). A caller may make the key inactive that it signs with.

Errors: NoSuchEntity, InvalidInput.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html
"""

from __future__ import annotations

import msgspec

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import existing, existing_key, find_user_or_self
from strongroom.services.iam.model import Status
from strongroom.services.iam.shapes import AccessKeyId, ExistingUserName
from strongroom.services.iam.tables import update_access_key
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which key, and its new status."""

    user_name: ExistingUserName | None = None
    access_key_id: AccessKeyId
    status: Status


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    return find_user_or_self(context, request.user_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Set the status."""
    key = existing_key(context, existing(USERS, target), request.access_key_id)
    if request.status == "Expired":
        raise errors.status_not_settable()
    update_access_key(context.transaction, msgspec.structs.replace(key, status=request.status))


UPDATE_ACCESS_KEY: Operation[Request, Shape] = Operation(
    name="UpdateAccessKey",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:UpdateAccessKey",
    target=target,
    handle=handle,
    recorded_request=("user_name", "access_key_id", "status"),
)
