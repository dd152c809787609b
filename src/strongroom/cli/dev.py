"""``strongroom dev``: its arguments, and their meaning."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from strongroom.cli.developing import develop
from strongroom.cli.flags import ConfigFile, DataDir


def dev(
    *,
    data_dir: DataDir = None,
    listen: Annotated[str | None, Parameter(help="HOST:PORT; port 0 lets the system choose.")] = None,
    clock: Annotated[
        str | None,
        Parameter(help="Move the clock: +30d, -1h, an instant such as 2026-01-01T00:00:00Z, or file:PATH."),
    ] = None,
    workers: Annotated[int | None, Parameter(help="Request workers; by default all is one process.")] = None,
    config: ConfigFile = None,
) -> int:
    """Start a server for development; its data directory is made on the first start."""
    return develop(data_dir=data_dir, listen=listen, clock=clock, workers=workers, config=config)
