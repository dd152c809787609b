"""Managed policies attached to users, groups and roles: what their operations do.

Rules:
 - What can be attached are AWS's managed policies and those of the identity's own account.
 - The row of the identity says what it has, and decides; the table of attachments answers the other way round.
   Both are changed here together, and the cache is told (S-09).
 - Attaching what is attached changes nothing.

Source: identity reference 4.2 to 4.4.
"""

from __future__ import annotations

from typing import Any, Final

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Target
from strongroom.policy.managed import find_managed_policy
from strongroom.services.iam import errors
from strongroom.services.iam.identity_rows import IdentityRows
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.managed_policies import check_policy_arn
from strongroom.services.iam.marker import cut_page, open_marker
from strongroom.services.iam.model import Group, Role, User, fold_name
from strongroom.services.iam.policy_rows import find_policy_by_arn, insert_attachment, remove_attachment
from strongroom.services.iam.shapes import MAX_ITEMS_DEFAULT, Arn, PolicyName
from strongroom.store.rows import Rows
from strongroom.wire.shapes import Shape

ATTACHED_MOST: Final = 10
"""Managed policies attached to one user, group or role."""


class AttachedPolicy(Shape):
    """A managed policy that is attached to something."""

    policy_name: PolicyName | None = None
    policy_arn: Arn | None = None


def attachment_target(context: Context, kind: IdentityRows[Any], name: str, arn: str) -> Target:
    """Name the identity to which a policy is attached; policy and boundary are condition keys.

    Raises:
        Fault: Characters that no name has, or an ARN that is not one of a policy.
    """
    check_policy_arn(arn)
    return find_target(context, kind, name, {"iam:policyarn": (arn,)}, with_boundary=True)


def attach(context: Context, kind: IdentityRows[Any], target: Target, arn: str) -> None:
    """Attach a managed policy.

    Raises:
        Fault: There is no such identity or policy, or the identity has as many as it may have.
    """
    holder: Any = existing(kind, target)
    if not _can_be_attached(context.rows, holder.account, arn):
        raise errors.not_attachable(arn)
    attached: tuple[str, ...] = holder.attributes.attached
    if arn in attached:
        return
    if len(attached) >= ATTACHED_MOST:
        raise errors.quota_exceeded(f"PoliciesPer{kind.word.capitalize()}", ATTACHED_MOST)
    insert_attachment(context.transaction, holder.account, arn, "policy", holder.unique_id)
    kind.change_attributes(context.transaction, holder, attached=(*attached, arn))


def detach(context: Context, kind: IdentityRows[Any], target: Target, arn: str) -> None:
    """Detach a managed policy.

    Raises:
        Fault: There is no such identity, or the policy is not attached to it.
    """
    holder: Any = existing(kind, target)
    attached: tuple[str, ...] = holder.attributes.attached
    if arn not in attached:
        raise errors.policy_not_found(arn)
    remove_attachment(context.transaction, holder.account, arn, "policy", holder.unique_id)
    others = tuple(each for each in attached if each != arn)
    kind.change_attributes(context.transaction, holder, attached=others)


def page_of_attached(
    context: Context,
    operation: str,
    holder: User | Group | Role,
    path_prefix: str | None,
    marker: str | None,
    most: int | None,
) -> tuple[list[AttachedPolicy], str | None]:
    """Read a page of the policies attached to an identity, by name.

    Raises:
        Fault: A marker of another listing.
    """
    prefix = path_prefix or "/"
    question = f"{holder.unique_id} {prefix}"
    after = open_marker(context, operation, question, marker)
    under = [arn for arn in holder.attributes.attached if _path(arn).startswith(prefix)]
    found = [arn for arn in sorted(under, key=_position) if _position(arn) > after]
    page, further = cut_page(context, operation, question, found, most or MAX_ITEMS_DEFAULT, _position)
    return [AttachedPolicy(policy_name=_name(arn), policy_arn=arn) for arn in page], further


def _can_be_attached(rows: Rows, account: str, arn: str) -> bool:
    if find_managed_policy(arn) is not None:
        return True
    policy = find_policy_by_arn(rows, arn)
    return policy is not None and policy.account == account


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _path(arn: str) -> str:
    """Give the path of a policy: of ``...:policy/team/name`` it is ``/team/``."""
    return arn.partition(":policy")[2].removesuffix(_name(arn))


def _position(arn: str) -> str:
    """Order by name; a policy of AWS may have the same name as one of the account."""
    return f"{fold_name(_name(arn))} {'aws' if arn.startswith('arn:aws:iam::aws:') else 'own'}"
