"""CreateAccessKey: make an access key for a user; without a name for the caller itself.

A user has at most two. The secret stands in this answer and nowhere else: it is stored sealed, and neither the
audit record nor any later answer shows it.

Errors: NoSuchEntity, LimitExceeded.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.credentials import new_access_key
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import existing, find_user_or_self
from strongroom.services.iam.model import KEYS_PER_USER_MOST, Status
from strongroom.services.iam.recorded import render_date
from strongroom.services.iam.shapes import AccessKeyId, ExistingUserName, UserName
from strongroom.services.iam.tables import insert_access_key, list_access_keys
from strongroom.wire.shapes import SENSITIVE, Shape, Timestamp, timestamp


class Request(Shape):
    """Whose key."""

    user_name: ExistingUserName | None = None


class NewAccessKey(Shape):
    """A key with its secret."""

    user_name: UserName
    access_key_id: AccessKeyId
    status: Status
    secret_access_key: Annotated[str, SENSITIVE]
    create_date: Timestamp


class Response(Shape):
    """The key that was made."""

    access_key: NewAccessKey


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    return find_user_or_self(context, request.user_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Draw the key and store it sealed."""
    user = existing(USERS, target)
    if len(list_access_keys(context.rows, user.unique_id)) >= KEYS_PER_USER_MOST:
        raise errors.quota_exceeded("AccessKeysPerUser", KEYS_PER_USER_MOST)
    key, secret = new_access_key(context.deployment.keyring, user.account, user.unique_id, context.now_ms)
    insert_access_key(context.transaction, key)
    return Response(
        access_key=NewAccessKey(
            user_name=user.name,
            access_key_id=key.access_key_id,
            status=key.status,
            secret_access_key=secret.reveal().decode("ascii"),
            create_date=timestamp(key.created_ms),
        )
    )


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the key; never its secret."""
    key = response.access_key
    return {
        "accessKey": {
            "userName": key.user_name,
            "accessKeyId": key.access_key_id,
            "status": key.status,
            "createDate": render_date(key.create_date),
        }
    }


CREATE_ACCESS_KEY = Operation(
    name="CreateAccessKey",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="iam:CreateAccessKey",
    target=target,
    handle=handle,
    recorded_request=("user_name",),
    recorded_response=recorded_response,
    is_unbuffered=True,
)
