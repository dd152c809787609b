"""Row authentication: what an attacker with write access to the store may try."""

from __future__ import annotations

import hmac

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.crypto.derivation import Purpose
from strongroom.crypto.errors import RowTampered
from strongroom.crypto.keyring import new_keyring, rotate
from strongroom.crypto.mac import TAG_BYTES, Column, RowMAC
from strongroom.crypto.material import SymmetricKey

KEY = SymmetricKey(bytes(range(32)))
MAC = RowMAC({1: KEY}, 1)
ROW: list[Column] = ["arn:secret", 3, None, b"sealed", "AWSCURRENT", -1]

columns = st.lists(
    st.one_of(
        st.none(),
        st.integers(-(2**63), 2**63 - 1),
        st.text(alphabet="1a\x00é", max_size=3),
        st.binary(max_size=3),
    ),
    max_size=4,
)


def test_k03_an_unchanged_row_passes() -> None:
    """A row verifies against its own tag, as list or tuple."""
    tag = MAC.tag("secret/1", ROW)
    assert len(tag) == TAG_BYTES
    MAC.verify("secret/1", ROW, tag)
    MAC.verify("secret/1", tuple(ROW), tag)


def test_k03_every_changed_column_is_found() -> None:
    """Each column in turn is edited, emptied, retyped or removed."""
    tag = MAC.tag("secret/1", ROW)
    for position, column in enumerate(ROW):
        for other in ("other", "3", 4, b"arn:secret", None, ""):
            if other == column:
                continue
            with pytest.raises(RowTampered):
                MAC.verify("secret/1", [*ROW[:position], other, *ROW[position + 1 :]], tag)
        with pytest.raises(RowTampered):
            MAC.verify("secret/1", ROW[:position] + ROW[position + 1 :], tag)


def test_k03_a_tag_serves_one_table_only() -> None:
    """The same columns in another table, or in another layout of it, need another tag."""
    tag = MAC.tag("secret/1", ROW)
    for table in ("secret/2", "policy/1", ""):
        with pytest.raises(RowTampered):
            MAC.verify(table, ROW, tag)


@given(st.text(max_size=3), columns, st.text(max_size=3), columns)
def test_k03_two_rows_never_share_a_tag(
    one_table: str, one: list[Column], two_table: str, two: list[Column]
) -> None:
    """Tags are equal exactly where table and all columns are, with their types."""
    is_same = (one_table, one) == (two_table, two)
    assert (MAC.tag(one_table, one) == MAC.tag(two_table, two)) is is_same


@given(st.text(max_size=3), columns)
def test_k03_the_encoding_can_be_read_back(table: str, row: list[Column]) -> None:
    """What is authenticated decodes to the row it was made of: what loses nothing is injective."""
    encoded = msgspec.msgpack.encode((7, table, row))
    decoded = msgspec.msgpack.decode(encoded)
    assert decoded == [7, table, row]
    assert [type(column) for column in decoded[2]] == [type(column) for column in row]


def test_the_tag_is_the_documented_hmac() -> None:
    """Term id, then HMAC-SHA256 over the MessagePack of term, table and columns."""
    expected = hmac.digest(KEY.reveal(), msgspec.msgpack.encode([1, "secret/1", ROW]), "sha256")
    assert MAC.tag("secret/1", ROW) == b"\x00\x00\x00\x01" + expected


def test_every_changed_byte_of_a_tag_is_found() -> None:
    """No bit of a tag is free, and a cut or empty one is refused too."""
    tag = MAC.tag("secret/1", ROW)
    for position in range(8 * len(tag)):
        changed = bytearray(tag)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(RowTampered):
            MAC.verify("secret/1", ROW, bytes(changed))
    for length in range(len(tag)):
        with pytest.raises(RowTampered):
            MAC.verify("secret/1", ROW, tag[:length])


def test_k04_old_tags_verify_under_the_term_they_name() -> None:
    """After a rotation old rows pass, new tags name the new term, and no tag passes under another name."""
    keyring = new_keyring(1)
    old = RowMAC.of(keyring)
    new = RowMAC.of(rotate(keyring, 2))
    tag = old.tag("secret/1", ROW)
    new.verify("secret/1", ROW, tag)
    assert old.is_current(tag)
    assert not new.is_current(tag)
    assert new.tag("secret/1", ROW)[:4] == b"\x00\x00\x00\x02"
    with pytest.raises(RowTampered):
        new.verify("secret/1", ROW, b"\x00\x00\x00\x02" + tag[4:])
    with pytest.raises(RowTampered):
        old.verify("secret/1", ROW, new.tag("secret/1", ROW))


def test_k04_the_name_of_the_term_is_authenticated() -> None:
    """Even where two terms hold the same key, a tag passes only under the name it was made with."""
    twin = RowMAC({1: KEY, 2: KEY}, 1)
    tag = twin.tag("secret/1", ROW)
    with pytest.raises(RowTampered):
        twin.verify("secret/1", ROW, b"\x00\x00\x00\x02" + tag[4:])


def test_rows_are_authenticated_with_the_metadata_key() -> None:
    """A keyring's row tags come from the subkey of that purpose."""
    keyring = new_keyring(1)
    assert RowMAC.of(keyring).tag("t", [1]) == RowMAC({1: keyring.subkey(Purpose.METADATA)}, 1).tag("t", [1])


def test_one_row_after_another_does_not_disturb_the_key() -> None:
    """The prepared key state is copied for each row, not consumed."""
    first = MAC.tag("secret/1", ROW)
    MAC.tag("secret/1", [1])
    assert MAC.tag("secret/1", ROW) == first
