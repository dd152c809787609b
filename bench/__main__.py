"""``python -m bench``: runs the scenarios; ends with 1 where a bar is missed, with 2 where a server fails.

python -m bench [--quick] [--only NAME ...] [--secrets N] [--rounds N] [--seconds S] [--place DIR]
python -m bench --profile get|put|steps
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Final

from bench.measuring import Plan, Report
from bench.processes import CORES, LOAD_CORE, SERVER_CORE
from bench.profiling import profile_get, profile_steps
from bench.profiling_changes import profile_put
from bench.scenarios import SCENARIOS
from bench.servers import ServerFailed

PROFILES: Final[dict[str, Callable[[int], None]]] = {
    "get": profile_get,
    "put": profile_put,
    "steps": profile_steps,
}
_QUICK = {"seconds": 1.0, "secrets": 20_000, "memory_secrets": 20_000, "rotations": 100}


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for; return the exit status."""
    given = _parse(arguments)
    if given.profile:
        PROFILES[given.profile](given.requests)
        return 0
    report = Report()
    with tempfile.TemporaryDirectory(prefix="strongroom-bench-", dir=given.place) as place:
        plan = _plan(given, Path(place))
        _introduce(report, plan)
        try:
            for name in given.only or SCENARIOS:
                SCENARIOS[name](plan, report)
        except ServerFailed as problem:
            sys.stdout.write("\n".join((f"\nnothing can be measured: {problem}", *problem.__notes__, "")))
            return 2
    return report.conclude()


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Strongroom.")
    parser.add_argument("--quick", action="store_true", help="short rounds and smaller stores")
    parser.add_argument("--only", action="append", choices=list(SCENARIOS), help="may be repeated")
    parser.add_argument(
        "--secrets", type=int, help="secrets in the large store of 'flat' (default 1,000,000)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="repetitions of each side")
    parser.add_argument("--seconds", type=float, help="length of one round (default 3)")
    parser.add_argument("--place", type=Path, help="where stores are made (default: the temporary directory)")
    parser.add_argument("--profile", choices=list(PROFILES), help="show where the time goes instead")
    parser.add_argument("--requests", type=int, default=20_000, help="requests of a profile")
    return parser.parse_args(arguments)


def _plan(given: argparse.Namespace, place: Path) -> Plan:
    wishes = dict(_QUICK) if given.quick else {}
    if given.secrets is not None:
        wishes["secrets"] = given.secrets
    if given.seconds is not None:
        wishes["seconds"] = given.seconds
    return Plan(place, rounds=given.rounds, **wishes)  # type: ignore[arg-type]  # numbers of the right kinds


def _introduce(report: Report, plan: Plan) -> None:
    report.note(
        f"{platform.machine()}, {len(CORES)} cores, Linux {platform.release()}, Python {platform.python_version()}, "
        f"moto {version('moto')}, granian {version('granian')}"
    )
    if {SERVER_CORE, LOAD_CORE} <= CORES:
        os.sched_setaffinity(0, {LOAD_CORE})
        report.note(
            f"servers run on core {SERVER_CORE}, load on core {LOAD_CORE}, where nothing else is said"
        )
    else:
        report.note("there are no two cores to use: servers and load share one, and the numbers say little")
    report.note(f"{plan.rounds} rounds of {plan.seconds:g} s a side, in turn; medians (least to greatest)")


if __name__ == "__main__":
    sys.exit(main())
