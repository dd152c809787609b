"""Keys as values: rows of an earlier version, due times, constraints of grants."""

from __future__ import annotations

import msgspec

from strongroom.clock import DAY_MS
from strongroom.services.kms.model import Grant, KeyAttributes, KeyRow, allows_context

MADE_MS = 1_700_000_000_000
OLD_ROW = {"state": "Enabled", "manager": "AWS", "description": "d", "current_material": "ab" * 32}


def test_a_row_that_was_written_before_customer_keys_is_read() -> None:
    """It is the key of a service, and rotates a year after it was made, as the migration notes."""
    attributes = msgspec.msgpack.decode(msgspec.msgpack.encode(OLD_ROW), type=KeyAttributes)
    key = KeyRow("k", "111122223333", "us-east-1", MADE_MS, attributes)
    assert key.is_managed
    assert key.due_ms == key.next_rotation_ms == MADE_MS + 365 * DAY_MS
    assert (attributes.policy, attributes.grants, attributes.aliases, attributes.tags) == (b"", b"", (), ())


def test_what_is_due_of_a_key_follows_from_its_state() -> None:
    """An enabled key rotates, a pending one goes, a disabled one waits."""
    base = KeyAttributes("Enabled", "CUSTOMER", "", "ab" * 32, rotation_days=90, rotates_from_ms=MADE_MS)
    key = KeyRow("k", "111122223333", "us-east-1", MADE_MS - 5, base)
    assert key.due_ms == MADE_MS + 90 * DAY_MS
    assert key.with_attributes(state="Disabled").due_ms is None
    pending = key.with_attributes(state="PendingDeletion", deletion_ms=MADE_MS + 7)
    assert pending.due_ms == MADE_MS + 7
    assert key.with_attributes(rotation_days=0).due_ms is None


def test_constraints_compare_exactly() -> None:
    """A subset may be exceeded, an equal context may not; an empty constraint is one as well."""
    grant = Grant("g", "k", "1", "r", "", 0, "1", "1", ("Decrypt",))
    assert allows_context(grant, {"any": "thing"})
    subset = msgspec.structs.replace(grant, subset={"a": "1"})
    assert allows_context(subset, {"a": "1", "b": "2"})
    assert not allows_context(subset, {"A": "1"})
    equals = msgspec.structs.replace(grant, equals={"a": "1"})
    assert allows_context(equals, {"a": "1"})
    assert not allows_context(equals, {"a": "1", "b": "2"})
    assert not allows_context(msgspec.structs.replace(grant, equals={}), {"a": "1"})
