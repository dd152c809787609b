"""The reference page of the sealed format lists what the code has: neither may change alone."""

from __future__ import annotations

import re
from pathlib import Path

from strongroom.crypto.associated_data import FieldTag, RecordType
from strongroom.crypto.derivation import Purpose
from strongroom.crypto.envelope import encrypt_blob, generate_data_key, new_key_material, seal_value
from strongroom.crypto.material import Plaintext
from strongroom.crypto.record import RULES
from strongroom.seal.settings import MAX_MEMORY_KIB, MIN_MEMORY_KIB
from tests.crypto.places import CONTEXT, KEY_ARN, PLACE

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "sealed-format.md").read_text(encoding="utf-8")

WORDS = {
    "head": FieldTag.HEADER,
    "account": FieldTag.ACCOUNT,
    "key ARN": FieldTag.KEY_ARN,
    "secret ARN": FieldTag.SECRET_ARN,
    "version id": FieldTag.VERSION_ID,
    "field name": FieldTag.FIELD_NAME,
    "encryption context": FieldTag.ENCRYPTION_CONTEXT,
    "key material id": FieldTag.KEY_MATERIAL_ID,
    "credential id": FieldTag.CREDENTIAL_ID,
    "binding": FieldTag.BINDING,
    "seed name": FieldTag.SEED_NAME,
    "log group id": FieldTag.LOG_GROUP_ID,
    "log stream id": FieldTag.LOG_STREAM_ID,
    "log sequence": FieldTag.LOG_SEQUENCE,
}


def test_the_record_types_are_listed() -> None:
    """Every record type with its number."""
    table = PAGE[PAGE.index("| Record type | Number |") : PAGE.index("| Field | Tag |")]
    listed = {name: int(number) for name, number in re.findall(r"`([A-Z_]+)` \| (\d+)", table)}
    assert listed == {member.name: member.value for member in RecordType}


def test_the_field_tags_are_listed() -> None:
    """Every field tag with its number."""
    table = PAGE[PAGE.index("| Field | Tag |") : PAGE.index("## Keyring")]
    listed = {name: int(number) for name, number in re.findall(r"`([A-Z_]+)` \| (\d+)", table)}
    assert listed == {member.name: member.value for member in FieldTag}


def test_the_fields_of_small_records_are_listed() -> None:
    """What each small record is bound to, and the purpose of its key, as the table in the code says."""
    for record_type, rule in RULES.items():
        row = re.search(rf"^\| `{record_type.name}` \| \d+ \| (.+) \|$", PAGE, re.M)
        assert row is not None
        assert tuple(WORDS[word] for word in row[1].split(", ")) == (FieldTag.HEADER, *rule.place)
        assert f"| `{record_type.name}` | `{rule.purpose}` |" in PAGE


def test_the_purposes_are_listed() -> None:
    """Every purpose of a subkey stands on the page."""
    for purpose in Purpose:
        assert f"`{purpose}`" in PAGE


def test_the_sizes_and_bounds_are_right() -> None:
    """Overheads and limits that the page states are those of the code."""
    material = new_key_material(KEY_ARN)
    data_key, blob = generate_data_key(material, CONTEXT)
    assert len(encrypt_blob(material, Plaintext(b""), {})) == 93
    assert "93 bytes longer" in PAGE
    assert len(seal_value(data_key, blob, Plaintext(b""), PLACE)) == 157
    assert "n + 157 bytes" in PAGE
    assert f"({MIN_MEMORY_KIB:,} to {MAX_MEMORY_KIB:,})" in PAGE
