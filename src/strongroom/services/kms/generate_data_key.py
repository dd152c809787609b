"""GenerateDataKey: draw a data key; give it in the clear and encrypted under a KMS key.

Exactly one of KeySpec (AES_256, AES_128) and NumberOfBytes (1 to 1,024) says how long it is.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html; identity reference 6.1.
"""

from __future__ import annotations

from typing import Final

from strongroom.crypto.randomness import random_bytes
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms import ciphertexts, errors
from strongroom.services.kms.lookup import find_target
from strongroom.services.kms.shapes import (
    Ciphertext,
    DataKeySpec,
    EncryptionContext,
    GrantTokens,
    KeyId,
    MaterialId,
    NumberOfBytes,
    Plaintext,
    RecipientInfo,
)
from strongroom.wire.shapes import Shape

_SIZES: Final = {"AES_256": 32, "AES_128": 16}


class Request(Shape):
    """Under which key, and how long."""

    key_id: KeyId
    encryption_context: EncryptionContext | None = None
    number_of_bytes: NumberOfBytes | None = None
    key_spec: DataKeySpec | None = None
    grant_tokens: GrantTokens | None = None
    recipient: RecipientInfo | None = None
    dry_run: bool | None = None


class Response(Shape):
    """The data key, twice; ``KeyId`` is the KMS key's ARN."""

    ciphertext_blob: Ciphertext | None = None
    plaintext: Plaintext | None = None
    key_id: KeyId | None = None
    ciphertext_for_recipient: Ciphertext | None = None
    key_material_id: MaterialId | None = None


def target(context: Context, request: Request) -> Target:
    """Name the key."""
    return find_target(
        context,
        _ACTION,
        request.key_id,
        aliases=True,
        across_accounts=True,
        encryption_context=request.encryption_context or {},
    )


def handle(context: Context, request: Request, target: Target) -> Response:
    """Draw and encrypt."""
    if request.recipient is not None:
        raise errors.unsupported("Strongroom encrypts nothing for enclaves.")
    size = data_key_bytes(request.key_spec, request.number_of_bytes)
    bound_to = ciphertexts.check_context(request.encryption_context)
    held = ciphertexts.usable_for(target, None)
    ciphertexts.check_grant_tokens(context, request.grant_tokens)
    if request.dry_run:
        raise errors.dry_run()
    data_key = random_bytes(size)
    return Response(
        ciphertext_blob=ciphertexts.encrypt(context, held, data_key, bound_to),
        plaintext=data_key,
        key_id=held.key.arn,
        key_material_id=held.key.attributes.current_material,
    )


def data_key_bytes(key_spec: str | None, number_of_bytes: int | None) -> int:
    """Give the length that a request asks for.

    Raises:
        Fault: It names two lengths, or none.
    """
    if key_spec is not None and number_of_bytes is not None:
        raise errors.validation("Please specify either number of bytes or key spec.")
    if key_spec is not None:
        return _SIZES[key_spec]
    if number_of_bytes is None:
        raise errors.validation("Please specify either number of bytes or key spec.")
    return number_of_bytes


_ACTION = "kms:GenerateDataKey"

GENERATE_DATA_KEY = Operation(
    name="GenerateDataKey",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id", "encryption_context", "number_of_bytes", "key_spec", "dry_run"),
    is_unbuffered=True,
)
