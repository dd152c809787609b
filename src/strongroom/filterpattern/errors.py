"""What can be wrong with a filter pattern."""

from __future__ import annotations

from strongroom.errors import StrongroomError


class MalformedPattern(StrongroomError):
    """A text is no filter pattern; the message says why, and quotes at most one term of it."""
