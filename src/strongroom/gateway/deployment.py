"""What the composition root made, as handlers may use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from strongroom.clock import Clock
from strongroom.config import Settings
from strongroom.crypto.keyring import Keyring

if TYPE_CHECKING:
    from strongroom.audit.trail import Trail
    from strongroom.functions.invocation import FunctionRunner
    from strongroom.store.rows import Rows


class Deployment(msgspec.Struct, frozen=True):
    """The parts of one running deployment.

    Attributes:
        settings: What is in force.
        clock: Gives "now"; in ``dev`` it may be moved.
        keyring: The opened keyring: seals credentials, key material and pagination tokens.
        trail: Gives the queryable audit trail of the thread that asks.
        provider_keys: Gives what finds the keys of identity providers (``services/sts/provider_keys.py``); made when
            it is first asked for.
        runner: Runs functions.
        read_apart: Runs work on rows that belong to no request, one at a time; for threads that have none.
    """

    settings: Settings
    clock: Clock
    keyring: Keyring
    trail: Callable[[], Trail]
    provider_keys: Callable[[], Any]
    runner: FunctionRunner
    read_apart: Callable[[Callable[[Rows], Any]], Any]
