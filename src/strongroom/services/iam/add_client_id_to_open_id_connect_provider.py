"""AddClientIDToOpenIDConnectProvider: accept tokens of a provider for one more audience.

At most 100 client ids; adding one that is there changes nothing.

Errors: NoSuchEntity, LimitExceeded; ValidationError for an ARN that is none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddClientIDToOpenIDConnectProvider.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.oidc_providers import (
    change_provider,
    check_client_ids,
    existing_provider,
    provider_target,
)
from strongroom.services.iam.oidc_shapes import ARN_MEMBER, ClientId, ProviderArn
from strongroom.wire.shapes import Shape, renamed


class Request(Shape):
    """Which provider, and the client id."""

    provider_arn: ProviderArn = renamed(ARN_MEMBER)
    client_id: ClientId = renamed("ClientID")


def target(context: Context, request: Request) -> Target:
    """Name the provider."""
    return provider_target(context, request.provider_arn)


def handle(context: Context, request: Request, target: Target) -> None:
    """Add the client id."""
    provider = existing_provider(target)
    client_ids = check_client_ids([*provider.attributes.client_ids, request.client_id])
    change_provider(context.transaction, provider, client_ids=client_ids)


ADD_CLIENT_ID_TO_OPEN_ID_CONNECT_PROVIDER: Operation[Request, Shape] = Operation(
    name="AddClientIDToOpenIDConnectProvider",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:AddClientIDToOpenIDConnectProvider",
    target=target,
    handle=handle,
    recorded_request=("provider_arn", "client_id"),
)
