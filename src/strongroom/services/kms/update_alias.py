"""UpdateAlias: let a name stand for another key. What is encrypted under the former key stays so.

Needs kms:UpdateAlias on the alias, on the key that it stands for and on the one that it will stand for.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateAlias.html; identity reference 6.2, 6.3.
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms import errors
from strongroom.services.kms.aliases import (
    alias_target,
    authorise_key,
    authorise_present_key,
    check_not_reserved,
    existing_alias,
)
from strongroom.services.kms.model import ALIASES_MOST
from strongroom.services.kms.shapes import AliasName, KeyId
from strongroom.services.kms.tables import put_alias, update_key, with_alias, without_alias
from strongroom.wire.shapes import Shape


class Request(Shape):
    """The name, and the key by id or ARN."""

    alias_name: AliasName
    target_key_id: KeyId


def target(context: Context, request: Request) -> Target:
    """Name the alias."""
    return alias_target(context, request.alias_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Move the alias, and the notes of it. The key that it leaves may wait for its deletion."""
    check_not_reserved(request.alias_name)
    alias = existing_alias(target)
    former = authorise_present_key(context, _ACTION, alias)
    key = authorise_key(context, _ACTION, request.target_key_id)
    key.check_not_pending()
    if key.key.key_id == former.key.key_id:
        moved = with_alias(without_alias(key.key, alias.name), alias.name, context.now_ms)
    else:
        if len(key.key.attributes.aliases) >= ALIASES_MOST:
            raise errors.limit_exceeded(f"A KMS key can have at most {ALIASES_MOST} aliases.")
        update_key(context.transaction, without_alias(former.key, alias.name))
        moved = with_alias(key.key, alias.name, context.now_ms)
    update_key(context.transaction, moved)
    put_alias(context.transaction, replace(alias, key_id=moved.key_id))


_ACTION = "kms:UpdateAlias"

UPDATE_ALIAS: Operation[Request, Shape] = Operation(
    name="UpdateAlias",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("alias_name", "target_key_id"),
)
