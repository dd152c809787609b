"""The policies in force for a user, a group or a role, compiled.

Rules:
 - What is made here is kept in the row cache under a key of its own and depends on the keys of all rows behind it:
   the identity, its groups, its managed policies. A change of any of them holds from the next request on (S-09).
 - A policy that cannot be compiled, or that is attached and gone, denies everything; it never vanishes: leaving
   it out could drop a Deny, or a limit.
 - Managed policies are compiled once and shared by all that have them.
"""

from __future__ import annotations

import logging
import operator
from collections.abc import Mapping
from functools import cache
from typing import Final

import msgspec

from strongroom.gateway.compiling import COMPILED
from strongroom.policy.compile import CompiledPolicy, PolicySet, compile_policy
from strongroom.policy.document import MalformedPolicy, PolicyKind
from strongroom.policy.managed import find_managed_policy
from strongroom.services.iam.identity_rows import GROUPS, ROLES, USERS, identity_key, inline_source_id
from strongroom.services.iam.model import Group, GroupAttributes, InlinePolicy, Role, User
from strongroom.services.iam.policy_rows import policy_key, text_in_force
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows

log = logging.getLogger(__name__)

_DENY_ALL: Final = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
_TRUST_NOBODY: Final = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:*"}]}'
)
_WEIGHT_BYTES: Final = 1_000
_WEIGHT_PER_CHARACTER: Final = 6
"""What a policy weighs once it is compiled and has been asked, for each character of its text."""
_WEIGHT_PER_PATTERN: Final = 150
"""What one more resource weighs in the merged tables of a set, where it shares what the policies have."""


class PoliciesInForce(msgspec.Struct, frozen=True):
    """What IAM lets a principal do.

    Attributes:
        identity: Its policies, attached ones before inline ones; for a user those of its groups as well.
        boundary: Its permissions boundary; None for none.
        depends_on: The cache keys of all rows behind them.
        weight: Estimated bytes of what is not shared with others.
    """

    identity: PolicySet
    boundary: CompiledPolicy | None
    depends_on: tuple[str, ...]
    weight: int


class _Compiled(msgspec.Struct, frozen=True):
    """A managed policy in the cache."""

    policy: CompiledPolicy
    weight: int


def policies_of_user(rows: Rows, user: User) -> PoliciesInForce:
    """Give the policies of a user and of its groups.

    Raises:
        StoreTampered: A row is not what Strongroom wrote.
    """
    own = _own_policies(rows, user, USERS.list_policies(rows, user.unique_id))
    identity = [own.identity]
    depends_on = [*own.depends_on]
    weight = own.weight
    for group_id in user.attributes.groups:
        of_group = _cached_group(rows, group_id)
        identity.append(of_group.identity)
        depends_on.extend(of_group.depends_on)
    return PoliciesInForce(PolicySet(identity), own.boundary, tuple(dict.fromkeys(depends_on)), weight)


def policies_of_group(rows: Rows, group: Group) -> PoliciesInForce:
    """Give the policies of a group.

    Raises:
        StoreTampered: A row is not what Strongroom wrote.
    """
    return _own_policies(rows, group, GROUPS.list_policies(rows, group.unique_id))


def policies_of_role(rows: Rows, role_id: str) -> PoliciesInForce | None:
    """Give the policies of a role, from the cache when they are there; None when there is no such role.

    Raises:
        StoreTampered: A row is not what Strongroom wrote.
    """
    return rows.cached(
        f"iam-in-force:{role_id}",
        lambda fresh: _load_role(fresh, role_id),
        lambda held: held.weight,
        lambda held: held.depends_on,
    )


def managed_policy(rows: Rows, arn: str) -> CompiledPolicy:
    """Give the default version of a managed policy, compiled as an identity policy.

    Raises:
        StoreTampered: A row is not what Strongroom wrote.
    """
    if find_managed_policy(arn) is not None:
        return _aws_policy(arn, PolicyKind.IDENTITY)
    return _customer_policy(rows, policy_key(arn), arn, PolicyKind.IDENTITY)


def limiting_policy(rows: Rows, arn: str, kind: PolicyKind) -> CompiledPolicy:
    """Give the default version of a managed policy, compiled as one that limits: a boundary or a session policy.

    Raises:
        StoreTampered: A row is not what Strongroom wrote.
    """
    if find_managed_policy(arn) is not None:
        return _aws_policy(arn, kind)
    return _customer_policy(rows, f"iam-{kind.name.lower()}:{arn}", arn, kind)


def compile_or_deny(
    text: str | None, kind: PolicyKind, source_id: str, principal_ids: Mapping[str, str] | None = None
) -> CompiledPolicy:
    """Compile a stored policy; one that is gone or cannot be read denies everything."""
    try:
        if text is not None:
            return COMPILED.get(text, kind, source_id=source_id, principal_ids=principal_ids)
        log.error("the policy %s is gone: it denies", source_id)
    except MalformedPolicy as problem:
        log.error("the policy %s cannot be read (%s): it denies", source_id, problem.rule)
    denial = _TRUST_NOBODY if kind is PolicyKind.TRUST else _DENY_ALL
    return compile_policy(denial, kind, source_id=source_id)


def _load_role(rows: Rows, role_id: str) -> PoliciesInForce | None:
    with rows.snapshot():
        role = ROLES.find_by_id(rows, role_id)
        if role is None:
            return None
        return _own_policies(rows, role, ROLES.list_policies(rows, role_id))


def _cached_group(rows: Rows, group_id: str) -> PoliciesInForce:
    found = rows.cached(
        f"iam-in-force:{group_id}",
        lambda fresh: _load_group(fresh, group_id),
        lambda held: held.weight,
        lambda held: held.depends_on,
    )
    assert found is not None
    return found


def _load_group(rows: Rows, group_id: str) -> PoliciesInForce:
    with rows.snapshot():
        group = GROUPS.find_by_id(rows, group_id)
        if group is None:
            raise StoreTampered("a group of a user is gone")
        return policies_of_group(rows, group)


def _own_policies(rows: Rows, identity: User | Group | Role, inline: list[InlinePolicy]) -> PoliciesInForce:
    attributes = identity.attributes
    attached = [managed_policy(rows, arn) for arn in attributes.attached]
    policies = PolicySet(attached)
    if inline:
        own = [
            compile_or_deny(
                policy.document, PolicyKind.IDENTITY, inline_source_id(identity.unique_id, policy.name)
            )
            for policy in inline
        ]
        policies = PolicySet([_attached_set(rows, identity.unique_id, attached), *own])
    arns = list(attributes.attached)
    boundary = None
    if not isinstance(attributes, GroupAttributes) and attributes.boundary is not None:
        boundary = limiting_policy(rows, attributes.boundary, PolicyKind.BOUNDARY)
        arns.append(attributes.boundary)
    return PoliciesInForce(
        identity=policies,
        boundary=boundary,
        depends_on=(identity_key(identity.unique_id), *map(policy_key, arns)),
        weight=_WEIGHT_BYTES + _WEIGHT_PER_CHARACTER * sum(len(policy.document) for policy in inline),
    )


def _attached_set(rows: Rows, unique_id: str, attached: list[CompiledPolicy]) -> PolicySet:
    """Give the set of an identity's managed policies: the same as before where they are the same.

    Its inline policies may change meanwhile, and the others need not be merged again.
    """
    key = f"iam-attached:{unique_id}"
    held: PolicySet | None = rows.cache.get(key)
    # What is kept hangs on no row: whether it still holds is seen by the policies themselves.
    if held is not None and len(held) == len(attached) and all(map(operator.is_, held, attached)):
        return held
    made = PolicySet(attached)
    if len(attached) > 1:
        patterns = sum([policy.patterns for policy in attached])
        rows.cache.put(key, made, _WEIGHT_BYTES + _WEIGHT_PER_PATTERN * patterns)
    return made


def _customer_policy(rows: Rows, key: str, arn: str, kind: PolicyKind) -> CompiledPolicy:
    found = rows.cached(
        key,
        lambda fresh: _load_policy(fresh, arn, kind),
        lambda held: held.weight,
        lambda _: (policy_key(arn),),
    )
    assert found is not None
    return found.policy


def _load_policy(rows: Rows, arn: str, kind: PolicyKind) -> _Compiled:
    text = text_in_force(rows, arn)
    weight = _WEIGHT_BYTES + _WEIGHT_PER_CHARACTER * len(text or "")
    return _Compiled(compile_or_deny(text, kind, arn), weight)


@cache
def _aws_policy(arn: str, kind: PolicyKind) -> CompiledPolicy:
    """Compile an AWS managed policy, once for the process: it never changes and may be shared."""
    managed = find_managed_policy(arn)
    return compile_or_deny(None if managed is None else managed.document, kind, arn)
