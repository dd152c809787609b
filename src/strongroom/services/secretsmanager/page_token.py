"""``NextToken``: where a listing goes on."""

from __future__ import annotations

from typing import Final

from strongroom.gateway.positions import Positions
from strongroom.services.secretsmanager import errors

TOKENS: Final = Positions("secretsmanager", errors.invalid_next_token)
