"""The arguments of ``dev`` and ``serve``, as long as they are written plainly.

The library that reads the command line takes longer to load than the rest of a server to start. So what is written
plainly, ``--flag value``, ``--flag=value`` or a switch, is read here. All else goes the long way, where it is
understood or refused in words: ``--help``, a mistake, a flag that stands twice or is not in the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from strongroom.errors import StrongroomError


class NotPlain(StrongroomError):
    """The arguments have to be read the long way."""


def _text(value: str) -> str:
    return value


def _number(value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise NotPlain
    return int(value)


Reader = Callable[[str], Any]
"""Reads the value of a flag; None in a table stands for a switch."""

DEV_FLAGS: Final[Mapping[str, Reader | None]] = {
    "--data-dir": Path,
    "--listen": _text,
    "--clock": _text,
    "--workers": _number,
    "--config": Path,
}

SERVE_FLAGS: Final[Mapping[str, Reader | None]] = {
    "--data-dir": Path,
    "--listen": _text,
    "--workers": _number,
    "--store": _text,
    "--tls-cert": Path,
    "--tls-key": Path,
    "--behind-proxy": None,
    "--seal": _text,
    "--passphrase-fd": _number,
    "--acknowledge-rollback": None,
    "--config": Path,
}


def read_plain(arguments: Sequence[str], flags: Mapping[str, Reader | None]) -> dict[str, Any]:
    """Read the values of flags, by the names of the parameters that they are for.

    Raises:
        NotPlain: They are not written plainly.
    """
    found: dict[str, Any] = {}
    waiting = list(reversed(arguments))
    while waiting:
        flag, equals, value = waiting.pop().partition("=")
        name = flag.removeprefix("--").replace("-", "_")
        if flag not in flags or name in found:
            raise NotPlain
        read = flags[flag]
        if read is None:
            if equals:
                raise NotPlain
            found[name] = True
            continue
        if not equals:
            value = waiting.pop() if waiting else ""
        if not value or value.startswith("-"):
            raise NotPlain
        found[name] = read(value)
    return found
