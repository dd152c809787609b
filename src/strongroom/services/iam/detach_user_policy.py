"""DetachUserPolicy: detach a managed policy from a user.

It holds from the next request on, on every worker (S-09).

Errors: NoSuchEntity, also for a policy that is not attached; ValidationError for an ARN that is none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachUserPolicy.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.attachments import attachment_target, detach
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.shapes import Arn, NewUserName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which user, and which policy."""

    user_name: NewUserName
    policy_arn: Arn


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    return attachment_target(context, USERS, request.user_name, request.policy_arn)


def handle(context: Context, request: Request, target: Target) -> None:
    """Detach the policy."""
    detach(context, USERS, target, request.policy_arn)


DETACH_USER_POLICY: Operation[Request, Shape] = Operation(
    name="DetachUserPolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:DetachUserPolicy",
    target=target,
    handle=handle,
    recorded_request=("user_name", "policy_arn"),
)
