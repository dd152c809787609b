"""Hardening of the process, seen from a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from typing import Any

import pytest

from strongroom.seal.process import may_lock_all, may_swap

PROBE = """
import ctypes, json, resource
from strongroom.seal.process import harden_process
reached = harden_process()
libc = ctypes.CDLL(None)
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "dumpable": libc.prctl(3, 0, 0, 0, 0),
    "locked_kib": int(status["VmLck"].split()[0]),
    "resident_kib": int(status["VmRSS"].split()[0]),
    "reached": [reached.core_dumps_off, reached.dumpable_off, reached.memory_locked],
    "warnings": reached.warnings,
}))
"""


@pytest.fixture(scope="module")
def hardened() -> dict[str, Any]:
    """What the kernel says about a process after ``harden_process``."""
    probe = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, check=True, text=True)
    found: dict[str, Any] = json.loads(probe.stdout)
    return found


def test_k08_no_core_file_is_written(hardened: dict[str, Any]) -> None:
    """The kernel holds a limit of 0, soft and hard."""
    assert hardened["core"] == [0, 0]
    assert hardened["reached"][0] is True


def test_k08_the_process_is_not_dumpable(hardened: dict[str, Any]) -> None:
    """PR_GET_DUMPABLE says 0: no core through a pipe, no attaching by the same user."""
    assert hardened["dumpable"] == 0
    assert hardened["reached"][1] is True


def test_k08_memory_is_locked_or_the_operator_is_told(hardened: dict[str, Any]) -> None:
    """What is reported is what the kernel did; where it is not permitted a warning says how to permit it."""
    if hardened["reached"][2]:
        assert hardened["locked_kib"] > 0
    else:
        assert any(
            "memory cannot be locked" in warning or "mlockall" in warning for warning in hardened["warnings"]
        )


def test_k08_memory_is_locked_only_where_that_is_safe() -> None:
    """With the capability or without a limit; under a limit later allocations would fail."""
    without, capable = "CapEff:\t0000000000000000\n", "Name:\tx\nCapEff:\t0000000000004000\n"
    assert not may_lock_all(without, 8_388_608)
    assert not may_lock_all("", 8_388_608)
    assert not may_lock_all("CapEff:\t000001ffffffbfff\n", 8_388_608)
    assert may_lock_all(capable, 8_388_608)
    assert may_lock_all(without, resource.RLIM_INFINITY)


def test_k08_swap_is_noticed() -> None:
    """An area below the headline counts, and so does a list that cannot be read."""
    headline = "Filename\tType\tSize\tUsed\tPriority\n"
    assert not may_swap(headline)
    assert may_swap(headline + "/dev/dm-1 partition 1000 0 -2\n")
    assert may_swap("")
