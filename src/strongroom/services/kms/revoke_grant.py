"""RevokeGrant: end a grant, as the one who looks after the key. It holds from the next request on.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_RevokeGrant.html; identity reference 6.3.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms import errors
from strongroom.services.kms.issued_grants import find_held_grant
from strongroom.services.kms.lookup import existing, find_target
from strongroom.services.kms.shapes import GrantId, KeyId
from strongroom.services.kms.tables import remove_grant
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which grant of which key."""

    key_id: KeyId
    grant_id: GrantId
    dry_run: bool | None = None


def target(context: Context, request: Request) -> Target:
    """Name the key."""
    conditions = {"kms:grantisforawsresource": ("true" if context.via else "false",)}
    return find_target(context, _ACTION, request.key_id, across_accounts=True, conditions=conditions)


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove the grant."""
    held = existing(target)
    grant = find_held_grant(held, request.grant_id).grant
    if request.dry_run:
        raise errors.dry_run()
    remove_grant(context.transaction, held.key, grant)


_ACTION = "kms:RevokeGrant"

REVOKE_GRANT: Operation[Request, Shape] = Operation(
    name="RevokeGrant",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id", "grant_id", "dry_run"),
)
