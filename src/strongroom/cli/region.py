"""``strongroom region``: the Regions of a deployment."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from strongroom.cli.flags import AsJSON, ConfigFile, DataDir, PassphraseDescriptor
from strongroom.cli.reaching import administer
from strongroom.cli.terminal import say, say_json

app = App(name="region", help="Open and list Regions.")


@app.command
def add(
    region: Annotated[str, Parameter(help="For example eu-central-1.")],
    *,
    data_dir: DataDir = None,
    passphrase_fd: PassphraseDescriptor = None,
    json: AsJSON = False,
    config: ConfigFile = None,
) -> None:
    """Open a Region and print all that are open; nothing happens when it is open already."""
    found = administer(
        "region-add", data_dir=data_dir, config=config, passphrase_fd=passphrase_fd, region=region
    )
    _print(found, as_json=json)


@app.command(name="list")
def list_(
    *,
    data_dir: DataDir = None,
    passphrase_fd: PassphraseDescriptor = None,
    json: AsJSON = False,
    config: ConfigFile = None,
) -> None:
    """Print the names of all open Regions."""
    found = administer("region-list", data_dir=data_dir, config=config, passphrase_fd=passphrase_fd)
    _print(found, as_json=json)


def _print(regions: list[str], *, as_json: bool) -> None:
    if as_json:
        say_json(regions)
        return
    for region in regions:
        say(region)
