"""``strongroom serve`` without its refusal to leave reads unrecorded: for the scenario ``audit`` alone.

    STRONGROOM_AUDIT_READS=no python -m bench.unrecorded DATA_DIR PORT

``strongroom dev`` has that setting too, but runs the background loops inside the worker's process: the
comparison is of what ``serve`` runs. Both sides are started by this, so that only the setting differs.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from strongroom.cli.logs import configure_logging
from strongroom.cli.running import Address, find_seal, serve_until_stopped
from strongroom.clock import system_clock
from strongroom.config import load_settings
from strongroom.seal.passphrase_source import PassphraseSource


def main(data_dir: str, port: str) -> int:
    """Serve with one worker until a signal ends it."""
    settings, _ = load_settings({"data_dir": Path(data_dir)}, os.environ)
    configure_logging(settings.log_level)
    return serve_until_stopped(
        settings,
        Address("127.0.0.1", int(port)),
        seal=find_seal(settings, PassphraseSource()),
        clock=system_clock,
        workers=1,
        announce=lambda _: None,
        is_dev=False,
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
