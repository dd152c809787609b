"""UntagRole: remove tags from a role, by their keys without regard to case; keys that it does not have do no harm.

Errors: NoSuchEntity.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagRole.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.role_shapes import NewRoleName
from strongroom.services.iam.shapes import TagKeys
from strongroom.services.iam.tags import key_conditions, remaining_tags
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which role, and the keys."""

    role_name: NewRoleName
    tag_keys: TagKeys


def target(context: Context, request: Request) -> Target:
    """Name the role; the keys are a condition key."""
    return find_target(context, ROLES, request.role_name, key_conditions(request.tag_keys))


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove the tags."""
    role = existing(ROLES, target)
    tags = remaining_tags(role.attributes.tags or (), request.tag_keys)
    ROLES.change_attributes(context.transaction, role, tags=tags or None)


UNTAG_ROLE: Operation[Request, Shape] = Operation(
    name="UntagRole",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:UntagRole",
    target=target,
    handle=handle,
    recorded_request=("role_name", "tag_keys"),
)
