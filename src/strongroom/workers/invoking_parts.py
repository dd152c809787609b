"""What a process that answers no requests needs to invoke functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from strongroom.clock import Clock
from strongroom.functions.invocation import FunctionRunner
from strongroom.gateway.deployment import Deployment
from strongroom.gateway.operation import Service
from strongroom.on_demand import ThreadTrails
from strongroom.opening import Opened
from strongroom.services.lambda_.contract import Commit, Parts
from strongroom.store.apart import ApartRows

CACHE_BYTES: Final = 1_048_576


def invoking_parts(
    opened: Opened, services: Sequence[Service], clock: Clock, runner: FunctionRunner, commit: Commit
) -> Parts:
    """Gather what is needed.

    Args:
        opened: The deployment.
        services: The tables of all services.
        clock: "Now" for the domain.
        runner: Runs functions.
        commit: Commits changes with their records, and waits.
    """
    deployment = Deployment(
        settings=opened.settings,
        clock=clock,
        keyring=opened.keyring,
        trail=ThreadTrails(opened.audit_directory).own,
        provider_keys=_no_provider_keys,
        runner=runner,
        read_apart=ApartRows(lambda: opened.open_rows(CACHE_BYTES)).read,
    )
    return Parts({service.name: service for service in services}, deployment, commit)


def _no_provider_keys() -> Any:
    raise AssertionError("web identities come with requests only")
