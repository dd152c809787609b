"""``Marker``: where a listing of Lambda goes on. A page has at most 50 entries; ``MaxItems`` may differ."""

from __future__ import annotations

from typing import Final

from strongroom.gateway.positions import Positions
from strongroom.services.lambda_ import errors

PAGE_MOST: Final = 50
MARKERS: Final = Positions("lambda", errors.invalid_marker)


def page_size(max_items: int | None) -> int:
    """Say how many entries a page may have."""
    return PAGE_MOST if max_items is None else min(max_items, PAGE_MOST)
