"""UntagUser: remove tags from a user by their keys, whatever their case; keys it does not have do no harm.

Errors: NoSuchEntity.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagUser.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.shapes import ExistingUserName, TagKeys
from strongroom.services.iam.tags import key_conditions, remaining_tags
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which user, and the keys."""

    user_name: ExistingUserName
    tag_keys: TagKeys


def target(context: Context, request: Request) -> Target:
    """Name the user; the keys are a condition key."""
    return find_target(context, USERS, request.user_name, key_conditions(request.tag_keys))


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove the tags."""
    user = existing(USERS, target)
    tags = remaining_tags(user.attributes.tags or (), request.tag_keys)
    USERS.change_attributes(context.transaction, user, tags=tags or None)


UNTAG_USER: Operation[Request, Shape] = Operation(
    name="UntagUser",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:UntagUser",
    target=target,
    handle=handle,
    recorded_request=(
        "user_name",
        "tag_keys",
    ),
)
