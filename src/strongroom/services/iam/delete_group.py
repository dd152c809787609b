"""DeleteGroup: remove a group that has neither policies nor users any more.

Errors: NoSuchEntity, DeleteConflict.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroup.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.identity_rows import GROUPS
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.shapes import NewGroupName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which group."""

    group_name: NewGroupName


def target(context: Context, request: Request) -> Target:
    """Name the group."""
    return find_target(context, GROUPS, request.group_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove it, when nothing hangs on it."""
    group = existing(GROUPS, target)
    if group.attributes.attached:
        raise errors.must_detach_policies()
    if GROUPS.list_policies(context.rows, group.unique_id):
        raise errors.must_delete_policies()
    if group.attributes.members:
        raise errors.must_remove_users()
    GROUPS.remove(context.transaction, group)


DELETE_GROUP: Operation[Request, Shape] = Operation(
    name="DeleteGroup",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:DeleteGroup",
    target=target,
    handle=handle,
    recorded_request=("group_name",),
)
