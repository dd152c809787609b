"""``strongroom serve``: its arguments, and their meaning."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from strongroom.cli import serving
from strongroom.cli.flags import ConfigFile, DataDir, PassphraseDescriptor


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
    return serving.serve(
        data_dir=data_dir,
        listen=listen,
        workers=workers,
        store=store,
        tls_cert=tls_cert,
        tls_key=tls_key,
        behind_proxy=behind_proxy,
        seal=seal,
        passphrase_fd=passphrase_fd,
        acknowledge_rollback=acknowledge_rollback,
        config=config,
    )
