"""Opaque tokens: text for clients that only we can read, and only in the place they were made for (J-08).

::

    text = base64url without padding of a sealed record (``record.py``)

Rules:

1. ``binding`` says who asked what (principal, operation, filters); under any other binding the token is
   refused.
2. One text for one token: a text that decodes to the same bytes but is written differently is refused (J-04).
3. One error for every refusal; it does not say which check failed.

Not done: expiry and single use. Who needs them puts a time or a number into the fields.
"""

from __future__ import annotations

import base64
import binascii

from strongroom.crypto.associated_data import RecordType
from strongroom.crypto.errors import AuthenticationFailed, MalformedSealed, TokenRefused, UnknownTerm
from strongroom.crypto.keyring import Keyring
from strongroom.crypto.material import Plaintext
from strongroom.crypto.record import open_record, seal_record


def seal_token(
    keyring: Keyring, fields: bytes, binding: bytes, record_type: RecordType = RecordType.PAGING_TOKEN
) -> str:
    """Seal ``fields`` into a url-safe text of 4/3 of their length and 67 characters more.

    Args:
        keyring: Its current term seals.
        fields: What we want back, for example the position of a listing.
        binding: Who may bring it back, and with what question; an unambiguous encoding.
        record_type: ``PAGING_TOKEN`` or ``SESSION_TOKEN``; each has keys of its own.
    """
    sealed = seal_record(keyring, record_type, Plaintext(fields), binding)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii")


def open_token(
    keyring: Keyring, text: str, binding: bytes, record_type: RecordType = RecordType.PAGING_TOKEN
) -> bytes:
    """Give back the fields of a token that was sealed for the same binding.

    Raises:
        TokenRefused: Not ours, changed, of another type, or made for another binding.
    """
    try:
        sealed = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, binascii.Error) as error:
        raise TokenRefused("this is no token of ours") from error
    # The decoder skips foreign characters and ignores spare bits; writing it again shows both.
    if base64.urlsafe_b64encode(sealed).rstrip(b"=").decode("ascii") != text:
        raise TokenRefused("this is no token of ours")
    try:
        return open_record(keyring, record_type, sealed, binding).reveal()
    except (AuthenticationFailed, MalformedSealed, UnknownTerm) as error:
        raise TokenRefused("this is no token of ours") from error
