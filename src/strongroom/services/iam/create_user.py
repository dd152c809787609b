"""CreateUser: make a user without keys and without rights.

Names are unique in an account without regard to case; at most 5,000 users. Tags are kept and echoed when they
are given, and so is a permissions boundary.

Errors: EntityAlreadyExists, LimitExceeded, InvalidInput, NoSuchEntity (the boundary), ValidationError.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.ids import new_unique_id
from strongroom.services.iam import errors
from strongroom.services.iam.boundaries import boundary_conditions, put_boundary
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import new_target
from strongroom.services.iam.model import USERS_MOST, User, UserAttributes
from strongroom.services.iam.recorded import record_user
from strongroom.services.iam.shapes import Arn, NewPath, NewUserName, Tags, UserDetail, show_user
from strongroom.services.iam.tags import new_tags, request_conditions
from strongroom.wire.shapes import Shape


class Request(Shape):
    """The name, and what else the user is to have."""

    path: NewPath | None = None
    user_name: NewUserName
    permissions_boundary: Arn | None = None
    tags: Tags | None = None


class Response(Shape):
    """The user that was made."""

    user: UserDetail


def target(context: Context, request: Request) -> Target:
    """Name the user that will be; the tags it is to have are condition keys."""
    conditions = {
        **request_conditions(request.tags),
        **boundary_conditions(request.permissions_boundary),
    }
    return new_target(context, USERS, request.path, request.user_name, conditions)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Make the user."""
    tags = new_tags(request.tags)
    if USERS.find(context.rows, context.account, request.user_name) is not None:
        raise errors.identity_exists("user", request.user_name)
    if USERS.count(context.rows, context.account) >= USERS_MOST:
        raise errors.quota_exceeded("UsersPerAccount", USERS_MOST)
    user = User(
        account=context.account,
        unique_id=new_unique_id("AIDA"),
        name=request.user_name,
        path=request.path or "/",
        created_ms=context.now_ms,
        attributes=UserAttributes(tags=tags or None),
    )
    USERS.insert(context.transaction, user)
    if request.permissions_boundary is not None:
        user = put_boundary(context, USERS, user, request.permissions_boundary)
    return Response(user=show_user(user))


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the user."""
    return {"user": record_user(response.user)}


CREATE_USER = Operation(
    name="CreateUser",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="iam:CreateUser",
    target=target,
    handle=handle,
    recorded_request=("path", "user_name", "permissions_boundary", "tags"),
    recorded_response=recorded_response,
)
