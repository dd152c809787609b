"""A server that one command makes and starts, not for real secrets: what ``strongroom dev`` does."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import msgspec

from strongroom.cli.dev_credentials import (
    KEY_FILE_NAME,
    DevCredentials,
    is_dev_store,
    load_credentials,
    save_credentials,
)
from strongroom.cli.logs import configure_logging
from strongroom.cli.running import SetUpRefused, find_seal, parse_address, serve_until_stopped
from strongroom.cli.terminal import note, say
from strongroom.clock import Clock, render_iso
from strongroom.config import DEFAULT_REGION, Settings, settings_of
from strongroom.moved_clock import parse_clock
from strongroom.opening import create, exists
from strongroom.seal.file import FileSeal
from strongroom.seal.passphrase_source import PassphraseSource


def develop(*, config: Path | None = None, **flags: Any) -> int:
    """Start a server for development; its data directory is made on the first start.

    Args:
        config: The configuration file.
        flags: The settings that were given, by name.

    Returns:
        The exit status.
    """
    settings = settings_of(config, **flags)
    configure_logging(settings.log_level)
    moved = parse_clock(settings.clock)
    address = parse_address(settings.listen)
    _make_on_first_start(settings, moved)
    seal = find_seal(settings, PassphraseSource())

    def announce(endpoint: str) -> None:
        credentials = msgspec.structs.replace(load_credentials(settings.data_dir), endpoint=endpoint)
        save_credentials(settings.data_dir, credentials)
        _greet(settings, endpoint, moved)

    return serve_until_stopped(
        settings,
        address,
        seal=seal,
        clock=moved,
        workers=settings.workers or 1,
        announce=announce,
        is_dev=True,
    )


def _make_on_first_start(settings: Settings, clock: Clock) -> None:
    directory = settings.data_dir
    if is_dev_store(directory):
        return
    if exists(directory):
        raise SetUpRefused(
            f"{directory} holds a deployment that strongroom dev did not make, or did not finish to make. Start "
            "it with strongroom serve, or use another --data-dir."
        )
    # Left by a first start that was interrupted: without a store nothing was ever sealed under it.
    (directory / KEY_FILE_NAME).unlink(missing_ok=True)
    seal = FileSeal(directory / KEY_FILE_NAME)
    from strongroom.administration import draw_account_id  # once in the life of a directory

    made = create(settings, seal, draw_account_id(), (DEFAULT_REGION,), clock())
    save_credentials(
        directory,
        DevCredentials("", made.account_id, made.access_key_id, made.secret_access_key, DEFAULT_REGION),
    )


def _greet(settings: Settings, endpoint: str, clock: Clock) -> None:
    command = "strongroom env"
    if str(settings.data_dir) != "strongroom-data":
        command += f" --data-dir {shlex.quote(str(settings.data_dir))}"
    say(f"Strongroom is ready at {endpoint}")
    note(
        f"""
  In another terminal:

    eval "$({command})"
    aws secretsmanager create-secret --name first --secret-string hello
    aws secretsmanager get-secret-value --secret-id first

  NOT FOR REAL SECRETS: the root key lies beside the store, in {settings.data_dir / KEY_FILE_NAME}.
  For those: strongroom init, then strongroom serve. Ctrl-C stops this server; its data stays."""
    )
    if settings.clock:
        note(f"  The clock is moved: it is now {render_iso(clock())}.")
