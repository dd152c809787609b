"""Names that the command line and the rotation process share."""

from __future__ import annotations

from typing import Final

SOCKET_NAME: Final = "rotation.sock"
DRY_RUN: Final = "rotation-dry-run"
FUNCTIONS_ARE_KEPT: Final = "functions-are-kept"
