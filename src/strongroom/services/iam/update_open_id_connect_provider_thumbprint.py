"""UpdateOpenIDConnectProviderThumbprint: replace all thumbprints of a provider.

At most 5, each 40 hexadecimal digits.

Errors: NoSuchEntity, InvalidInput; ValidationError for an ARN that is none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateOpenIDConnectProviderThumbprint.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.oidc_providers import (
    change_provider,
    check_thumbprints,
    existing_provider,
    provider_target,
)
from strongroom.services.iam.oidc_shapes import ARN_MEMBER, ProviderArn, Thumbprint
from strongroom.wire.shapes import Shape, renamed


class Request(Shape):
    """Which provider, and its thumbprints."""

    provider_arn: ProviderArn = renamed(ARN_MEMBER)
    thumbprint_list: list[Thumbprint]


def target(context: Context, request: Request) -> Target:
    """Name the provider."""
    return provider_target(context, request.provider_arn)


def handle(context: Context, request: Request, target: Target) -> None:
    """Replace the thumbprints."""
    provider = existing_provider(target)
    thumbprints = check_thumbprints(request.thumbprint_list)
    change_provider(context.transaction, provider, thumbprints=thumbprints)


UPDATE_OPEN_ID_CONNECT_PROVIDER_THUMBPRINT: Operation[Request, Shape] = Operation(
    name="UpdateOpenIDConnectProviderThumbprint",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:UpdateOpenIDConnectProviderThumbprint",
    target=target,
    handle=handle,
    recorded_request=("provider_arn", "thumbprint_list"),
)
