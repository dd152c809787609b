"""CreateRole: make a role without rights, and say who may assume it.

Names are unique in an account without regard to case; at most 1,000 roles. The trust policy is kept byte for
byte, at most 2,048 characters without white space; who it names must exist and is bound by unique id, so that
nobody who is made anew under an old name is trusted. Description, tags and boundary are echoed when they are
given; the longest session is not, as AWS does.

Errors: EntityAlreadyExists, LimitExceeded, InvalidInput, MalformedPolicyDocument, NoSuchEntity (the boundary),
ValidationError.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.ids import new_unique_id
from strongroom.services.iam import errors
from strongroom.services.iam.boundaries import boundary_conditions, put_boundary
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.lookup import new_target
from strongroom.services.iam.model import Role, RoleAttributes
from strongroom.services.iam.role_shapes import (
    SESSION_DEFAULT_S,
    MaxSessionDuration,
    NewRoleName,
    RoleDescription,
    RoleDetail,
    record_role,
    show_role,
)
from strongroom.services.iam.shapes import Arn, NewPath, PolicyDocument, Tags
from strongroom.services.iam.tags import new_tags, request_conditions
from strongroom.services.iam.trust import bind_trust
from strongroom.wire.shapes import Shape

ROLES_MOST: Final = 1_000


class Request(Shape):
    """The name, who may assume the role, and what else it is to have."""

    path: NewPath | None = None
    role_name: NewRoleName
    assume_role_policy_document: PolicyDocument
    description: RoleDescription | None = None
    max_session_duration: MaxSessionDuration | None = None
    permissions_boundary: Arn | None = None
    tags: Tags | None = None


class Response(Shape):
    """The role that was made."""

    role: RoleDetail


def target(context: Context, request: Request) -> Target:
    """Name the role that will be; the tags and the boundary it is to have are condition keys."""
    conditions = {**request_conditions(request.tags), **boundary_conditions(request.permissions_boundary)}
    return new_target(context, ROLES, request.path, request.role_name, conditions)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Make the role."""
    tags = new_tags(request.tags)
    trusted_ids = bind_trust(context.rows, request.assume_role_policy_document)
    if ROLES.find(context.rows, context.account, request.role_name) is not None:
        raise errors.identity_exists("role", request.role_name)
    if ROLES.count(context.rows, context.account) >= ROLES_MOST:
        raise errors.quota_exceeded("RolesPerAccount", ROLES_MOST)
    role = Role(
        account=context.account,
        unique_id=new_unique_id("AROA"),
        name=request.role_name,
        path=request.path or "/",
        created_ms=context.now_ms,
        attributes=RoleAttributes(
            trust=request.assume_role_policy_document,
            trusted_ids=trusted_ids,
            description=request.description or None,
            session_most_s=request.max_session_duration or SESSION_DEFAULT_S,
            tags=tags or None,
        ),
    )
    ROLES.insert(context.transaction, role)
    if request.permissions_boundary is not None:
        role = put_boundary(context, ROLES, role, request.permissions_boundary)
    return Response(role=show_role(context.rows, role, is_new=True))


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the role."""
    return {"role": record_role(response.role)}


CREATE_ROLE = Operation(
    name="CreateRole",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="iam:CreateRole",
    target=target,
    handle=handle,
    recorded_request=(
        "path",
        "role_name",
        "assume_role_policy_document",
        "description",
        "max_session_duration",
        "permissions_boundary",
        "tags",
    ),
    recorded_response=recorded_response,
)
