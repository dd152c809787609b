"""``strongroom config``: the settings in force."""

from __future__ import annotations

from strongroom.cli.flags import AsJSON, ConfigFile, DataDir
from strongroom.cli.terminal import say, say_json
from strongroom.config import provenance_of


def config(*, data_dir: DataDir = None, json: AsJSON = False, config: ConfigFile = None) -> None:
    """Print every setting in force, and whether a flag, a variable, the file or the default says so."""
    _, provenance = provenance_of(config, data_dir=data_dir)
    if json:
        say_json({entry.name: {"value": _shown(entry.value), "source": entry.source} for entry in provenance})
        return
    names = max(len(entry.name) for entry in provenance)
    values = max(len(shown_value(entry.value)) for entry in provenance)
    for entry in provenance:
        say(f"{entry.name:<{names}}  {shown_value(entry.value):<{values}}  {entry.source}")


def _shown(value: object) -> object:
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def shown_value(value: object) -> str:
    """Write a setting as the file and the flags take it; ``-`` when there is none."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
