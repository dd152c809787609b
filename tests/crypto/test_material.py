"""Secret types show nothing of what they hold."""

from __future__ import annotations

import base64
import copy
import json
import logging
import pickle
import traceback
from collections.abc import Callable

import msgspec
import pytest

from strongroom.crypto.aead import Cipher, OneTimeKeys
from strongroom.crypto.envelope import KeyMaterial, ValueOpener, ValuePlace, new_key_material
from strongroom.crypto.errors import InvalidKeySize, KeyWiped
from strongroom.crypto.keyring import Keyring, new_keyring
from strongroom.crypto.mac import RowMAC
from strongroom.crypto.material import DataKey, Hidden, HiddenBytes, Plaintext, RootKey, SymmetricKey
from strongroom.crypto.signing import SigningKey
from strongroom.functions.invocation import FunctionCredentials, HiddenTexts, LogLine
from strongroom.rotation.rotator import Document
from tests.crypto.places import CANARY, KEY_ARN

CANARY_KEY = CANARY + bytes(32 - len(CANARY))

HOLDERS: list[Hidden] = [
    Plaintext(CANARY),
    DataKey(CANARY_KEY),
    SymmetricKey(CANARY_KEY),
    RootKey(bytearray(CANARY_KEY)),
    KeyMaterial(KEY_ARN, SymmetricKey(CANARY_KEY)),
    SigningKey(SymmetricKey(CANARY_KEY)),
    RowMAC({1: SymmetricKey(CANARY_KEY)}, 1),
    Cipher(CANARY_KEY),
    OneTimeKeys(CANARY_KEY, b"label"),
    ValueOpener(
        DataKey(CANARY_KEY),
        ValuePlace("111122223333", "arn:aws:secretsmanager:::secret:a", "v", "SecretString"),
    ),
    Document({"password": CANARY.decode("latin-1")}),
    HiddenTexts({"password": CANARY.decode("latin-1")}),
    FunctionCredentials("ASIA", CANARY.decode("latin-1"), CANARY.decode("latin-1"), 0),
    LogLine(0, CANARY.decode("latin-1")),
]


class Row(msgspec.Struct, frozen=True):
    """A value that holds a secret one, as rows and responses do."""

    name: str
    secret: object


RENDERINGS: list[Callable[[object], str]] = [
    repr,
    str,
    lambda holder: f"{holder}",
    lambda holder: f"{holder!r:>40}",
    lambda holder: f"{holder:>40}",
    lambda holder: "%s %r" % (holder, holder),  # noqa: UP031  logging formats this way
    lambda holder: repr([{"holder": holder}]),
    lambda holder: repr(Row("name", holder)),
    lambda holder: logging.LogRecord("n", logging.INFO, "p", 1, "%s", (holder,), None).getMessage(),
    lambda holder: "".join(traceback.format_exception(ValueError(holder))),
]


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: type(holder).__name__)
@pytest.mark.parametrize("render", RENDERINGS)
def test_x01_no_rendering_shows_the_secret(holder: Hidden, render: Callable[[object], str]) -> None:
    """However a holder gets into text, the canary does not, in any common encoding."""
    _refuse_canary(render(holder))


@pytest.mark.parametrize("holder", HOLDERS, ids=lambda holder: type(holder).__name__)
@pytest.mark.parametrize(
    "serialise",
    [
        pickle.dumps,
        lambda holder: pickle.dumps(holder, protocol=0),
        copy.copy,
        copy.deepcopy,
        json.dumps,
        msgspec.json.encode,
        msgspec.msgpack.encode,
        lambda holder: holder.__reduce__(),
        lambda holder: holder.__getstate__(),
        vars,
        bytes,
        iter,
    ],
)
def test_x01_no_serialiser_takes_the_secret(holder: Hidden, serialise: Callable[[object], object]) -> None:
    """Pickling, copying, JSON and the like fail with an error that shows nothing."""
    with pytest.raises(TypeError) as refusal:
        serialise(holder)
    _refuse_canary(str(refusal.value))


def test_x01_a_keyring_shows_its_terms_and_not_their_keys() -> None:
    """The text of a keyring names the number of terms and the current one."""
    keyring = new_keyring(1)
    assert repr(keyring) == "<Keyring: 1 terms, current 1, keys hidden>"
    assert keyring.terms[0].key.reveal().hex() not in repr(keyring.terms)
    with pytest.raises(TypeError):
        pickle.dumps(keyring)
    assert isinstance(keyring, Keyring)


def test_every_holder_hides() -> None:
    """No subclass of Hidden brings back attributes or a rendering of its own that the tests above miss."""
    assert {type(holder) for holder in HOLDERS} | {Keyring, HiddenBytes} == _subclasses(Hidden)
    for holder in HOLDERS:
        assert not hasattr(holder, "__dict__")


def test_equal_secrets_compare_equal_within_one_type_only() -> None:
    """A plaintext and a data key of the same bytes are different things; secrets are not hashed."""
    assert Plaintext(b"a") == Plaintext(b"a")
    assert Plaintext(b"a") != Plaintext(b"b")
    assert Plaintext(bytes(32)) != DataKey(bytes(32))
    assert Plaintext(b"a") != b"a"
    with pytest.raises(TypeError):
        hash(Plaintext(b"a"))


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_keys_of_another_size_are_refused(size: int) -> None:
    """Terms, subkeys and root keys have 32 bytes."""
    with pytest.raises(InvalidKeySize):
        SymmetricKey(bytes(size))
    with pytest.raises(InvalidKeySize):
        RootKey(bytearray(size))


@pytest.mark.parametrize("size", [0, 1025])
def test_data_keys_have_1_to_1024_bytes(size: int) -> None:
    """The limits of GenerateDataKey hold for the type."""
    assert len(DataKey(bytes(1))) == 1
    assert len(DataKey(bytes(1024))) == 1024
    with pytest.raises(InvalidKeySize):
        DataKey(bytes(size))


def test_k08_a_wiped_root_key_is_overwritten_and_refused() -> None:
    """``wipe`` zeroes the one buffer, and nobody seals under zeros by mistake afterwards."""
    buffer = bytearray(CANARY_KEY)
    root = RootKey(buffer)
    assert root.reveal() is buffer
    root.wipe()
    root.wipe()
    assert buffer == bytes(32)
    with pytest.raises(KeyWiped):
        root.reveal()


def test_material_ids_follow_from_the_material() -> None:
    """The same key under the same key id has the same material id, and new material has another."""
    key = SymmetricKey(CANARY_KEY)
    assert KeyMaterial(KEY_ARN, key).material_id == KeyMaterial(KEY_ARN, key).material_id
    assert new_key_material(KEY_ARN).material_id != new_key_material(KEY_ARN).material_id
    assert len(KeyMaterial(KEY_ARN, key).material_id) == 64


def _refuse_canary(text: str) -> None:
    shapes = [CANARY.decode(), CANARY.hex(), base64.b64encode(CANARY).decode()[:12], repr(list(CANARY))[1:-1]]
    for shape in shapes:
        assert shape not in text


def _subclasses(parent: type) -> set[type]:
    found: set[type] = set()
    children: list[type] = parent.__subclasses__()
    for child in children:
        found |= {child} | _subclasses(child)
    return found
