"""The rotation process, put together: its writer, its loop, and its answers on a local socket.

The events of functions are run here too: both wait long for something outside, and need a writer.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from strongroom.clock import Clock
from strongroom.control import ControlServer
from strongroom.egress.addresses import parse_networks
from strongroom.egress.fetch import Egress
from strongroom.gateway.counters import SharedCounters
from strongroom.gateway.metrics import declare
from strongroom.gateway.operation import Service
from strongroom.on_demand import RunnerOnDemand
from strongroom.opening import Opened
from strongroom.rotation.acting import Keys
from strongroom.rotation.backlog import Backlog, Limits
from strongroom.rotation.commits import commit
from strongroom.rotation.invoking import invoke_by
from strongroom.rotation.loop import RotationLoop
from strongroom.rotation.names import DRY_RUN, FUNCTIONS_ARE_KEPT, SOCKET_NAME
from strongroom.rotation.parts import Parts
from strongroom.rotation.rehearsing import dry_run
from strongroom.rotation.rotators import Reach, find_rotator
from strongroom.rotation.tally import Tally
from strongroom.workers.background import open_writer
from strongroom.workers.function_events import FunctionEvents
from strongroom.workers.invoking_parts import invoking_parts

CACHE_BYTES: Final = 1_048_576


class Rotations:
    """Rotates what is due, from ``start`` to ``stop``.

    Args:
        opened: The deployment.
        services: The tables of all services.
        clock: "Now" for the domain.
        counters: Shared by all processes.
        page: Which page of the counters is this process's; None when it shares one with a worker, who names them.
        is_dev: Whether targets on this machine may be reached though no setting says so.
        own_host, own_port: Where the server itself listens: it is no target, and functions reach it.
        functions_are_kept: Whether there is a process that would start the runner of functions.
    """

    def __init__(
        self,
        opened: Opened,
        services: Sequence[Service],
        clock: Clock,
        counters: SharedCounters,
        page: int | None,
        *,
        is_dev: bool,
        own_host: str,
        own_port: int,
        functions_are_kept: Callable[[], bool],
    ) -> None:
        if page is not None:
            counters.use_page(page)
            counters.declare(declare(()))  # those without labels come first, and no others are counted here
        tally = Tally(counters, functions_are_kept)
        self._writer = open_writer(opened)
        self.invoking = invoking_parts(
            opened,
            services,
            clock,
            RunnerOnDemand(opened.settings, lambda: (own_host, own_port)),
            lambda work: commit(self._writer, work),
        )
        self._events = FunctionEvents(self.invoking, lambda: opened.open_rows(CACHE_BYTES))
        is_local = is_dev or opened.settings.rotate_local_targets
        reach = Reach(_authorities(opened), is_local, _egress(opened, is_local, own_port))
        settings = opened.settings
        backlog = Backlog(Limits(settings.rotations_at_once, settings.rotations_at_one_server))
        self.parts = Parts(
            writer=self._writer,
            keys=Keys(opened.keyring, clock),
            services={service.name: service for service in services},
            find_rotator=lambda function: find_rotator(function, reach),
            admit=backlog.move,
            invoke=invoke_by(self.invoking),
            tell=tally.tell,
        )
        self._desk = ControlServer(
            opened,
            self._writer,
            clock,
            socket_name=SOCKET_NAME,
            own={
                DRY_RUN: lambda details: dry_run(self.parts, details),
                FUNCTIONS_ARE_KEPT: lambda _: functions_are_kept(),
            },
        )
        self._loop = RotationLoop(self.parts, backlog, lambda: opened.open_rows(CACHE_BYTES), tally)

    def start(self) -> None:
        """Start the threads."""
        self._writer.start()
        self._loop.start()
        self._events.start()
        self._desk.start()

    def stop(self) -> None:
        """End."""
        self._desk.stop()
        self._events.stop()
        self._loop.stop()
        self._writer.stop()


def _egress(opened: Opened, is_local: bool, own_port: int) -> Egress:
    """Make the way to targets that are asked over HTTP."""
    allowed = parse_networks(opened.settings.egress_allow)
    if is_local:
        allowed += parse_networks("127.0.0.0/8, ::1/128")
    return Egress(allowed, opened.settings.egress_ca, lambda: own_port, plain_on_loopback=is_local)


def _authorities(opened: Opened) -> Path | None:
    """Give the file of authorities: the one that is set, or that of the system."""
    if opened.settings.rotation_ca is not None:
        return opened.settings.rotation_ca
    found = ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"
    return Path(found) if os.path.exists(found) else None
