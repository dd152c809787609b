"""What runners are made of."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from strongroom.gateway.operation import Service
from strongroom.rotation.acting import Keys
from strongroom.rotation.function_call import Invoke
from strongroom.rotation.issuer import Issuer
from strongroom.rotation.rotator import Rotator
from strongroom.store.writer import Writer


class Parts(msgspec.Struct, frozen=True):
    """What a runner is made of.

    Attributes:
        writer: Commits.
        keys: The keyring and the clock of the domain.
        services: All services by name.
        find_rotator: Makes the rotator of a built-in function.
        admit: Given the secret and, as a keyed hash, where its credential is used: whether there is a place for it.
        tell: Hears how attempts at rotations ended: ``SUCCESSES`` or ``FAILURES``.
        invoke: Invokes functions of the Lambda service; None where none are run.
        hook: Called at every boundary, with its name; tests stop the process there.
    """

    writer: Writer
    keys: Keys
    services: dict[str, Service]
    find_rotator: Callable[[str], Rotator | Issuer | None]
    admit: Callable[[int, str], bool] = lambda _secret, _target: True
    tell: Callable[[str], None] = lambda _: None
    invoke: Invoke | None = None
    hook: Callable[[str], None] = lambda _: None
