"""The user, group or role whose policies are simulated: from its ARN to its policies with their texts.

Rules:
 - The ARN is taken as it was sent, path and case included; what is authorised is that ARN, so that the decision
   is the same whether such an identity exists (P-09).
 - A user has the policies of its groups as well. What is attached and gone denies everything, as it does for
   requests.
 - A boundary that the request gives stands in place of the identity's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Target
from strongroom.policy.managed import find_managed_policy
from strongroom.policy.question import Principal
from strongroom.services.iam import errors
from strongroom.services.iam.identity_rows import GROUPS, ROLES, USERS, IdentityRows
from strongroom.services.iam.lookup import tag_conditions
from strongroom.services.iam.model import Group, GroupAttributes, Role, User
from strongroom.services.iam.policy_rows import text_in_force
from strongroom.services.iam.simulation_shapes import PolicyIdentifier

_SOURCE_ARN: Final = re.compile(
    r"arn:aws:iam::([0-9]{12}):(user|group|role)/(?:[!-~]+/)?([\w+=,.@-]+)", re.ASCII
)
_KINDS: Final[dict[str, IdentityRows[Any]]] = {"user": USERS, "group": GROUPS, "role": ROLES}
_DENY_ALL: Final = '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}'

Simulated = User | Group | Role


class HeldPolicy(msgspec.Struct, frozen=True):
    """A policy of an identity.

    Attributes:
        name: Without path.
        text: The document.
        arn: Of a managed policy; None for an inline one.
        holder: Of an inline policy: ``user``, ``group`` or ``role``, and its name.
    """

    name: str
    text: str
    arn: str | None = None
    holder: tuple[str, str] = ("", "")

    @property
    def type(self) -> str:
        """What exclusions call its sort."""
        if self.arn is None:
            return "inline"
        return "user-managed" if find_managed_policy(self.arn) is None else "aws-managed"


def source_target(context: Context, arn: str) -> Target:
    """Resolve ``PolicySourceArn``.

    Returns:
        The target; ``found`` is the user, group or role, or None when there is none.

    Raises:
        Fault: It is not the ARN of one.
    """
    matched = _SOURCE_ARN.fullmatch(arn)
    if matched is None:
        raise errors.invalid_input(f"Invalid Entity Arn: {arn} does not clearly define entity type and name.")
    account, word, name = matched.groups()
    found = _KINDS[word].find(context.rows, account, name)
    if found is None or found.arn != arn:
        return Target(arn, account, arn)
    tags = None if isinstance(found.attributes, GroupAttributes) else found.attributes.tags
    return Target(arn, account, arn, found, tag_conditions(tags) if tags else {})


def existing_source(target: Target) -> Simulated:
    """Return the identity of a target.

    Raises:
        Fault: There is none.
    """
    found = target.found
    if found is None:
        _, _, resource = target.arn.rpartition(":")
        word, _, name = resource.partition("/")
        raise errors.identity_not_found(word, name.rpartition("/")[2])
    assert isinstance(found, (User, Group, Role))
    return found


def principal_of(identity: Simulated) -> Principal:
    """Give the caller that an identity would be: for a role a session, for a group some user of the account."""
    if isinstance(identity, User):
        return Principal("User", identity.arn, identity.account, identity.unique_id)
    if isinstance(identity, Role):
        arn = f"arn:aws:sts::{identity.account}:assumed-role/{identity.name}/simulated"
        session = f"{identity.unique_id}:simulated"
        return Principal("AssumedRole", arn, identity.account, session, role_arn=identity.arn)
    return Principal("User", "", identity.account)


def policies_held(context: Context, identity: Simulated) -> list[HeldPolicy]:
    """Read the policies of an identity, and for a user those of its groups.

    Raises:
        StoreTampered: A row is not what Strongroom wrote.
    """
    rows = context.rows
    with rows.snapshot():
        held = list(_own(context, identity))
        if isinstance(identity, User):
            for group_id in identity.attributes.groups:
                group = GROUPS.find_by_id(rows, group_id)
                if group is not None:
                    held.extend(_own(context, group))
    return held


def boundary_held(context: Context, identity: Simulated) -> HeldPolicy | None:
    """Read the permissions boundary of an identity; None for none."""
    attributes = identity.attributes
    if isinstance(attributes, GroupAttributes) or attributes.boundary is None:
        return None
    return _managed(context, attributes.boundary)


def is_excluded(policy: HeldPolicy, exclusions: Sequence[PolicyIdentifier]) -> bool:
    """Whether a simulation leaves a policy out."""
    for exclusion in exclusions:
        inline = exclusion.inline_policy_identifier
        if exclusion.policy_type == policy.type or (
            exclusion.policy_arn is not None and exclusion.policy_arn == policy.arn
        ):
            return True
        if inline is not None and policy.arn is None:
            named = (inline.attachment_type, inline.attachment_name, inline.policy_name)
            if named == (*policy.holder, policy.name):
                return True
    return False


def _own(context: Context, identity: Simulated) -> Iterator[HeldPolicy]:
    for arn in identity.attributes.attached:
        yield _managed(context, arn)
    word = type(identity).__name__.lower()
    for inline in _KINDS[word].list_policies(context.rows, identity.unique_id):
        yield HeldPolicy(inline.name, inline.document, holder=(word, identity.name))


def _managed(context: Context, arn: str) -> HeldPolicy:
    text = text_in_force(context.rows, arn)
    return HeldPolicy(arn.rpartition("/")[2], _DENY_ALL if text is None else text, arn)
