"""CreateGrant: let a principal use a key for some operations, without touching the key's policy.

A grant only allows; a key has at most 2,500 (on AWS 50,000). Constraints bind it to encryption contexts. A name
makes the call repeatable: the same grant under the same name is made once. Who creates by way of a grant itself
gives on no more than that grant gives. Grants to service principals are not served.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html; identity reference 6.3.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from strongroom.gateway.authorisation import AccessDenied, authorise
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms import ciphertexts, errors
from strongroom.services.kms.grants import SERVED_OPERATIONS, covering_grants
from strongroom.services.kms.issued_grants import check_principal
from strongroom.services.kms.keys import KeyInForce
from strongroom.services.kms.lookup import find_target, usable
from strongroom.services.kms.model import GRANTS_MOST, Grant
from strongroom.services.kms.shapes import (
    GrantConstraints,
    GrantId,
    GrantName,
    GrantOperations,
    GrantToken,
    GrantTokens,
    KeyId,
    PrincipalId,
    ServicePrincipal,
)
from strongroom.services.kms.tables import insert_grant
from strongroom.wire.shapes import Shape

_ACTION: Final = "kms:CreateGrant"


class Request(Shape):
    """Who may do what with which key, and who may end it."""

    key_id: KeyId
    grantee_principal: PrincipalId | None = None
    retiring_principal: PrincipalId | None = None
    operations: GrantOperations
    constraints: GrantConstraints | None = None
    grant_tokens: GrantTokens | None = None
    name: GrantName | None = None
    dry_run: bool | None = None
    grantee_service_principal: ServicePrincipal | None = None
    retiring_service_principal: ServicePrincipal | None = None


class Response(Shape):
    """The grant, and its token."""

    grant_token: GrantToken | None = None
    grant_id: GrantId | None = None


def target(context: Context, request: Request) -> Target:
    """Name the key; what the grant would be stands in condition keys."""
    conditions: dict[str, tuple[str, ...]] = {
        "kms:grantisforawsresource": ("true" if context.via else "false",),
    }
    if request.operations:
        conditions["kms:grantoperations"] = tuple(request.operations)
    if request.grantee_principal is not None:
        conditions["kms:granteeprincipal"] = (request.grantee_principal,)
    if request.retiring_principal is not None:
        conditions["kms:retiringprincipal"] = (request.retiring_principal,)
    if request.constraints is not None:
        if request.constraints.encryption_context_equals is not None:
            conditions["kms:grantconstrainttype"] = ("EncryptionContextEquals",)
        elif request.constraints.encryption_context_subset is not None:
            conditions["kms:grantconstrainttype"] = ("EncryptionContextSubset",)
    return find_target(context, _ACTION, request.key_id, across_accounts=True, conditions=conditions)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Make the grant, or find that the same was made before."""
    held = usable(target)
    grant = _read(context, held, request)
    _check_inherited(context, held, target, grant)
    ciphertexts.check_grant_tokens(context, request.grant_tokens)
    if request.dry_run:
        raise errors.dry_run()
    made = _find_same(held, grant)
    if made is None:
        if len(held.grants) >= GRANTS_MOST:
            raise errors.limit_exceeded(f"A KMS key can have at most {GRANTS_MOST} grants.")
        insert_grant(context.transaction, held.key, grant)
        made = grant
    token = ciphertexts.seal_grant_token(context, made.grant_id)
    return Response(grant_token=token, grant_id=made.grant_id)


def _read(context: Context, held: KeyInForce, request: Request) -> Grant:
    """Check the parts of a grant.

    Raises:
        Fault: A part is missing, is not served, or names nobody.
    """
    if request.grantee_service_principal is not None or request.retiring_service_principal is not None:
        raise errors.unsupported("Strongroom does not serve grants to service principals.")
    if request.grantee_principal is None:
        raise errors.validation("GranteePrincipal is required.")
    if not request.operations:
        raise errors.validation("A grant names at least one operation.")
    wrong = sorted(set(request.operations) - SERVED_OPERATIONS)
    if wrong:
        raise errors.validation(f"The operation {wrong[0]} is not valid for a grant on a symmetric key.")
    constraints = request.constraints or GrantConstraints()
    subset, equals = constraints.encryption_context_subset, constraints.encryption_context_equals
    if constraints.source_arn is not None:
        raise errors.unsupported("Strongroom does not serve the grant constraint SourceArn.")
    if subset is not None and equals is not None:
        raise errors.validation("A grant has either EncryptionContextSubset or EncryptionContextEquals.")
    ciphertexts.check_context(subset or equals)
    retiring = request.retiring_principal or ""
    return Grant(
        grant_id=os.urandom(32).hex(),
        key_id=held.key.key_id,
        account=held.key.account,
        region=held.key.region,
        retiring=retiring,
        created_ms=context.now_ms,
        grantee=request.grantee_principal,
        issuer=context.account,
        operations=tuple(dict.fromkeys(request.operations)),
        grantee_id=check_principal(context, request.grantee_principal),
        retiring_id=check_principal(context, retiring) if retiring else "",
        subset=subset,
        equals=equals,
        name=request.name or "",
    )


def _check_inherited(context: Context, held: KeyInForce, target: Target, grant: Grant) -> None:
    """Refuse to give on more than was given: a grant that rests on another one must stay inside it.

    Raises:
        Fault: The caller may create grants only by way of grants, and none of them covers this one.
    """
    if target.granted is None:
        return
    without = _without_grant(target)
    try:
        authorise(context, _ACTION, without)
    except AccessDenied:
        for one in covering_grants(held, context.caller.principal, "CreateGrant"):
            if set(grant.operations) <= set(one.grant.operations) and _is_within(grant, one.grant):
                return
        raise


def _without_grant(target: Target) -> Target:
    return Target(target.arn, target.account, target.label, target.found, target.conditions, target.policy)


def _is_within(child: Grant, parent: Grant) -> bool:
    """Whether every encryption context that the child takes is one that the parent takes."""
    if parent.equals is not None:
        return child.equals is not None and dict(child.equals) == dict(parent.equals)
    if parent.subset is not None:
        pairs = child.equals if child.equals is not None else child.subset
        return pairs is not None and all(pairs.get(key) == value for key, value in parent.subset.items())
    return True


def _find_same(held: KeyInForce, grant: Grant) -> Grant | None:
    """Find the grant that an earlier call with the same name and the same parts made."""
    if not grant.name:
        return None
    for one in held.grants:
        present = one.grant
        if present == replace(grant, grant_id=present.grant_id, created_ms=present.created_ms):
            return present
    return None


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the grant; its token is not recorded."""
    return {"grantId": response.grant_id}


CREATE_GRANT = Operation(
    name="CreateGrant",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=(
        "key_id",
        "grantee_principal",
        "retiring_principal",
        "operations",
        "constraints",
        "name",
        "dry_run",
        "grantee_service_principal",
        "retiring_service_principal",
    ),
    recorded_response=recorded_response,
)
