"""DeleteAlias: take a name from a key. The key stays.

Needs kms:DeleteAlias on the alias and on the key.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteAlias.html; identity reference 6.3.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms.aliases import (
    alias_target,
    authorise_present_key,
    check_not_reserved,
    existing_alias,
)
from strongroom.services.kms.shapes import AliasName
from strongroom.services.kms.tables import remove_alias, update_key, without_alias
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which alias."""

    alias_name: AliasName


def target(context: Context, request: Request) -> Target:
    """Name the alias."""
    return alias_target(context, request.alias_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove the alias, and the note of it."""
    check_not_reserved(request.alias_name)
    alias = existing_alias(target)
    key = authorise_present_key(context, _ACTION, alias)
    remove_alias(context.transaction, alias)
    update_key(context.transaction, without_alias(key.key, alias.name))


_ACTION = "kms:DeleteAlias"

DELETE_ALIAS: Operation[Request, Shape] = Operation(
    name="DeleteAlias",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("alias_name",),
)
