"""``strongroom doctor``: looks for what is unsafe or will break, and says what to do about it.

Rules:
 - A check is a function that gives findings; the list below is the order in which they are shown.
 - Nothing is changed and no secret is opened: it works on a running deployment.
"""

from __future__ import annotations

import os
import resource
import shutil
import stat
import sys
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from strongroom.cli.flags import AsJSON, ConfigFile, DataDir
from strongroom.cli.running import SetUpRefused, check_key_place, find_seal
from strongroom.cli.terminal import say, say_json
from strongroom.config import Settings, settings_of
from strongroom.control import ControlRefused, NotRunning, ask
from strongroom.errors import StrongroomError
from strongroom.gateway.connection_limits import affordable_connections
from strongroom.opening import AUDIT_DIRECTORY, PUBLIC_KEY_NAME, exists
from strongroom.rotation.names import FUNCTIONS_ARE_KEPT, SOCKET_NAME
from strongroom.seal.file import FileSeal
from strongroom.seal.passphrase_source import PassphraseSource
from strongroom.seal.process import may_lock_all, may_swap
from strongroom.store.engine import DATABASE_NAME, check_sqlite_version
from strongroom.store.revision import ANCHOR_NAME

PYTHON_FLOORS: Final = {(3, 11): 15, (3, 12): 13, (3, 13): 12, (3, 14): 3}
"""Threat model, head: older ones have known defects in what reads untrusted input."""
FEW_BYTES: Final = 1_073_741_824
FEW_FILES: Final = 4_096
RELEASED_S: Final = 1_767_225_600
"""2026-01-01: no clock is before this."""


class State(StrEnum):
    """How a check ended."""

    GOOD = "ok"
    WARNING = "warning"
    BAD = "BAD"


class Finding(NamedTuple):
    """What a check found."""

    check: str
    state: State
    sentence: str


def doctor(*, data_dir: DataDir = None, json: AsJSON = False, config: ConfigFile = None) -> int:
    """Look for what is unsafe or will break; exit status 1 when something is."""
    settings = settings_of(config, data_dir=data_dir)
    findings = [finding for check in CHECKS for finding in check(settings)]
    if json:
        say_json([{"check": one.check, "state": str(one.state), "finding": one.sentence} for one in findings])
    else:
        for one in findings:
            say(f"{one.state:<8} {one.check:<12} {one.sentence}")
    return 1 if any(one.state is State.BAD for one in findings) else 0


def _python(_: Settings) -> list[Finding]:
    version = sys.version_info
    shown = f"{version.major}.{version.minor}.{version.micro}"
    floor = PYTHON_FLOORS.get((version.major, version.minor))
    if floor is not None and version.micro < floor:
        wanted = f"{version.major}.{version.minor}.{floor}"
        sentence = (
            f"{shown} lacks security fixes; {wanted} or later has them (a distribution may have its own)"
        )
        return [Finding("python", State.WARNING, sentence)]
    return [Finding("python", State.GOOD, shown)]


def _sqlite(_: Settings) -> list[Finding]:
    try:
        check_sqlite_version()
    except StrongroomError as problem:
        return [Finding("sqlite", State.BAD, str(problem))]
    return [Finding("sqlite", State.GOOD, apsw.sqlite_lib_version())]


def _swap(_: Settings) -> list[Finding]:
    status = _read(Path("/proc/self/status"))
    if may_lock_all(status, resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]):
        return [Finding("swap", State.GOOD, "memory can be locked: keys do not reach the swap")]
    if may_swap(_read(Path("/proc/swaps"))):
        sentence = (
            "swap may be on and memory cannot be locked: turn swap off or encrypt it, or grant "
            "CAP_IPC_LOCK (systemd: LimitMEMLOCK=infinity)"
        )
        return [Finding("swap", State.WARNING, sentence)]
    return [Finding("swap", State.GOOD, "there is none")]


def _files(settings: Settings) -> list[Finding]:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    affordable = affordable_connections(settings.max_connections)
    if affordable < settings.max_connections:
        sentence = (
            f"{soft} open files allow {affordable} connections for each worker, not the {settings.max_connections} "
            "that are set: raise RLIMIT_NOFILE (systemd: LimitNOFILE)"
        )
        return [Finding("open files", State.WARNING, sentence)]
    return [Finding("open files", State.GOOD, f"at most {soft}")]


def _clock(settings: Settings) -> list[Finding]:
    now = time.time()
    newest = 0.0
    for name in (ANCHOR_NAME, DATABASE_NAME, f"{DATABASE_NAME}-wal"):
        path = settings.data_dir / name
        if path.exists():
            newest = max(newest, path.stat().st_mtime)
    if now < RELEASED_S or now < newest - 300:
        sentence = "the clock is behind: signatures would be refused and times recorded wrongly; set it"
        return [Finding("clock", State.BAD, sentence)]
    return [Finding("clock", State.GOOD, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)))]


def _directory(settings: Settings) -> list[Finding]:
    directory = settings.data_dir
    if not exists(directory):
        sentence = f"there is no deployment in {directory}; strongroom init makes one"
        return [Finding("store", State.WARNING, sentence)]
    findings: list[Finding] = []
    open_to_others = [
        str(path)
        for path in (directory, *sorted(directory.iterdir()))
        if not path.is_symlink() and stat.S_IMODE(path.lstat().st_mode) & 0o077
    ]
    if open_to_others:
        sentence = f"open to others: {', '.join(open_to_others)}; run: chmod -R go= {directory}"
        findings.append(Finding("permissions", State.BAD, sentence))
    elif directory.stat().st_uid != os.geteuid():
        findings.append(Finding("permissions", State.BAD, f"{directory} belongs to another user"))
    else:
        findings.append(Finding("permissions", State.GOOD, f"{directory} is closed to others"))
    missing = [
        name for name in (ANCHOR_NAME, PUBLIC_KEY_NAME, AUDIT_DIRECTORY) if not (directory / name).exists()
    ]
    if missing and missing != [AUDIT_DIRECTORY]:
        sentence = f"beside the store there is no {', '.join(missing)}: an old copy may have been put back"
        findings.append(Finding("store", State.BAD, sentence))
    else:
        findings.append(Finding("store", State.GOOD, "with the anchor that shows an old copy"))
    return findings


def _running(settings: Settings) -> list[Finding]:
    if not exists(settings.data_dir):
        return []
    try:
        process = ask(settings.data_dir, "ping")["pid"]
    except NotRunning:
        return [Finding("server", State.GOOD, "not running")]
    except ControlRefused as problem:
        return [Finding("server", State.BAD, str(problem))]
    return [Finding("server", State.GOOD, f"running, its background loops in process {process}")]


def _rotations(settings: Settings) -> list[Finding]:
    if not exists(settings.data_dir):
        return []
    try:
        found = ask(settings.data_dir, "rotation-troubles")
    except (NotRunning, ControlRefused):
        return []  # said above
    counts = [f"{found[kind]} {kind}" for kind in ("held", "overdue", "failing") if found[kind]]
    if not counts:
        return [Finding("rotations", State.GOOD, "none is overdue, held or failing")]
    sentence = f"{', '.join(counts)}, among them {', '.join(found['arns'])}; strongroom rotation explain ARN says why"
    return [Finding("rotations", State.WARNING, sentence)]


def _seal(settings: Settings) -> list[Finding]:
    if not exists(settings.data_dir):
        return []
    try:
        seal = find_seal(settings, PassphraseSource())
    except StrongroomError as problem:
        return [Finding("seal", State.BAD, str(problem))]
    try:
        check_key_place(settings, seal)
    except SetUpRefused as problem:
        return [Finding("seal", State.WARNING, f"for dev only: {problem}")]
    if isinstance(seal, FileSeal) and not seal.path.exists():
        return [Finding("seal", State.BAD, f"the key file {seal.path} is not there; nothing can be opened")]
    return [Finding("seal", State.GOOD, seal.description)]


def _disk(settings: Settings) -> list[Finding]:
    directory = settings.data_dir if settings.data_dir.is_dir() else Path.cwd()
    space = shutil.disk_usage(directory)
    facts = os.statvfs(directory)
    findings: list[Finding] = []
    if space.free < FEW_BYTES:
        sentence = f"{space.free // 1_048_576} MiB are free: when none is, every request is refused"
        findings.append(Finding("disk", State.WARNING, sentence))
    else:
        findings.append(Finding("disk", State.GOOD, f"{space.free // 1_073_741_824} GiB free"))
    if facts.f_files and facts.f_favail < FEW_FILES:
        findings.append(Finding("disk", State.WARNING, f"only {facts.f_favail} more files can be made"))
    return findings


def _functions(settings: Settings) -> list[Finding]:
    # Imported here: nothing else of the command line needs it.
    from strongroom.functions.check import find_obstacle

    if _are_functions_down(settings):
        sentence = "down until the server is started anew: the processes that keep their runner were killed"
        return [Finding("functions", State.BAD, sentence)]
    if settings.functions_unsandboxed:
        sentence = (
            "they run without a sandbox, as it is set: whoever may deploy one can do what the server can"
        )
        return [Finding("functions", State.WARNING, sentence)]
    obstacle = find_obstacle(settings)
    if obstacle is not None:
        sentence = f"refused, built-in rotators go on working: {obstacle}"
        return [Finding("functions", State.WARNING, sentence)]
    return [Finding("functions", State.GOOD, "run in sandboxes")]


def _are_functions_down(settings: Settings) -> bool:
    if not exists(settings.data_dir):
        return False
    try:
        return not ask(settings.data_dir, FUNCTIONS_ARE_KEPT, socket_name=SOCKET_NAME)
    except (NotRunning, ControlRefused):
        return False  # said above


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""  # nothing is known; the careful branch is taken


CHECKS: Final[tuple[Callable[[Settings], list[Finding]], ...]] = (
    _python,
    _sqlite,
    _swap,
    _files,
    _clock,
    _disk,
    _directory,
    _running,
    _rotations,
    _seal,
    _functions,
)
"""Every check, in the order in which it is shown."""
