"""RemoveClientIDFromOpenIDConnectProvider: no longer accept tokens of a provider for an audience.

Removing one that is not there changes nothing.

Errors: NoSuchEntity; ValidationError for an ARN that is none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveClientIDFromOpenIDConnectProvider.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.oidc_providers import change_provider, existing_provider, provider_target
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
    """Remove the client id."""
    provider = existing_provider(target)
    others = tuple(each for each in provider.attributes.client_ids if each != request.client_id)
    change_provider(context.transaction, provider, client_ids=others)


REMOVE_CLIENT_ID_FROM_OPEN_ID_CONNECT_PROVIDER: Operation[Request, Shape] = Operation(
    name="RemoveClientIDFromOpenIDConnectProvider",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:RemoveClientIDFromOpenIDConnectProvider",
    target=target,
    handle=handle,
    recorded_request=("provider_arn", "client_id"),
)
