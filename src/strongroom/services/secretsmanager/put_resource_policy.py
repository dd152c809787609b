"""PutResourcePolicy: attach a resource policy to a secret, or replace the one that it has.

The text is kept as it was sent, at most 20,480 characters. Users, roles and accounts that it names must exist;
users and roles are bound by their unique ids, so that who is made anew under an old name is not meant.
BlockPublicPolicy refuses a policy that would let in everybody; without it such a policy is attached (recorded).

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html; Secrets
Manager reference 12.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strongroom.gateway.compiling import COMPILED
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.secretsmanager import errors
from strongroom.services.secretsmanager.lookup import find_target, live
from strongroom.services.secretsmanager.model import BoundPolicy
from strongroom.services.secretsmanager.policy_principals import bind_principals
from strongroom.services.secretsmanager.resource_policies import (
    DEFAULT_POLICY_NAME,
    grants_broad_access,
    read_policy,
)
from strongroom.services.secretsmanager.shapes import (
    PolicyName,
    ResourcePolicy,
    SecretARN,
    SecretId,
    SecretName,
)
from strongroom.services.secretsmanager.tables import put_policy
from strongroom.wire.shapes import Shape, renamed


class Request(Shape):
    """The policy."""

    secret_id: SecretId
    resource_policy: ResourcePolicy
    policy_name: PolicyName | None = None
    block_public_policy: bool | None = None


class Response(Shape):
    """The secret; the name of the policy only for who gave it."""

    arn: SecretARN | None = renamed("ARN", default=None)
    name: SecretName | None = None
    policy_name: PolicyName | None = None


def target(context: Context, request: Request) -> Target:
    """Name the secret; BlockPublicPolicy is a condition key when the caller sends it."""
    conditions: dict[str, tuple[str, ...]] = {}
    if request.block_public_policy is not None:
        conditions["secretsmanager:blockpublicpolicy"] = ("true" if request.block_public_policy else "false",)
    return find_target(context, request.secret_id, conditions)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Check the policy and keep its text."""
    secret = live(target)
    if request.policy_name not in (None, DEFAULT_POLICY_NAME):
        raise errors.invalid_parameter(f"The policy of a secret has the name {DEFAULT_POLICY_NAME}.")
    document = read_policy(request.resource_policy)
    principal_ids = bind_principals(context.rows, document)
    if request.block_public_policy and grants_broad_access(document):
        raise errors.public_policy()
    policy = BoundPolicy(request.resource_policy, principal_ids)
    put_policy(context.transaction, secret, policy, context.now_ms)
    COMPILED.leave(document, policy.document, source_id=secret.arn, principal_ids=principal_ids)
    return Response(arn=secret.arn, name=secret.name, policy_name=request.policy_name)


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the secret."""
    return {"arn": response.arn, "name": response.name}


PUT_RESOURCE_POLICY = Operation(
    name="PutResourcePolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="secretsmanager:PutResourcePolicy",
    target=target,
    handle=handle,
    recorded_request=("secret_id", "resource_policy", "policy_name", "block_public_policy"),
    recorded_response=recorded_response,
)
