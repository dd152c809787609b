"""The runner's process: its beginning and end, its death, its room, and machines that cannot make sandboxes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from strongroom.clock import system_clock
from strongroom.config import Settings
from strongroom.functions.invocation import OF_ACCOUNT, Code, RunnerUnavailable, TooManyInvocations
from strongroom.functions.launching import start_keeper
from tests.functions.stand import Stand, error_of, text_of, zipped

GOOD = "def handler(event, context): return event"


def test_f01_a_runner_that_dies_is_started_again(tmp_path: Path) -> None:
    """The invocation under way fails at once, nothing is left of it, and the next one runs."""
    stand = Stand(tmp_path / "data")
    try:
        assert stand.run(GOOD, 1) == 1
        runner = stand.runner_pid()
        failed: list[BaseException] = []

        def invoke() -> None:
            try:
                stand.invoke(stand.function("import time\ndef handler(e, c): time.sleep(60)", timeout_s=60))
            except RunnerUnavailable as problem:
                failed.append(problem)

        under_way = threading.Thread(target=invoke)
        under_way.start()
        while len(_children(runner)) < 2 or len(sandboxed := _sandboxed(runner)) < 4:
            time.sleep(0.01)  # until there is a second sandbox, with the function in it
        os.kill(runner, signal.SIGKILL)
        under_way.join(10)
        assert failed
        assert stand.run(GOOD, 2) == 2
        assert stand.runner_pid() != runner
        _wait_until_gone(sandboxed)
    finally:
        stand.close()


def test_f01_what_waits_to_become_a_keeper_ends_with_a_server_that_did_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sees that nobody will tell it to begin any more, and need not be killed."""
    monkeypatch.setattr("strongroom.functions.launching.END_S", 86_400.0)
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o700)
    keeper = start_keeper(Settings(data_dir=data_dir), is_dev=False)
    assert keeper.is_alive
    keeper.stop()
    assert not Path(f"/proc/{keeper.pid}").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take back the priority that was given away")
def test_a_keeper_that_is_told_to_end_is_in_nobodys_shadow(tmp_path: Path) -> None:
    """It starts behind everything else; the end of the server does not wait for what keeps a processor busy."""
    stand = Stand(tmp_path / "data")
    keeper = stand.keeper.pid
    assert os.getpriority(os.PRIO_PROCESS, keeper) == 19
    os.kill(keeper, signal.SIGSTOP)  # so that it can be looked at while it is told
    ending = threading.Thread(target=stand.close)
    ending.start()
    try:
        while ending.is_alive() and os.getpriority(os.PRIO_PROCESS, keeper) != 0:
            time.sleep(0.01)
        assert ending.is_alive(), "it was ended as it was"
    finally:
        os.kill(keeper, signal.SIGCONT)
        ending.join()


def test_f01_the_runner_ends_with_the_server(tmp_path: Path) -> None:
    """When the keeper is told to end, or is killed, the runner and every sandbox end."""
    for end in ("told", "killed"):
        stand = Stand(tmp_path / end)
        stand.run(GOOD, 1)
        runner = stand.runner_pid()
        sandboxed = _sandboxed(runner)
        assert sandboxed
        if end == "killed":
            os.kill(_parent(runner), signal.SIGKILL)
        stand.close()
        _wait_until_gone([runner, *sandboxed])


def test_f01_a_keeper_that_dies_is_replaced(tmp_path: Path) -> None:
    """Whichever of the two is killed, and however often: another one takes its place, and the next function runs."""
    stand = Stand(tmp_path / "data")
    try:
        for number in range(4):
            assert stand.run(GOOD, number) == number
            runner = stand.runner_pid()
            second = _parent(runner)
            first = _first_keeper(stand, second)
            assert all(_is_keeper(one, stand) for one in (first, second))
            sandboxed = _sandboxed(runner)
            os.kill((first, second)[number % 2], signal.SIGKILL)
            _wait_until_gone([runner, *sandboxed])
            assert stand.keeper.is_alive
        assert stand.run(GOOD, 5) == 5
        runner = stand.runner_pid()
    finally:
        stand.close()
    _wait_until_gone([runner, *_keepers(stand)])


def test_f01_a_keeper_is_replaced_before_any_function_was_run(tmp_path: Path) -> None:
    """The one that the server started is not alone for long."""
    stand = Stand(tmp_path / "data")
    try:
        _until(lambda: len(_keepers(stand)) == 2)
        (first,) = [one for one in _keepers(stand) if _parent(one) == os.getpid()]
        os.kill(first, signal.SIGKILL)
        os.waitpid(first, 0)
        _until(lambda: len(_keepers(stand)) == 2)
        assert stand.run(GOOD, 1) == 1
    finally:
        stand.close()
    assert _keepers(stand) == []


def test_f01_that_no_keeper_is_left_is_known(tmp_path: Path) -> None:
    """Both killed at once: functions are refused, and the server's side knows why."""
    stand = Stand(tmp_path / "data")
    try:
        assert stand.run(GOOD, 1) == 1
        assert stand.keeper.is_alive
        _kill_together(_keepers(stand))
        _until(lambda: not stand.keeper.is_alive)
        with pytest.raises(RunnerUnavailable):
            stand.invoke(stand.function(GOOD))
    finally:
        stand.close()


def test_f01_only_the_servers_user_may_ask(tmp_path: Path) -> None:
    """The socket is closed to others."""
    stand = Stand(tmp_path / "data")
    try:
        assert (stand.data_dir / "functions.sock").stat().st_mode & 0o777 == 0o600
    finally:
        stand.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a process a view of its own")
def test_f01_the_runner_does_not_see_the_store(tmp_path: Path) -> None:
    """In the runner's view the data directory is empty."""
    stand = Stand(tmp_path / "data")
    try:
        (stand.data_dir / "store").write_text("sealed")
        stand.run(GOOD, 1)
        assert os.listdir(f"/proc/{stand.runner_pid()}/root{stand.data_dir}") == []
        assert "store" in os.listdir(stand.data_dir)
    finally:
        stand.close()


def test_f01_nonsense_on_the_socket_harms_nobody(tmp_path: Path) -> None:
    """Frames that are too large, cut off or of another form end their own connection."""
    stand = Stand(tmp_path / "data")
    try:
        for sent in (struct.pack("!I", 0xFFFFFFFF), struct.pack("!I", 4) + b"abcd", b"\0", b""):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(stand.data_dir / "functions.sock"))
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                connection.settimeout(20)
                assert connection.recv(1) == b""
        assert stand.run(GOOD, 1) == 1
    finally:
        stand.close()


def test_f02_there_is_room_for_so_many_and_no_more(tmp_path: Path) -> None:
    """Who finds every sandbox in use is told so when waiting would be too long; an idle one makes room."""
    stand = Stand(tmp_path / "data", functions_sandboxes=1)
    try:
        assert stand.run(GOOD, 1) == 1
        assert stand.run(GOOD + "# another one", 2) == 2
        slow = stand.function("import time\ndef handler(e, c): time.sleep(10)")
        before = set(_sandboxed(stand.runner_pid()))
        under_way = threading.Thread(target=stand.invoke, args=(slow,))
        under_way.start()
        while not set(_sandboxed(stand.runner_pid())) - before:
            time.sleep(0.01)  # until its own sandbox has the only place
        with pytest.raises(TooManyInvocations) as refused:
            stand.invoke(stand.function(GOOD), deadline_ms=system_clock() + 500)
        assert refused.value.reason == OF_ACCOUNT
        under_way.join()
        assert stand.run(GOOD, 3) == 3
    finally:
        stand.close()


def test_idle_sandboxes_end(tmp_path: Path) -> None:
    """After its time of rest nothing of a sandbox is left."""
    stand = Stand(tmp_path / "data", functions_idle_s=0)
    try:
        assert stand.run(GOOD, 1) == 1
        limit = time.monotonic() + 10
        while _sandboxed(stand.runner_pid()) and time.monotonic() < limit:
            time.sleep(0.02)
        assert _sandboxed(stand.runner_pid()) == []
    finally:
        stand.close()


def test_f02_without_bubblewrap_functions_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without it says what is missing, each time."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    stand = Stand(tmp_path / "data")
    try:
        for _ in range(2):
            with pytest.raises(RunnerUnavailable, match="bubblewrap is missing"):
                stand.invoke(stand.function(GOOD))
    finally:
        stand.close()


def test_f02_where_no_sandbox_can_be_made_functions_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bubblewrap that fails, as without user namespaces, is quoted."""
    # Not in tmp_path: its parents are closed to the user that bubblewrap is called as.
    place = Path(tempfile.mkdtemp())
    place.chmod(0o755)
    bad = place / "bwrap"
    bad.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    bad.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:/usr/bin:/bin")
    stand = Stand(tmp_path / "data")
    try:
        with pytest.raises(RunnerUnavailable, match="No permissions to create new namespace"):
            stand.invoke(stand.function(GOOD))
    finally:
        stand.close()
        shutil.rmtree(place)


def test_f02_the_operator_may_do_without_sandboxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the setting functions run as plain processes: same answers, same errors, same end."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    stand = Stand(tmp_path / "data", functions_unsandboxed=True)
    try:
        source = (
            "import boto3, os\ndef handler(e, c):\n  print('said')\n"
            "  return [e, os.getcwd() == os.environ['LAMBDA_TASK_ROOT']]"
        )
        assert stand.run(source, 1) == [1, True]
        assert "said\n" in text_of(stand.invoke(stand.function(source), 2))
        outcome = stand.invoke(stand.function("import time\ndef handler(e, c): time.sleep(60)", timeout_s=1))
        assert error_of(outcome)["errorType"] == "Sandbox.Timedout"
        outcome = stand.invoke(stand.function("import os\ndef handler(e, c): os._exit(2)"))
        assert error_of(outcome)["errorMessage"].endswith("Runtime exited with error: exit status 2")
    finally:
        stand.close()
    left = [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(tmp_path).encode() in _read(path)]
    assert left == []  # a frozen one as well


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # it has ended meanwhile


def test_without_the_runtime_functions_are_refused(tmp_path: Path) -> None:
    """A server whose functions' runtime was not installed says where it looks for it."""
    stand = Stand(tmp_path / "data", functions_runtime=tmp_path / "nothing")
    try:
        with pytest.raises(RunnerUnavailable, match="make run installs it"):
            stand.invoke(stand.function(GOOD))
    finally:
        stand.close()


def test_f06_code_that_is_not_what_was_stored_is_not_run(tmp_path: Path) -> None:
    """The digest is compared before anything is written."""
    stand = Stand(tmp_path / "data")
    try:
        good = stand.function(GOOD)
        other = Code(good.code.digest, lambda: zipped({"app.py": "def handler(e, c): return 'other'"}))
        with pytest.raises(RunnerUnavailable, match="not what was stored"):
            stand.invoke(msgspec.structs.replace(good, code=other))
        assert stand.run(GOOD, 1) == 1
    finally:
        stand.close()


def _keepers(stand: Stand) -> list[int]:
    """Find the keepers; one that is about to execute another program is not among them for long."""
    return [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if b"functions/keeper.py" in _read(path) and str(stand.data_dir).encode() in _read(path)
    ]


def _is_keeper(pid: int, stand: Stand) -> bool:
    return pid in _keepers(stand)


def _first_keeper(stand: Stand, second: int) -> int:
    (first,) = [one for one in _keepers(stand) if one != second]
    return first


def _kill_together(pids: list[int]) -> None:
    """Stop them before they are killed, so that none acts on the end of another."""
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            os.kill(pid, number)


def _until(holds: Callable[[], bool]) -> None:
    limit = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < limit, "what the test waits for did not come"
        time.sleep(0.01)


def _children(pid: int) -> list[int]:
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in path.read_text().split()]
        except OSError:
            continue
    return found


def _sandboxed(runner: int) -> list[int]:
    return [
        inner
        for outer in _children(runner)
        for first in _children(outer)
        for inner in (first, *_children(first))
    ]


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _wait_until_gone(pids: list[int]) -> None:
    limit = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < limit:
        time.sleep(0.01)
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
