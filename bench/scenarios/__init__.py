"""The scenarios, one file each; every one is a function of a plan and a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from bench.measuring import Plan, Report
from bench.scenarios import (
    audit,
    customer_key,
    flat,
    functions,
    get,
    memory,
    policy,
    put,
    rotation,
    start,
    workers,
)

SCENARIOS: Final[Mapping[str, Callable[[Plan, Report], None]]] = {
    "get": get.run,
    "audit": audit.run,
    "workers": workers.run,
    "put": put.run,
    "policy": policy.run,
    "customer_key": customer_key.run,
    "rotation": rotation.run,
    "functions": functions.run,
    "start": start.run,
    "memory": memory.run,
    "flat": flat.run,
}
"""Every scenario, in the order in which they run: the long ones come last."""
