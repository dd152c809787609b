"""GenerateDataKeyWithoutPlaintext: draw a data key; give it encrypted under a KMS key only.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyWithoutPlaintext.html
"""

from __future__ import annotations

from strongroom.crypto.randomness import random_bytes
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms import ciphertexts, errors
from strongroom.services.kms.generate_data_key import data_key_bytes
from strongroom.services.kms.lookup import find_target
from strongroom.services.kms.shapes import (
    Ciphertext,
    DataKeySpec,
    EncryptionContext,
    GrantTokens,
    KeyId,
    MaterialId,
    NumberOfBytes,
)
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Under which key, and how long."""

    key_id: KeyId
    encryption_context: EncryptionContext | None = None
    key_spec: DataKeySpec | None = None
    number_of_bytes: NumberOfBytes | None = None
    grant_tokens: GrantTokens | None = None
    dry_run: bool | None = None


class Response(Shape):
    """The encrypted data key; ``KeyId`` is the KMS key's ARN."""

    ciphertext_blob: Ciphertext | None = None
    key_id: KeyId | None = None
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
    size = data_key_bytes(request.key_spec, request.number_of_bytes)
    bound_to = ciphertexts.check_context(request.encryption_context)
    held = ciphertexts.usable_for(target, None)
    ciphertexts.check_grant_tokens(context, request.grant_tokens)
    if request.dry_run:
        raise errors.dry_run()
    return Response(
        ciphertext_blob=ciphertexts.encrypt(context, held, random_bytes(size), bound_to),
        key_id=held.key.arn,
        key_material_id=held.key.attributes.current_material,
    )


_ACTION = "kms:GenerateDataKeyWithoutPlaintext"

GENERATE_DATA_KEY_WITHOUT_PLAINTEXT = Operation(
    name="GenerateDataKeyWithoutPlaintext",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id", "encryption_context", "key_spec", "number_of_bytes", "dry_run"),
)
