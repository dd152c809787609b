"""Step 5 for secrets: from what the caller sent (name, partial or full ARN) to the row and the ARN we build.

Rules (reference 2.2; threat model P-01, P-09):
 - A name, a partial ARN and the full ARN of one secret give one target and so one decision.
 - The policy is evaluated on the stored ARN. For an absent secret it is evaluated on the ARN that a secret of
   that name would have, ``name-??????``, so that who has no rights learns nothing.
 - An ARN that ends in ``-`` and six letters or digits is a full ARN: it finds its secret or nothing, even when
   a secret of just that name exists.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from strongroom.arn import PARTITION, MalformedARN, parse_arn
from strongroom.gateway.compiling import COMPILED
from strongroom.gateway.conditions import BuiltOnDemand
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Target
from strongroom.policy.compile import CompiledPolicy
from strongroom.policy.document import PolicyKind
from strongroom.policy.match import fold
from strongroom.services.secretsmanager import errors
from strongroom.services.secretsmanager.model import NAME, SUFFIX, Secret, secret_arn
from strongroom.services.secretsmanager.tables import find_policy, find_secret, policy_key
from strongroom.store.rows import Rows

_UNKNOWN_SUFFIX = "??????"
_NO_CONDITIONS: Mapping[str, tuple[str, ...]] = {}


def find_target(
    context: Context, secret_id: str, conditions: Mapping[str, tuple[str, ...]] = _NO_CONDITIONS
) -> Target:
    """Resolve a ``SecretId``.

    Args:
        context: The request.
        secret_id: What the caller sent.
        conditions: Condition keys of the request, besides those of the secret.

    Returns:
        The target; ``found`` is the secret, or None when there is none.

    Raises:
        Fault: A name with characters that no name has, or an ARN that is not a secret's.
    """
    if not secret_id.startswith("arn:"):
        if NAME.fullmatch(secret_id) is None:
            raise errors.invalid_name()
        secret = find_secret(context.rows, context.account, context.region, secret_id)
        would_be = ""
        if secret is None:
            would_be = secret_arn(context.region, context.account, secret_id, _UNKNOWN_SUFFIX)
        return _target(context, secret, would_be, context.account, secret_id, conditions)
    try:
        arn = parse_arn(secret_id)
    except MalformedARN:
        raise errors.invalid_parameter("The SecretId is not a valid ARN.") from None
    kind, _, resource = arn.resource.partition(":")
    if arn.partition != PARTITION or arn.service != "secretsmanager" or kind != "secret" or not resource:
        raise errors.invalid_parameter("The SecretId is not the ARN of a secret.")
    if arn.region != context.region:
        return _target(context, None, secret_id, arn.account, secret_id, conditions)
    if SUFFIX.fullmatch(resource) is not None:
        secret = find_secret(context.rows, arn.account, arn.region, resource[:-7])
        if secret is not None and secret.suffix != resource[-6:]:
            secret = None
        return _target(context, secret, secret_id, arn.account, secret_id, conditions)
    secret = find_secret(context.rows, arn.account, arn.region, resource)
    return _target(context, secret, f"{secret_id}-{_UNKNOWN_SUFFIX}", arn.account, secret_id, conditions)


def existing(target: Target) -> Secret:
    """Return the secret of a target.

    Raises:
        Fault: There is none.
    """
    secret = target.found
    if secret is None:
        raise errors.secret_not_found()
    assert isinstance(secret, Secret)
    return secret


def live(target: Target) -> Secret:
    """Return the secret of a target that does not wait for its deletion.

    Raises:
        Fault: There is none, or it was marked for deletion.
    """
    secret = existing(target)
    if secret.deleted_ms is not None:
        raise errors.marked_for_deletion()
    return secret


def secret_conditions(secret: Secret) -> dict[str, tuple[str, ...]]:
    """Give the condition keys that every operation on a secret has (reference 16)."""
    keys: dict[str, tuple[str, ...]] = {"secretsmanager:secretid": (secret.arn,)}
    rotation = secret.attributes.rotation
    if rotation is not None and rotation.function:
        keys["secretsmanager:resource/allowrotationlambdaarn"] = (rotation.function,)
    for key, value in secret.attributes.tags or ():
        # Tags that differ by case only share a condition key: the evaluator gets all their values. The case
        # is folded as the policies' is, or a Deny on a tag could miss it (P-04).
        for prefix in ("aws:resourcetag/", "secretsmanager:resourcetag/"):
            name = prefix + fold(key)
            keys[name] = (*keys.get(name, ()), value)
    return keys


def with_secret(target: Target, secret: Secret) -> Target:
    """Give the target as it would be if its secret were ``secret``: the tags of the resource are others."""
    of_request = {
        key: values
        for key, values in target.conditions.items()
        if not key.startswith(("aws:resourcetag/", "secretsmanager:resourcetag/"))
    }
    return msgspec.structs.replace(
        target, found=secret, conditions={**secret_conditions(secret), **of_request}
    )


def resource_policy(rows: Rows, secret: Secret) -> CompiledPolicy | None:
    """Return a secret's compiled resource policy, or None."""
    if not secret.attributes.policy:
        return None
    held = rows.cached(policy_key(secret.secret_id), lambda fresh: _compile(fresh, secret), _weigh_policy)
    return held[0] if held is not None else None


def _compile(rows: Rows, secret: Secret) -> tuple[CompiledPolicy | None]:
    """Read and compile; that there is no policy is kept in the cache as well, so it comes in a tuple."""
    policy = find_policy(rows, secret)
    if policy is None:
        return (None,)
    compiled = COMPILED.get(
        policy.document, PolicyKind.RESOURCE, source_id=secret.arn, principal_ids=policy.principal_ids
    )
    return (compiled,)


def _weigh_policy(held: tuple[CompiledPolicy | None]) -> int:
    return 100 if held[0] is None else 16_000


def _target(
    context: Context,
    secret: Secret | None,
    would_be: str,
    account: str,
    label: str,
    conditions: Mapping[str, tuple[str, ...]],
) -> Target:
    if secret is None:
        return Target(would_be, account, label, None, conditions)
    return Target(
        secret.arn,
        account,
        label,
        secret,
        BuiltOnDemand(lambda: {**secret_conditions(secret), **conditions}),
        resource_policy(context.rows, secret),
    )
