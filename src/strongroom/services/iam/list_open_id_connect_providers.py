"""ListOpenIDConnectProviders: the ARNs of all providers of the account, by URL; at most 100.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOpenIDConnectProviders.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.oidc_providers import list_providers, provider_arn
from strongroom.services.iam.shapes import Arn
from strongroom.wire.shapes import Shape, renamed


class ProviderEntry(Shape):
    """One provider."""

    arn: Arn | None = None


class Request(Shape):
    """Nothing."""


class Response(Shape):
    """All of them."""

    providers: list[ProviderEntry] | None = renamed("OpenIDConnectProviderList", default=None)


def target(context: Context, request: Request) -> Target:
    """Name all providers."""
    arn = provider_arn(context.account, "*")
    return Target(arn, context.account, arn)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read them."""
    found = list_providers(context.rows, context.account)
    return Response(providers=[ProviderEntry(arn=provider.arn) for provider in found])


LIST_OPEN_ID_CONNECT_PROVIDERS = Operation(
    name="ListOpenIDConnectProviders",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:ListOpenIDConnectProviders",
    target=target,
    handle=handle,
    recorded_request=(),
)
