"""DeleteOpenIDConnectProvider: no longer trust the tokens of an issuer.

Roles that name the provider stay as they are, and nobody can assume them with its tokens from the next request on.

Errors: NoSuchEntity; ValidationError for an ARN that is none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteOpenIDConnectProvider.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.oidc_providers import existing_provider, provider_target, remove_provider
from strongroom.services.iam.oidc_shapes import ARN_MEMBER, ProviderArn
from strongroom.wire.shapes import Shape, renamed


class Request(Shape):
    """Which provider."""

    provider_arn: ProviderArn = renamed(ARN_MEMBER)


def target(context: Context, request: Request) -> Target:
    """Name the provider."""
    return provider_target(context, request.provider_arn)


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove it."""
    if target.found is None:
        raise errors.provider_not_found_to_delete(request.provider_arn)
    remove_provider(context.transaction, existing_provider(target))


DELETE_OPEN_ID_CONNECT_PROVIDER: Operation[Request, Shape] = Operation(
    name="DeleteOpenIDConnectProvider",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:DeleteOpenIDConnectProvider",
    target=target,
    handle=handle,
    recorded_request=("provider_arn",),
)
