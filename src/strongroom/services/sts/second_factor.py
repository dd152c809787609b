"""SerialNumber and TokenCode of a request that asks for credentials: a second factor that is shown with it.

Rules:
 - The code is used up with the request, in the transaction of the request: who shows it again is refused (W-03).
 - Only a user has devices. A device that is not the caller's and one that does not exist are refused alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

from strongroom.clock import Instant
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Target
from strongroom.services.iam import contract as iam
from strongroom.services.sts import errors

_PRESENT: Final = "aws:multifactorauthpresent"


class WithFactor(Protocol):
    """A request that may show a second factor."""

    @property
    def serial_number(self) -> str | None:
        """The device."""
        ...

    @property
    def token_code(self) -> str | None:
        """Its code."""
        ...


def shows_factor(request: WithFactor) -> bool:
    """Whether the request uses up a code, so that it changes something."""
    return request.serial_number is not None and request.token_code is not None


def factor_conditions(context: Context, request: WithFactor) -> Mapping[str, tuple[str, ...]]:
    """Check the second factor of a request; give the condition keys that say that it was shown.

    Raises:
        Fault: The device is not the caller's, the code is not right, or one of the two parts is missing.
    """
    serial_number, token_code = request.serial_number, request.token_code
    if serial_number is None and token_code is None:
        return {}
    if serial_number is None or token_code is None:
        raise errors.mfa_incomplete()
    principal = context.caller.principal
    if principal.type != "User":
        raise errors.mfa_unknown()
    try:
        iam.verify_mfa(context, principal.unique_id, serial_number, token_code)
    except iam.MFARefused as problem:
        raise (errors.mfa_unknown() if problem.is_unknown else errors.mfa_wrong()) from problem
    return {_PRESENT: ("true",), "aws:multifactorauthage": ("0",)}


def shown_at_s(context: Context, target: Target) -> Instant | None:
    """Say when the second factor was shown that the credentials remember; None when none was."""
    return context.now_ms // 1000 if target.conditions.get(_PRESENT) == ("true",) else None
