"""Flags that several commands have, and how they become settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from strongroom.config import Provenance, Settings, load_settings

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


def settings_of(config: Path | None, **flags: Any) -> Settings:
    """Read the settings in force with these flags."""
    return provenance_of(config, **flags)[0]


def provenance_of(config: Path | None, **flags: Any) -> tuple[Settings, tuple[Provenance, ...]]:
    """Read the settings in force and where each one comes from."""
    return load_settings(flags, os.environ, config)
