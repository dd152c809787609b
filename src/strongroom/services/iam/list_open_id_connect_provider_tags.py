"""ListOpenIDConnectProviderTags: the tags of a provider, by key.

Errors: NoSuchEntity; ValidationError for an ARN that is none, and for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOpenIDConnectProviderTags.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.oidc_providers import existing_provider, provider_target
from strongroom.services.iam.oidc_shapes import ARN_MEMBER, ProviderArn
from strongroom.services.iam.shapes import Marker, MaxItems, Tags
from strongroom.services.iam.tags import page_of_tags
from strongroom.wire.shapes import Shape, renamed

NAME = "ListOpenIDConnectProviderTags"


class Request(Shape):
    """Whose tags, and which page."""

    provider_arn: ProviderArn = renamed(ARN_MEMBER)
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    tags: Tags
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the provider."""
    return provider_target(context, request.provider_arn)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read a page."""
    provider = existing_provider(target)
    held = provider.attributes.tags
    page, marker = page_of_tags(
        context, NAME, provider.arn, held, request.marker, request.max_items, folds_case=False
    )
    return Response(tags=page, is_truncated=marker is not None, marker=marker)


LIST_OPEN_ID_CONNECT_PROVIDER_TAGS = Operation(
    name=NAME,
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="iam:ListOpenIDConnectProviderTags",
    target=target,
    handle=handle,
    recorded_request=("provider_arn", "max_items"),
)
