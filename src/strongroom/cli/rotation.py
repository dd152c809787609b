"""``strongroom rotation``: what became of rotations, where one stands, and whether one would succeed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from strongroom.cli.flags import AsJSON, ConfigFile, DataDir
from strongroom.cli.terminal import complain, say, say_json
from strongroom.config import settings_of
from strongroom.control import ask
from strongroom.opening import check_exists
from strongroom.rotation.names import DRY_RUN, SOCKET_NAME

app = App(name="rotation", help="Look at rotations and drive them on; never shows a value.")

Secret = Annotated[str, Parameter(help="Name or ARN.")]


@app.command
def history(
    secret: Secret, *, data_dir: DataDir = None, json: AsJSON = False, config: ConfigFile = None
) -> None:
    """Print what became of the last rotations of a secret, with the proof of each switch."""
    found = _ask("rotation-history", secret, data_dir, config)
    if json:
        say_json(found)
        return
    for entry in found:
        facts = ", ".join(f"{name} {value}" for name, value in entry.items() if name not in ("at", "outcome"))
        say(f"{entry['at']}  {entry['outcome']:<15} {facts}")


@app.command
def explain(
    secret: Secret, *, data_dir: DataDir = None, json: AsJSON = False, config: ConfigFile = None
) -> None:
    """Say where the rotation of a secret stands, and what comes next."""
    found = _ask("rotation-explain", secret, data_dir, config)
    if json:
        say_json(found)
        return
    say(found["explanation"])


@app.command
def resume(
    secret: Secret, *, data_dir: DataDir = None, json: AsJSON = False, config: ConfigFile = None
) -> None:
    """Try a rotation at once that waits for its next try or is held."""
    found = _ask("rotation-resume", secret, data_dir, config)
    if json:
        say_json(found)
        return
    say(f"The rotation to version {found['token']} is tried now.")


@app.command
def dry_run(
    secret: Secret, *, data_dir: DataDir = None, json: AsJSON = False, config: ConfigFile = None
) -> int:
    """Look whether a rotation would succeed, and print what it would send, masked; nothing changes."""
    found = _ask(DRY_RUN, secret, data_dir, config, socket_name=SOCKET_NAME)
    fails = not all(check["is_met"] for check in found["checks"])
    if json:
        say_json(found)
        return int(fails)
    for check in found["checks"]:
        detail = f" ({check['detail']})" if check["detail"] else ""
        say(f"{'yes' if check['is_met'] else 'NO':<4}{check['what']}{detail}")
    for statement in found["statements"]:
        say(f"    {statement}")
    if fails:
        complain("A rotation would fail.")
    return int(fails)


def _ask(command: str, secret: str, data_dir: Path | None, config: Path | None, **more: Any) -> Any:
    settings = settings_of(config, data_dir=data_dir)
    check_exists(settings.data_dir)
    return ask(settings.data_dir, command, secret=secret, **more)
