"""Associated data: one encoding for one place, and none for two."""

from __future__ import annotations

from enum import IntEnum, unique

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.crypto.associated_data import (
    FieldTag,
    RecordType,
    encode_context,
    encode_place,
)
from strongroom.crypto.errors import MalformedContext

contexts = st.dictionaries(
    st.text(alphabet="ab\x00é:=", max_size=4), st.text(alphabet="ab\x00é:=", max_size=4)
)
fields = st.lists(st.tuples(st.sampled_from(FieldTag), st.binary(max_size=6)), max_size=4).map(tuple)


def test_k02_the_encoding_of_a_place_is_as_documented() -> None:
    """Head, record type, and each field with its tag and length, byte for byte."""
    encoded = encode_place(RecordType.CREDENTIAL, ((FieldTag.ACCOUNT, b"12"), (FieldTag.CREDENTIAL_ID, b"")))
    assert encoded == b"strongroom" + bytes((1, 5)) + b"\x02\x00\x00\x00\x0212" + b"\x09\x00\x00\x00\x00"


def test_k02_bytes_cannot_shift_between_fields() -> None:
    """Moving a byte from the end of one field to the start of the next gives another encoding."""
    one = encode_place(RecordType.SECRET_VALUE, ((FieldTag.ACCOUNT, b"ab"), (FieldTag.SECRET_ARN, b"c")))
    two = encode_place(RecordType.SECRET_VALUE, ((FieldTag.ACCOUNT, b"a"), (FieldTag.SECRET_ARN, b"bc")))
    assert one != two


@given(st.sampled_from(RecordType), fields, st.sampled_from(RecordType), fields)
def test_k02_two_places_never_share_an_encoding(
    one_type: RecordType,
    one: tuple[tuple[FieldTag, bytes], ...],
    two_type: RecordType,
    two: tuple[tuple[FieldTag, bytes], ...],
) -> None:
    """Encodings are equal exactly where record type and all fields are."""
    is_same_place = (one_type, one) == (two_type, two)
    assert (encode_place(one_type, one) == encode_place(two_type, two)) is is_same_place


@given(contexts, contexts)
def test_k02_two_contexts_never_share_an_encoding(one: dict[str, str], two: dict[str, str]) -> None:
    """Encodings are equal exactly where the contexts are."""
    assert (encode_context(one) == encode_context(two)) is (one == two)


def test_k02_keys_and_values_of_a_context_do_not_run_together() -> None:
    """The separators that naive encodings use are ordinary characters."""
    assert encode_context({"a": "b", "c": "d"}) != encode_context({"a": "b:c=d"})
    assert encode_context({"a": "", "b": ""}) != encode_context({"a": "b"})
    assert encode_context({"ab": "c"}) != encode_context({"a": "bc"})


def test_k02_the_order_of_a_context_does_not_matter() -> None:
    """Pairs are sorted by the UTF-8 bytes of their keys, so that the caller's order is free."""
    pairs = [("b", "1"), ("é", "2"), ("a", "3"), ("\U0001f511", "4"), ("ﬀ", "5")]
    assert encode_context(dict(pairs)) == encode_context(dict(reversed(pairs)))


def test_a_lone_surrogate_is_refused_as_a_domain_error() -> None:
    """Text that UTF-8 cannot write ends in MalformedContext, not in a UnicodeError."""
    with pytest.raises(MalformedContext):
        encode_context({"a": "\ud800"})


def test_record_types_and_field_tags_are_permanent() -> None:
    """A byte that changes its meaning makes old records open as something else: these tables only grow."""
    assert {member.name: member.value for member in RecordType} == {
        "KEYRING": 1,
        "KMS_MATERIAL": 2,
        "KMS_CIPHERTEXT": 3,
        "SECRET_VALUE": 4,
        "CREDENTIAL": 5,
        "AUDIT_SIGNING_SEED": 6,
        "PAGING_TOKEN": 7,
        "SESSION_TOKEN": 8,
        "LOG_EVENTS": 9,
        "FUNCTION": 10,
    }
    assert {member.name: member.value for member in FieldTag} == {
        "HEADER": 1,
        "ACCOUNT": 2,
        "KEY_ARN": 3,
        "SECRET_ARN": 4,
        "VERSION_ID": 5,
        "FIELD_NAME": 6,
        "ENCRYPTION_CONTEXT": 7,
        "KEY_MATERIAL_ID": 8,
        "CREDENTIAL_ID": 9,
        "BINDING": 10,
        "SEED_NAME": 11,
        "LOG_GROUP_ID": 12,
        "LOG_STREAM_ID": 13,
        "LOG_SEQUENCE": 14,
    }


def test_a_table_refuses_a_number_that_is_taken() -> None:
    """Both tables are declared ``unique``, which refuses reuse; an alias would otherwise pass silently."""
    assert len(RecordType.__members__) == len(list(RecordType))
    assert len(FieldTag.__members__) == len(list(FieldTag))
    with pytest.raises(ValueError, match="duplicate values"):
        unique(IntEnum("Table", [("OLD", 1), ("NEW", 1)]))  # type: ignore[type-var]  # the functional form
