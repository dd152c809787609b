"""RetireGrant: end a grant, as one whom the grant lets do that: by its token, or by key and grant id.

The retiring principal may; so may a grantee whose grant names RetireGrant among its operations. Policies can
let others do it, and can deny it to these.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_RetireGrant.html; identity reference 6.3.
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.policy.model import PrincipalName
from strongroom.policy.principals import Grant as Closeness
from strongroom.policy.principals import Granted, PrincipalSet
from strongroom.services.kms import errors
from strongroom.services.kms.ciphertexts import open_grant_token
from strongroom.services.kms.issued_grants import find_held_grant
from strongroom.services.kms.keys import KeyInForce
from strongroom.services.kms.lookup import existing, find_target
from strongroom.services.kms.model import Grant, key_arn
from strongroom.services.kms.shapes import GrantId, GrantToken, KeyId
from strongroom.services.kms.tables import find_grant, remove_grant
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which grant: by token, or by key and id."""

    grant_token: GrantToken | None = None
    key_id: KeyId | None = None
    grant_id: GrantId | None = None
    dry_run: bool | None = None


def target(context: Context, request: Request) -> Target:
    """Name the key, and whether the grant itself lets the caller retire it."""
    key_id, grant_id = _choose(context, request)
    found = find_target(context, _ACTION, key_id, across_accounts=True)
    held = found.found
    if not isinstance(held, KeyInForce):
        return found
    granted = next(
        (
            Granted(grant_id, closeness)
            for one in held.grants
            if one.grant.grant_id == grant_id
            and (closeness := _may_retire(context, one.grant)) is not Closeness.NONE
        ),
        None,
    )
    # A grant lets its grantee retire that grant, not another one of the key.
    return replace(found, granted=granted)


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove the grant."""
    held = existing(target)
    _, grant_id = _choose(context, request)
    grant = find_held_grant(held, grant_id).grant
    if request.dry_run:
        raise errors.dry_run()
    remove_grant(context.transaction, held.key, grant)


def _choose(context: Context, request: Request) -> tuple[str, str]:
    """Give the key and the id of the grant that a request means.

    Raises:
        Fault: It names none, or the token is none of ours.
    """
    if request.grant_token is not None:
        if request.key_id is not None or request.grant_id is not None:
            raise errors.validation("Specify either a grant token or a key and a grant id.")
        grant_id = open_grant_token(context, request.grant_token)
        grant = find_grant(context.rows, grant_id)
        if grant is None:
            raise errors.invalid_grant_token()
        return key_arn(grant.region, grant.account, grant.key_id), grant_id
    if request.key_id is None or request.grant_id is None:
        raise errors.validation("Specify either a grant token or a key and a grant id.")
    return request.key_id, request.grant_id


def _may_retire(context: Context, grant: Grant) -> Closeness:
    principal = context.caller.principal
    closest = Closeness.NONE
    if grant.retiring:
        ids = {grant.retiring: grant.retiring_id} if grant.retiring_id else {}
        closest = PrincipalSet((PrincipalName("AWS", grant.retiring),), ids).grant(principal)
    if "RetireGrant" in grant.operations:
        ids = {grant.grantee: grant.grantee_id} if grant.grantee_id else {}
        closest = max(closest, PrincipalSet((PrincipalName("AWS", grant.grantee),), ids).grant(principal))
    return closest


_ACTION = "kms:RetireGrant"

RETIRE_GRANT: Operation[Request, Shape] = Operation(
    name="RetireGrant",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id", "grant_id", "dry_run"),
)
