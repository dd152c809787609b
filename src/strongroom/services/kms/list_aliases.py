"""ListAliases: the aliases of the account in the Region, or of one of its keys, 50 at a time.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html
"""

from __future__ import annotations

from typing import Final

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms.keys import get_key_of_alias
from strongroom.services.kms.lookup import account_target, existing, find_target
from strongroom.services.kms.marker import MARKERS
from strongroom.services.kms.model import alias_arn
from strongroom.services.kms.shapes import ARN, AliasName, KeyId, Limit, Marker
from strongroom.services.kms.tables import Alias, find_alias, page_aliases
from strongroom.store.rows import Rows
from strongroom.wire.shapes import Shape, Timestamp, timestamp

_NAME: Final = "ListAliases"
_PAGE: Final = 50


class Request(Shape):
    """Of which key, how many, and where to go on."""

    key_id: KeyId | None = None
    limit: Limit | None = None
    marker: Marker | None = None


class AliasListEntry(Shape):
    """One alias."""

    alias_name: AliasName | None = None
    alias_arn: ARN | None = None
    target_key_id: KeyId | None = None
    creation_date: Timestamp | None = None
    last_updated_date: Timestamp | None = None


class Response(Shape):
    """A page of aliases."""

    aliases: list[AliasListEntry] | None = None
    next_marker: Marker | None = None
    truncated: bool | None = None


def target(context: Context, _request: Request) -> Target:
    """Name no resource: the action has none."""
    return account_target(context)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read one page."""
    after = str((MARKERS.open(context, _NAME, request.key_id, request.marker) or ("",))[0])
    most = request.limit or _PAGE
    rows, account, region = context.rows, context.account, context.region
    with rows.snapshot():
        if request.key_id is None:
            found = page_aliases(rows, account, region, after, most + 1)
        else:
            key = existing(find_target(context, "kms:ListAliases", request.key_id)).key
            names = sorted(note.name for note in key.attributes.aliases if note.name > after)
            read = (find_alias(rows, account, region, name) for name in names[: most + 1])
            found = [alias for alias in read if alias is not None]
        page, marker = MARKERS.cut_page(
            context, _NAME, request.key_id, found, most, lambda alias: (alias.name,)
        )
        entries = [_entry(rows, alias) for alias in page]
    return Response(aliases=entries, next_marker=marker, truncated=marker is not None)


def _entry(rows: Rows, alias: Alias) -> AliasListEntry:
    key = get_key_of_alias(rows, alias)
    updated = [note.updated_ms for note in key.attributes.aliases if note.name == alias.name]
    return AliasListEntry(
        alias_name=alias.name,
        alias_arn=alias_arn(alias.region, alias.account, alias.name),
        target_key_id=alias.key_id,
        creation_date=timestamp(alias.created_ms),
        last_updated_date=timestamp(updated[0] if updated else alias.created_ms),
    )


LIST_ALIASES = Operation(
    name=_NAME,
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="kms:ListAliases",
    target=target,
    handle=handle,
    recorded_request=("key_id", "limit", "marker"),
)
