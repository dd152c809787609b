"""Secret values: their limits, their sealing under the secret's key, and their opening.

Rules:
 - Every value has a data key of its own, encrypted under the secret's KMS key with the encryption context
   ``SecretARN``, ``SecretVersionId``, and is bound to account, ARN, version and field.
 - A customer's key is used as the caller: each use is a call of KMS that is decided on and recorded (reference 9).
   Writing asks for GenerateDataKey and Decrypt, reading for Decrypt. The default key needs no permission.
 - A version in the row cache keeps its data key with it: both are dropped when the row changes, and KMS is asked at
   every opening whether the key may be used. Beside the key material in the same memory it gives nothing away.
 - After a change of the key a version has its data key under two keys; either of them opens it.
 - What does not open is a ``DecryptionFailure``; the call fails closed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal

import msgspec

from strongroom.crypto import envelope
from strongroom.crypto.envelope import ValueOpener, ValuePlace
from strongroom.crypto.errors import CryptoError
from strongroom.crypto.material import DataKey, Plaintext, Sealed, Wrapped
from strongroom.errors import Fault, StrongroomError
from strongroom.gateway.context import Context
from strongroom.services.kms import contract as kms
from strongroom.services.secretsmanager import errors
from strongroom.services.secretsmanager.model import VALUE_BYTES_MOST, OpenedKey, Secret, Version

SecretField = Literal["SecretString", "SecretBinary"]

SERVICE: Final = "secretsmanager"
VALIDATION: Final = "RequestToValidateKeyAccess"
"""Stands for the version id where only the right to use a key is tried (reference 9)."""

_KMS_PROBLEMS: Final = (CryptoError, kms.CannotDecrypt, kms.KeyForbidden, kms.KeyUnusable, kms.NoSuchKey)


class Value(msgspec.Struct, frozen=True):
    """A secret value in the clear, with its kind."""

    field: SecretField
    plaintext: Plaintext

    def __repr__(self) -> str:
        return f"Value({self.field})"

    def as_members(self) -> tuple[str | None, bytes | None]:
        """Give ``(secret_string, secret_binary)``, one of them None."""
        raw = self.plaintext.reveal()
        return (raw.decode(), None) if self.field == "SecretString" else (None, raw)


def read_value(secret_string: str | None, secret_binary: bytes | None) -> Value | None:
    """Take the value out of a request; None when there is none.

    Raises:
        Fault: Two values, or one that is too long.
    """
    if secret_string is not None and secret_binary is not None:
        raise errors.two_values()
    if secret_string is not None:
        raw = secret_string.encode()
        if len(raw) > VALUE_BYTES_MOST:
            raise errors.value_too_long("secretString")
        return Value("SecretString", Plaintext(raw))
    if secret_binary is not None:
        if len(secret_binary) > VALUE_BYTES_MOST:
            raise errors.value_too_long("secretBinary")
        return Value("SecretBinary", Plaintext(secret_binary))
    return None


def encryption_context(secret: Secret, version_id: str) -> dict[str, str]:
    """Give the encryption context of a version (reference 9)."""
    return {"SecretARN": secret.arn, "SecretVersionId": version_id}


def read_key(context: Context, account: str, key_id: str) -> str:
    """Return what a secret keeps of a requested ``KmsKeyId``: as it was sent, or empty for the default key.

    Args:
        context: The request.
        account: The account of the secret.
        key_id: A key id, key ARN, alias or alias ARN; empty for the default key.

    Raises:
        Fault: A key of another service.
    """
    if key_id in _default_key_names(context, account):
        return ""
    if ":alias/aws/" in f":{key_id}":
        raise errors.kms_refused()
    return key_id


def key_conditions(context: Context, account: str, key_id: str | None) -> dict[str, tuple[str, ...]]:
    """Give the condition keys of a requested key; none when the request names no key."""
    if key_id is None:
        return {}
    conditions: dict[str, tuple[str, ...]] = {"secretsmanager:kmskeyid": (key_id,)}
    if key_id in _default_key_names(context, account):
        arn = kms.default_key_arn(context.rows, account, context.region)
    else:
        arn = kms.find_key_arn(context.rows, account, context.region, key_id)
    if arn is not None:
        conditions["secretsmanager:kmskeyarn"] = (arn,)
    return conditions


def check_key_access(context: Context, secret: Secret) -> None:
    """Try whether the caller may use the key that a secret is to have: GenerateDataKey and Decrypt.

    Raises:
        Fault: The caller may not, or the key cannot be used.
    """
    if not secret.attributes.key:
        return
    bound_to = encryption_context(secret, VALIDATION)
    try:
        _new_data_key(context, secret, bound_to)
    except _KMS_PROBLEMS as problem:
        raise _refusal(problem, writes=True) from problem


def seal_version(context: Context, secret: Secret, version_id: str, value: Value) -> Version:
    """Seal a value as a version of a secret.

    Raises:
        Fault: The key cannot encrypt, or the caller may not use it.
    """
    version, seal = seal_version_later(context, secret, version_id, value)
    return msgspec.structs.replace(version, sealed=seal(), opened=[])


def seal_version_later(
    context: Context, secret: Secret, version_id: str, value: Value
) -> tuple[Version, Callable[[], Sealed]]:
    """Ask for the key that a value is to be sealed with as a version of a secret; the sealing itself can wait.

    Returns:
        The version without its value, and what seals it, once.

    Raises:
        Fault: The key cannot encrypt, or the caller may not use it.
    """
    bound_to = encryption_context(secret, version_id)
    keys: tuple[str, ...] = ()
    drawn: tuple[DataKey, Wrapped] | None = None
    try:
        if secret.attributes.key:
            drawn = _new_data_key(context, secret, bound_to)
            keys = (kms.key_of_data_key(context.rows, drawn[1]),)
        else:
            key_arn = _ensure_default_key(context, secret)
            draw = kms.data_keys_of(context.rows, context.deployment.keyring, key_arn, bound_to)
    except _KMS_PROBLEMS as problem:
        raise _refusal(problem, writes=True) from problem

    def seal() -> Sealed:
        data_key, blob = drawn or draw()
        return envelope.seal_value(data_key, blob, value.plaintext, _place(secret, version_id, value.field))

    version = Version(
        secret_id=secret.secret_id,
        version_id=version_id,
        created_ms=context.now_ms,
        accessed_ms=0,
        keys=keys,
        field=value.field,
        sealed=b"",
    )
    return version, seal


def open_version(context: Context, secret: Secret, version: Version) -> Value:
    """Open the value of a version.

    Raises:
        Fault: The key is not usable, the caller may not use it, or the stored bytes are not what was sealed in this
            place.
    """
    field: SecretField = "SecretString" if version.field == "SecretString" else "SecretBinary"
    try:
        if version.keys:
            opener = _open_for_caller(context, secret, version, field)
        else:
            opener = _open_under_default_key(context, secret, version, field)
        return Value(field, opener.open(version.sealed))
    except _KMS_PROBLEMS as problem:
        raise _refusal(problem, writes=False) from problem


def has_same_value(context: Context, secret: Secret, version: Version, value: Value) -> bool:
    """Whether a stored version holds just this value."""
    if version.field != value.field:
        return False
    return open_version(context, secret, version).plaintext == value.plaintext


def under_new_key(context: Context, secret: Secret, version: Version) -> Version | None:
    """Encrypt the data key of a version under the key that its secret has now; the value stays as it is.

    The key that opened it goes on opening it. None when it is under that key already, or when the caller may not
    decrypt with the old key or encrypt with the new one: then the version stays as it was (reference 9).

    Raises:
        Fault: The store or the keyring failed.
    """
    bound_to = encryption_context(secret, version.version_id)
    try:
        data_key, old_blob = _open_data_key(context, secret, _uses(secret, version))
        old_key = _shown_key(context, old_blob)
        if secret.attributes.key:
            name = kms.qualify(secret.account, secret.region, secret.attributes.key)
            if kms.find_key_arn(context.rows, secret.account, secret.region, name) == old_key:
                return None
            new_blob = kms.encrypt_for_caller(context, SERVICE, name, data_key, bound_to)
        elif not old_key:
            return None
        else:
            key_arn = _ensure_default_key(context, secret)
            keyring = context.deployment.keyring
            new_blob = kms.encrypt_data_key(context.rows, keyring, key_arn, data_key, bound_to)
        new_key = _shown_key(context, new_blob)
        sealed = envelope.replace_blobs(version.sealed, new_blob, old_blob)
    except _KMS_PROBLEMS:
        return None
    return msgspec.structs.replace(version, keys=(new_key, old_key), sealed=sealed, opened=[])


def _new_data_key(context: Context, secret: Secret, bound_to: Mapping[str, str]) -> tuple[DataKey, Wrapped]:
    """Draw a data key under the secret's key, and see that it opens: nothing is written that could not be read."""
    name = kms.qualify(secret.account, secret.region, secret.attributes.key)
    data_key, blob = kms.generate_for_caller(context, SERVICE, name, bound_to)
    kms.decrypt_for_caller(context, SERVICE, kms.DataKeyUse(blob, bound_to))
    return data_key, blob


def _open_under_default_key(
    context: Context, secret: Secret, version: Version, field: SecretField
) -> ValueOpener:
    if secret.account != context.account:
        raise errors.default_key_across_accounts()
    if version.opened:
        # The data key is at hand; whether its KMS key may be used is asked each time (K-05).
        opened = version.opened[0]
        kms.check_usable(context.rows, opened.key_arn)
        return opened.opener
    default = kms.default_key_arn(context.rows, secret.account, secret.region)
    if default is None:
        raise kms.KeyUnusable("the account has no default key")
    data_key = kms.decrypt_data_key(
        context.rows,
        context.deployment.keyring,
        envelope.blob_of_value(version.sealed),
        default,
        encryption_context(secret, version.version_id),
    )
    opener = ValueOpener(data_key, _place(secret, version.version_id, field))
    version.opened.append(OpenedKey(opener, default))
    return opener


def _open_for_caller(context: Context, secret: Secret, version: Version, field: SecretField) -> ValueOpener:
    if version.opened:
        opened = version.opened[0]
        _ask_for_a_key(context, secret, opened.uses)
        return opened.opener
    uses = _uses(secret, version)
    data_key, _ = _open_data_key(context, secret, uses)
    opener = ValueOpener(data_key, _place(secret, version.version_id, field))
    version.opened.append(OpenedKey(opener, uses=uses))
    return opener


def _uses(secret: Secret, version: Version) -> tuple[kms.DataKeyUse, ...]:
    """Prepare a question to KMS for each key that the data key of a version is under."""
    bound_to = encryption_context(secret, version.version_id)
    return tuple(kms.DataKeyUse(blob, bound_to) for blob in envelope.blobs_of_value(version.sealed))


def _open_data_key(
    context: Context, secret: Secret, uses: tuple[kms.DataKeyUse, ...]
) -> tuple[DataKey, Wrapped]:
    """Open a data key with the first key that may be used; give the blob as well that it was opened from.

    Raises:
        KeyForbidden, KeyUnusable, CannotDecrypt: The first refusal, when none may.
    """
    first: StrongroomError | None = None
    for use in uses:
        try:
            if not _is_default(context, secret, use):
                return kms.decrypt_for_caller(context, SERVICE, use), use.blob
            key_arn = kms.key_of_data_key(context.rows, use.blob)
            keyring = context.deployment.keyring
            return kms.decrypt_data_key(context.rows, keyring, use.blob, key_arn, use.bound_to), use.blob
        except _KMS_PROBLEMS as problem:
            first = first or problem
    raise first or kms.CannotDecrypt("a value has no data key")


def _ask_for_a_key(context: Context, secret: Secret, uses: tuple[kms.DataKeyUse, ...]) -> None:
    """Ask for the keys of a data key that is at hand, until one may be used.

    Raises:
        KeyForbidden, KeyUnusable, CannotDecrypt: As ``_open_data_key``.
    """
    first: StrongroomError | None = None
    for use in uses:
        try:
            if kms.may_decrypt_again(context, use):
                return
            if _is_default(context, secret, use):
                kms.check_usable(context.rows, kms.key_of_data_key(context.rows, use.blob))
            else:
                kms.may_decrypt(context, SERVICE, use)
        except _KMS_PROBLEMS as problem:
            first = first or problem
        else:
            return
    raise first or kms.CannotDecrypt("a value has no data key")


def _is_default(context: Context, secret: Secret, use: kms.DataKeyUse) -> bool:
    """Whether a data key is under the default key, which is that of its secret's account.

    Raises:
        KeyForbidden: It is, and the caller is of another account.
    """
    if not kms.is_under_default_key(context.rows, use):
        return False
    if secret.account != context.account:
        raise kms.KeyForbidden("the default key serves its own account only")
    return True


def _refusal(problem: StrongroomError, *, writes: bool) -> Fault:
    """Word what KMS said in the words of Secrets Manager (reference 9)."""
    if isinstance(problem, kms.KeyForbidden):
        return errors.kms_refused()
    if isinstance(problem, kms.NoSuchKey):
        return errors.invalid_key(problem.message)
    return errors.cannot_encrypt() if writes else errors.cannot_decrypt()


def _shown_key(context: Context, blob: Wrapped) -> str:
    """Give the key of a blob as a version notes it: empty for the default key."""
    arn = kms.key_of_data_key(context.rows, blob)
    return "" if kms.is_default_key(context.rows, arn) else arn


def _ensure_default_key(context: Context, secret: Secret) -> str:
    keyring = context.deployment.keyring
    return kms.ensure_default_key(context.transaction, keyring, secret.account, secret.region, context.now_ms)


def _default_key_names(context: Context, account: str) -> tuple[str, ...]:
    names = ("", kms.DEFAULT_ALIAS, f"arn:aws:kms:{context.region}:{account}:{kms.DEFAULT_ALIAS}")
    arn = kms.default_key_arn(context.rows, account, context.region)
    return names if arn is None else (*names, arn, arn.rpartition("/")[2])


def _place(secret: Secret, version_id: str, field: SecretField) -> ValuePlace:
    return ValuePlace(secret.account, secret.arn, version_id, field)
