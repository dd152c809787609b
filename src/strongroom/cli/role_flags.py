"""Flags of the commands that hand the credentials of a role on, and what they mean."""

from __future__ import annotations

import getpass
import os
import re
import socket
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from strongroom.cli.own_credentials import OwnCredentials, find_own_credentials
from strongroom.config import settings_of
from strongroom.errors import StrongroomError

Role = Annotated[
    str, Parameter(name="--role", help="Name or ARN of the role; a bare name is one of your account.")
]
Duration = Annotated[
    str | None,
    Parameter(name="--duration", help="Life of the credentials: 900, 15m or 1h; an hour by default."),
]
SessionName = Annotated[
    str | None,
    Parameter(name="--session-name", help="What the audit record calls the session; by default USER@HOST."),
]
Profile = Annotated[
    str | None, Parameter(name="--profile", help="The AWS profile whose key asks for the role.")
]
Endpoint = Annotated[
    str | None, Parameter(name="--endpoint", help="Where the server is; by default AWS_ENDPOINT_URL.")
]

DEFAULT_DURATION_S: Final = 3_600
"""How long credentials of a role live when nobody says otherwise: AWS's default."""

_DURATION: Final = re.compile(r"([0-9]{1,6})([smh]?)", re.ASCII)
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3_600}
_NOT_OF_SESSION_NAMES: Final = re.compile(r"[^\w+=,.@-]", re.ASCII)


class FlagRefused(StrongroomError):
    """A flag has a value that cannot be used."""


def parse_duration(text: str | None) -> int | None:
    """Read a duration in seconds; None when none is given.

    Raises:
        FlagRefused: It is none, or no session lives that long.
    """
    if text is None:
        return None
    match = _DURATION.fullmatch(text)
    seconds = int(match[1]) * _UNITS[match[2]] if match is not None else 0
    if not 900 <= seconds <= 43_200:
        raise FlagRefused(f"--duration {text} is not between 15m and 12h; write 900, 15m or 1h.")
    return seconds


def session_name_of(given: str | None) -> str:
    """Give the name of the session: the one that was named, or user and host.

    Raises:
        FlagRefused: It has characters that no session name has, or is too short or too long.
    """
    if given is not None:
        if _NOT_OF_SESSION_NAMES.search(given) or not 2 <= len(given) <= 64:
            raise FlagRefused("--session-name has 2 to 64 letters, digits or characters of _+=,.@-")
        return given
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return _NOT_OF_SESSION_NAMES.sub("-", f"{user}@{socket.gethostname()}")[:64]


def own_credentials(
    profile: str | None, endpoint: str | None, data_dir: Path | None, config: Path | None
) -> OwnCredentials:
    """Find what the command signs with."""
    lies_in = settings_of(config, data_dir=data_dir).data_dir
    return find_own_credentials(
        os.environ,
        profile=profile,
        endpoint=endpoint,
        data_dir=lies_in,
        is_dir_named=data_dir is not None,
    )
