"""``nextToken``: where a listing, or a page of events, goes on."""

from __future__ import annotations

from typing import Final

from strongroom.gateway.positions import Positions
from strongroom.services.logs import errors

TOKENS: Final = Positions("logs", errors.invalid_next_token)
