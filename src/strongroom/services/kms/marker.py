"""``Marker``: where a listing of KMS goes on. ``Limit`` may differ from page to page."""

from __future__ import annotations

from typing import Final

from strongroom.gateway.positions import Positions
from strongroom.services.kms import errors

MARKERS: Final = Positions("kms", errors.invalid_marker)
