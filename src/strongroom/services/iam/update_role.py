"""UpdateRole: change a role's description or its longest session.

A description that is not given stays; a longest session that is not given becomes the default of one hour, as AWS
documents it.

Errors: NoSuchEntity.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRole.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.role_shapes import (
    SESSION_DEFAULT_S,
    MaxSessionDuration,
    NewRoleName,
    RoleDescription,
)
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which role, and what it is to have."""

    role_name: NewRoleName
    description: RoleDescription | None = None
    max_session_duration: MaxSessionDuration | None = None


class Response(Shape):
    """Nothing; the service model has a result without members."""


def target(context: Context, request: Request) -> Target:
    """Name the role."""
    return find_target(context, ROLES, request.role_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Change it."""
    role = existing(ROLES, target)
    held = role.attributes.description
    ROLES.change_attributes(
        context.transaction,
        role,
        description=held if request.description is None else request.description or None,
        session_most_s=request.max_session_duration or SESSION_DEFAULT_S,
    )
    return Response()


UPDATE_ROLE = Operation(
    name="UpdateRole",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="iam:UpdateRole",
    target=target,
    handle=handle,
    recorded_request=("role_name", "description", "max_session_duration"),
)
