"""Permissions boundaries of users and roles: setting and removing them.

Rules:
 - A boundary is a managed policy, AWS's or one of the own account, in the version that is its default.
 - It holds from the next request on, on every worker (S-09): ``identity_rows`` sees to that.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
"""

from __future__ import annotations

from typing import TypeVar

from strongroom.gateway.context import Context
from strongroom.policy.managed import find_managed_policy
from strongroom.services.iam import errors
from strongroom.services.iam.identity_rows import IdentityRows
from strongroom.services.iam.lookup import NO_CONDITIONS, Conditions
from strongroom.services.iam.model import Role, User
from strongroom.services.iam.policy_rows import find_policy_by_arn, insert_attachment, remove_attachment
from strongroom.store.rows import Rows

Bounded = TypeVar("Bounded", User, Role)


def boundary_conditions(arn: str | None) -> Conditions:
    """Give the condition key of the boundary that a request sets."""
    return NO_CONDITIONS if arn is None else {"iam:permissionsboundary": (arn,)}


def check_boundary(rows: Rows, account: str, arn: str) -> None:
    """Refuse what cannot be a boundary in an account.

    Raises:
        Fault: It is not the ARN of a managed policy, or there is no such policy of AWS or of the account.
    """
    owner, _, resource = arn.removeprefix("arn:aws:iam::").partition(":")
    if not arn.startswith("arn:aws:iam::") or not resource.startswith("policy/"):
        raise errors.invalid_arn(arn)
    if find_managed_policy(arn) is not None:
        return
    if owner != account or find_policy_by_arn(rows, arn) is None:
        raise errors.boundary_not_found(arn)


def put_boundary(context: Context, kind: IdentityRows[Bounded], identity: Bounded, arn: str) -> Bounded:
    """Set or replace the boundary of a user or role; return it as it is then.

    Raises:
        Fault: The policy cannot be one.
    """
    check_boundary(context.rows, identity.account, arn)
    bare = delete_boundary(context, kind, identity)
    insert_attachment(context.transaction, identity.account, arn, "boundary", identity.unique_id)
    return kind.change_attributes(context.transaction, bare, boundary=arn)


def delete_boundary(context: Context, kind: IdentityRows[Bounded], identity: Bounded) -> Bounded:
    """Remove the boundary of a user or role, if it has one; return it as it is then."""
    held = identity.attributes.boundary
    if held is None:
        return identity
    remove_attachment(context.transaction, identity.account, held, "boundary", identity.unique_id)
    return kind.change_attributes(context.transaction, identity, boundary=None)
