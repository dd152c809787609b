"""The envelope: data keys, ciphertext blobs, sealed values, and every way of moving one."""

from __future__ import annotations

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.arn import MalformedARN
from strongroom.crypto.envelope import (
    KeyMaterial,
    ValueOpener,
    ValuePlace,
    blob_of_value,
    blobs_of_value,
    decrypt_blob,
    encrypt_blob,
    generate_data_key,
    new_key_material,
    open_key_material,
    open_value,
    parse_blob,
    replace_blobs,
    seal_key_material,
    seal_value,
)
from strongroom.crypto.errors import (
    AuthenticationFailed,
    CryptoError,
    InvalidKeySize,
    MalformedContext,
    MalformedSealed,
    WrongKeyMaterial,
)
from strongroom.crypto.keyring import new_keyring
from strongroom.crypto.material import DataKey, Plaintext, Sealed, SymmetricKey, Wrapped
from tests.crypto.places import (
    ACCOUNT,
    CANARY,
    CONTEXT,
    KEY_ARN,
    OTHER_ACCOUNT,
    OTHER_KEY_ARN,
    PLACE,
    SECRET_ARN,
    VERSION_ID,
)

MATERIAL = new_key_material(KEY_ARN)


def _open(material: KeyMaterial, sealed: bytes, place: ValuePlace) -> bytes:
    """Read a value as GetSecretValue does: blob, data key, value."""
    context = {"SecretARN": place.secret_arn, "SecretVersionId": place.version_id}
    opened = decrypt_blob(material, blob_of_value(sealed), context)
    return open_value(DataKey(opened.reveal()), sealed, place).reveal()


def _seal(material: KeyMaterial, value: bytes, place: ValuePlace) -> Sealed:
    context = {"SecretARN": place.secret_arn, "SecretVersionId": place.version_id}
    data_key, blob = generate_data_key(material, context)
    return seal_value(data_key, blob, Plaintext(value), place)


@given(st.binary(max_size=200))
def test_a_value_opens_in_its_place(value: bytes) -> None:
    """What was sealed comes back, whatever the bytes, also none."""
    assert _open(MATERIAL, _seal(MATERIAL, value, PLACE), PLACE) == value


def test_a_value_of_the_largest_size_opens_in_its_place() -> None:
    """65,536 bytes, the limit of Secrets Manager, pass."""
    value = bytes(range(256)) * 256
    assert _open(MATERIAL, _seal(MATERIAL, value, PLACE), PLACE) == value


def test_sealed_bytes_show_neither_value_nor_data_key() -> None:
    """The store sees neither; two seals of one value share nothing but the head."""
    data_key, blob = generate_data_key(MATERIAL, CONTEXT)
    sealed = bytes(seal_value(data_key, blob, Plaintext(CANARY), PLACE))
    assert CANARY not in sealed
    assert data_key.reveal() not in sealed
    assert MATERIAL.reveal() not in sealed
    assert _seal(MATERIAL, CANARY, PLACE)[60:] != sealed[60:]


OTHER_PLACES = [
    msgspec.structs.replace(PLACE, account=OTHER_ACCOUNT),
    msgspec.structs.replace(PLACE, secret_arn=SECRET_ARN + "x"),
    msgspec.structs.replace(PLACE, version_id="another-version"),
    msgspec.structs.replace(PLACE, field_name="SecretBinary"),
    ValuePlace(ACCOUNT, SECRET_ARN + VERSION_ID[:1], VERSION_ID[1:], "SecretString"),
]


@pytest.mark.parametrize("place", OTHER_PLACES)
def test_k02_a_value_opens_in_no_other_place(place: ValuePlace) -> None:
    """With the right data key in hand, account, ARN, version and field must still all agree."""
    data_key, blob = generate_data_key(MATERIAL, CONTEXT)
    sealed = seal_value(data_key, blob, Plaintext(CANARY), PLACE)
    with pytest.raises(AuthenticationFailed):
        open_value(data_key, sealed, place)


def test_k02_no_two_values_can_be_swapped() -> None:
    """Of several sealed values, whole or with the blob of another, none opens in another's place."""
    places = [PLACE, *OTHER_PLACES]
    sealed = [_seal(MATERIAL, f"value {number}".encode(), place) for number, place in enumerate(places)]
    for (to, place), (origin, _) in itertools.permutations(enumerate(places), 2):
        with pytest.raises(CryptoError):
            _open(MATERIAL, sealed[origin], place)
        with pytest.raises(CryptoError):
            _open(MATERIAL, replace_blobs(sealed[to], blob_of_value(sealed[origin])), place)
        with pytest.raises(CryptoError):
            _open(MATERIAL, replace_blobs(sealed[origin], blob_of_value(sealed[to])), place)


def test_k02_no_bit_of_a_sealed_value_can_change() -> None:
    """Every flipped bit is refused with a domain error: head, blob, nonce, ciphertext and tag."""
    sealed = _seal(MATERIAL, b"value", PLACE)
    for position in range(8 * len(sealed)):
        changed = bytearray(sealed)
        changed[position // 8] ^= 1 << position % 8
        with pytest.raises(CryptoError):
            _open(MATERIAL, bytes(changed), PLACE)


def test_k02_a_cut_or_lengthened_value_is_refused() -> None:
    """No prefix opens, and nothing can be appended."""
    sealed = _seal(MATERIAL, b"value", PLACE)
    for length in range(len(sealed)):
        with pytest.raises(CryptoError):
            _open(MATERIAL, sealed[:length], PLACE)
    with pytest.raises(AuthenticationFailed):
        _open(MATERIAL, sealed + b"\x00", PLACE)


@given(st.binary(max_size=200))
def test_random_bytes_end_in_domain_errors(noise: bytes) -> None:
    """Whatever the store hands back instead of a sealed value or a blob, no stray exception comes out."""
    with pytest.raises(CryptoError):
        open_value(DataKey(bytes(32)), noise, PLACE)
    with pytest.raises(CryptoError):
        decrypt_blob(MATERIAL, noise, CONTEXT)
    with pytest.raises(CryptoError):
        decrypt_blob(MATERIAL, MATERIAL.head + noise, CONTEXT)


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"SecretARN": SECRET_ARN},
        {**CONTEXT, "more": ""},
        {**CONTEXT, "SecretVersionId": "another"},
        {"secretarn": SECRET_ARN, "SecretVersionId": VERSION_ID},
        {"SecretARN": VERSION_ID, "SecretVersionId": SECRET_ARN},
    ],
)
def test_k02_a_blob_opens_only_with_its_encryption_context(context: dict[str, str]) -> None:
    """Missing, additional, changed, differently cased or exchanged pairs are refused."""
    _, blob = generate_data_key(MATERIAL, CONTEXT)
    with pytest.raises(AuthenticationFailed):
        decrypt_blob(MATERIAL, blob, context)


def test_a_blob_opens_with_its_context_in_any_order() -> None:
    """The order of the pairs is free."""
    blob = encrypt_blob(MATERIAL, Plaintext(b"value"), CONTEXT)
    assert decrypt_blob(MATERIAL, blob, dict(reversed(CONTEXT.items()))).reveal() == b"value"


def test_k04_a_blob_names_its_key_and_material() -> None:
    """The head gives the key id and the material id, which is all that a look-up needs."""
    _, blob = generate_data_key(MATERIAL, CONTEXT)
    head = parse_blob(blob)
    assert head.key_id == KEY_ARN.rpartition("/")[2].replace("-", "")
    assert head.material_id == MATERIAL.material_id


def test_k04_a_blob_is_not_tried_with_other_material() -> None:
    """Other material of the same key, and another key, are refused before anything is decrypted."""
    _, blob = generate_data_key(MATERIAL, CONTEXT)
    with pytest.raises(WrongKeyMaterial):
        decrypt_blob(new_key_material(KEY_ARN), blob, CONTEXT)
    with pytest.raises(WrongKeyMaterial):
        decrypt_blob(new_key_material(OTHER_KEY_ARN), blob, CONTEXT)


def test_k04_a_relabelled_blob_does_not_open() -> None:
    """Writing another material's head in front of a blob ends at the tag."""
    _, blob = generate_data_key(MATERIAL, CONTEXT)
    other = new_key_material(KEY_ARN)
    with pytest.raises(AuthenticationFailed):
        decrypt_blob(other, other.head + blob[len(other.head) :], CONTEXT)


def test_k02_a_blob_is_bound_to_account_and_region_of_its_key() -> None:
    """Material copied to a key of the same id in another account or region opens nothing made before."""
    key = SymmetricKey(bytes(range(32)))
    _, blob = generate_data_key(KeyMaterial(KEY_ARN, key), CONTEXT)
    for arn in (KEY_ARN.replace(ACCOUNT, OTHER_ACCOUNT), KEY_ARN.replace("us-east-1", "eu-central-1")):
        with pytest.raises(AuthenticationFailed):
            decrypt_blob(KeyMaterial(arn, key), blob, CONTEXT)


def test_a_multi_region_blob_opens_in_another_region_of_its_account_only() -> None:
    """Replicas share id and material, so the region is left out of the binding; the account is not."""
    key = SymmetricKey(bytes(range(32)))
    arn = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/mrk-0123456789abcdef0123456789abcdef"
    _, blob = generate_data_key(KeyMaterial(arn, key), CONTEXT)
    replica = KeyMaterial(arn.replace("us-east-1", "eu-west-1"), key)
    assert len(decrypt_blob(replica, blob, CONTEXT)) == 32
    with pytest.raises(AuthenticationFailed):
        decrypt_blob(KeyMaterial(arn.replace(ACCOUNT, OTHER_ACCOUNT), key), blob, CONTEXT)


def test_the_blob_has_the_documented_layout() -> None:
    """Version, key id, material id, salt, nonce, ciphertext, tag: 93 bytes more than the plaintext."""
    blob = encrypt_blob(MATERIAL, Plaintext(b"12345"), CONTEXT)
    assert len(blob) == 1 + 16 + 32 + 16 + 12 + 5 + 16
    assert blob[0] == 1
    assert blob[1:17].hex() == KEY_ARN.rpartition("/")[2].replace("-", "")
    assert blob[17:49].hex() == MATERIAL.material_id


def test_the_sealed_value_has_the_documented_layout() -> None:
    """Version, record type, length of the blob, blob, nonce, ciphertext, tag."""
    data_key, blob = generate_data_key(MATERIAL, CONTEXT)
    sealed = seal_value(data_key, blob, Plaintext(b"12345"), PLACE)
    assert sealed[:4] == bytes((1, 4)) + len(blob).to_bytes(2, "big")
    assert sealed[4 : 4 + len(blob)] == blob
    assert len(sealed) == 4 + len(blob) + 12 + 5 + 16


def test_a_value_sealed_by_version_1_opens() -> None:
    """Bytes recorded when format version 1 was fixed open for ever, whatever later versions write."""
    material = KeyMaterial(KEY_ARN, SymmetricKey(bytes(range(32))))
    assert _open(material, bytes.fromhex(RECORDED_V1), PLACE) == b"recorded with format version 1"


@pytest.mark.parametrize("position", [0, 1])
def test_an_unknown_version_or_type_is_malformed(position: int) -> None:
    """A format that this release does not know is refused as such, before any key is used."""
    sealed = bytearray(_seal(MATERIAL, b"value", PLACE))
    sealed[position] += 1
    with pytest.raises(MalformedSealed):
        blob_of_value(bytes(sealed))


def test_a_changed_kms_key_wraps_the_data_key_and_leaves_the_value() -> None:
    """After ``replace_blobs`` the value opens under the new key, and its ciphertext is the same."""
    sealed = _seal(MATERIAL, b"value", PLACE)
    other = new_key_material(OTHER_KEY_ARN)
    data_key = decrypt_blob(MATERIAL, blob_of_value(sealed), CONTEXT)
    moved = replace_blobs(sealed, encrypt_blob(other, data_key, CONTEXT))
    assert _open(other, moved, PLACE) == b"value"
    assert moved[-33:] == sealed[-33:]


def test_every_version_has_its_own_data_key() -> None:
    """Data keys are drawn, never derived from the key material."""
    assert len({generate_data_key(MATERIAL, CONTEXT)[0].reveal() for _ in range(50)}) == 50


@pytest.mark.parametrize("size", [1, 16, 32, 1024])
def test_data_keys_have_the_length_asked_for(size: int) -> None:
    """GenerateDataKey's range passes, and the blob holds the same key."""
    data_key, blob = generate_data_key(MATERIAL, {}, size)
    assert len(data_key) == size
    assert decrypt_blob(MATERIAL, blob, {}).reveal() == data_key.reveal()


def test_a_short_data_key_seals_no_value() -> None:
    """AES_128 data keys are for callers of KMS; values have 256-bit keys."""
    data_key, blob = generate_data_key(MATERIAL, CONTEXT, 16)
    with pytest.raises(InvalidKeySize):
        seal_value(data_key, blob, Plaintext(b"value"), PLACE)


def test_key_material_opens_in_its_place_only() -> None:
    """Sealed key material is bound to account, key ARN and material id."""
    keyring = new_keyring(1)
    sealed = seal_key_material(keyring, MATERIAL, ACCOUNT)
    opened = open_key_material(keyring, sealed, ACCOUNT, KEY_ARN, MATERIAL.material_id)
    assert opened.reveal() == MATERIAL.reveal()
    assert opened.head == MATERIAL.head
    for place in (
        (OTHER_ACCOUNT, KEY_ARN, MATERIAL.material_id),
        (ACCOUNT, OTHER_KEY_ARN, MATERIAL.material_id),
        (ACCOUNT, KEY_ARN, new_key_material(KEY_ARN).material_id),
    ):
        with pytest.raises(AuthenticationFailed):
            open_key_material(keyring, sealed, *place)


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "key",
        SECRET_ARN,
        KEY_ARN[:-1],
        KEY_ARN + "0",
        KEY_ARN.replace("key/", "alias/"),
        KEY_ARN.replace("0f1e", "é1e"),
    ],
)
def test_an_arn_that_is_no_key_is_refused(arn: str) -> None:
    """Only the ARN of a key, with a UUID or a multi-Region id, names key material."""
    with pytest.raises(MalformedARN):
        new_key_material(arn)


def test_a_lone_surrogate_in_a_context_is_a_domain_error() -> None:
    """JSON can carry one; it ends in MalformedContext."""
    with pytest.raises(MalformedContext):
        encrypt_blob(MATERIAL, Plaintext(b""), {"a": "\udfff"})


def test_types_of_results_are_plain_bytes_for_the_store() -> None:
    """The newtypes cost nothing at run time: the store binds them as blobs."""
    data_key, blob = generate_data_key(MATERIAL, CONTEXT)
    assert type(blob) is bytes
    assert type(seal_value(data_key, Wrapped(blob), Plaintext(b""), PLACE)) is bytes


RECORDED_V1 = (
    "0104007d010f1e2d3c4b5a49788796a5b4c3d2e1f04c138dabc980023792f55ee396bfc64b31894bfec3b0f376eb766a"
    "e7123a34c644b2bc3e330bb8c7ea1927d62576bca0b0dcb1a7f5ccbf86129487d2b37928efc899007ee68dae94b73dc6"
    "66fb38fd3f7bb92733ab8d229b99ff9e26074d3207cfaa2dba419f3f4bd9b2d5317900e47eea2da7c3ddb6478260e80a"
    "1f7921b0710cde1075ac51bb4253ba752b200bb9a024082c95b443c83784daae690eb67c5e28da02d75f87"
)


def test_k02_an_opener_opens_its_value_again_and_again_and_no_other() -> None:
    """A data key that was kept opens the value in its place; another place, another value or a changed one fails."""
    data_key = DataKey(bytes(range(32)))
    place = ValuePlace(ACCOUNT, SECRET_ARN, VERSION_ID, "SecretString")
    sealed = seal_value(data_key, Wrapped(b"blob"), Plaintext(b"the value"), place)
    opener = ValueOpener(data_key, place)
    assert [opener.open(sealed).reveal() for _ in range(3)] == [b"the value"] * 3
    with pytest.raises(AuthenticationFailed):
        ValueOpener(data_key, ValuePlace(ACCOUNT, SECRET_ARN, "another version", "SecretString")).open(sealed)
    with pytest.raises(AuthenticationFailed):
        ValueOpener(DataKey(bytes(32)), place).open(sealed)
    for position in range(len(sealed) - len(b"the value") - 28, len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(AuthenticationFailed):
            opener.open(bytes(changed))
    with pytest.raises((AuthenticationFailed, MalformedSealed)):
        opener.open(sealed[:-1])


def test_a_value_can_stand_behind_its_data_key_under_two_keys() -> None:
    """Either blob opens it; which is which stands in its head. The value's own bytes are the same."""
    other = new_key_material(OTHER_KEY_ARN)
    data_key, blob = generate_data_key(MATERIAL, CONTEXT)
    sealed = seal_value(data_key, blob, Plaintext(CANARY), PLACE)
    second = encrypt_blob(other, Plaintext(data_key.reveal()), CONTEXT)
    both = replace_blobs(sealed, second, blob)
    assert blobs_of_value(sealed) == (blob,)
    assert blobs_of_value(both) == (second, blob)
    assert both.endswith(sealed[-(len(CANARY) + 28) :])
    for material, found in zip((other, MATERIAL), blobs_of_value(both), strict=True):
        opened = DataKey(decrypt_blob(material, found, CONTEXT).reveal())
        assert open_value(opened, both, PLACE) == Plaintext(CANARY)
    with pytest.raises(MalformedSealed):
        blobs_of_value(replace_blobs(sealed, Wrapped(blob + b"x")))
