"""What the operations on grants share: checking who is named, finding a grant, showing one.

Rules (identity reference 6.3; threat model P-07, P-11):
 - A principal of a grant is a user, a role, a session or an account. Users and roles must exist and are bound
   to their unique ids: who is made anew under an old name is not meant.
 - A grant is found by its id only together with its key.
"""

from __future__ import annotations

from typing import Final, get_args

from strongroom.gateway.context import Context
from strongroom.services.kms import errors
from strongroom.services.kms.keys import HeldGrant, KeyInForce
from strongroom.services.kms.model import Grant
from strongroom.services.kms.policies import bind_principal
from strongroom.services.kms.shapes import GrantConstraints, GrantListEntry, GrantOperation
from strongroom.wire.shapes import timestamp

_OPERATIONS: Final = frozenset(get_args(GrantOperation))


def check_principal(context: Context, name: str) -> str:
    """Return the unique id of a principal that a grant is to name; empty where it has none.

    Raises:
        Fault: It is none, or it does not exist.
    """
    unique_id = bind_principal(context, name)
    if unique_id is None:
        raise errors.invalid_arn(f"{name} is not the ARN of a principal that exists.")
    return unique_id


def find_held_grant(held: KeyInForce, grant_id: str) -> HeldGrant:
    """Return a grant of a key.

    Raises:
        Fault: The key has no such grant; whether another key has it makes no difference (P-11).
    """
    for one in held.grants:
        if one.grant.grant_id == grant_id:
            return one
    raise errors.grant_not_found(grant_id)


def show_grant(grant: Grant, arn: str) -> GrantListEntry:
    """Show a grant."""
    constraints = None
    if grant.subset is not None or grant.equals is not None:
        constraints = GrantConstraints(
            encryption_context_subset=None if grant.subset is None else dict(grant.subset),
            encryption_context_equals=None if grant.equals is None else dict(grant.equals),
        )
    operations: list[GrantOperation] = [name for name in grant.operations if name in _OPERATIONS]  # type: ignore[misc]
    return GrantListEntry(
        key_id=arn,
        grant_id=grant.grant_id,
        name=grant.name or None,
        creation_date=timestamp(grant.created_ms),
        grantee_principal=grant.grantee,
        retiring_principal=grant.retiring or None,
        issuing_account=f"arn:aws:iam::{grant.issuer}:root",
        operations=operations,
        constraints=constraints,
    )
