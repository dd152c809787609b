"""Regular expressions that are compiled when they are used for the first time.

Python compiles one in 0.1 to 0.8 ms, those of the modules that a start loads in 10 ms together, and the first answer
needs few of them (decision 10). From its second use on one costs what a compiled one costs.
"""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


class _Pattern:
    """Stands for a compiled expression, whose methods it takes over one by one as they are asked for."""

    def __init__(self, source: str | bytes, flags: int) -> None:
        self._source = source
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        # Asked only for what is not here yet. Two threads may both compile: they get the same, or its equal.
        found = getattr(re.compile(self._source, self._flags), name)
        self.__dict__[name] = found
        return found


def pattern_of(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Give what behaves as ``re.compile(source, flags)`` does, where methods and attributes of it are used.

    A mistake in ``source`` is found at the first use: ``tests/test_patterns.py`` uses each one.
    """
    return cast("re.Pattern[AnyStr]", _Pattern(source, flags))
