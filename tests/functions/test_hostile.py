"""Functions that attack: the machine, the server, the runner, each other. All of them run in real sandboxes."""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from strongroom.functions.output import MOST_BYTES
from tests.functions.stand import SECRET_KEY, Stand, elapsed, error_of, text_of

GOOD = "def handler(event, context): return event"


def processes_of(word: str) -> list[int]:
    """List the machine's processes that have this word in their command line."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if word.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


def test_f01_nothing_of_the_server_is_in_reach(stand: Stand) -> None:
    """A function sees no process but its own, no file of the server, no home, and no socket."""
    marked = stand.data_dir / "marked"
    marked.write_text("marked")
    source = """
import os, socket
def tried(work):
    try:
        return repr(work())
    except OSError as problem:
        return problem.errno
def handler(event, context):
    unix = socket.socket(socket.AF_UNIX)
    return {
        "marked": tried(lambda: open(event["marked"]).read()),
        "memory": tried(lambda: open(f"/proc/{event['runner']}/mem", "rb")),
        "environment": tried(lambda: open(f"/proc/{event['runner']}/environ", "rb")),
        "socket": tried(lambda: unix.connect(event["socket"])),
        "abstract": tried(lambda: unix.connect("\\0" + event["socket"])),
        "shadow": tried(lambda: open("/etc/shadow").read()),
        "hostname": socket.gethostname(),
        "processes": sorted(int(name) for name in os.listdir("/proc") if name.isdigit()),
        "roots": [name for name in event["roots"] if os.path.exists(name)],
        "init": tried(lambda: open("/proc/1/environ", "rb").read()),
        "init memory": tried(lambda: open("/proc/1/mem", "r+b")),
        "descriptors": [os.readlink(path)[:5] for n in range(64) if os.path.lexists(path := f"/proc/self/fd/{n}")],
        "user": os.getuid(),
        "share": tried(lambda: open("/proc/self/autogroup", "w")),
    }
"""
    event = {
        "marked": str(marked),
        "runner": stand.runner_pid() if _has_run(stand) else 0,
        "socket": str(stand.data_dir / "functions.sock"),
        "roots": ["/root", "/home", "/run", "/srv", "/mnt", "/sys", "/boot"],
    }
    seen = stand.run(source, event)
    assert seen["marked"] == errno.ENOENT
    assert seen["memory"] == seen["environment"] == errno.ENOENT
    assert seen["socket"] == seen["abstract"] == errno.ENOENT
    assert seen["shadow"] == errno.ENOENT
    assert seen["hostname"] == "function"
    assert seen["processes"] == [1, 2]
    # What a Python below /root needs is mounted there; nothing else is.
    assert set(seen["roots"]) <= {"/root"}
    assert seen["init"] == seen["init memory"] == errno.EACCES
    assert set(seen["descriptors"]) <= {"/dev/", "pipe:", "socke", "/proc"}
    assert seen["user"] == 993
    assert seen["share"] in (errno.EROFS, errno.ENOENT)  # a kernel without it has no such file


def _has_run(stand: Stand) -> bool:
    return bool(stand.run(GOOD, True))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a sandbox another user")
def test_f02_outside_a_function_is_nobody(stand: Stand) -> None:
    """The user id that the machine sees is that of no other sandbox, and never the server's."""
    assert _has_run(stand)
    users: set[str] = set()
    spec = stand.function("import time\ndef handler(e, c): time.sleep(1)")
    running = [threading.Thread(target=stand.invoke, args=(spec,)) for _ in range(2)]
    for thread in running:
        thread.start()
    while any(thread.is_alive() for thread in running):
        for pid in processes_of("python_start.py"):
            try:
                lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            except OSError:
                continue
            users.update(line for line in lines if line.startswith("Uid:") and pid in _below(stand))
        time.sleep(0.02)
    assert len(users) >= 2
    assert not [line for line in users if "\t0" in line]


def _below(stand: Stand) -> list[int]:
    found, waiting = [], [stand.runner_pid()]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        for path in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                waiting.extend(int(child) for child in path.read_text().split())
            except OSError:
                continue
    return found


CALLS = """
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def handler(event, context):
    found = {}
    for name, arguments in event.items():
        result = libc.syscall(*[ctypes.c_long(n) for n in arguments])
        found[name] = errno.errorcode[ctypes.get_errno()] if result < 0 else result
    return found
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are those of x86-64")
def test_f02_calls_that_open_the_kernel_do_not_exist(stand: Stand) -> None:
    """Tracing, namespaces, mounts, keys, programs in the kernel and memory that nobody counts are closed."""
    numbers = {
        "ptrace": (101, 0, 1),
        "process_vm_readv": (310, 1),
        "process_vm_writev": (311, 1),
        "mount": (165,),
        "umount2": (166,),
        "pivot_root": (155,),
        "chroot": (161,),
        "open_tree": (428,),
        "move_mount": (429,),
        "fsopen": (430,),
        "mount_setattr": (442,),
        "bpf": (321,),
        "keyctl": (250,),
        "add_key": (248,),
        "userfaultfd": (323,),
        "io_uring_setup": (425, 1, 0),
        "perf_event_open": (298,),
        "unshare": (272, 0x10000000),
        "setns": (308,),
        "clone3": (435,),
        "clone of a user namespace": (56, 0x10000000 | 17, 0, 0, 0, 0),
        "clone of a network namespace": (56, 0x40000000 | 17, 0, 0, 0, 0),
        "memfd_create": (319, 0, 0),
        "shmget": (29, 0, 4096, 0o1600),
        "mq_open": (240,),
        "seccomp": (317, 0, 0, 0),
        "pidfd_getfd": (438, 0, 0, 0),
        "personality": (135, 0x0040000),
        "setsid": (112,),
        "setpgid": (109, 0, 0),
        "kexec_load": (246,),
        "name_to_handle_at": (303,),
        "open_by_handle_at": (304,),
    }
    found = stand.run(CALLS, numbers)
    assert {name for name, result in found.items() if result != "ENOSYS"} == set()


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are those of x86-64")
def test_f02_numbers_of_another_architecture_end_the_process(stand: Stand) -> None:
    """A call with x32's bit is not the call that the filter knows under its number."""
    source = CALLS.replace("found[name] =", "found[name] = result; found[name] =")
    outcome = stand.invoke(stand.function(source), {"getpid of x32": (0x40000000 | 39,)})
    assert error_of(outcome)["errorMessage"].endswith("Runtime exited with error: signal: bad system call")


SOCKETS = """
import errno, socket
def tried(work):
    try:
        return repr(work())
    except OSError as problem:
        return errno.errorcode[problem.errno]
def handler(event, context):
    return {name: tried(lambda: socket.socket(*arguments)) for name, arguments in event.items()}
"""


def test_f02_sockets_are_those_of_the_internet(stand: Stand) -> None:
    """Raw sockets, packets, the kernel's own channels and virtual machines' are closed."""
    wanted = {
        "raw": (2, 3, 1),
        "raw6": (10, 3, 58),
        "packet": (17, 3, 0),
        "netlink": (16, 3, 0),
        "vsock": (40, 1, 0),
    }
    assert set(stand.run(SOCKETS, {**wanted, "alg": (38, 5, 0), "bluetooth": (31, 1, 3)}).values()) == {
        "ENOSYS"
    }
    assert "socket.socket" in stand.run(SOCKETS, {"tcp": (2, 1, 0)})["tcp"]


def test_f02_only_tmp_can_be_written_to_and_it_has_a_size(stand: Stand) -> None:
    """Code, runtime and system are read-only; /tmp and /dev/shm are full at their size."""
    source = """
import errno, os
def filled(path, most):
    written = 0
    try:
        for number in range(most >> 22):
            with open(f"{path}{number}", "wb", buffering=0) as file:
                for _ in range(4):
                    written += file.write(b"x" * 1048576)
    except OSError as problem:
        return [errno.errorcode[problem.errno], written >> 20]
    return ["", written >> 20]
def handler(event, context):
    return {path: filled(path, 256 << 20) for path in event}
"""
    closed = [
        "/var/task/x",
        "/var/runtime/x",
        "/usr/lib/x",
        "/etc/x",
        "/x",
        "/dev/x",
        "/proc/self/autogroup",
        "/opt",
    ]
    seen = stand.run(source, [*closed, "/tmp/x", "/dev/shm/x"], ephemeral_mb=32)
    assert {seen[path][0] for path in closed} <= {"EROFS", "EACCES", "ENOENT"}
    assert seen["/tmp/x"][0] == "ENOSPC"
    assert seen["/tmp/x"][1] <= 32
    assert seen["/dev/shm/x"][0] == "ENOSPC"
    assert seen["/dev/shm/x"][1] <= 1


MEMORY = {
    "its own": "held = []\n    while True: held.append(bytearray(b'x' * 8388608))",
    "shared": """import mmap
    held = []
    while True:
        one = mmap.mmap(-1, 8388608)
        one.write(b'x' * 8388608)
        held.append(one)""",
    "children's": """import os, time
    for _ in range(40):
        if os.fork() == 0:
            held = bytearray(b'x' * 67108864)
            time.sleep(60)
    time.sleep(60)""",
    "shared until it is written to": """import os, time
    held = bytearray(b'x' * 67108864)
    for _ in range(8):
        if os.fork() == 0:
            time.sleep(1)  # it was found to be shared by then
            for at in range(0, len(held), 4096): held[at] = 0
            time.sleep(60)
    time.sleep(60)""",
}


@pytest.mark.parametrize("kind", MEMORY)
def test_f02_memory_is_bounded(stand: Stand, kind: str) -> None:
    """Whoever takes more than the function's memory is refused it or ended, well before its time is over."""
    began = time.monotonic()
    spec = stand.function(f"def handler(e, c):\n    {MEMORY[kind]}", memory_mb=128, timeout_s=30)
    error = error_of(outcome := stand.invoke(spec))
    assert error["errorType"] in ("MemoryError", "Runtime.ExitError"), error
    if kind != "its own":
        assert error["errorMessage"].endswith("Runtime exited with error: signal: killed")
    assert elapsed(began) < 28
    assert outcome.max_memory_mb > 64


def test_f02_a_fork_bomb_ends_with_its_time(stand: Stand) -> None:
    """Processes are counted; when time is over all of them are gone, those that ignore signals and fork away too."""
    source = """
import os, signal, time
def handler(event, context):
    for number in range(1, 32):
        try: signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError): pass
    made = 0
    end = time.monotonic() + 1
    while time.monotonic() < end:
        try:
            if os.fork() == 0:
                while True:
                    try: os.fork()
                    except OSError: pass
            made += 1
        except OSError as problem:
            refused = problem.errno
    while True: time.sleep(1)
"""
    spec = stand.function(source, timeout_s=3, handler="app.handler")
    before = set(_below(stand)) if _has_run(stand) else set()
    outcome = stand.invoke(spec)
    assert error_of(outcome)["errorType"] == "Sandbox.Timedout"
    # The answer came when every process of the sandbox was gone.
    assert not (set(_below(stand)) - before) & set(processes_of("python_start.py"))
    assert stand.run(GOOD, "still works") == "still works"


def test_f02_the_number_of_processes_is_bounded(stand: Stand) -> None:
    """A function that only forks gets so many processes and no more."""
    source = """
import os, time
def handler(event, context):
    made = 0
    while True:
        try:
            if os.fork() == 0:
                time.sleep(30)
        except OSError as problem:
            return [made, problem.errno]
        made += 1
"""
    made, problem = stand.run(source, memory_mb=3008)
    assert 100 < made <= 256
    assert problem == errno.EAGAIN


def test_f02_descriptors_are_bounded(stand: Stand) -> None:
    """A function that opens everything runs out of its own descriptors; the next one works."""
    source = """
import os
def handler(event, context):
    held = []
    try:
        while True: held.append(os.pipe())
    except OSError as problem:
        return [len(held), problem.errno]
"""
    opened, problem = stand.run(source)
    assert problem == errno.EMFILE
    assert opened < 600
    assert stand.run(GOOD, 1) == 1


def test_f02_processes_that_are_left_stand_still(stand: Stand) -> None:
    """What a handler started and left runs no more when the answer is given: not even what has no parent."""
    source = """
import os, time
def handler(event, context):
    if event == "look":
        return os.path.getsize("/tmp/ticks")
    if os.fork() == 0:
        if os.fork() == 0:
            while True:
                with open("/tmp/ticks", "a") as file: file.write("x")
                time.sleep(0.001)
        os._exit(0)
    time.sleep(0.2)
    return os.path.getsize("/tmp/ticks")
"""
    spec = stand.function(source)
    before = msgspec.json.decode(stand.invoke(spec).payload.reveal())
    left = [pid for pid in _below(stand) if pid in processes_of("python_start.py")]
    assert left
    assert {_state(pid) for pid in left} == {"T"}
    time.sleep(0.5)  # real time for a process that would run
    after = msgspec.json.decode(stand.invoke(spec, "look").payload.reveal())
    assert before > 10
    assert after - before < 100


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_f04_endless_output_is_cut(stand: Stand) -> None:
    """The log of an invocation has a size, says that something is missing, and shows no half of a value."""
    source = """
import os
def handler(event, context):
    line = (os.environ["AWS_SECRET_ACCESS_KEY"] + " ") * 100
    while True: print(line)
"""
    outcome = stand.invoke(stand.function(source, timeout_s=2))
    text = text_of(outcome)
    assert error_of(outcome)["errorType"] == "Sandbox.Timedout"
    assert len(text) < MOST_BYTES + 16_384
    assert "[output beyond the limit was thrown away]\n" in text
    for length in range(6, len(SECRET_KEY)):
        assert SECRET_KEY[:length] not in text


def test_f02_a_start_that_never_ends_is_ended(stand: Stand) -> None:
    """After ten seconds the start is tried once more, within the function's time, and that is all."""
    began = time.monotonic()
    outcome = stand.invoke(stand.function("while True: pass", timeout_s=1))
    assert error_of(outcome)["errorType"] == "Sandbox.Timedout"
    assert 11 <= elapsed(began) < 25


API = """
import http.client, json, os, socket
def ask(method, path, body=None, headers={}):
    connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"], timeout=5)
    connection.request(method, "/2018-06-01/runtime/" + path, body, headers)
    reply = connection.getresponse()
    return [reply.status, reply.read().decode()]
"""


def test_f03_an_answer_to_another_request_is_refused(stand: Stand) -> None:
    """Only the request that is under way can be answered, once; a later answer of the handler counts for nothing."""
    source = (
        API
        + """
def handler(event, context):
    own = context.aws_request_id
    return_value = {
        "other": ask("POST", "invocation/8b1cbb33-0000-0000-0000-000000000000/response", "1")[0],
        "init": ask("POST", "init/error", "{}")[0],
        "unknown": ask("GET", "elsewhere")[0],
    }
    ask("POST", f"invocation/{own}/response", json.dumps(return_value))
    print("again", ask("POST", f"invocation/{own}/response", '"again"')[0])
    return "and again"
"""
    )
    spec = stand.function(source)
    for _ in range(2):
        outcome = stand.invoke(spec)
        assert msgspec.json.decode(outcome.payload.reveal()) == {"other": 400, "init": 400, "unknown": 404}


def test_f03_the_runtime_api_bounds_what_it_reads(stand: Stand) -> None:
    """Endless heads and bodies, and more connections than a runtime needs, end where they begin."""
    source = (
        API
        + """
def handler(event, context):
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
    head = socket.create_connection((host, int(port)), timeout=5)
    sent = 0
    try:
        head.sendall(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\n")
        while sent < 64 << 20:
            sent += head.send(b"x: " + b"y" * 60000 + b"\\r\\n")
    except OSError:
        pass
    held = []
    for _ in range(30):
        held.append(socket.create_connection((host, int(port)), timeout=5))
    ended = 0
    for one in held:
        one.settimeout(0.2)
        try: ended += one.recv(1) == b""
        except OSError: pass
    return [sent >> 20, ended]
"""
    )
    sent, ended = stand.run(source)
    assert sent < 16
    assert ended >= 22


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="the scheduler does not share so here")
def test_f02_functions_give_way(stand: Stand) -> None:
    """A function has a lower share of the processor than the server, and much less when it burns it."""
    source = """
import os, time
def handler(event, context):
    begun, end = time.process_time(), time.monotonic() + 20
    while event and time.process_time() < begun + 0.6: pass
    seen = []
    while not seen or (event and seen[-1] == "5" and time.monotonic() < end):
        seen.append(open("/proc/self/autogroup").read().split()[-1])
    return [os.getpriority(os.PRIO_PROCESS, 0), seen[-1]]
"""
    spec = stand.function(source, timeout_s=60)

    def run(burns: bool) -> Any:
        return msgspec.json.decode(stand.invoke(spec, burns).payload.reveal())

    assert run(False) == [5, "5"]
    assert run(True)[1] == "19"
    assert run(False)[1] == "5"


def test_f02_every_thread_of_a_function_gives_way(stand: Stand) -> None:
    """Threads have a niceness each, and children of threads are found too: who burns hides behind neither."""
    source = """
import os, threading, time
def handler(event, context):
    reading, writing = os.pipe()
    until = time.monotonic() + 20
    def work():
        child = os.fork()
        if child == 0:
            while os.getpriority(os.PRIO_PROCESS, 0) != 19 and time.monotonic() < until: pass
            os.write(writing, bytes([os.getpriority(os.PRIO_PROCESS, 0)]))
            os._exit(0)
        while os.getpriority(os.PRIO_PROCESS, 0) != 19 and time.monotonic() < until: time.sleep(0.01)
        seen.append(os.getpriority(os.PRIO_PROCESS, 0))
        os.waitpid(child, 0)
    seen = []
    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    return [*seen, os.read(reading, 1)[0]]
"""
    assert stand.run(source, timeout_s=60) == [19, 19]


def test_f02_others_go_on_meanwhile(stand: Stand) -> None:
    """While a function burns all it can, a warm function of somebody else still answers soon."""
    burning = stand.function(
        "import os\ndef handler(e, c):\n  for _ in range(5): os.fork()\n  while True: pass", timeout_s=4
    )
    good = stand.function(GOOD, revision_id="of somebody else", account="210987654321")
    stand.invoke(good)
    attack = threading.Thread(target=stand.invoke, args=(burning,))
    attack.start()
    times = []
    while attack.is_alive():
        began = time.monotonic()
        stand.invoke(good)
        times.append(elapsed(began))
    assert len(times) > 5
    assert sorted(times)[len(times) // 2] < 1.0
