"""What the cryptographic operations share: encryption contexts, ciphertexts and the key that one names.

Rules:
 - A ciphertext says itself, in its authenticated head, which key and which material it needs; nothing is tried
   (K-04).
 - What does not open is always the same error, whatever was wrong with it.
 - An encryption context has at most 8 KB; it is compared exactly and recorded in clear.

Source: identity reference 6.1, 6.5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from strongroom.crypto import envelope
from strongroom.crypto.errors import CryptoError, TokenRefused
from strongroom.crypto.material import Plaintext
from strongroom.crypto.sealed_token import open_token, seal_token
from strongroom.gateway.authorisation import AccessDenied, authorise
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Target
from strongroom.services.kms import errors
from strongroom.services.kms.keys import KeyInForce, find_key_in_force
from strongroom.services.kms.lookup import Conditions, existing, find_target, target_of_key
from strongroom.services.kms.model import CONTEXT_BYTES_MOST, SYMMETRIC, key_id_of_digits

_NONE: Final[Conditions] = {}
_TOKEN_BINDING: Final = b"kms-grant"


def check_context(context: Mapping[str, str] | None) -> Mapping[str, str]:
    """Return an encryption context; an absent one is empty.

    Raises:
        Fault: It is longer than 8 KB.
    """
    if not context:
        return {}
    if sum(len(key.encode()) + len(value.encode()) for key, value in context.items()) > CONTEXT_BYTES_MOST:
        raise errors.validation("The encryption context is longer than 8192 bytes.")
    return context


def check_algorithm(held: KeyInForce, algorithm: str | None) -> None:
    """Refuse another algorithm than that of symmetric keys.

    Raises:
        Fault: It is another.
    """
    if algorithm not in (None, SYMMETRIC):
        raise errors.wrong_algorithm(held.key.arn, str(algorithm))


def check_grant_tokens(context: Context, tokens: Sequence[str] | None) -> None:
    """Refuse what is no grant token. Grants hold at once here, so a token adds nothing.

    Raises:
        Fault: One of them is none.
    """
    for token in tokens or ():
        open_grant_token(context, token)


def seal_grant_token(context: Context, grant_id: str) -> str:
    """Write the token of a grant."""
    return seal_token(context.deployment.keyring, grant_id.encode(), _TOKEN_BINDING)


def open_grant_token(context: Context, token: str) -> str:
    """Read the id of the grant that a token is for.

    Raises:
        Fault: It is no token of ours.
    """
    try:
        return open_token(context.deployment.keyring, token, _TOKEN_BINDING).decode()
    except TokenRefused as problem:
        raise errors.invalid_grant_token() from problem


def encrypt(context: Context, held: KeyInForce, plaintext: bytes, bound_to: Mapping[str, str]) -> bytes:
    """Encrypt under the current material of a key."""
    material = held.current_material(context.rows, context.deployment.keyring)
    return envelope.encrypt_blob(material, Plaintext(plaintext), bound_to)


def decrypt(
    context: Context, held: KeyInForce, ciphertext: bytes, bound_to: Mapping[str, str]
) -> tuple[bytes, str]:
    """Decrypt a ciphertext of a key.

    Returns:
        The plaintext, and the id of the material that opened it.

    Raises:
        Fault: It was changed, or made for another encryption context or under another key.
    """
    try:
        material_id = envelope.parse_blob(ciphertext).material_id
        material = held.find_material(context.rows, context.deployment.keyring, material_id)
        if material is None:
            raise errors.invalid_ciphertext()
        return envelope.decrypt_blob(material, ciphertext, bound_to).reveal(), material_id
    except CryptoError as problem:
        raise errors.invalid_ciphertext() from problem


def ciphertext_target(
    context: Context,
    action: str,
    ciphertext: bytes,
    key_id: str | None,
    bound_to: Mapping[str, str],
    conditions: Conditions = _NONE,
) -> Target:
    """Name the key that a ciphertext needs, or the one that the caller says it needs.

    Raises:
        Fault: The ciphertext is none of ours, and the caller named no key.
    """
    if key_id is not None:
        return find_target(
            context,
            action,
            key_id,
            aliases=True,
            across_accounts=True,
            encryption_context=bound_to,
            conditions=conditions,
        )
    try:
        held = find_key_in_force(context.rows, named_key(ciphertext))
    except CryptoError as problem:
        raise errors.invalid_ciphertext() from problem
    if held is None or held.key.region != context.region:
        raise errors.foreign_ciphertext()
    target = target_of_key(context, action, held, held.arn, bound_to, conditions)
    if held.key.account != context.account:
        try:
            authorise(context, action, target)
        except AccessDenied as problem:
            # As if there were no such key: the ciphertext alone names it (P-09).
            context.resources.pop()
            raise errors.foreign_ciphertext() from problem
    return target


def named_key(ciphertext: bytes) -> str:
    """Read the id of the key that a ciphertext names; not authenticated.

    Raises:
        MalformedSealed: It is none of ours.
    """
    if len(ciphertext) > envelope.DATA_KEY_BLOB_BYTES:
        return key_id_of_digits(envelope.parse_blob(ciphertext).key_id)
    return _named_by_short(ciphertext)


# The blobs of data keys are looked at again and again, longer ones would fill the memory.
@lru_cache(maxsize=2_048)
def _named_by_short(ciphertext: bytes) -> str:
    return key_id_of_digits(envelope.parse_blob(ciphertext).key_id)


def check_names_key(held: KeyInForce, ciphertext: bytes) -> None:
    """Refuse a ciphertext that was made under another key than the one the caller named.

    Raises:
        Fault: It was, or it is none of ours.
    """
    try:
        is_its_key = named_key(ciphertext) == held.key.key_id
    except CryptoError as problem:
        raise errors.invalid_ciphertext() from problem
    if not is_its_key:
        raise errors.incorrect_key()


def usable_for(target: Target, algorithm: str | None) -> KeyInForce:
    """Return the key of a target that can be used now, with this algorithm.

    Raises:
        Fault: There is none, or it cannot.
    """
    held = existing(target)
    held.check_enabled()
    check_algorithm(held, algorithm)
    return held
