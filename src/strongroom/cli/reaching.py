"""Reaching a deployment: the running one over its local socket, or the store itself while none runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from strongroom.administration import COMMANDS
from strongroom.cli.running import find_seal
from strongroom.clock import system_clock
from strongroom.config import settings_of
from strongroom.control import NotRunning, ask
from strongroom.opening import check_exists, open_deployment, run_alone
from strongroom.seal.passphrase_source import PassphraseSource
from strongroom.seal.process import harden_process
from strongroom.store.engine import StoreLock, prepare_directory


def administer(
    command: str,
    *,
    data_dir: Path | None,
    config: Path | None,
    passphrase_fd: int | None = None,
    **details: str | None,
) -> Any:
    """Do one of ``administration.COMMANDS``; return its result.

    Raises:
        StrongroomError: The deployment refuses, or cannot be reached.
    """
    settings = settings_of(config, data_dir=data_dir)
    check_exists(settings.data_dir)
    given = {name: value for name, value in details.items() if value is not None}
    try:
        return ask(settings.data_dir, command, **given)
    except NotRunning:
        # The claim keeps a server from starting meanwhile; one that is just starting holds it already.
        prepare_directory(settings.data_dir)
        lock = StoreLock(settings.data_dir)
    try:
        harden_process()
        opened = open_deployment(settings, find_seal(settings, PassphraseSource(descriptor=passphrase_fd)))
        run = COMMANDS[command]
        return run_alone(opened, lambda transaction: run(transaction, opened, system_clock(), given))
    finally:
        lock.release()
