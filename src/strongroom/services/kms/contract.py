"""What other services may ask of KMS.

Two sorts of keys are behind them. The key that Secrets Manager makes for itself, ``alias/aws/secretsmanager``:
one for each account and Region, made on first use, usable by every principal of the account that may use
Secrets Manager and by nobody of another account; it needs no permission of its own, so no decision is taken and
no record of its own is written. And keys of customers: each use of one is a call of KMS for the caller,
authorised and recorded as such.

Rules:
 - A ciphertext is opened with the key and material that its authenticated head names, never by trying (K-04).
 - The state of the key counts at every call (K-05); who keeps a data key asks ``check_usable`` or ``may_decrypt``
   before each use.

Source: identity reference 6.4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from msgspec.structs import replace

from strongroom.clock import Instant
from strongroom.crypto import envelope
from strongroom.crypto.errors import CryptoError
from strongroom.crypto.keyring import Keyring
from strongroom.crypto.material import DataKey, Plaintext, Wrapped
from strongroom.errors import Fault, StrongroomError
from strongroom.gateway.authorisation import AccessDenied
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Operation, Target
from strongroom.gateway.repeated import RepeatedCall
from strongroom.ids import new_uuid
from strongroom.services.kms import decrypt as decrypting
from strongroom.services.kms import encrypt as encrypting
from strongroom.services.kms import generate_data_key as generating
from strongroom.services.kms.ciphertexts import named_key, usable_for
from strongroom.services.kms.decrypt import DECRYPT
from strongroom.services.kms.encrypt import ENCRYPT
from strongroom.services.kms.generate_data_key import GENERATE_DATA_KEY
from strongroom.services.kms.keys import KeyInForce, find_alias_target, find_key_in_force
from strongroom.services.kms.model import (
    ALIAS,
    AWS,
    ENABLED,
    KeyAttributes,
    KeyRow,
    key_arn,
    key_id_of_digits,
)
from strongroom.services.kms.tables import Alias, insert_key, insert_material, put_alias
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction

DEFAULT_ALIAS: Final = "alias/aws/secretsmanager"
_DESCRIPTION: Final = "Default key that protects my Secrets Manager data when no other key is defined"


class KeyUnusable(StrongroomError):
    """The key that a call needs is not enabled, or is gone."""


class KeyForbidden(StrongroomError):
    """The caller may not use the key."""


class NoSuchKey(StrongroomError):
    """The key that the caller names does not exist.

    Attributes:
        message: What KMS says.
    """

    def __init__(self, message: str) -> None:
        super().__init__("a KMS key that a request names does not exist")
        self.message = message


class CannotDecrypt(StrongroomError):
    """A ciphertext is not what was encrypted under this key and encryption context."""


# The key of Secrets Manager itself


def default_key_arn(rows: Rows, account: str, region: str) -> str | None:
    """Return the ARN of the account's default key in a Region, or None when it was never used."""
    key_id = find_alias_target(rows, account, region, DEFAULT_ALIAS)
    return None if key_id is None else key_arn(region, account, key_id)


def ensure_default_key(
    transaction: Transaction, keyring: Keyring, account: str, region: str, now_ms: Instant
) -> str:
    """Return the ARN of the default key, made now when this is its first use."""
    known = default_key_arn(transaction, account, region)
    if known is not None:
        return known
    key_id = new_uuid()
    arn = key_arn(region, account, key_id)
    material = envelope.new_key_material(arn)
    attributes = KeyAttributes(ENABLED, AWS, _DESCRIPTION, material.material_id)
    insert_key(transaction, KeyRow(key_id, account, region, now_ms, attributes))
    sealed = envelope.seal_key_material(keyring, material, account)
    insert_material(transaction, key_id, material.material_id, now_ms, sealed)
    put_alias(transaction, Alias(account, region, DEFAULT_ALIAS, key_id, now_ms))
    return arn


def data_keys_of(
    rows: Rows, keyring: Keyring, key_arn: str, bound_to: Mapping[str, str]
) -> Callable[[], tuple[DataKey, Wrapped]]:
    """Find the default key and give what draws a data key and encrypts it: GenerateDataKey with AES_256.

    Raises:
        KeyUnusable: The key does not exist or is not enabled.
    """
    material = _default_key(rows, key_arn).current_material(rows, keyring)
    return lambda: envelope.generate_data_key(material, bound_to)


def encrypt_data_key(
    rows: Rows, keyring: Keyring, key_arn: str, data_key: DataKey, bound_to: Mapping[str, str]
) -> Wrapped:
    """Encrypt a data key that exists under the default key.

    Raises:
        KeyUnusable: The key does not exist or is not enabled.
    """
    material = _default_key(rows, key_arn).current_material(rows, keyring)
    return envelope.encrypt_blob(material, Plaintext(data_key.reveal()), bound_to)


def decrypt_data_key(
    rows: Rows, keyring: Keyring, blob: bytes, key_arn: str, bound_to: Mapping[str, str]
) -> DataKey:
    """Open a data key that was encrypted under the default key for the same encryption context.

    Raises:
        KeyUnusable: The key does not exist or is not enabled.
        CannotDecrypt: The blob was changed, or made for another context or under another key.
    """
    held = _default_key(rows, key_arn)
    try:
        head = envelope.parse_blob(blob)
        if key_id_of_digits(head.key_id) != held.key.key_id:
            raise CannotDecrypt("the ciphertext belongs to another key")
        material = held.find_material(rows, keyring, head.material_id)
        if material is None:
            raise CannotDecrypt("the ciphertext names a material that its key does not have")
        return DataKey(envelope.decrypt_blob(material, blob, bound_to).reveal())
    except CryptoError as problem:
        raise CannotDecrypt("the ciphertext does not belong to this key and context") from problem


def check_usable(rows: Rows, key_arn: str) -> None:
    """Refuse a default key that cannot decrypt now.

    Raises:
        KeyUnusable: The key does not exist or is not enabled.
    """
    _default_key(rows, key_arn)


# Keys of customers, used for the caller


def find_key_arn(rows: Rows, account: str, region: str, name: str) -> str | None:
    """Return the ARN of the key that a name stands for, without asking who may know; None when there is none.

    Args:
        rows: The store.
        account: Whose keys and aliases are meant by a name without account.
        region: The Region.
        name: A key id, an ARN, an alias or the ARN of an alias.
    """
    wanted = qualify(account, region, name)
    head, _, resource = wanted.partition(f":kms:{region}:")
    owner, _, resource = resource.partition(":")
    if head != "arn:aws" or not resource:
        return None
    kind, _, key_id = resource.partition("/")
    found: str | None = key_id if kind == "key" else None
    if kind == "alias" and ALIAS.fullmatch(resource) is not None:
        found = find_alias_target(rows, owner, region, resource)
    held = find_key_in_force(rows, found) if found else None
    if held is None or held.key.account != owner or held.key.region != region:
        return None
    return held.key.arn


def qualify(account: str, region: str, name: str) -> str:
    """Write a name of a key as an ARN: a secret's key is in the account of the secret, whoever asks."""
    if name.startswith("arn:"):
        return name
    if name.startswith("alias/"):
        return f"arn:aws:kms:{region}:{account}:{name}"
    return key_arn(region, account, name)


def is_default_key(rows: Rows, key_arn: str) -> bool:
    """Whether a service made a key; False for one that is gone."""
    held = find_key_in_force(rows, key_arn.rpartition("/")[2])
    return held is not None and held.key.is_managed


def key_of_data_key(rows: Rows, blob: bytes) -> str:
    """Return the ARN of the key that a data key is encrypted under.

    Raises:
        CannotDecrypt: The blob is none of ours.
        KeyUnusable: The key is gone.
    """
    return _key_of(rows, blob).key.arn


def generate_for_caller(
    context: Context, service: str, name: str, bound_to: Mapping[str, str]
) -> tuple[DataKey, Wrapped]:
    """Draw a data key and encrypt it under a key of a customer, as the caller.

    Args:
        context: The request of the caller.
        service: Who calls for the caller: ``secretsmanager``.
        name: The key, as ``qualify`` writes it.
        bound_to: The encryption context.

    Raises:
        KeyForbidden, KeyUnusable, NoSuchKey: The caller may not use it, nobody can, there is none.
    """
    request = generating.Request(key_id=name, key_spec="AES_256", encryption_context=dict(bound_to))
    made = _call(context, GENERATE_DATA_KEY, request, service)
    return DataKey(made.plaintext), Wrapped(made.ciphertext_blob)


def encrypt_for_caller(
    context: Context, service: str, name: str, data_key: DataKey, bound_to: Mapping[str, str]
) -> Wrapped:
    """Encrypt a data key that exists under a key of a customer, as the caller.

    Raises:
        KeyForbidden, KeyUnusable, NoSuchKey: As ``generate_for_caller``.
    """
    request = encrypting.Request(key_id=name, plaintext=data_key.reveal(), encryption_context=dict(bound_to))
    return Wrapped(_call(context, ENCRYPT, request, service).ciphertext_blob)


class DataKeyUse:
    """A data key that is to be decrypted for callers, again and again: what is asked of KMS, made ready once.

    Args:
        blob: The data key under a KMS key.
        bound_to: Its encryption context.

    Attributes:
        key_id: The key that it is under.

    Raises:
        CannotDecrypt: The blob is none of ours.
    """

    __slots__ = ("blob", "bound_to", "key_id", "repeated", "request")

    def __init__(self, blob: Wrapped, bound_to: Mapping[str, str]) -> None:
        self.blob = blob
        self.bound_to = bound_to
        self.key_id = _key_id_of(blob)
        self.request = decrypting.Request(
            ciphertext_blob=blob,
            encryption_context=dict(bound_to),
            encryption_algorithm="SYMMETRIC_DEFAULT",
        )
        self.repeated: RepeatedCall | None = None


def decrypt_for_caller(context: Context, service: str, use: DataKeyUse) -> DataKey:
    """Open a data key under the key of a customer, as the caller.

    Raises:
        KeyForbidden, KeyUnusable: As ``generate_for_caller``.
        CannotDecrypt: The blob was changed, or made for another context.
    """
    _present(context.rows, use.key_id)
    return DataKey(_call(context, DECRYPT, use.request, service).plaintext)


def is_under_default_key(rows: Rows, use: DataKeyUse) -> bool:
    """Whether a data key is under a key that a service made; False where the key is gone."""
    held = find_key_in_force(rows, use.key_id)
    return held is not None and held.key.is_managed


def may_decrypt_again(context: Context, use: DataKeyUse) -> bool:
    """Repeat the call of ``may_decrypt`` for a data key with little work; False: it has to be made as a whole."""
    if use.repeated is None:
        return False
    held = find_key_in_force(context.rows, use.key_id)
    return held is not None and use.repeated.repeat(context, held.stamp)


def may_decrypt(context: Context, service: str, use: DataKeyUse) -> None:
    """Call Decrypt for the caller of a data key that was opened before and is still at hand.

    It is decided, refused and recorded like any other; only the opening itself is not done again. Ask
    ``may_decrypt_again`` first.

    Raises:
        KeyForbidden, KeyUnusable: As ``generate_for_caller``.
    """
    held = _present(context.rows, use.key_id)
    if use.repeated is None:
        use.repeated = RepeatedCall("kms:Decrypt", service)
    _call(context, _DECRYPT_KEPT, use.request, service)
    use.repeated.learn(context, held.stamp)


def _present(rows: Rows, key_id: str) -> KeyInForce:
    """Give a key; one that is gone is unusable: asked for by a ciphertext alone, it would look forbidden."""
    held = find_key_in_force(rows, key_id)
    if held is None:
        raise KeyUnusable(f"the key {key_id} does not exist")
    return held


def _check_kept(_context: Context, _request: decrypting.Request, target: Target) -> None:
    usable_for(target, None)


_DECRYPT_KEPT: Final[Operation[Any, Any]] = replace(DECRYPT, handle=_check_kept)


def _call(context: Context, operation: Operation[Any, Any], request: Any, service: str) -> Any:
    try:
        return context.call(operation, request, via=service)
    except AccessDenied as problem:
        raise KeyForbidden("the caller may not use the KMS key") from problem
    except Fault as problem:
        if problem.is_server_fault:
            raise
        if problem.code == "AccessDeniedException":
            raise KeyForbidden("the caller may not use the KMS key") from problem
        if problem.code == "NotFoundException":
            raise NoSuchKey(problem.message) from problem
        if problem.code == "InvalidCiphertextException":
            raise CannotDecrypt("the ciphertext does not belong to this key and context") from problem
        raise KeyUnusable(problem.message) from problem


def _default_key(rows: Rows, key_arn: str) -> KeyInForce:
    """Return a key that a service made: nobody is asked for a permission, so no other key is given out here."""
    held = find_key_in_force(rows, key_arn.rpartition("/")[2])
    if held is None or held.arn != key_arn or not held.key.is_managed:
        raise KeyUnusable("there is no such default key")
    if held.key.attributes.state != ENABLED:
        raise KeyUnusable(f"{key_arn} is {held.key.attributes.state}")
    return held


def _key_of(rows: Rows, blob: bytes) -> KeyInForce:
    key_id = _key_id_of(blob)
    held = find_key_in_force(rows, key_id)
    if held is None:
        raise KeyUnusable(f"the key {key_id} does not exist")
    return held


def _key_id_of(blob: bytes) -> str:
    try:
        return named_key(blob)
    except CryptoError as problem:
        raise CannotDecrypt("a data key is no ciphertext of ours") from problem
