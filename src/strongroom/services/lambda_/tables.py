"""Rows of functions, and the cache keys that their changes invalidate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from strongroom.clock import Instant
from strongroom.services.lambda_.model import (
    Attributes,
    Configuration,
    Event,
    Function,
    LayerVersion,
    WaitingEvent,
)
from strongroom.store.rows import Rows
from strongroom.store.table import Row, Table
from strongroom.store.transaction import Transaction

FUNCTIONS: Final = Table(
    "functions",
    columns=("function_id", "account_id", "region", "name", "attributes"),
    key=("function_id",),
    unique=(("account_id", "region", "name"),),
)
VERSIONS: Final = Table(
    "function_versions",
    columns=("function_id", "version", "archive_id", "configuration"),
    key=("function_id", "version"),
)
LAYERS: Final = Table(
    "function_layers",
    columns=("account_id", "region", "name", "version", "attributes"),
    key=("account_id", "region", "name", "version"),
)
EVENTS: Final = Table(
    "function_events",
    columns=("event_id", "function_id", "due_ms", "lease_until_ms", "attributes", "sealed"),
    key=("event_id",),
)

_PAGE: Final = 200
_BY_NAME: Final = ("account_id", "region", "name")
_encode = msgspec.msgpack.Encoder().encode
_decode_attributes = msgspec.msgpack.Decoder(Attributes).decode
_decode_configuration = msgspec.msgpack.Decoder(Configuration).decode
_decode_layer = msgspec.msgpack.Decoder(LayerVersion).decode
_decode_event = msgspec.msgpack.Decoder(Event).decode


def function_key(account: str, region: str, name: str) -> str:
    """Name a function in the cache."""
    return f"function:{account}:{region}:{name}"


def find_function(rows: Rows, account: str, region: str, name: str) -> Function | None:
    """Read a function by its name, or None."""
    return rows.cached(
        function_key(account, region, name),
        lambda fresh: _read_function(fresh, account, region, name),
        _weigh_function,
    )


def find_function_by_id(rows: Rows, function_id: str) -> Function | None:
    """Read a function by our own id, or None."""
    row = rows.find(FUNCTIONS, function_id)
    return None if row is None else _function_of(row)


def page_of_functions(rows: Rows, account: str, region: str, after: str, most: int) -> list[Function]:
    """Read the functions of an account and Region by name, from behind ``after``."""
    clause = "WHERE account_id = ? AND region = ? AND name > ? ORDER BY name LIMIT ?"
    return [_function_of(row) for row in rows.select(FUNCTIONS, clause, (account, region, after, most))]


def every_function(rows: Rows, account: str, region: str) -> Iterator[Function]:
    """Walk the functions of an account and Region."""
    after = ""
    while True:
        page = page_of_functions(rows, account, region, after, _PAGE)
        yield from page
        if not page:
            return
        after = page[-1].name


def reserved_in_all(rows: Rows, account: str, region: str) -> int:
    """Add up what functions of an account and Region have reserved."""
    return sum(function.attributes.reserved or 0 for function in every_function(rows, account, region))


def count_functions(rows: Rows, account: str, region: str) -> int:
    """Count the functions of an account and Region."""
    sql = "SELECT count(*) FROM functions WHERE account_id = ? AND region = ?"
    counted: Any = rows.scalar(sql, (account, region))
    return int(counted)


def sum_of_code(rows: Rows, account: str, region: str) -> int:
    """Add up the code of the functions of an account and Region, their versions and layers, in bytes."""
    sizes: dict[str, int] = {}
    for function in every_function(rows, account, region):
        sizes[function.attributes.latest.archive_id] = function.attributes.latest.size
        found: list[Any] = rows.select(VERSIONS, "WHERE function_id = ?", (function.function_id,))
        for version in (_decode_configuration(row[3]) for row in found):
            sizes[version.archive_id] = version.size
    clause = "WHERE account_id = ? AND region = ? AND version > 0"
    layers: list[Any] = rows.select(LAYERS, clause, (account, region))
    return sum(sizes.values()) + sum(_decode_layer(row[4]).size for row in layers)


def insert_function(transaction: Transaction, function: Function) -> None:
    """Add a function."""
    transaction.insert(FUNCTIONS, _row_of_function(function))
    transaction.changed(function_key(function.account, function.region, function.name))


def update_function(transaction: Transaction, function: Function) -> None:
    """Replace a function's row."""
    transaction.update(FUNCTIONS, _row_of_function(function))
    transaction.changed(function_key(function.account, function.region, function.name))


def remove_function(transaction: Transaction, function: Function) -> None:
    """Remove a function with its versions and the events that wait for it; its code stays."""
    for version in list_version_numbers(transaction, function.function_id):
        transaction.delete(VERSIONS, function.function_id, version)
    sql = "SELECT event_id FROM function_events WHERE function_id = ?"
    for event_id in transaction.column(sql, (function.function_id,)):
        transaction.delete(EVENTS, event_id)
    transaction.delete(FUNCTIONS, function.function_id)
    transaction.changed(function_key(function.account, function.region, function.name))


def find_version(rows: Rows, function_id: str, version: int) -> Configuration | None:
    """Read a published version, or None."""
    row: Any = rows.find(VERSIONS, function_id, version)
    return None if row is None else _decode_configuration(row[3])


def page_of_versions(rows: Rows, function_id: str, after: int, most: int) -> list[Configuration]:
    """Read published versions in order, from behind ``after``."""
    clause = "WHERE function_id = ? AND version > ? ORDER BY version LIMIT ?"
    found: list[Any] = rows.select(VERSIONS, clause, (function_id, after, most))
    return [_decode_configuration(row[3]) for row in found]


def list_version_numbers(rows: Rows, function_id: str) -> list[int]:
    """List the numbers of all published versions."""
    found: list[Any] = rows.column(
        "SELECT version FROM function_versions WHERE function_id = ? ORDER BY version", (function_id,)
    )
    return found


def list_archives(rows: Rows, function_id: str) -> set[str]:
    """List the archives of the published versions of a function."""
    found: list[Any] = rows.column(
        "SELECT DISTINCT archive_id FROM function_versions WHERE function_id = ?", (function_id,)
    )
    return set(found)


def insert_version(transaction: Transaction, function_id: str, configuration: Configuration) -> None:
    """Add a published version."""
    version = int(configuration.version)
    row = (function_id, version, configuration.archive_id, _encode(configuration))
    transaction.insert(VERSIONS, row)


def remove_version(transaction: Transaction, function_id: str, version: int) -> None:
    """Remove a published version."""
    transaction.delete(VERSIONS, function_id, version)


def find_layer(rows: Rows, account: str, region: str, name: str, version: int) -> LayerVersion | None:
    """Read a layer version, or None."""
    row: Any = rows.find(LAYERS, account, region, name, version)
    return None if row is None else _decode_layer(row[4])


def page_of_layer(
    rows: Rows, account: str, region: str, name: str, before: int, most: int
) -> list[tuple[int, LayerVersion]]:
    """Read versions of a layer, the newest first, from below ``before``."""
    clause = (
        "WHERE account_id = ? AND region = ? AND name = ? AND version > 0 AND version < ? "
        "ORDER BY version DESC LIMIT ?"
    )
    found: list[Any] = rows.select(LAYERS, clause, (account, region, name, before, most))
    return [(row[3], _decode_layer(row[4])) for row in found]


def list_layer_names(rows: Rows, account: str, region: str, after: str, most: int) -> list[str]:
    """List the names of layers from behind ``after``."""
    found: list[Any] = rows.column(
        "SELECT DISTINCT name FROM function_layers WHERE account_id = ? AND region = ? AND name > ? "
        "ORDER BY name LIMIT ?",
        (account, region, after, most),
    )
    return found


def insert_layer(
    transaction: Transaction, account: str, region: str, name: str, version: int, layer: LayerVersion
) -> None:
    """Add a layer version."""
    transaction.insert(LAYERS, (account, region, name, version, _encode(layer)))


def update_layer(
    transaction: Transaction, account: str, region: str, name: str, version: int, layer: LayerVersion
) -> None:
    """Replace the row of a layer version."""
    transaction.update(LAYERS, (account, region, name, version, _encode(layer)))


def remove_layer(transaction: Transaction, account: str, region: str, name: str, version: int) -> None:
    """Remove a layer version; its code stays."""
    transaction.delete(LAYERS, account, region, name, version)


def find_event(rows: Rows, event_id: str) -> WaitingEvent | None:
    """Read a waiting event, or None."""
    row: Any = rows.find(EVENTS, event_id)
    if row is None:
        return None
    return WaitingEvent(row[0], row[1], row[2], row[3], _decode_event(row[4]), row[5])


def list_due_events(rows: Rows, now_ms: Instant, most: int) -> list[str]:
    """List events that are due and that nobody tries, the longest due first."""
    found: list[Any] = rows.column(
        "SELECT event_id FROM function_events WHERE due_ms <= ? AND lease_until_ms <= ? ORDER BY due_ms LIMIT ?",
        (now_ms, now_ms, most),
    )
    return found


def insert_event(transaction: Transaction, event: WaitingEvent) -> None:
    """Add an event."""
    transaction.insert(EVENTS, _row_of_event(event))


def update_event(transaction: Transaction, event: WaitingEvent) -> None:
    """Replace an event's row."""
    transaction.update(EVENTS, _row_of_event(event))


def remove_event(transaction: Transaction, event_id: str) -> None:
    """Remove an event."""
    transaction.delete(EVENTS, event_id)


def _read_function(rows: Rows, account: str, region: str, name: str) -> Function | None:
    row = rows.find_by(FUNCTIONS, _BY_NAME, account, region, name)
    return None if row is None else _function_of(row)


def _function_of(row: Row) -> Function:
    values: Any = row
    return Function(values[0], values[1], values[2], values[3], _decode_attributes(values[4]))


def _row_of_function(function: Function) -> Row:
    encoded = _encode(function.attributes)
    return (function.function_id, function.account, function.region, function.name, encoded)


def _row_of_event(event: WaitingEvent) -> Row:
    encoded = _encode(event.event)
    return (event.event_id, event.function_id, event.due_ms, event.lease_until_ms, encoded, event.sealed)


def _weigh_function(function: Function) -> int:
    attributes = function.attributes
    policies = sum(len(policy.document) for policy in attributes.policies.values())
    return 4_000 + policies + 300 * len(attributes.aliases) + 200 * len(attributes.tags)
