"""Modules that libraries import and a start does not use: they are loaded when something of them is asked for.

asyncio imports ``inspect``, and with it Python's own parser and disassembler, to tell what kind of function it was
handed, which uvloop does in its stead. Such modules took a tenth of a start (decision 22).

Rules:
 - What stands for a module lies in ``sys.modules`` until the first use. Then it leaves, the module is imported in
   the ordinary way, locks and all, and what was asked for is kept: whoever holds the stand-in has the module's own
   objects.
 - A function that a library takes hold of while it is loaded, and calls later if at all, has a stand-in too.
 - A module that was imported already is left alone.

It imports what the interpreter has loaded already, as ``kept_code.py`` does.
"""

from __future__ import annotations

import os
import sys
from _thread import allocate_lock
from importlib import import_module

TYPE_CHECKING = False  # the module typing is itself one that a start loads
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _has_coroutine_flag(value: Any) -> bool:
    code = getattr(value, "__code__", None)  # of a function, or of a method's
    return bool(code.co_flags & _CO_COROUTINE) if type(code) is _CODE else NotImplemented


UNUSED_BY_A_START: dict[str, dict[str, Callable[..., Any] | None]] = {
    "getpass": {"getpass": None},
    "http": {},
    # uvloop takes hold of both, and asks the first about the handlers of signals.
    "inspect": {"iscoroutinefunction": _has_coroutine_flag, "isgenerator": None},
    "ipaddress": {},
    "locale": {},
    "msgspec.inspect": {},
    "platform": {"system": lambda: os.uname().sysname},  # uuid asks whether it is AIX
    "textwrap": {},
    "tokenize": {},
}
"""The modules; of each the functions that are taken hold of, with what answers for them as long as it can."""


class _StandIn(type(sys)):  # type: ignore[misc] # the type of modules; the module types is one more to load
    """Stands for a module."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(_module_of(self), name)  # asked only for what is not here yet
        setattr(self, name, found)
        return found


def import_later() -> None:
    """Let the modules be loaded at their first use from now on."""
    for name, functions in UNUSED_BY_A_START.items():
        stand_in = _StandIn(name)
        if sys.modules.setdefault(name, stand_in) is stand_in:
            for function, answer in functions.items():
                setattr(stand_in, function, _function_of(stand_in, function, answer))


def _function_of(stand_in: _StandIn, name: str, answer: Callable[..., Any] | None) -> Callable[..., Any]:
    """Give a function that stands for one of a module."""

    def call(*arguments: Any) -> Any:
        found = NotImplemented if answer is None else answer(*arguments)
        return getattr(_module_of(stand_in), name)(*arguments) if found is NotImplemented else found

    return call


def _module_of(stand_in: _StandIn) -> Any:
    """Import the module for which something stands."""
    name = stand_in.__name__
    # Of two threads one takes the stand-in off the list, and neither what is loaded in its place.
    with _LEAVING:
        if sys.modules.get(name) is stand_in:
            del sys.modules[name]
    return import_module(name)


_LEAVING = allocate_lock()
_CODE = type(import_later.__code__)
_CO_COROUTINE = 0x80  # <cpython/code.h>
