"""Decrypt: decrypt a ciphertext of Encrypt, GenerateDataKey or ReEncrypt.

The ciphertext names its key and its material. A ``KeyId`` in the request must be that key. Whatever does not open,
by its bytes or by its encryption context, is one and the same error.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html; identity reference 6.1, 6.2, 6.5.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms import ciphertexts, errors
from strongroom.services.kms.lookup import find_target
from strongroom.services.kms.shapes import (
    Ciphertext,
    DryRunModifiers,
    EncryptionAlgorithm,
    EncryptionContext,
    GrantTokens,
    KeyId,
    MaterialId,
    Plaintext,
    RecipientInfo,
)
from strongroom.wire.shapes import Shape


class Request(Shape):
    """What to decrypt."""

    ciphertext_blob: Ciphertext | None = None
    encryption_context: EncryptionContext | None = None
    grant_tokens: GrantTokens | None = None
    key_id: KeyId | None = None
    encryption_algorithm: EncryptionAlgorithm | None = None
    recipient: RecipientInfo | None = None
    dry_run: bool | None = None
    dry_run_modifiers: DryRunModifiers | None = None

    @property
    def ignores_ciphertext(self) -> bool:
        """Whether only the right to decrypt is asked about."""
        return bool(self.dry_run) and "IGNORE_CIPHERTEXT" in (self.dry_run_modifiers or ())


class Response(Shape):
    """The plaintext; ``KeyId`` is the key's ARN."""

    key_id: KeyId | None = None
    plaintext: Plaintext | None = None
    encryption_algorithm: EncryptionAlgorithm | None = None
    ciphertext_for_recipient: Ciphertext | None = None
    key_material_id: MaterialId | None = None


def target(context: Context, request: Request) -> Target:
    """Name the key of the ciphertext, or the one that the caller names."""
    if request.ignores_ciphertext and request.key_id is not None:
        return find_target(
            context,
            _ACTION,
            request.key_id,
            aliases=True,
            across_accounts=True,
            encryption_context=request.encryption_context or {},
        )
    if request.ciphertext_blob is None:
        raise errors.validation("CiphertextBlob is required.")
    return ciphertexts.ciphertext_target(
        context, _ACTION, request.ciphertext_blob, request.key_id, request.encryption_context or {}
    )


def handle(context: Context, request: Request, target: Target) -> Response:
    """Open the ciphertext."""
    if request.recipient is not None:
        raise errors.unsupported("Strongroom encrypts nothing for enclaves.")
    bound_to = ciphertexts.check_context(request.encryption_context)
    held = ciphertexts.usable_for(target, request.encryption_algorithm)
    ciphertexts.check_grant_tokens(context, request.grant_tokens)
    if request.ignores_ciphertext:
        raise errors.dry_run()
    assert request.ciphertext_blob is not None
    ciphertexts.check_names_key(held, request.ciphertext_blob)
    plaintext, material_id = ciphertexts.decrypt(context, held, request.ciphertext_blob, bound_to)
    if request.dry_run:
        raise errors.dry_run()
    return Response(
        key_id=held.key.arn,
        plaintext=plaintext,
        encryption_algorithm="SYMMETRIC_DEFAULT",
        key_material_id=material_id,
    )


_ACTION = "kms:Decrypt"

DECRYPT = Operation(
    name="Decrypt",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id", "encryption_context", "encryption_algorithm", "dry_run", "dry_run_modifiers"),
    is_unbuffered=True,
)
