"""UpdateRoleDescription: change a role's description; UpdateRole does that and more.

Errors: NoSuchEntity.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateRoleDescription.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.role_shapes import (
    NewRoleName,
    RoleDescription,
    RoleDetail,
    record_role,
    show_role,
)
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which role, and the text."""

    role_name: NewRoleName
    description: RoleDescription


class Response(Shape):
    """The role as it is now."""

    role: RoleDetail | None = None


def target(context: Context, request: Request) -> Target:
    """Name the role."""
    return find_target(context, ROLES, request.role_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Change it."""
    role = ROLES.change_attributes(
        context.transaction, existing(ROLES, target), description=request.description or None
    )
    return Response(role=show_role(context.rows, role))


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the role."""
    assert response.role is not None
    return {"role": record_role(response.role)}


UPDATE_ROLE_DESCRIPTION = Operation(
    name="UpdateRoleDescription",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="iam:UpdateRoleDescription",
    target=target,
    handle=handle,
    recorded_request=("role_name", "description"),
    recorded_response=recorded_response,
)
