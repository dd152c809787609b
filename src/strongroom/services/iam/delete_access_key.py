"""DeleteAccessKey: remove an access key of a user for good; without a name of the caller.

It holds from the next request on, on every worker (S-09).

Errors: NoSuchEntity.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import existing, existing_key, find_user_or_self
from strongroom.services.iam.shapes import AccessKeyId, ExistingUserName
from strongroom.services.iam.tables import remove_access_key
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which key."""

    user_name: ExistingUserName | None = None
    access_key_id: AccessKeyId


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    return find_user_or_self(context, request.user_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove it with its sealed secret."""
    key = existing_key(context, existing(USERS, target), request.access_key_id)
    remove_access_key(context.transaction, key.user_id, key.access_key_id)


DELETE_ACCESS_KEY: Operation[Request, Shape] = Operation(
    name="DeleteAccessKey",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:DeleteAccessKey",
    target=target,
    handle=handle,
    recorded_request=("user_name", "access_key_id"),
)
