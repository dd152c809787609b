"""Step 5 for keys: from what the caller sent (id, ARN, alias, alias ARN) to the row and the ARN we build.

Rules (identity reference 6.1, 6.3; threat model P-01, P-09):
 - The policy is evaluated on the key's ARN, whichever way the key was named. For an absent key it is evaluated on the
   ARN that it would have, without a key policy: who has no rights learns nothing.
 - Aliases are taken only by the operations that AWS lets take them; keys of other accounts only by those that work
   across accounts, and only by ARN. To all others a foreign key has no policy, so it refuses.
 - A refusal names what the caller sent: the key's ARN or the alias's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from strongroom.arn import PARTITION, MalformedARN, parse_arn
from strongroom.gateway.conditions import BuiltOnDemand
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Target
from strongroom.policy.match import fold
from strongroom.services.kms import errors
from strongroom.services.kms.grants import find_grant_for
from strongroom.services.kms.keys import (
    GENERAL_CONDITIONS,
    KeyInForce,
    find_alias_target,
    find_key_in_force,
)
from strongroom.services.kms.model import ALIAS, MULTI_REGION_ID, SYMMETRIC, UUID, alias_arn, key_arn

Conditions = Mapping[str, tuple[str, ...]]

_UNKNOWN_KEY: Final = "????????-????-????-????-????????????"
_NONE: Final[Conditions] = {}


def find_target(
    context: Context,
    action: str,
    key_id: str,
    *,
    aliases: bool = False,
    across_accounts: bool = False,
    encryption_context: Mapping[str, str] | None = None,
    conditions: Conditions = _NONE,
) -> Target:
    """Resolve a ``KeyId``.

    Args:
        context: The request.
        action: The action that will be decided on, ``kms:Encrypt``; grants are looked for by it.
        key_id: What the caller sent.
        aliases: Whether an alias may stand there.
        across_accounts: Whether the operation works on keys of other accounts.
        encryption_context: Of a cryptographic operation; None for the others.
        conditions: Further condition keys of the request.

    Returns:
        The target; ``found`` is the ``KeyInForce``, or None when there is none.

    Raises:
        Fault: A text that cannot name a key, or an ARN of another Region.
    """
    account, kind, name = _split(context, key_id)
    if kind == "alias":
        if not aliases or ALIAS.fullmatch(name) is None:
            raise errors.invalid_key_id(key_id)
        label = alias_arn(context.region, account, name)
        found = find_alias_target(context.rows, account, context.region, name)
        would_be = key_arn(context.region, account, found or _UNKNOWN_KEY)
        conditions = {**conditions, "kms:requestalias": (name,)}
    else:
        if UUID.fullmatch(name) is None and MULTI_REGION_ID.fullmatch(name) is None:
            raise errors.invalid_key_id(name)
        found = name
        label = would_be = key_arn(context.region, account, name)
    held = find_key_in_force(context.rows, found) if found is not None else None
    if held is not None and (held.key.account != account or held.key.region != context.region):
        held = None
    if held is None or (account != context.account and not across_accounts):
        # What every key has, an absent one has too, or a policy with conditions would tell them apart.
        keys = {**GENERAL_CONDITIONS, **_request_conditions(context, encryption_context, conditions)}
        return Target(would_be, account, label, None, keys)
    return target_of_key(context, action, held, label, encryption_context, conditions)


def target_of_key(
    context: Context,
    action: str,
    held: KeyInForce,
    label: str,
    encryption_context: Mapping[str, str] | None = None,
    conditions: Conditions = _NONE,
) -> Target:
    """Make the target of a key that was found."""
    key = held.key
    context.resources.append(held.resource)
    granted = None
    if held.grants:
        granted = find_grant_for(held, context.caller.principal, action, encryption_context)
    return Target(
        held.arn,
        key.account,
        label,
        held,
        BuiltOnDemand(
            lambda: {**held.conditions, **_request_conditions(context, encryption_context, conditions)}
        ),
        held.policy,
        granted,
        stamp=held.stamp,
    )


def existing(target: Target) -> KeyInForce:
    """Return the key of a target.

    Raises:
        Fault: There is none.
    """
    held = target.found
    if held is None:
        if ":alias/" in target.label:
            raise errors.alias_not_found(target.label)
        raise errors.key_not_found(target.label)
    assert isinstance(held, KeyInForce)
    return held


def usable(target: Target) -> KeyInForce:
    """Return the key of a target that can encrypt and decrypt now.

    Raises:
        Fault: There is none, it is disabled, or it waits for its deletion.
    """
    held = existing(target)
    held.check_enabled()
    return held


def account_target(context: Context, conditions: Conditions = _NONE) -> Target:
    """Name no resource: the action has none."""
    return Target("*", context.account, conditions=_request_conditions(context, None, conditions))


def _split(context: Context, key_id: str) -> tuple[str, str, str]:
    """Give account, ``key`` or ``alias``, and the key's id or the alias with its prefix."""
    if not key_id.startswith("arn:"):
        return context.account, "alias" if key_id.startswith("alias/") else "key", key_id
    try:
        arn = parse_arn(key_id)
    except MalformedARN:
        raise errors.invalid_key_id(key_id) from None
    kind, _, rest = arn.resource.partition("/")
    if arn.partition != PARTITION or arn.service != "kms" or kind not in ("key", "alias"):
        raise errors.invalid_key_id(key_id)
    if arn.region != context.region:
        raise errors.other_region(arn.region)
    return arn.account, kind, arn.resource if kind == "alias" else rest


def _request_conditions(
    context: Context, encryption_context: Mapping[str, str] | None, conditions: Conditions
) -> dict[str, tuple[str, ...]]:
    keys: dict[str, tuple[str, ...]] = {"kms:calleraccount": (context.account,), **conditions}
    if context.via:
        keys["kms:viaservice"] = (f"{context.via}.{context.region}.amazonaws.com",)
    if encryption_context is not None:
        keys["kms:encryptionalgorithm"] = (SYMMETRIC,)
        if encryption_context:
            keys["kms:encryptioncontextkeys"] = tuple(encryption_context)
        for name, value in encryption_context.items():
            # Keys that differ by case only share a condition key: it gets all their values (P-04).
            folded = f"kms:encryptioncontext:{fold(name)}"
            keys[folded] = (*keys.get(folded, ()), value)
    return keys
