"""Whether a grant covers what is asked. No I/O.

Rules:
 - A grant allows its operations to its grantee, and nothing else to nobody else. It never denies.
 - Constraints compare the encryption context exactly. They bind the cryptographic operations alone, as AWS has it:
   DescribeKey and RetireGrant have no context. What is allowed by way of CreateGrant keeps the constraints
   (``create_grant.py``).

Source: identity reference 6.3; https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from strongroom.policy.principals import Grant as Closeness
from strongroom.policy.principals import Granted
from strongroom.policy.question import Principal
from strongroom.services.kms.model import allows_context

if TYPE_CHECKING:
    from strongroom.services.kms.keys import HeldGrant, KeyInForce

SERVED_OPERATIONS: Final = frozenset(
    {
        "Decrypt",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyWithoutPlaintext",
        "ReEncryptFrom",
        "ReEncryptTo",
        "CreateGrant",
        "RetireGrant",
        "DescribeKey",
    }
)
"""The operations that a grant on a symmetric key may name."""


def find_grant_for(
    held: KeyInForce, principal: Principal, action: str, encryption_context: Mapping[str, str] | None
) -> Granted | None:
    """Find the grant that covers an action for a principal and names it closest, or None.

    Args:
        held: The key.
        principal: Who asks.
        action: For example ``kms:Decrypt``.
        encryption_context: Of a cryptographic operation; None for the others.
    """
    best: Granted | None = None
    for one in covering_grants(held, principal, action.partition(":")[2]):
        if encryption_context is not None and not allows_context(one.grant, encryption_context):
            continue
        closeness = one.grantee.grant(principal)
        if best is None or closeness > best.closeness:
            best = Granted(one.grant.grant_id, closeness)
            if closeness is Closeness.DIRECT:
                break
    return best


def covering_grants(held: KeyInForce, principal: Principal, operation: str) -> list[HeldGrant]:
    """List the grants that give an operation to a principal, whatever their constraints."""
    names = {
        principal.unique_id,
        principal.arn,
        principal.account,
        principal.role_arn,
        principal.role_id,
        principal.issuer_arn,
    }
    return [
        one
        for name in names
        if name
        for one in held.grants_by_name.get(name, ())
        if operation in one.grant.operations and one.grantee.grant(principal) is not Closeness.NONE
    ]
