"""GetResourcePolicy: retrieve the resource policy of a secret, as it was sent.

Of a user or role that is gone it shows the unique id in place of the ARN, of one that was renamed the present ARN.

A secret without a policy has an answer without ResourcePolicy. A secret that waits for its deletion still shows
its policy.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetResourcePolicy.html; Secrets
Manager reference 12.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.secretsmanager import errors
from strongroom.services.secretsmanager.lookup import existing, find_target
from strongroom.services.secretsmanager.policy_principals import show_resource_policy
from strongroom.services.secretsmanager.resource_policies import DEFAULT_POLICY_NAME
from strongroom.services.secretsmanager.shapes import (
    PolicyName,
    ResourcePolicy,
    SecretARN,
    SecretId,
    SecretName,
)
from strongroom.services.secretsmanager.tables import find_policy
from strongroom.wire.shapes import Shape, renamed


class Request(Shape):
    """Whose policy."""

    secret_id: SecretId
    policy_name: PolicyName | None = None


class Response(Shape):
    """The policy's text, if there is one."""

    arn: SecretARN | None = renamed("ARN", default=None)
    name: SecretName | None = None
    resource_policy: ResourcePolicy | None = None
    policy_name: PolicyName | None = None


def target(context: Context, request: Request) -> Target:
    """Name the secret."""
    return find_target(context, request.secret_id)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read the text."""
    secret = existing(target)
    if request.policy_name not in (None, DEFAULT_POLICY_NAME):
        raise errors.policy_name_not_found()
    policy = find_policy(context.rows, secret)
    return Response(
        arn=secret.arn,
        name=secret.name,
        resource_policy=None if policy is None else show_resource_policy(context.rows, policy),
        policy_name=request.policy_name,
    )


GET_RESOURCE_POLICY = Operation(
    name="GetResourcePolicy",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="secretsmanager:GetResourcePolicy",
    target=target,
    handle=handle,
    recorded_request=("secret_id", "policy_name"),
)
