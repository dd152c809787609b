"""What a caller was allowed without that anything of the request was looked at: it is not decided on again.

Rules:
 - A decision follows from the policies of the caller, those of the resource and the condition keys of the request.
   One for which no condition key was looked at follows from the policies alone, and holds as long as they do.
 - The caller's are known by their objects, the resource's by its stamp (``Target.stamp``). All of them live in the
   row cache: when the change log names anything that they were made of, the next request meets others (S-09).
 - Only permissions are kept. A refusal is decided on anew each time, with its reasons.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from strongroom.gateway.caller import Caller

MOST_KEPT: Final = 1_024
"""For one caller; then it begins anew."""


class Permissions:
    """What was allowed to a principal with certain policies; lies on the caller."""

    __slots__ = ("_boundary", "_identity", "_kept", "_principal", "_session")

    def __init__(self) -> None:
        self._kept: set[tuple[str, object]] = set()
        self._principal: object = None
        self._identity: object = None
        self._boundary: object = None
        self._session: object = None

    def include(self, caller: Caller, action: str, stamp: object) -> bool:
        """Whether the caller was allowed an action on what the stamp stands for."""
        return (action, stamp) in self._kept and self._are_of(caller)

    def keep(self, caller: Caller, action: str, stamp: object) -> None:
        """Keep that the caller was allowed an action, whatever the request."""
        # A caller that was made from another one, with other policies, may have come with that one's permissions.
        if not self._are_of(caller) or len(self._kept) >= MOST_KEPT:
            self._kept = set()
            self._principal, self._identity = caller.principal, caller.identity
            self._boundary, self._session = caller.boundary, caller.session
        self._kept.add((action, stamp))

    def _are_of(self, caller: Caller) -> bool:
        return (
            self._principal is caller.principal
            and self._identity is caller.identity
            and self._boundary is caller.boundary
            and self._session is caller.session
        )
