"""Whether functions can be run on this machine, for ``strongroom doctor``: what the runner asks itself too."""

from __future__ import annotations

import os

from strongroom.config import Settings
from strongroom.errors import StrongroomError
from strongroom.functions.bubblewrap import find_problem
from strongroom.functions.ground import FIRST_USER
from strongroom.functions.launching import runtime_of
from strongroom.functions.seccomp import build_filter


def find_obstacle(settings: Settings) -> str | None:
    """Say in a sentence why functions would be refused, or None when they would run."""
    runtime = runtime_of(settings)
    if not (runtime / "awslambdaric").is_dir():
        return f"the runtime of functions is not in {runtime}; make run installs it"
    problem = find_problem(FIRST_USER if os.geteuid() == 0 else None)
    if problem is not None:
        return problem
    try:
        build_filter()
    except StrongroomError as refusal:
        return str(refusal)
    return None
