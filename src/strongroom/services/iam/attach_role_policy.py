"""AttachRolePolicy: attach a managed policy, AWS's or one of the account, to a role.

At most 10 policies; attaching what is attached changes nothing. It holds from the next request on, on every worker
(S-09).

Errors: NoSuchEntity, also for the policy; LimitExceeded; ValidationError for an ARN that is none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachRolePolicy.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.attachments import attach, attachment_target
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.role_shapes import NewRoleName
from strongroom.services.iam.shapes import Arn
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which role, and which policy."""

    role_name: NewRoleName
    policy_arn: Arn


def target(context: Context, request: Request) -> Target:
    """Name the role."""
    return attachment_target(context, ROLES, request.role_name, request.policy_arn)


def handle(context: Context, request: Request, target: Target) -> None:
    """Attach the policy."""
    attach(context, ROLES, target, request.policy_arn)


ATTACH_ROLE_POLICY: Operation[Request, Shape] = Operation(
    name="AttachRolePolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:AttachRolePolicy",
    target=target,
    handle=handle,
    recorded_request=("role_name", "policy_arn"),
)
