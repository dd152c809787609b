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

import msgspec

if TYPE_CHECKING:
    from strongroom.gateway.caller import Caller

MOST_KEPT: Final = 1_024
"""For one caller; then it begins anew."""


class _Kept(msgspec.Struct, frozen=True):
    """What was allowed to a principal with certain policies: the key of each permission is its action and stamp."""

    principal: object
    identity: object
    boundary: object
    session: object
    allowed: set[tuple[str, object]]

    def is_of(self, caller: Caller) -> bool:
        """Whether a caller is that principal, with those very policies."""
        return (
            self.principal is caller.principal
            and self.identity is caller.identity
            and self.boundary is caller.boundary
            and self.session is caller.session
        )


_NOTHING: Final = _Kept(None, None, None, None, set())


class Permissions:
    """What was allowed to a principal with certain policies; lies on the caller.

    Threads share a caller. What is kept stands together with whom it is for, and is replaced together with them: no
    thread adds to, or finds, what another one keeps for other policies.
    """

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept = _NOTHING

    def include(self, caller: Caller, action: str, stamp: object) -> bool:
        """Whether the caller was allowed an action on what the stamp stands for."""
        kept = self._kept
        return (action, stamp) in kept.allowed and kept.is_of(caller)

    def keep(self, caller: Caller, action: str, stamp: object) -> None:
        """Keep that the caller was allowed an action, whatever the request."""
        kept = self._kept
        # A caller that was made from another one, with other policies, may have come with that one's permissions.
        if not kept.is_of(caller) or len(kept.allowed) >= MOST_KEPT:
            kept = _Kept(caller.principal, caller.identity, caller.boundary, caller.session, set())
            self._kept = kept
        kept.allowed.add((action, stamp))
