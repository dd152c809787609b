"""Encrypt: encrypt up to 4,096 bytes under a key.

The encryption context is needed exactly so to decrypt. The answer's ``KeyId`` is the key's ARN.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html; identity reference 6.1, 6.5.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms import ciphertexts, errors
from strongroom.services.kms.lookup import find_target
from strongroom.services.kms.shapes import (
    Ciphertext,
    EncryptionAlgorithm,
    EncryptionContext,
    GrantTokens,
    KeyId,
    Plaintext,
)
from strongroom.wire.shapes import Shape


class Request(Shape):
    """What to encrypt, and under which key."""

    key_id: KeyId
    plaintext: Plaintext
    encryption_context: EncryptionContext | None = None
    grant_tokens: GrantTokens | None = None
    encryption_algorithm: EncryptionAlgorithm | None = None
    dry_run: bool | None = None


class Response(Shape):
    """The ciphertext; ``KeyId`` is the key's ARN."""

    ciphertext_blob: Ciphertext | None = None
    key_id: KeyId | None = None
    encryption_algorithm: EncryptionAlgorithm | None = None


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
    """Encrypt under the current material."""
    bound_to = ciphertexts.check_context(request.encryption_context)
    held = ciphertexts.usable_for(target, request.encryption_algorithm)
    ciphertexts.check_grant_tokens(context, request.grant_tokens)
    if request.dry_run:
        raise errors.dry_run()
    return Response(
        ciphertext_blob=ciphertexts.encrypt(context, held, request.plaintext, bound_to),
        key_id=held.key.arn,
        encryption_algorithm="SYMMETRIC_DEFAULT",
    )


_ACTION = "kms:Encrypt"

ENCRYPT = Operation(
    name="Encrypt",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id", "encryption_context", "encryption_algorithm", "dry_run"),
)
