"""CreateUser: make a user without keys and without rights.

Names are unique in an account without regard to case; at most 5,000 users. Tags are kept and echoed when they
are given. A permissions boundary is refused, not ignored: this version does not serve boundaries.

Errors: EntityAlreadyExists, LimitExceeded, InvalidInput, ValidationError.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.ids import new_unique_id
from strongroom.policy.match import fold
from strongroom.services.iam import errors
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import check_name
from strongroom.services.iam.model import PATH, USERS_MOST, User, UserAttributes, user_arn
from strongroom.services.iam.recorded import record_user
from strongroom.services.iam.shapes import Arn, NewPath, NewUserName, Tag, Tags, UserDetail, show_user
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
    name = check_name("userName", request.user_name)
    path = request.path or "/"
    if PATH.fullmatch(path) is None:
        raise errors.invalid_path()
    tags = request.tags or []
    conditions: dict[str, tuple[str, ...]] = {f"aws:requesttag/{fold(tag.key)}": (tag.value,) for tag in tags}
    if tags:
        conditions["aws:tagkeys"] = tuple(tag.key for tag in tags)
    if request.permissions_boundary is not None:
        conditions["iam:permissionsboundary"] = (request.permissions_boundary,)
    arn = user_arn(context.account, path, name)
    return Target(arn, context.account, arn, conditions=conditions)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Make the user."""
    if request.permissions_boundary is not None:
        raise errors.boundary_not_served()
    check_tags(request.tags or [])
    if USERS.find(context.rows, context.account, request.user_name) is not None:
        raise errors.user_exists(request.user_name)
    if USERS.count(context.rows, context.account) >= USERS_MOST:
        raise errors.quota_exceeded("UsersPerAccount", USERS_MOST)
    tags = tuple((tag.key, tag.value) for tag in request.tags or ())
    user = User(
        account=context.account,
        unique_id=new_unique_id("AIDA"),
        name=request.user_name,
        path=request.path or "/",
        created_ms=context.now_ms,
        attributes=UserAttributes(tags=tags or None),
    )
    USERS.insert(context.transaction, user)
    return Response(user=show_user(user))


def check_tags(tags: list[Tag]) -> None:
    """Refuse tags that could not be told apart, or that pretend to be AWS's.

    Raises:
        Fault: Two keys that differ by case only, or a key with the prefix ``aws:``.
    """
    folded = [tag.key.lower() for tag in tags]
    if len(set(folded)) < len(folded):
        raise errors.duplicate_tag_keys()
    if any(key.startswith("aws:") for key in folded):
        raise errors.reserved_tag_key()


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
