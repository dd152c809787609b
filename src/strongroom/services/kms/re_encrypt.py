"""ReEncrypt: decrypt a ciphertext and encrypt what it holds under another key, without showing it.

Needs kms:ReEncryptFrom on the first key and kms:ReEncryptTo on the second; each with its encryption context.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html; identity reference 6.1, 6.3.
"""

from __future__ import annotations

from typing import Final

from strongroom.crypto.errors import CryptoError
from strongroom.gateway.authorisation import authorise
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms import ciphertexts, errors
from strongroom.services.kms.keys import KeyInForce
from strongroom.services.kms.lookup import Conditions, find_target
from strongroom.services.kms.shapes import (
    Ciphertext,
    DryRunModifiers,
    EncryptionAlgorithm,
    EncryptionContext,
    GrantTokens,
    KeyId,
    MaterialId,
)
from strongroom.wire.shapes import Shape

_FROM: Final = "kms:ReEncryptFrom"
_TO: Final = "kms:ReEncryptTo"


class Request(Shape):
    """The ciphertext, and the key that it is to be under."""

    ciphertext_blob: Ciphertext | None = None
    source_encryption_context: EncryptionContext | None = None
    source_key_id: KeyId | None = None
    destination_key_id: KeyId
    destination_encryption_context: EncryptionContext | None = None
    source_encryption_algorithm: EncryptionAlgorithm | None = None
    destination_encryption_algorithm: EncryptionAlgorithm | None = None
    grant_tokens: GrantTokens | None = None
    dry_run: bool | None = None
    dry_run_modifiers: DryRunModifiers | None = None

    @property
    def ignores_ciphertext(self) -> bool:
        """Whether only the rights are asked about."""
        return bool(self.dry_run) and "IGNORE_CIPHERTEXT" in (self.dry_run_modifiers or ())


class Response(Shape):
    """The new ciphertext; the ids of keys are ARNs."""

    ciphertext_blob: Ciphertext | None = None
    source_key_id: KeyId | None = None
    key_id: KeyId | None = None
    source_encryption_algorithm: EncryptionAlgorithm | None = None
    destination_encryption_algorithm: EncryptionAlgorithm | None = None
    source_key_material_id: MaterialId | None = None
    destination_key_material_id: MaterialId | None = None


def target(context: Context, request: Request) -> Target:
    """Name the key that the ciphertext is under now."""
    bound_to = request.source_encryption_context or {}
    if request.ignores_ciphertext and request.source_key_id is not None:
        conditions = _same_key(context, request, None)
        return find_target(
            context,
            _FROM,
            request.source_key_id,
            aliases=True,
            across_accounts=True,
            encryption_context=bound_to,
            conditions=conditions,
        )
    if request.ciphertext_blob is None:
        raise errors.validation("CiphertextBlob is required.")
    conditions = _same_key(context, request, request.ciphertext_blob)
    return ciphertexts.ciphertext_target(
        context, _FROM, request.ciphertext_blob, request.source_key_id, bound_to, conditions
    )


def handle(context: Context, request: Request, target: Target) -> Response:
    """Ask about the second key, then open and encrypt."""
    destination = _destination(context, request, target)
    authorise(context, _TO, destination)
    source = ciphertexts.usable_for(target, request.source_encryption_algorithm)
    new = ciphertexts.usable_for(destination, request.destination_encryption_algorithm)
    bound_to = ciphertexts.check_context(request.source_encryption_context)
    newly_bound_to = ciphertexts.check_context(request.destination_encryption_context)
    ciphertexts.check_grant_tokens(context, request.grant_tokens)
    if request.ignores_ciphertext:
        raise errors.dry_run()
    assert request.ciphertext_blob is not None
    ciphertexts.check_names_key(source, request.ciphertext_blob)
    plaintext, material_id = ciphertexts.decrypt(context, source, request.ciphertext_blob, bound_to)
    if request.dry_run:
        raise errors.dry_run()
    return Response(
        ciphertext_blob=ciphertexts.encrypt(context, new, plaintext, newly_bound_to),
        source_key_id=source.key.arn,
        key_id=new.key.arn,
        source_encryption_algorithm="SYMMETRIC_DEFAULT",
        destination_encryption_algorithm="SYMMETRIC_DEFAULT",
        source_key_material_id=material_id,
        destination_key_material_id=new.key.attributes.current_material,
    )


def _destination(context: Context, request: Request, source: Target) -> Target:
    same = {"kms:reencryptonsamekey": source.conditions.get("kms:reencryptonsamekey", ("false",))}
    return find_target(
        context,
        _TO,
        request.destination_key_id,
        aliases=True,
        across_accounts=True,
        encryption_context=request.destination_encryption_context or {},
        conditions=same,
    )


def _same_key(context: Context, request: Request, ciphertext: bytes | None) -> Conditions:
    """Give the condition key that says whether both keys are one, without a decision on either."""
    named = len(context.resources)
    found = find_target(context, _TO, request.destination_key_id, aliases=True, across_accounts=True).found
    del context.resources[named:]
    wanted = _named_key(context, request, ciphertext)
    is_same = isinstance(found, KeyInForce) and found.key.key_id == wanted
    return {"kms:reencryptonsamekey": ("true" if is_same else "false",)}


def _named_key(context: Context, request: Request, ciphertext: bytes | None) -> str | None:
    if ciphertext is not None:
        try:
            return ciphertexts.named_key(ciphertext)
        except CryptoError as problem:
            raise errors.invalid_ciphertext() from problem
    assert request.source_key_id is not None
    named = len(context.resources)
    found = find_target(context, _FROM, request.source_key_id, aliases=True, across_accounts=True).found
    del context.resources[named:]
    return found.key.key_id if isinstance(found, KeyInForce) else None


RE_ENCRYPT = Operation(
    name="ReEncrypt",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action=_FROM,
    target=target,
    handle=handle,
    recorded_request=(
        "source_encryption_context",
        "source_key_id",
        "destination_key_id",
        "destination_encryption_context",
        "source_encryption_algorithm",
        "destination_encryption_algorithm",
        "dry_run",
        "dry_run_modifiers",
    ),
)
