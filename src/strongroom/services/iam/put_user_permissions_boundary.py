"""PutUserPermissionsBoundary: set or replace the permissions boundary of a user.

It is a managed policy, AWS's or one of the own account. From the next request on the user may do at most what it
allows.

Errors: NoSuchEntity, also for the policy; ValidationError for an ARN that is none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPermissionsBoundary.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.boundaries import boundary_conditions, put_boundary
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.shapes import Arn, NewUserName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which user, and which policy."""

    user_name: NewUserName
    permissions_boundary: Arn


def target(context: Context, request: Request) -> Target:
    """Name the user; the boundary it is to have is a condition key."""
    conditions = boundary_conditions(request.permissions_boundary)
    return find_target(context, USERS, request.user_name, conditions)


def handle(context: Context, request: Request, target: Target) -> None:
    """Set the boundary."""
    put_boundary(context, USERS, existing(USERS, target), request.permissions_boundary)


PUT_USER_PERMISSIONS_BOUNDARY: Operation[Request, Shape] = Operation(
    name="PutUserPermissionsBoundary",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:PutUserPermissionsBoundary",
    target=target,
    handle=handle,
    recorded_request=(
        "user_name",
        "permissions_boundary",
    ),
)
