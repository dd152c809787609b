"""Pages of secrets, in any of the four orders, through the indexes of the store.

Rules (threat model Z-04):
 - Pages are found by the key of the last row seen, never by an offset.
 - A page looks at no more than ``ROWS_MOST`` rows, however many secrets there are: it may be short or even
   empty and still go on, as AWS allows. So its cost does not grow with the store.
 - A filter that asks for names by their beginning reads just that range of the name index, when the range
   holds no more rows than that; there is no LIKE anywhere.
 - What waits for its deletion counts as looked at.

Names are ASCII below ``~``, so ``prefix + DEL`` is greater than every name that begins with the prefix.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec

from strongroom.gateway.positions import Position
from strongroom.services.secretsmanager.filters import SecretFilters
from strongroom.services.secretsmanager.model import Secret
from strongroom.services.secretsmanager.tables import SECRETS, secret_of_row
from strongroom.store.rows import Rows
from strongroom.store.table import Value

ROWS_MOST: Final = 1_000
"""Rows that one page may look at."""

SortBy = Literal["created-date", "last-accessed-date", "last-changed-date", "name"]

_CHUNK_ROWS: Final = 250
_ID_MOST: Final = 2**63 - 1
_AFTER_NAMES: Final = "\x7f"

_COUNT_NAMES: Final = (
    "SELECT count(*) FROM (SELECT 1 FROM secrets "
    "WHERE account_id = ? AND region = ? AND name >= ? AND name < ? LIMIT ?)"
)
_OF_NAMES: Final = "WHERE account_id = ? AND region = ? AND name >= ? AND name < ?"
_PLACE: Final = "WHERE account_id = ? AND region = ?"
_BY_CREATION: Final = (
    f"{_PLACE} AND secret_id > ? ORDER BY secret_id LIMIT ?",
    f"{_PLACE} AND secret_id < ? ORDER BY secret_id DESC LIMIT ?",
)
_BY_NAME: Final = (
    f"{_PLACE} AND name > ? ORDER BY name LIMIT ?",
    f"{_PLACE} AND name < ? ORDER BY name DESC LIMIT ?",
)
# Dates repeat (a never read secret has 0): rows of the same date first, then those of later dates. One row-value
# comparison would say the same, but SQLite searches its first column only, and a page would read all ties.
_BY_CHANGE: Final = (
    (
        f"{_PLACE} AND changed_ms = ? AND secret_id > ? ORDER BY secret_id LIMIT ?",
        f"{_PLACE} AND changed_ms > ? ORDER BY changed_ms, secret_id LIMIT ?",
    ),
    (
        f"{_PLACE} AND changed_ms = ? AND secret_id < ? ORDER BY secret_id DESC LIMIT ?",
        f"{_PLACE} AND changed_ms < ? ORDER BY changed_ms DESC, secret_id DESC LIMIT ?",
    ),
)
_BY_ACCESS: Final = (
    (
        f"{_PLACE} AND accessed_ms = ? AND secret_id > ? ORDER BY secret_id LIMIT ?",
        f"{_PLACE} AND accessed_ms > ? ORDER BY accessed_ms, secret_id LIMIT ?",
    ),
    (
        f"{_PLACE} AND accessed_ms = ? AND secret_id < ? ORDER BY secret_id DESC LIMIT ?",
        f"{_PLACE} AND accessed_ms < ? ORDER BY accessed_ms DESC, secret_id DESC LIMIT ?",
    ),
)


class Listing(msgspec.Struct, frozen=True):
    """What is listed, and in which order."""

    account: str
    region: str
    filters: SecretFilters
    includes_deleted: bool = False
    sort_by: SortBy = "created-date"
    descends: bool = False

    def selects(self, secret: Secret) -> bool:
        """Whether the secret belongs into the answer."""
        return (self.includes_deleted or secret.deleted_ms is None) and self.filters.match(secret)

    def position_of(self, secret: Secret) -> Position:
        """Give the sort key of a secret; no two secrets have the same."""
        if self.sort_by == "name":
            return (secret.name,)
        if self.sort_by == "last-changed-date":
            return (secret.changed_ms, secret.secret_id)
        if self.sort_by == "last-accessed-date":
            return (secret.accessed_ms, secret.secret_id)
        return (secret.secret_id,)


class Page(msgspec.Struct, frozen=True):
    """A page, and where the next one begins; ``next_position`` is None after the last."""

    secrets: Sequence[Secret]
    next_position: Position | None


def find_page(rows: Rows, listing: Listing, after: Position | None, most: int) -> Page:
    """Find the next secrets of a listing.

    Args:
        rows: The store.
        listing: What is listed.
        after: The position at which the page before ended; None for the first page.
        most: The greatest number of secrets.

    Returns:
        At most ``most`` secrets. There is no next position when no further secret matches, as far as the rows
        that a page may look at tell.
    """
    found: list[Secret] = []
    position = after
    candidates = _of_names(rows, listing, after)
    if candidates is None:
        candidates = _walk(rows, listing, after, most + 1)
    for looked_at, secret in enumerate(candidates):
        is_selected = listing.selects(secret)
        if looked_at == ROWS_MOST or (is_selected and len(found) == most):
            return Page(found, position)
        if is_selected:
            found.append(secret)
        position = listing.position_of(secret)
    return Page(found, None)


def _of_names(rows: Rows, listing: Listing, after: Position | None) -> Iterator[Secret] | None:
    """Give the secrets whose names begin as a filter says, in order; None without such a filter or for too many."""
    prefixes = listing.filters.name_prefixes
    if prefixes is None:
        return None
    ranges = [(listing.account, listing.region, prefix, prefix + _AFTER_NAMES) for prefix in set(prefixes)]
    counted = 0
    for bindings in ranges:
        amount = rows.scalar(_COUNT_NAMES, (*bindings, ROWS_MOST + 1))
        assert isinstance(amount, int), "count(*) is a number"
        counted += amount
        if counted > ROWS_MOST:
            return None
    # By id: one prefix may begin another, and then both find the secret.
    by_id = {
        row[0]: secret_of_row(row) for bindings in ranges for row in rows.select(SECRETS, _OF_NAMES, bindings)
    }
    ordered = sorted(by_id.values(), key=listing.position_of, reverse=listing.descends)
    if after is None:
        return iter(ordered)
    if listing.descends:
        return (secret for secret in ordered if listing.position_of(secret) < after)
    return (secret for secret in ordered if listing.position_of(secret) > after)


def _walk(rows: Rows, listing: Listing, after: Position | None, first_rows: int) -> Iterator[Secret]:
    """Give the secrets after a position in the order of the listing, a chunk of rows at a time."""
    chunk_rows = _CHUNK_ROWS if listing.filters else first_rows
    while True:
        chunk = _read_chunk(rows, listing, after, chunk_rows)
        yield from chunk
        if len(chunk) < chunk_rows:
            return
        after = listing.position_of(chunk[-1])
        chunk_rows = _CHUNK_ROWS


def _read_chunk(rows: Rows, listing: Listing, after: Position | None, most: int) -> list[Secret]:
    place: tuple[Value, ...] = (listing.account, listing.region)
    way = int(listing.descends)
    if listing.sort_by in ("created-date", "name"):
        clauses, ends = (
            (_BY_CREATION, (-1, _ID_MOST))
            if listing.sort_by == "created-date"
            else (_BY_NAME, ("", _AFTER_NAMES))
        )
        start = ends[way] if after is None else after[0]
        found = rows.select(SECRETS, clauses[way], (*place, start, most))
    else:
        same_date, other_dates = (_BY_CHANGE if listing.sort_by == "last-changed-date" else _BY_ACCESS)[way]
        date, secret_id = ((-1, _ID_MOST)[way], 0) if after is None else after
        found = [] if after is None else rows.select(SECRETS, same_date, (*place, date, secret_id, most))
        if len(found) < most:
            found += rows.select(SECRETS, other_dates, (*place, date, most - len(found)))
    return [secret_of_row(row) for row in found]
