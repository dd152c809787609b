"""Secret values: their limits, their sealing under the secret's key, and their opening.

Rules:
 - Every value has a data key of its own, encrypted under the secret's KMS key with the encryption context
   ``SecretARN``, ``SecretVersionId``, and is bound to account, ARN, version and field.
 - A version in the row cache keeps its data key with it: both are dropped when the row changes, and the state of
   the KMS key is asked at every opening. Beside the key material in the same memory it gives nothing away.
 - What does not open is a ``DecryptionFailure``; the call fails closed.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from strongroom.crypto import envelope
from strongroom.crypto.envelope import ValueOpener, ValuePlace
from strongroom.crypto.errors import CryptoError
from strongroom.crypto.material import Plaintext
from strongroom.gateway.context import Context
from strongroom.services.kms import contract as kms
from strongroom.services.secretsmanager import errors
from strongroom.services.secretsmanager.model import VALUE_BYTES_MOST, Secret, Version

SecretField = Literal["SecretString", "SecretBinary"]


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
    """Return what a secret keeps of a requested ``KmsKeyId``: empty for the default key.

    Args:
        context: The request.
        account: The account of the secret.
        key_id: A key id, key ARN, alias or alias ARN; empty for the default key.

    Raises:
        Fault: Any other key; customer managed keys are not served yet.
    """
    if key_id in _default_key_names(context, account):
        return ""
    raise errors.kms_refused()


def key_conditions(context: Context, account: str, key_id: str | None) -> dict[str, tuple[str, ...]]:
    """Give the condition keys of a requested key; none when the request names no key."""
    if key_id is None:
        return {}
    conditions: dict[str, tuple[str, ...]] = {"secretsmanager:kmskeyid": (key_id,)}
    arn = kms.default_key_arn(context.rows, account, context.region)
    if arn is not None and key_id in _default_key_names(context, account):
        conditions["secretsmanager:kmskeyarn"] = (arn,)
    return conditions


def key_of(context: Context, secret: Secret) -> str:
    """Return the ARN of the key that a secret's new values are encrypted under."""
    if secret.attributes.key:
        return secret.attributes.key
    return kms.ensure_default_key(
        context.transaction, context.deployment.keyring, secret.account, secret.region, context.now_ms
    )


def seal_version(context: Context, secret: Secret, version_id: str, value: Value) -> Version:
    """Seal a value as a version of a secret.

    Raises:
        Fault: The key cannot encrypt.
    """
    key_arn = key_of(context, secret)
    try:
        data_key, blob = kms.generate_data_key(
            context.rows, context.deployment.keyring, key_arn, encryption_context(secret, version_id)
        )
    except kms.KeyUnusable as problem:
        raise errors.cannot_encrypt() from problem
    sealed = envelope.seal_value(data_key, blob, value.plaintext, _place(secret, version_id, value.field))
    return Version(
        secret_id=secret.secret_id,
        version_id=version_id,
        created_ms=context.now_ms,
        accessed_ms=0,
        keys=(secret.attributes.key,) if secret.attributes.key else (),
        field=value.field,
        sealed=sealed,
    )


def open_version(context: Context, secret: Secret, version: Version) -> Value:
    """Open the value of a version.

    Raises:
        Fault: The key is not usable, or the stored bytes are not what was sealed in this place.
    """
    field: SecretField = "SecretString" if version.field == "SecretString" else "SecretBinary"
    keyring = context.deployment.keyring
    try:
        if version.opener:
            # The data key is at hand; whether its KMS key may be used is asked each time (K-05).
            kms.check_usable(context.rows, keyring, version.opener[0][0])
        else:
            key_arn = version.keys[0] if version.keys else _default_key_arn(context, secret)
            data_key = kms.decrypt_data_key(
                context.rows,
                keyring,
                envelope.blob_of_value(version.sealed),
                key_arn,
                encryption_context(secret, version.version_id),
            )
            opener = ValueOpener(data_key, _place(secret, version.version_id, field))
            version.opener.append((key_arn, opener))
        return Value(field, version.opener[0][1].open(version.sealed))
    except (CryptoError, kms.KeyUnusable, kms.CannotDecrypt) as problem:
        raise errors.cannot_decrypt() from problem


def has_same_value(context: Context, secret: Secret, version: Version, value: Value) -> bool:
    """Whether a stored version holds just this value."""
    if version.field != value.field:
        return False
    return open_version(context, secret, version).plaintext == value.plaintext


def _default_key_names(context: Context, account: str) -> tuple[str, ...]:
    names = ("", kms.DEFAULT_ALIAS, f"arn:aws:kms:{context.region}:{account}:{kms.DEFAULT_ALIAS}")
    arn = kms.default_key_arn(context.rows, account, context.region)
    return names if arn is None else (*names, arn, arn.rpartition("/")[2])


def _default_key_arn(context: Context, secret: Secret) -> str:
    arn = kms.default_key_arn(context.rows, secret.account, secret.region)
    if arn is None:
        raise errors.cannot_decrypt()
    return arn


def _place(secret: Secret, version_id: str, field: SecretField) -> ValuePlace:
    return ValuePlace(secret.account, secret.arn, version_id, field)
