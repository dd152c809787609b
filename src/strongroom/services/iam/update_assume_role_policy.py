"""UpdateAssumeRolePolicy: say anew who may assume a role.

The whole trust policy is replaced, by the same rules as in CreateRole. Who was trusted and no longer is cannot
assume the role from the next request on; sessions that exist go on.

Errors: NoSuchEntity, MalformedPolicyDocument, LimitExceeded.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.role_shapes import NewRoleName
from strongroom.services.iam.shapes import PolicyDocument
from strongroom.services.iam.trust import bind_trust
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which role, and the text."""

    role_name: NewRoleName
    policy_document: PolicyDocument


def target(context: Context, request: Request) -> Target:
    """Name the role."""
    return find_target(context, ROLES, request.role_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Check the document and keep it."""
    role = existing(ROLES, target)
    trusted_ids = bind_trust(context.rows, request.policy_document)
    ROLES.change_attributes(context.transaction, role, trust=request.policy_document, trusted_ids=trusted_ids)


UPDATE_ASSUME_ROLE_POLICY: Operation[Request, Shape] = Operation(
    name="UpdateAssumeRolePolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:UpdateAssumeRolePolicy",
    target=target,
    handle=handle,
    recorded_request=("role_name", "policy_document"),
)
