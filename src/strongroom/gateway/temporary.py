"""What temporary credentials may not be used for, though their signature is true.

Rules:
 - ``now >= expiry`` is expired (S-09), by the domain clock: it gave the expiry (decision 5). Signatures are judged
   by the wall clock.
 - Who asks is known by then, so that the refusal is recorded like any other.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html and
https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html; identity reference 1.6.
"""

from __future__ import annotations

from typing import Final

from strongroom.clock import Instant
from strongroom.errors import Fault
from strongroom.gateway.caller import Temporary
from strongroom.gateway.routing import Route

_EXPIRED: Final = "The security token included in the request is expired"
_INVALID: Final = "The security token included in the request is invalid."


def refuse_temporary(temporary: Temporary, route: Route, now_ms: Instant) -> Fault | None:
    """Word why these credentials may not be used for this operation now; None when they may."""
    errors = route.service.errors
    if now_ms >= temporary.expires_ms:
        code, status = errors.expired_token
        return Fault(code, _EXPIRED, status=status)
    only = temporary.only.get(route.service.name)
    if only is None or route.name in only:
        return None
    if not only:  # the whole service is closed to them, as if it did not know them
        code, status = errors.unknown_key
        return Fault(code, _INVALID, status=status)
    code, status = errors.access_denied
    return Fault(code, f"Cannot call {route.name} with session credentials", status=status)
