"""GetOpenIDConnectProvider: describe a provider; its URL is without ``https://``, as AWS shows it.

Errors: NoSuchEntity; ValidationError for an ARN that is none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetOpenIDConnectProvider.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.oidc_providers import existing_provider, provider_target
from strongroom.services.iam.oidc_shapes import ARN_MEMBER, ClientId, ProviderArn, ProviderUrl, Thumbprint
from strongroom.services.iam.shapes import Tags
from strongroom.services.iam.tags import show_tags
from strongroom.wire.shapes import Shape, Timestamp, renamed, timestamp


class Request(Shape):
    """Which provider."""

    provider_arn: ProviderArn = renamed(ARN_MEMBER)


class Response(Shape):
    """The provider."""

    url: ProviderUrl | None = None
    client_ids: list[ClientId] | None = renamed("ClientIDList", default=None)
    thumbprint_list: list[Thumbprint] | None = None
    create_date: Timestamp | None = None
    tags: Tags | None = None


def target(context: Context, request: Request) -> Target:
    """Name the provider."""
    return provider_target(context, request.provider_arn)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Show it."""
    provider = existing_provider(target)
    attributes = provider.attributes
    return Response(
        url=provider.url,
        client_ids=list(attributes.client_ids),
        thumbprint_list=list(attributes.thumbprints),
        create_date=timestamp(provider.created_ms),
        tags=show_tags(sorted(attributes.tags)),
    )


GET_OPEN_ID_CONNECT_PROVIDER = Operation(
    name="GetOpenIDConnectProvider",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="iam:GetOpenIDConnectProvider",
    target=target,
    handle=handle,
    recorded_request=("provider_arn",),
)
