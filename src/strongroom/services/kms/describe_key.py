"""DescribeKey: what a key is, and in which state.

The key may be named by an alias, and may be of another account. An alias ``alias/aws/...`` is found once its service
has made the key.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html; identity reference 6.1.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms.ciphertexts import check_grant_tokens
from strongroom.services.kms.lookup import existing, find_target
from strongroom.services.kms.metadata import show_key
from strongroom.services.kms.shapes import GrantTokens, KeyId, KeyMetadata
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which key."""

    key_id: KeyId
    grant_tokens: GrantTokens | None = None


class Response(Shape):
    """The key."""

    key_metadata: KeyMetadata | None = None


def target(context: Context, request: Request) -> Target:
    """Name the key."""
    return find_target(context, _ACTION, request.key_id, aliases=True, across_accounts=True)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Show the row."""
    check_grant_tokens(context, request.grant_tokens)
    return Response(key_metadata=show_key(existing(target).key))


_ACTION = "kms:DescribeKey"

DESCRIBE_KEY = Operation(
    name="DescribeKey",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id",),
)
