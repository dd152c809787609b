"""``strongroom account``: the accounts of a deployment."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from strongroom.cli.flags import AsJSON, ConfigFile, DataDir, PassphraseDescriptor
from strongroom.cli.reaching import administer
from strongroom.cli.terminal import note, say, say_json

app = App(name="account", help="Make and list accounts.")


@app.command
def create(
    *,
    account: Annotated[str | None, Parameter(help="12 digits; drawn by default.")] = None,
    data_dir: DataDir = None,
    passphrase_fd: PassphraseDescriptor = None,
    json: AsJSON = False,
    config: ConfigFile = None,
) -> None:
    """Make an account and print the key of its administrator once."""
    made = administer(
        "account-create", data_dir=data_dir, config=config, passphrase_fd=passphrase_fd, account=account
    )
    if json:
        say_json(made)
        return
    say(f"account             {made['account_id']}")
    say(f"access key id       {made['access_key_id']}")
    say(f"secret access key   {made['secret_access_key']}")
    note("The secret access key is not shown again.")


@app.command(name="list")
def list_(
    *,
    data_dir: DataDir = None,
    passphrase_fd: PassphraseDescriptor = None,
    json: AsJSON = False,
    config: ConfigFile = None,
) -> None:
    """Print the ids of all accounts."""
    found = administer("account-list", data_dir=data_dir, config=config, passphrase_fd=passphrase_fd)
    if json:
        say_json(found)
        return
    for account in found:
        say(account)


@app.command
def show(
    account: Annotated[str, Parameter(help="12 digits.")],
    *,
    data_dir: DataDir = None,
    passphrase_fd: PassphraseDescriptor = None,
    json: AsJSON = False,
    config: ConfigFile = None,
) -> None:
    """Print when an account was made; nothing of it is secret."""
    found = administer(
        "account-show", data_dir=data_dir, config=config, passphrase_fd=passphrase_fd, account=account
    )
    if json:
        say_json(found)
        return
    for name, value in found.items():
        say(f"{name:<12}{value}")
