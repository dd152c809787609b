"""What other services may ask of Secrets Manager: which functions are built in."""

from __future__ import annotations

from strongroom.services.secretsmanager.rotation_functions import BUILT_IN

__all__ = ["BUILT_IN", "is_built_in"]


def is_built_in(name: str) -> bool:
    """Whether a function of this name exists in every account and Region from the start."""
    return name in BUILT_IN
