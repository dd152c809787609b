"""GenerateRandom: draw 1 to 1,024 random bytes.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateRandom.html; identity reference 6.2.
"""

from __future__ import annotations

from strongroom.crypto.randomness import random_bytes
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms import errors
from strongroom.services.kms.lookup import account_target
from strongroom.services.kms.shapes import (
    Ciphertext,
    CustomKeyStoreId,
    NumberOfBytes,
    Plaintext,
    RecipientInfo,
)
from strongroom.wire.shapes import Shape


class Request(Shape):
    """How many."""

    number_of_bytes: NumberOfBytes | None = None
    custom_key_store_id: CustomKeyStoreId | None = None
    recipient: RecipientInfo | None = None


class Response(Shape):
    """The bytes."""

    plaintext: Plaintext | None = None
    ciphertext_for_recipient: Ciphertext | None = None


def target(context: Context, _request: Request) -> Target:
    """Name no resource: the action has none."""
    return account_target(context)


def handle(_context: Context, request: Request, _target: Target) -> Response:
    """Draw them."""
    if request.custom_key_store_id is not None or request.recipient is not None:
        raise errors.unsupported("Strongroom has neither custom key stores nor enclaves.")
    if request.number_of_bytes is None:
        raise errors.validation("NumberOfBytes is required.")
    return Response(plaintext=random_bytes(request.number_of_bytes))


GENERATE_RANDOM = Operation(
    name="GenerateRandom",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="kms:GenerateRandom",
    target=target,
    handle=handle,
    recorded_request=("number_of_bytes", "custom_key_store_id"),
    is_unbuffered=True,
)
