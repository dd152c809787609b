"""TagOpenIDConnectProvider: add tags to a provider, or give tags that it has another value.

Keys are told apart by case. At most 50 tags.

Errors: NoSuchEntity, InvalidInput, LimitExceeded; ValidationError for an ARN that is none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagOpenIDConnectProvider.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.oidc_providers import change_provider, existing_provider, provider_target
from strongroom.services.iam.oidc_shapes import ARN_MEMBER, ProviderArn
from strongroom.services.iam.shapes import Tags
from strongroom.services.iam.tags import merged_tags, request_conditions
from strongroom.wire.shapes import Shape, renamed


class Request(Shape):
    """Which provider, and the tags."""

    provider_arn: ProviderArn = renamed(ARN_MEMBER)
    tags: Tags


def target(context: Context, request: Request) -> Target:
    """Name the provider; its tags and those of the request are condition keys."""
    return provider_target(context, request.provider_arn, request_conditions(request.tags))


def handle(context: Context, request: Request, target: Target) -> None:
    """Set the tags."""
    provider = existing_provider(target)
    tags = merged_tags(provider.attributes.tags, request.tags, folds_case=False)
    change_provider(context.transaction, provider, tags=tags)


TAG_OPEN_ID_CONNECT_PROVIDER: Operation[Request, Shape] = Operation(
    name="TagOpenIDConnectProvider",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:TagOpenIDConnectProvider",
    target=target,
    handle=handle,
    recorded_request=("provider_arn", "tags"),
)
