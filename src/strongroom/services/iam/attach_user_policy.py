"""AttachUserPolicy: attach a managed policy, AWS's or one of the account, to a user.

At most 10 policies; attaching what is attached changes nothing. It holds from the next request on, on every worker
(S-09).

Errors: NoSuchEntity, also for the policy; LimitExceeded; ValidationError for an ARN that is none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachUserPolicy.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.attachments import attach, attachment_target
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
    """Attach the policy."""
    attach(context, USERS, target, request.policy_arn)


ATTACH_USER_POLICY: Operation[Request, Shape] = Operation(
    name="AttachUserPolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:AttachUserPolicy",
    target=target,
    handle=handle,
    recorded_request=("user_name", "policy_arn"),
)
