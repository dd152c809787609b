"""GetContextKeysForPrincipalPolicy: the condition keys that the policies of a user, group or role name.

For a user those of its groups count as well, and policies given as texts are added. Keys come from conditions and
from policy variables, each once, in alphabetical order.

Errors: NoSuchEntity, InvalidInput for a policy that is malformed or an ARN of something else.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForPrincipalPolicy.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.policy.simulation import context_keys
from strongroom.services.iam.get_context_keys_for_custom_policy import Response
from strongroom.services.iam.shapes import Arn
from strongroom.services.iam.simulated_identity import existing_source, policies_held, source_target
from strongroom.services.iam.simulation import read_documents
from strongroom.services.iam.simulation_shapes import PolicyDocuments
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Whose policies, and further ones."""

    policy_source_arn: Arn
    policy_input_list: PolicyDocuments | None = None


def target(context: Context, request: Request) -> Target:
    """Name the user, group or role."""
    return source_target(context, request.policy_source_arn)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Collect the keys."""
    held = policies_held(context, existing_source(target))
    texts = [*(request.policy_input_list or ()), *(policy.text for policy in held)]
    return Response(context_key_names=context_keys(read_documents(texts)))


GET_CONTEXT_KEYS_FOR_PRINCIPAL_POLICY = Operation(
    name="GetContextKeysForPrincipalPolicy",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:GetContextKeysForPrincipalPolicy",
    target=target,
    handle=handle,
    recorded_request=("policy_source_arn",),
)
