"""CreateOpenIDConnectProvider: let the roles of the account trust the tokens of an issuer.

The URL is that of the issuer, with ``https``, a host, perhaps a port (AWS advises against one) and a path; an
account has one provider for each URL, at most 100 of them, each with at most 100 client ids and 5 thumbprints.
Nothing is fetched when a provider is made; without thumbprints the usual certificate authorities are trusted.

Errors: EntityAlreadyExists, LimitExceeded, InvalidInput, ValidationError.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.oidc_providers import (
    PROVIDERS_MOST,
    OIDCProvider,
    ProviderAttributes,
    bare_url,
    check_client_ids,
    check_thumbprints,
    find_provider,
    insert_provider,
    list_providers,
    provider_arn,
)
from strongroom.services.iam.oidc_shapes import ARN_MEMBER, ClientId, ProviderArn, ProviderUrl, Thumbprint
from strongroom.services.iam.shapes import Tags
from strongroom.services.iam.tags import new_tags, request_conditions, show_tags
from strongroom.wire.shapes import Shape, renamed


class Request(Shape):
    """The issuer, and what is asked of its tokens."""

    url: ProviderUrl
    client_ids: list[ClientId] | None = renamed("ClientIDList", default=None)
    thumbprint_list: list[Thumbprint] | None = None
    tags: Tags | None = None


class Response(Shape):
    """The ARN, and the tags if there are any."""

    provider_arn: ProviderArn | None = renamed(ARN_MEMBER, default=None)
    tags: Tags | None = None


def target(context: Context, request: Request) -> Target:
    """Name the provider that will be; the tags it is to have are condition keys."""
    arn = provider_arn(context.account, bare_url(request.url))
    return Target(arn, context.account, arn, conditions=request_conditions(request.tags))


def handle(context: Context, request: Request, target: Target) -> Response:
    """Make the provider."""
    attributes = ProviderAttributes(
        client_ids=check_client_ids(request.client_ids or []),
        thumbprints=check_thumbprints(request.thumbprint_list or []),
        tags=new_tags(request.tags, folds_case=False),
    )
    url = bare_url(request.url)
    if find_provider(context.rows, context.account, url) is not None:
        raise errors.provider_exists(request.url)
    if len(list_providers(context.rows, context.account)) >= PROVIDERS_MOST:
        raise errors.quota_exceeded("OpenIdConnectProvidersPerAccount", PROVIDERS_MOST)
    provider = OIDCProvider(context.account, url, context.now_ms, attributes)
    insert_provider(context.transaction, provider)
    return Response(provider_arn=provider.arn, tags=show_tags(attributes.tags) if attributes.tags else None)


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the ARN."""
    return {"openIDConnectProviderArn": response.provider_arn}


CREATE_OPEN_ID_CONNECT_PROVIDER = Operation(
    name="CreateOpenIDConnectProvider",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="iam:CreateOpenIDConnectProvider",
    target=target,
    handle=handle,
    recorded_request=("url", "client_ids", "thumbprint_list", "tags"),
    recorded_response=recorded_response,
)
