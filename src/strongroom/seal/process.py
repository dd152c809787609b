"""Hardening of the process, before a root key enters it (K-08).

Rules:

1. Done before unsealing, and again in each child: ``mlockall`` is not inherited by ``fork``, and ``execve``
   makes a process dumpable again.
2. What the machine does not permit is reported, not fatal: the operator decides (``doctor`` shows it).

Not promised: that no copy of a key is left in memory. Python cannot wipe ``bytes`` and ``str``, and we do not
claim to; these measures keep memory out of core files, from other processes of the same user, and off the
swap. Root, a debugger that was attached before, and hibernation still read it.
"""

from __future__ import annotations

import ctypes
import os
import resource
from pathlib import Path
from typing import Final

import msgspec

_PR_SET_DUMPABLE: Final = 4  # <linux/prctl.h>
_MCL_CURRENT: Final = 1  # <asm-generic/mman.h>
_MCL_FUTURE: Final = 2
_MCL_ONFAULT: Final = 4
_CAP_IPC_LOCK: Final = 14  # <linux/capability.h>
_STATUS: Final = Path("/proc/self/status")
_SWAPS: Final = Path("/proc/swaps")


class Hardening(msgspec.Struct, frozen=True):
    """What was reached.

    Args:
        core_dumps_off: The size limit of core files is 0.
        dumpable_off: The kernel dumps no core, and processes of the same user cannot attach or read memory.
        memory_locked: No page is ever written to swap.
        warnings: Sentences for the operator about what was not reached.
    """

    core_dumps_off: bool
    dumpable_off: bool
    memory_locked: bool
    warnings: tuple[str, ...]


def harden_process(*, lock_memory: bool = True) -> Hardening:
    """Turn off core files, attaching and, if permitted, swapping, for this process.

    Args:
        lock_memory: Whether to try ``mlockall``.
    """
    warnings: list[str] = []
    core_dumps_off = _turn_off_core_files(warnings)
    dumpable_off = _turn_off_dumping(warnings)
    memory_locked = lock_memory and _lock_memory(warnings)
    if not memory_locked and may_swap(_read(_SWAPS)):
        warnings.append(
            "memory is not locked and swap may be on: keys can reach the disk; turn swap off, or encrypt it"
        )
    return Hardening(core_dumps_off, dumpable_off, memory_locked, tuple(warnings))


def may_swap(swaps: str) -> bool:
    """Whether ``/proc/swaps`` lists an area below its headline, or could not be read."""
    return len(swaps.splitlines()) != 1


def may_lock_all(status: str, memory_lock_limit: int) -> bool:
    """Whether ``mlockall`` is safe: with the capability CAP_IPC_LOCK, or without a limit.

    Under a limit it may succeed and then make any later allocation fail, which would end the server instead
    of protecting it.

    Args:
        status: Content of ``/proc/self/status``.
        memory_lock_limit: The soft RLIMIT_MEMLOCK, bytes.
    """
    if memory_lock_limit == resource.RLIM_INFINITY:
        return True
    for line in status.splitlines():
        name, _, value = line.partition(":")
        if name == "CapEff":
            return bool(int(value, 16) >> _CAP_IPC_LOCK & 1)
    return False


def _turn_off_core_files(warnings: list[str]) -> bool:
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError) as error:
        warnings.append(f"the limit of core files cannot be set to 0: {error}")
        return False
    return True


def _turn_off_dumping(warnings: list[str]) -> bool:
    # The limit above does not bind a core_pattern that pipes into a program (core(5)); this does.
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        failed = libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0
    except AttributeError:
        warnings.append("this system has no prctl: processes of the same user can read our memory")
        return False
    if failed:
        warnings.append(f"PR_SET_DUMPABLE failed: {os.strerror(ctypes.get_errno())}")
    return not failed


def _lock_memory(warnings: list[str]) -> bool:
    if not may_lock_all(_read(_STATUS), resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]):
        warnings.append(
            "memory cannot be locked: grant CAP_IPC_LOCK or set LimitMEMLOCK=infinity if swap is a concern"
        )
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    # ONFAULT: lock pages when they are used. Without it each thread's whole stack would become resident.
    if libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) != 0:
        warnings.append(f"mlockall failed: {os.strerror(ctypes.get_errno())}")
        return False
    return True


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        # Not Linux, or /proc is not mounted: nothing is known, and the caller takes the careful branch.
        return ""
