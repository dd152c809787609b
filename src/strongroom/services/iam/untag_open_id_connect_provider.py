"""UntagOpenIDConnectProvider: remove tags from a provider, by their keys.

Keys that it does not have do no harm.

Errors: NoSuchEntity; ValidationError for an ARN that is none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagOpenIDConnectProvider.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.oidc_providers import change_provider, existing_provider, provider_target
from strongroom.services.iam.oidc_shapes import ARN_MEMBER, ProviderArn
from strongroom.services.iam.shapes import TagKeys
from strongroom.services.iam.tags import key_conditions, remaining_tags
from strongroom.wire.shapes import Shape, renamed


class Request(Shape):
    """Which provider, and the keys."""

    provider_arn: ProviderArn = renamed(ARN_MEMBER)
    tag_keys: TagKeys


def target(context: Context, request: Request) -> Target:
    """Name the provider; the keys are a condition key."""
    return provider_target(context, request.provider_arn, key_conditions(request.tag_keys))


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove the tags."""
    provider = existing_provider(target)
    tags = remaining_tags(provider.attributes.tags, request.tag_keys, folds_case=False)
    change_provider(context.transaction, provider, tags=tags)


UNTAG_OPEN_ID_CONNECT_PROVIDER: Operation[Request, Shape] = Operation(
    name="UntagOpenIDConnectProvider",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:UntagOpenIDConnectProvider",
    target=target,
    handle=handle,
    recorded_request=("provider_arn", "tag_keys"),
)
