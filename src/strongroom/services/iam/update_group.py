"""UpdateGroup: give a group another name, another path, or both; its members, policies and unique id stay.

Who renames needs the right on the group as it is called now and on the group as it will be called.

Errors: NoSuchEntity, EntityAlreadyExists, ValidationError.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateGroup.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.authorisation import authorise
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.identity_rows import GROUPS
from strongroom.services.iam.lookup import check_name, check_path, existing, find_target
from strongroom.services.iam.shapes import NewGroupName, NewPath
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which group, and what changes."""

    group_name: NewGroupName
    new_path: NewPath | None = None
    new_group_name: NewGroupName | None = None


def target(context: Context, request: Request) -> Target:
    """Name the group as it is called now."""
    if request.new_group_name is not None:
        check_name("newGroupName", request.new_group_name)
    if request.new_path is not None:
        check_path("newPath", request.new_path)
    return find_target(context, GROUPS, request.group_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Rename it, when the caller may use the new name as well."""
    group = existing(GROUPS, target)
    renamed = replace(group, name=request.new_group_name or group.name, path=request.new_path or group.path)
    label = f"group {renamed.name}"
    authorise(context, "iam:UpdateGroup", Target(renamed.arn, group.account, label))
    other = GROUPS.find(context.rows, group.account, renamed.name)
    if other is not None and other.unique_id != group.unique_id:
        raise errors.identity_exists("group", renamed.name)
    GROUPS.rename(context.transaction, group, renamed)


UPDATE_GROUP: Operation[Request, Shape] = Operation(
    name="UpdateGroup",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:UpdateGroup",
    target=target,
    handle=handle,
    recorded_request=(
        "group_name",
        "new_path",
        "new_group_name",
    ),
)
