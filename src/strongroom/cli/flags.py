"""Flags that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

DataDir = Annotated[
    Path | None, Parameter(name="--data-dir", help="Where the deployment lies.", show_default=False)
]
ConfigFile = Annotated[
    Path | None,
    Parameter(name="--config", help="The configuration file; by default strongroom.toml, if it is there."),
]
AsJSON = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]
PassphraseDescriptor = Annotated[
    int | None,
    Parameter(
        name="--passphrase-fd", help="An open file descriptor to read the seal's passphrase from.", show=True
    ),
]
