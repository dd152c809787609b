"""TagUser: add tags to a user, or replace those whose keys are the same but for case.

A user has at most 50 tags. They are condition keys of requests that act on the user from the next request on.

Errors: NoSuchEntity, InvalidInput, LimitExceeded.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagUser.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.shapes import ExistingUserName, Tags
from strongroom.services.iam.tags import merged_tags, request_conditions
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which user, and the tags."""

    user_name: ExistingUserName
    tags: Tags


def target(context: Context, request: Request) -> Target:
    """Name the user; the tags it is to have are condition keys."""
    return find_target(context, USERS, request.user_name, request_conditions(request.tags))


def handle(context: Context, request: Request, target: Target) -> None:
    """Set the tags."""
    user = existing(USERS, target)
    tags = merged_tags(user.attributes.tags or (), request.tags)
    USERS.change_attributes(context.transaction, user, tags=tags or None)


TAG_USER: Operation[Request, Shape] = Operation(
    name="TagUser",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:TagUser",
    target=target,
    handle=handle,
    recorded_request=(
        "user_name",
        "tags",
    ),
)
