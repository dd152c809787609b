"""DeleteResourcePolicy: remove the resource policy of a secret.

A secret that has none is answered in the same way, and not changed.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteResourcePolicy.html; Secrets
Manager reference 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.secretsmanager import errors
from strongroom.services.secretsmanager.lookup import find_target, live
from strongroom.services.secretsmanager.resource_policies import DEFAULT_POLICY_NAME
from strongroom.services.secretsmanager.shapes import PolicyName, SecretARN, SecretId, SecretName
from strongroom.services.secretsmanager.tables import find_policy, remove_policy
from strongroom.wire.shapes import Shape, renamed


class Request(Shape):
    """Whose policy."""

    secret_id: SecretId
    policy_name: PolicyName | None = None


class Response(Shape):
    """The secret; the name of the policy only for who gave it."""

    arn: SecretARN | None = renamed("ARN", default=None)
    name: SecretName | None = None
    policy_name: PolicyName | None = None


def target(context: Context, request: Request) -> Target:
    """Name the secret."""
    return find_target(context, request.secret_id)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Remove the policy, if there is one."""
    secret = live(target)
    if request.policy_name not in (None, DEFAULT_POLICY_NAME):
        raise errors.policy_name_not_found()
    if find_policy(context.rows, secret) is not None:
        remove_policy(context.transaction, secret, context.now_ms)
    return Response(arn=secret.arn, name=secret.name, policy_name=request.policy_name)


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the secret."""
    return {"arn": response.arn, "name": response.name}


DELETE_RESOURCE_POLICY = Operation(
    name="DeleteResourcePolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="secretsmanager:DeleteResourcePolicy",
    target=target,
    handle=handle,
    recorded_request=("secret_id", "policy_name"),
    recorded_response=recorded_response,
)
