"""``strongroom serve``: serves a deployment that ``init`` made."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from strongroom.cli.flags import ConfigFile, DataDir, PassphraseDescriptor, settings_of
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
from strongroom.config import Settings
from strongroom.opening import check_exists
from strongroom.seal.passphrase_source import PassphraseSource


def serve(
    *,
    data_dir: DataDir = None,
    listen: Annotated[str | None, Parameter(help="HOST:PORT; port 0 lets the system choose.")] = None,
    workers: Annotated[int | None, Parameter(help="Request workers; by default one for each core.")] = None,
    store: Annotated[
        str | None, Parameter(help="Another store than the embedded one; not served yet.")
    ] = None,
    tls_cert: Annotated[Path | None, Parameter(help="Certificate chain in PEM.")] = None,
    tls_key: Annotated[Path | None, Parameter(help="Its private key in PEM.")] = None,
    behind_proxy: Annotated[
        bool | None, Parameter(negative="", help="A proxy in front ends TLS; plain HTTP is then accepted.")
    ] = None,
    seal: Annotated[str | None, Parameter(help="Where the root key is now: file:PATH or passphrase.")] = None,
    passphrase_fd: PassphraseDescriptor = None,
    acknowledge_rollback: Annotated[
        bool, Parameter(negative="", help="Accept, this once, that an old copy of the store was put back.")
    ] = False,
    config: ConfigFile = None,
) -> int:
    """Serve a deployment until SIGTERM or SIGINT."""
    if store is not None:
        raise SetUpRefused(
            "Other stores than the embedded one are not served yet; leave --store out, and the store is "
            "SQLite in the data directory."
        )
    settings = settings_of(
        config,
        data_dir=data_dir,
        listen=listen,
        workers=workers,
        tls_cert=tls_cert,
        tls_key=tls_key,
        behind_proxy=behind_proxy,
        seal=seal,
    )
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
