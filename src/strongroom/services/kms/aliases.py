"""Step 5 for aliases, and what may be one.

Rules (identity reference 6.2, 6.3):
 - An alias begins with ``alias/``; those that begin with ``alias/aws/`` belong to the keys of services and are
   refused.
 - Making, moving and removing an alias needs the right on the alias and on every key that it concerns: the alias is
   the target, the keys are asked about by ``authorise_key``. An alias has no policy of its own.
"""

from __future__ import annotations

from strongroom.gateway.authorisation import authorise
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Target
from strongroom.services.kms import errors
from strongroom.services.kms.keys import KeyInForce, find_key_in_force
from strongroom.services.kms.lookup import existing, find_target, target_of_key
from strongroom.services.kms.model import ALIAS, AWS_ALIASES, alias_arn
from strongroom.services.kms.tables import Alias, find_alias
from strongroom.store.errors import StoreTampered


def alias_target(context: Context, name: str) -> Target:
    """Name an alias of the account; ``found`` is the alias, or None when there is none.

    Raises:
        Fault: It does not begin as aliases do, or has characters that none has.
    """
    if not name.startswith("alias/"):
        raise errors.alias_prefix()
    if ALIAS.fullmatch(name) is None:
        raise errors.alias_characters()
    arn = alias_arn(context.region, context.account, name)
    found = find_alias(context.rows, context.account, context.region, name)
    conditions = {"kms:calleraccount": (context.account,)}
    return Target(arn, context.account, arn, found, conditions)


def check_not_reserved(name: str) -> None:
    """Refuse the aliases of services.

    Raises:
        Fault: It is one.
    """
    if name.startswith(AWS_ALIASES):
        raise errors.alias_reserved()


def existing_alias(target: Target) -> Alias:
    """Return the alias of a target.

    Raises:
        Fault: There is none.
    """
    alias = target.found
    if alias is None:
        raise errors.alias_not_found(target.arn)
    assert isinstance(alias, Alias)
    return alias


def authorise_key(context: Context, action: str, key_id: str) -> KeyInForce:
    """Return the key that an alias is to stand for, when the caller may do this to it.

    Raises:
        Fault: It is not there, or the caller may not.
    """
    target = find_target(context, action, key_id)
    authorise(context, action, target)
    return existing(target)


def authorise_present_key(context: Context, action: str, alias: Alias) -> KeyInForce:
    """Return the key that an alias stands for, when the caller may do this to it.

    Raises:
        Fault: The caller may not.
        StoreTampered: The alias stands for nothing.
    """
    held = find_key_in_force(context.rows, alias.key_id)
    if held is None:
        raise StoreTampered("an alias of a KMS key was changed outside of Strongroom")
    authorise(context, action, target_of_key(context, action, held, held.key.arn))
    return held
