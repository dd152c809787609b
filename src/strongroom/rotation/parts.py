"""What runners are made of."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import msgspec

from strongroom.gateway.operation import Service
from strongroom.rotation.acting import Keys
from strongroom.rotation.rotator import Rotator
from strongroom.store.writer import Writer


class Parts(msgspec.Struct, frozen=True):
    """What a runner is made of.

    Attributes:
        writer: Commits.
        keys: The keyring and the clock of the domain.
        services: All services by name.
        find_rotator: Makes the rotator of a built-in function.
        hold_server: Given ``host:port``, holds one of the few places at that server.
        hook: Called at every boundary, with its name; tests stop the process there.
    """

    writer: Writer
    keys: Keys
    services: dict[str, Service]
    find_rotator: Callable[[str], Rotator | None]
    hold_server: Callable[[str], AbstractContextManager[Any]]
    hook: Callable[[str], None] = lambda _: None
