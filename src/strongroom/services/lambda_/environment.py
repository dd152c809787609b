"""The variables of a function: checked, sealed like a value, opened for who may see the configuration.

Rules:
 - At most 4 KB together, names and values; names that the runtime sets are refused.
 - They are sealed and bound to their function. Its id, not its name, so that a function made anew cannot open them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from strongroom.crypto.associated_data import RecordType
from strongroom.crypto.keyring import Keyring
from strongroom.crypto.material import Plaintext
from strongroom.crypto.record import open_record, seal_record
from strongroom.functions.invocation import HiddenTexts
from strongroom.services.lambda_ import errors
from strongroom.services.lambda_.model import ENVIRONMENT_BYTES_MOST, RESERVED_VARIABLES

_encode = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(dict[str, str]).decode


def check_environment(variables: Mapping[str, str]) -> None:
    """Check the variables of a request.

    Raises:
        Fault: They are too large, or some are reserved; no value is repeated.
    """
    reserved = sorted(RESERVED_VARIABLES & variables.keys())
    if reserved:
        raise errors.reserved_variables(", ".join(reserved))
    if len(msgspec.json.encode(dict(variables))) > ENVIRONMENT_BYTES_MOST:
        hidden = ",".join(f'"{name}":"***"' for name in sorted(variables))
        raise errors.environment_too_large(f"{{{hidden[:200]}}}")


def seal_environment(keyring: Keyring, account: str, function_id: str, variables: Mapping[str, str]) -> bytes:
    """Seal variables for a function; none stay empty bytes."""
    if not variables:
        return b""
    plaintext = Plaintext(_encode(dict(variables)))
    return seal_record(keyring, RecordType.FUNCTION, plaintext, account, _place(function_id))


def open_environment(keyring: Keyring, account: str, function_id: str, sealed: bytes) -> HiddenTexts:
    """Open the variables of a function.

    Raises:
        CryptoError: They are not those that were sealed for it.
    """
    if not sealed:
        return HiddenTexts({})
    opened = open_record(keyring, RecordType.FUNCTION, sealed, account, _place(function_id))
    return HiddenTexts(_decode(opened.reveal()))


def _place(function_id: str) -> bytes:
    return _encode(("environment", function_id))
