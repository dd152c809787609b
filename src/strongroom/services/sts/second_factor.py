"""SerialNumber and TokenCode of a request that asks for credentials: a second factor that is shown with it.

This version has no MFA devices, so that every one that is named is refused: it is nobody's. To take the request
without it would give credentials that look as if nothing had been asked for.
"""

from __future__ import annotations

from strongroom.services.sts import errors


def second_factor(serial_number: str | None, token_code: str | None) -> None:
    """Check the second factor of a request; nothing to do where none was sent.

    Raises:
        Fault: The device is not the caller's, or one of the two parts is missing.
    """
    if serial_number is None and token_code is None:
        return
    if serial_number is None or token_code is None:
        raise errors.mfa_incomplete()
    raise errors.mfa_unknown()
