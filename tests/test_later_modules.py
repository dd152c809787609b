"""Modules that are loaded when something of them is asked for: nothing else can be told from the ordinary way."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from strongroom.later_modules import UNUSED_BY_A_START

SERVING = "strongroom.cli.commands, strongroom.cli.serving, strongroom.supervisor"
OPERATION = "strongroom.services.secretsmanager.list_secrets"
BEGINNING = "import sys; from strongroom.later_modules import import_later; import_later()\n"
LOADED = "[name for name, module in sys.modules.items() if type(module) is type(sys)]"


def run(program: str, beginning: str = BEGINNING) -> Any:
    """Run a program in a process of its own that begins as a server does; return the JSON that it prints."""
    program = f"{beginning}{program}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_a_start_loads_none_of_them() -> None:
    """Neither what stands for them is asked, nor what they would import themselves is there."""
    program = (
        f"from strongroom.cli import _load_msgspec; _load_msgspec(); import {SERVING}, {OPERATION}, json"
    )
    loaded = set(run(f"{program}\nprint(json.dumps({LOADED}))"))
    assert {"strongroom.worker", OPERATION, "asyncio.coroutines", "uvloop.loop", "uuid"} <= loaded
    assert loaded.isdisjoint({*UNUSED_BY_A_START, "ast", "dis", "termios"})


@pytest.mark.parametrize("name", UNUSED_BY_A_START)
def test_what_is_asked_for_is_the_modules_own(name: str) -> None:
    """Whoever imported it before the first use has the same objects as whoever does so later."""
    lines = (
        *("import importlib, json, sys", f"early = importlib.import_module({name!r})"),
        *("stood_in = type(early) is not type(sys)", "missing = hasattr(early, 'no_such_name')"),
        f"late = importlib.import_module({name!r})",
        f"taken = {list(UNUSED_BY_A_START[name])}",
        "names = [n for n in dir(late) if not n.startswith('__') and n not in taken]",
        "other = [n for n in names if getattr(early, n) is not getattr(late, n)]",
        "print(json.dumps([stood_in, missing, len(names) > 3, other, type(late) is type(sys), early.__file__]))",
    )
    stood_in, missing, has_names, other, is_module, file = run("\n".join(lines))
    assert (stood_in, missing, has_names, other, is_module) == (True, False, True, [], True)
    assert file == run(
        f"import importlib, json; m = importlib.import_module({name!r})\nprint(json.dumps(m.__file__))", ""
    )


ASKED_ABOUT = """
import asyncio, functools, json, sys, types
import inspect
early = inspect.iscoroutinefunction, inspect.isgenerator
async def wait(): pass
def work(): yield
class Some:
    async def wait(self): pass
    def work(self): pass
    async def __call__(self): pass
class Odd:
    __code__ = 1
asked = [wait, work, work(), Some().wait, Some().work, Some(), Some.wait, functools.partial(wait),
    functools.partial(work), functools.partial(Some().wait), print, len, None, Odd(), types.coroutine(work)]
first = [[bool(f(value)) for value in asked] for f in early]
import inspect as loaded
assert type(loaded) is type(sys)
own = [[bool(f(value)) for value in asked] for f in (loaded.iscoroutinefunction, loaded.isgenerator)]
print(json.dumps([first, own]))
"""


def test_a_function_that_was_taken_hold_of_answers_as_the_modules_own() -> None:
    """uvloop asks of each handler whether it is a coroutine function, and of each executor's work."""
    first, own = run(ASKED_ABOUT)
    assert first == own
    assert all(True in answers and False in answers for answers in own)


def test_handlers_of_signals_do_not_load_anything() -> None:
    """A server sets two while it starts."""
    lines = (
        *(
            "import inspect, json, sys, uuid",
            "async def wait(): pass",
            "class Some:",
            "  def work(self): pass",
        ),
        "found = [inspect.iscoroutinefunction(value) for value in (wait, lambda: 1, Some().work)]",
        "print(json.dumps([found, type(sys.modules['inspect']).__name__, type(sys.modules['platform']).__name__]))",
    )
    assert run("\n".join(lines)) == [[True, False, False], "_StandIn", "_StandIn"]


def test_what_was_imported_before_is_left_alone() -> None:
    """No second copy of a module comes into being."""
    beginning = "import inspect, sys; before = inspect\n" + BEGINNING
    assert run("import inspect, json\nprint(json.dumps(inspect is before))", beginning) is True


def test_modules_below_are_found() -> None:
    """A package that is only stood in for still has its modules, imported in either way."""
    program = "import http.client, json, msgspec.inspect; from http import cookies; import http"
    shown = (
        "http.client.__name__, cookies.__name__, http.HTTPStatus(404).phrase, msgspec.inspect.IntType().gt"
    )
    assert run(f"{program}\nprint(json.dumps([{shown}]))") == [
        "http.client",
        "http.cookies",
        "Not Found",
        None,
    ]


THREADS = """
import ast, json, sys, threading
sys.setswitchinterval(1e-6)
import inspect, textwrap, tokenize
import tokenize as stand_in
barrier = threading.Barrier(24)
found, failed = [], []
def ask(number):
    barrier.wait()
    try:
        if number % 3 == 0:
            import tokenize as own
            found.append(own.TokenInfo)
        elif number % 3 == 1:
            found.append(stand_in.TokenInfo)
        else:
            inspect.signature(ask)
            found.append(inspect.tokenize.TokenInfo)
    except Exception as problem:
        failed.append(repr(problem))
threads = [threading.Thread(target=ask, args=(n,)) for n in range(24)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(json.dumps([failed, len(found), len(set(map(id, found)))]))
"""


def test_threads_that_ask_at_the_same_time_get_the_same() -> None:
    """None meets a module that is loaded by half, and it is loaded once."""
    for _ in range(8):
        assert run(THREADS) == [[], 24, 1]
