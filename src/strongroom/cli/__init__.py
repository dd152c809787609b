"""The command line: ``strongroom COMMAND``. Here the program begins; ``commands.py`` has the rest.

A start of a server is mostly importing. What helps all of it comes before the first import: the file that holds the
code of all modules, and no collections, for nothing that is loaded is garbage; the processes that serve turn them on.
"""

from __future__ import annotations

import gc
import sys

from strongroom.kept_code import KEPT_CODE
from strongroom.later_modules import import_later


def main() -> None:
    """Run the command that the arguments name and exit with its status."""
    if sys.argv[1:2] in (["serve"], ["dev"]):
        gc.disable()
        KEPT_CODE.use()
        import_later()
        _load_msgspec()
    from strongroom.cli.commands import run

    sys.exit(run(sys.argv[1:]))


def _load_msgspec() -> None:
    """Load msgspec with the type hints of Python: those of typing_extensions, for older ones, take 2 ms to load."""
    name = "typing_extensions"
    if name in sys.modules:
        return
    sys.modules[name] = None  # type: ignore[assignment] # how Python says that there is none
    try:
        import msgspec  # noqa: F401
    finally:
        del sys.modules[name]
