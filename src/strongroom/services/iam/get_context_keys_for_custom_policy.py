"""GetContextKeysForCustomPolicy: the condition keys that policies, given as texts, name.

Keys come from conditions and from policy variables, each once, in alphabetical order, as it is written first.

Errors: InvalidInput for a policy that is malformed.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForCustomPolicy.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.policy.simulation import context_keys
from strongroom.services.iam.simulation import read_documents
from strongroom.services.iam.simulation_shapes import ContextKeyName, PolicyDocuments
from strongroom.wire.shapes import Shape


class Request(Shape):
    """The policies."""

    policy_input_list: PolicyDocuments


class Response(Shape):
    """The keys."""

    context_key_names: list[ContextKeyName] | None = None


def target(context: Context, request: Request) -> Target:
    """Name no resource: only texts are looked at."""
    return Target("*", context.account)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Collect the keys."""
    return Response(context_key_names=context_keys(read_documents(request.policy_input_list)))


GET_CONTEXT_KEYS_FOR_CUSTOM_POLICY = Operation(
    name="GetContextKeysForCustomPolicy",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:GetContextKeysForCustomPolicy",
    target=target,
    handle=handle,
)
