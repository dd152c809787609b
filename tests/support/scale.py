"""How much a test does: little in ``make test``, much in ``make soak``.

A test that grows is marked ``@pytest.mark.soak`` and asks ``rounds`` how often to repeat itself.
"""

from __future__ import annotations

import os


def rounds(in_test: int, in_soak: int) -> int:
    """Return ``in_test``, or ``in_soak`` under ``make soak``."""
    return in_soak if os.environ.get("SOAK") else in_test
