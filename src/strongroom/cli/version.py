"""``strongroom version``: what to name in a report."""

from __future__ import annotations

import platform

import apsw
from cryptography.hazmat.backends.openssl import backend

from strongroom import __version__
from strongroom.cli.flags import AsJSON
from strongroom.cli.terminal import say, say_json


def version(*, json: AsJSON = False) -> None:
    """Print the versions of Strongroom and of what it stands on."""
    versions = {
        "strongroom": __version__,
        "python": platform.python_version(),
        "sqlite": apsw.sqlite_lib_version(),
        "openssl": backend.openssl_version_text(),
    }
    if json:
        say_json(versions)
        return
    for name, text in versions.items():
        say(f"{name:<12}{text}")
