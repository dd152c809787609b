"""Serving a deployment that ``init`` made: what ``strongroom serve`` does, once its arguments are read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from strongroom.cli.logs import configure_logging
from strongroom.cli.running import (
    SetUpRefused,
    check_key_place,
    check_transport,
    find_seal,
    parse_address,
    serve_until_stopped,
)
from strongroom.cli.terminal import say
from strongroom.clock import system_clock
from strongroom.config import Settings, settings_of
from strongroom.opening import check_exists
from strongroom.seal.passphrase_source import PassphraseSource


def serve(
    *,
    passphrase_fd: int | None = None,
    acknowledge_rollback: bool = False,
    store: str | None = None,
    config: Path | None = None,
    **flags: Any,
) -> int:
    """Serve a deployment until SIGTERM or SIGINT.

    Args:
        passphrase_fd: An open file descriptor to read the seal's passphrase from.
        acknowledge_rollback: Accept that an old copy of the store was put back.
        store: Another store than the embedded one; none is served yet.
        config: The configuration file.
        flags: The settings that were given, by name.

    Returns:
        The exit status.
    """
    if store is not None:
        raise SetUpRefused(
            "Other stores than the embedded one are not served yet; leave --store out, and the store is "
            "SQLite in the data directory."
        )
    settings = settings_of(config, **flags)
    configure_logging(settings.log_level)
    _refuse_dev_settings(settings)
    address = parse_address(settings.listen)
    check_transport(settings, address, has_tls=settings.tls_cert is not None)
    check_exists(settings.data_dir)
    provider = find_seal(settings, PassphraseSource(descriptor=passphrase_fd))
    check_key_place(settings, provider)
    number = settings.workers or len(os.sched_getaffinity(0))
    return serve_until_stopped(
        settings,
        address,
        seal=provider,
        clock=system_clock,
        workers=number,
        announce=lambda endpoint: say(f"Strongroom is ready at {endpoint}"),
        is_dev=False,
        acknowledge_rollback=acknowledge_rollback,
    )


def _refuse_dev_settings(settings: Settings) -> None:
    if settings.clock:
        raise SetUpRefused("Only strongroom dev moves the clock; remove the setting clock.")
    if not settings.audit_reads:
        raise SetUpRefused("Only strongroom dev may leave reads unrecorded; remove the setting audit_reads.")
