"""CreateAlias: give a key a name. A key has at most 50.

Needs kms:CreateAlias on the alias and on the key.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html; identity reference 6.2, 6.3.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms import errors
from strongroom.services.kms.aliases import alias_target, authorise_key, check_not_reserved
from strongroom.services.kms.model import ALIASES_MOST
from strongroom.services.kms.shapes import AliasName, KeyId
from strongroom.services.kms.tables import Alias, put_alias, update_key, with_alias
from strongroom.wire.shapes import Shape


class Request(Shape):
    """The name, and the key by id or ARN."""

    alias_name: AliasName
    target_key_id: KeyId


def target(context: Context, request: Request) -> Target:
    """Name the alias."""
    return alias_target(context, request.alias_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Write the alias, and note it with its key."""
    check_not_reserved(request.alias_name)
    key = authorise_key(context, _ACTION, request.target_key_id)
    if target.found is not None:
        raise errors.alias_exists(target.arn)
    key.check_not_pending()
    if len(key.key.attributes.aliases) >= ALIASES_MOST:
        raise errors.limit_exceeded(f"A KMS key can have at most {ALIASES_MOST} aliases.")
    made = Alias(context.account, context.region, request.alias_name, key.key.key_id, context.now_ms)
    put_alias(context.transaction, made)
    update_key(context.transaction, with_alias(key.key, request.alias_name, context.now_ms))


_ACTION = "kms:CreateAlias"

CREATE_ALIAS: Operation[Request, Shape] = Operation(
    name="CreateAlias",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("alias_name", "target_key_id"),
)
