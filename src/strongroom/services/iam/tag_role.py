"""TagRole: add tags to a role, or give tags that it has another value.

Keys are told apart without regard to case: a tag whose key differs by case only is replaced. At most 50 tags.

Errors: NoSuchEntity, InvalidInput, LimitExceeded.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagRole.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.role_shapes import NewRoleName
from strongroom.services.iam.shapes import Tags
from strongroom.services.iam.tags import merged_tags, request_conditions
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which role, and the tags."""

    role_name: NewRoleName
    tags: Tags


def target(context: Context, request: Request) -> Target:
    """Name the role; its tags and those of the request are condition keys."""
    return find_target(context, ROLES, request.role_name, request_conditions(request.tags))


def handle(context: Context, request: Request, target: Target) -> None:
    """Set the tags."""
    role = existing(ROLES, target)
    tags = merged_tags(role.attributes.tags or (), request.tags)
    ROLES.change_attributes(context.transaction, role, tags=tags or None)


TAG_ROLE: Operation[Request, Shape] = Operation(
    name="TagRole",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:TagRole",
    target=target,
    handle=handle,
    recorded_request=("role_name", "tags"),
)
