"""``strongroom serve``: what it refuses, and how it ends, restarts and survives its processes."""

from __future__ import annotations

import http.client
import json
import os
import resource
import shutil
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest
from botocore.exceptions import BotoCoreError

from strongroom.cli.commands import run
from strongroom.control import ControlRefused, NotRunning, ask
from strongroom.seal.process import may_lock_all
from tests.cli.refusals import assert_refused
from tests.support.deployments import Deployment, make_certificate, make_deployment
from tests.support.server import Server, run_program

PATIENCE_S = 60.0


@pytest.fixture
def made(tmp_path: Path) -> Deployment:
    """A deployment as an operator makes it."""
    return make_deployment(tmp_path)


@pytest.fixture
def running(made: Deployment) -> Iterator[Server]:
    """It, served by two workers."""
    server = made.server("--workers", "2")
    try:
        yield server.start()
    finally:
        server.close()


def wait_until(is_so: Callable[[], bool]) -> None:
    """Look again and again, for a bounded time."""
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, "it did not become so in time"
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("--listen", "0.0.0.0:0"), ("Plain HTTP", "--tls-cert", "--behind-proxy")),
        (("--listen", "[::]:0"), ("Plain HTTP",)),
        (("--listen", "nonsense"), ("HOST:PORT",)),
        (("--listen", "127.0.0.1:99999"), ("HOST:PORT",)),
        (("--listen", "::1:80"), ("HOST:PORT",)),
        (("--tls-cert", "cert.pem"), ("both --tls-cert and --tls-key",)),
        (("--tls-cert", "no.pem", "--tls-key", "no.pem"), ("no.pem", "PEM")),
        (("--store", "postgresql://localhost/x"), ("not served yet",)),
        (("--workers", "65"), ("at most 64",)),
        (("--workers", "many"), ("--workers",)),
        (("--seal", "passphrase"), ("leave --seal out",)),
        (("--seal", "pkcs11:slot"), ("not served yet",)),
        (("--seal", "file:/nowhere/at/all/key"), ("/nowhere/at/all/key",)),
        (("--no-such-flag",), ("--no-such-flag",)),
        (("--config", "missing.toml"), ("missing.toml does not exist",)),
    ],
)
def test_an_unsafe_or_wrong_set_up_is_refused(
    made: Deployment, arguments: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    """Each refusal is one sentence that says what to do, and the store stays untouched."""
    before = (made.data_dir / "strongroom.db").read_bytes()
    assert_refused(run_program("serve", "--data-dir", made.data_dir, *arguments), *parts)
    assert (made.data_dir / "strongroom.db").read_bytes() == before


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"clock": "+1d"}, "Only strongroom dev moves the clock"),
        ({"audit_reads": "no"}, "Only strongroom dev may leave reads unrecorded"),
        ({"log_level": "loud"}, "log_level"),
        ({"behind_proxy": "perhaps"}, "yes or no"),
    ],
)
def test_a_setting_that_serve_does_not_take_is_refused(
    made: Deployment, settings: dict[str, object], part: str
) -> None:
    """A moved clock and unrecorded reads are for dev alone, wherever they are set."""
    assert_refused(run_program("serve", "--data-dir", made.data_dir, settings=settings), part)


def test_a_directory_without_a_deployment_is_refused(tmp_path: Path) -> None:
    """The sentence says how to make one; nothing is made."""
    assert_refused(run_program("serve", "--data-dir", tmp_path / "none"), "strongroom init")
    assert not (tmp_path / "none").exists()


def test_a_key_file_beside_the_store_is_refused(made: Deployment) -> None:
    """A dev store is, for this reason, not served; nor is one whose key file was moved into the directory."""
    inside = made.data_dir / "key"
    shutil.move(made.key_file, inside)
    done = run_program("serve", "--data-dir", made.data_dir, "--seal", f"file:{inside}")
    assert_refused(done, "beside the store", "--seal file:PATH")


def test_a_key_file_may_be_moved_to_another_safe_place(made: Deployment, tmp_path: Path) -> None:
    """--seal names the new place; the key of another deployment is not taken for it."""
    (tmp_path / "new").mkdir()
    moved = shutil.move(made.key_file, tmp_path / "new" / "key")
    server = made.server("--workers", "1", "--seal", f"file:{moved}").start()
    server.close()
    other = make_deployment(tmp_path / "other")
    done = run_program("serve", "--data-dir", made.data_dir, "--seal", f"file:{other.key_file}")
    assert_refused(done, "another deployment")


def test_a_directory_that_others_may_enter_is_refused(made: Deployment) -> None:
    """D-01: the sentence says which chmod closes it."""
    made.data_dir.chmod(0o750)
    done = run_program("serve", "--data-dir", made.data_dir, "--listen", "127.0.0.1:0")
    assert_refused(done, "chmod 700")


def test_an_old_sqlite_is_refused(
    made: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """SQLite before 3.51.3 can lose commits in WAL mode: there is no flag to allow it."""
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.2")
    assert run(["serve", "--data-dir", str(made.data_dir), "--listen", "127.0.0.1:0"]) == 2
    assert "SQLite 3.51.2" in capsys.readouterr().err


def test_a_store_in_use_is_refused(running: Server) -> None:
    """A second server on the same directory does not start, and does not disturb the first."""
    done = run_program("serve", "--data-dir", running.data_dir, "--listen", "127.0.0.1:0")
    assert_refused(done, "in use by another process", "--data-dir")
    assert running.get("/readyz").status == 200


def test_an_address_in_use_is_refused(running: Server, tmp_path: Path) -> None:
    """Also where the other server shares its port among its workers: it must not get half of the requests."""
    other = make_deployment(tmp_path / "other")
    taken = running.endpoint.partition("://")[2]
    done = run_program("serve", "--data-dir", other.data_dir, "--listen", taken)
    assert_refused(done, taken, "Address already in use", "--listen")


def test_a_server_with_tls_answers_encrypted_only(made: Deployment, tmp_path: Path) -> None:
    """A client that trusts the certificate is served; plain HTTP on the same port is not."""
    certificate, key = make_certificate(tmp_path)
    server = made.server("--workers", "1", "--tls-cert", certificate, "--tls-key", key).start()
    try:
        assert server.endpoint.startswith("https://127.0.0.1:")
        address = server.endpoint.partition("://")[2]
        trusting = ssl.create_default_context(cafile=str(certificate))
        connection = http.client.HTTPSConnection(address, context=trusting, timeout=10)
        connection.request("GET", "/readyz")
        assert connection.getresponse().status == 200
        connection.close()
        host, port = address.split(":")
        with socket.create_connection((host, int(port)), timeout=10) as plain:
            plain.sendall(b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n")
            assert not plain.recv(4096).startswith(b"HTTP/1.1")
    finally:
        server.close()


def test_a_proxy_may_be_said_to_end_tls(made: Deployment) -> None:
    """--behind-proxy accepts plain HTTP on every address."""
    server = made.server("--workers", "1", "--behind-proxy").start("0.0.0.0:0")
    try:
        assert server.endpoint.startswith("http://127.0.0.1:")
        assert server.get("/healthz").status == 200
    finally:
        server.close()


def test_a_restart_keeps_everything(running: Server) -> None:
    """What was stored before an orderly end is there after the next start, under the same ARN."""
    before = running.client("secretsmanager").create_secret(Name="kept", SecretString="value")
    assert running.stop() == 0
    running.start()
    after = running.client("secretsmanager").get_secret_value(SecretId="kept")
    assert (after["ARN"], after["SecretString"]) == (before["ARN"], "value")


def test_the_use_of_a_key_just_before_the_end_is_noted(made: Deployment) -> None:
    """It is committed behind the request, and before the end."""
    server = made.server("--workers", "1")
    try:
        server.start()
        client = server.client("sts")
        assert server.get("/metrics").status == 200  # all is loaded: the end comes at once
        client.get_caller_identity()
        client.close()  # the server waits a moment for clients that stay
        assert server.stop() == 0
        server.start()
        used = server.client("iam").get_access_key_last_used(AccessKeyId=server.first.access_key_id)
        assert used["AccessKeyLastUsed"]["ServiceName"] == "sts"
    finally:
        server.close()


def test_sigterm_finishes_what_was_accepted(running: Server) -> None:
    """While clients write, SIGTERM ends the server with 0 within 10 s: no accepted write fails or is lost."""
    acknowledged: list[str] = []
    problems: list[str] = []
    enough = threading.Event()

    def write(number: int) -> None:
        client = running.client("secretsmanager")
        for count in range(100_000):
            name = f"secret-{number}-{count}"
            try:
                client.create_secret(Name=name, SecretString="value")
            except BotoCoreError:  # the connection was refused or closed: the server did not accept it
                return
            except Exception as problem:
                problems.append(f"{type(problem).__name__}: {problem}")
                return
            acknowledged.append(name)
            if len(acknowledged) >= 40:
                enough.set()

    writers = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for writer in writers:
        writer.start()
    assert enough.wait(PATIENCE_S)
    assert running.process is not None
    running.process.send_signal(signal.SIGTERM)
    assert running.wait(10) == 0
    for writer in writers:
        writer.join(PATIENCE_S)
    assert problems == []
    running.start()
    client = running.client("secretsmanager")
    stored = {
        entry["Name"]
        for page in client.get_paginator("list_secrets").paginate()
        for entry in page["SecretList"]
    }
    assert set(acknowledged) <= stored
    created = running.records("CreateSecret")
    assert {record["requestParameters"]["name"] for record in created} >= set(acknowledged)


def test_processes_that_die_are_started_anew(running: Server) -> None:
    """Workers and background loops that are killed come back without the supervisor's end."""
    before = running.children()
    assert len(before) == 4  # two workers, the background loops, and the process that rotates
    for pid in before:
        os.kill(pid, signal.SIGKILL)

    def is_back() -> bool:
        try:
            ask(running.data_dir, "ping")
            return running.get("/readyz").status == 200 and len(running.children()) == 4
        except (NotRunning, ControlRefused, OSError, http.client.HTTPException):
            return False

    wait_until(is_back)
    assert set(running.children()).isdisjoint(before)
    assert running.client("sts").get_caller_identity()["Account"] == running.first.account_id


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take back the priority that was given away")
def test_background_loops_that_are_told_to_end_are_in_nobodys_shadow(running: Server) -> None:
    """They stand back behind requests; the end of the server does not wait for what keeps a processor busy."""

    def niceness_of(pid: int) -> set[int]:
        threads = os.listdir(f"/proc/{pid}/task")
        return {os.getpriority(os.PRIO_PROCESS, int(thread)) for thread in threads}

    [background] = [pid for pid in running.children() if 0 not in niceness_of(pid)]
    os.kill(background, signal.SIGSTOP)  # so that it can be looked at while it is told
    ending = threading.Thread(target=running.stop)
    ending.start()
    try:
        while ending.is_alive() and niceness_of(background) != {0}:
            time.sleep(0.01)
        assert ending.is_alive(), "it was ended as it was"
    finally:
        os.kill(background, signal.SIGCONT)
        ending.join()


def test_no_process_outlives_the_supervisor(running: Server) -> None:
    """When the supervisor alone is killed, its children end and give the directory up."""
    children = running.children()
    assert running.process is not None
    running.process.kill()
    running.wait(10)
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children))
    running.start()
    assert running.get("/readyz").status == 200


def test_sigint_ends_the_server_in_order(running: Server) -> None:
    """Ctrl-C is as good as SIGTERM."""
    assert running.process is not None
    running.process.send_signal(signal.SIGINT)
    assert running.wait(10) == 0


def test_a_child_that_cannot_start_ends_the_start(made: Deployment) -> None:
    """A journal that cannot be opened is not a server that waits for ever."""
    (made.data_dir / "audit").write_text("no directory")
    done = run_program("serve", "--data-dir", made.data_dir, "--listen", "127.0.0.1:0", "--workers", "2")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_d05_an_old_copy_of_the_store_is_refused_until_acknowledged(made: Deployment, tmp_path: Path) -> None:
    """A store that was put back is noticed; the operator says once that it was on purpose."""
    old = tmp_path / "old"
    shutil.copytree(made.data_dir, old, ignore=lambda _, names: [n for n in names if n.endswith(".sock")])
    server = made.server("--workers", "1").start()
    server.client("secretsmanager").create_secret(Name="new", SecretString="value")
    assert server.stop() == 0
    for path in made.data_dir.glob("strongroom.db*"):
        path.unlink()
    for path in old.glob("strongroom.db*"):
        shutil.copy(path, made.data_dir)
    done = run_program("serve", "--data-dir", made.data_dir, "--listen", "127.0.0.1:0")
    assert_refused(done, "an old copy was put back", "--acknowledge-rollback")
    again = made.server("--workers", "1", "--acknowledge-rollback").start()
    try:
        again.client("secretsmanager").create_secret(Name="new", SecretString="other")
    finally:
        again.close()
    assert "failed" not in again.log, again.log
    assert len(again.records("CreateSecret")) == 2
    verified = run_program("audit", "verify", "--data-dir", made.data_dir)
    assert verified.returncode == 0, verified.stdout


def test_k08_keys_of_a_running_server_reach_neither_core_files_nor_the_swap(running: Server) -> None:
    """Supervisor and children have a core limit of 0, and lock their memory where the machine permits it."""
    assert running.process is not None
    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    for pid in (running.process.pid, *running.children()):
        limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
        (core,) = [line.split()[4:6] for line in limits if line.startswith("Max core file size")]
        assert core == ["0", "0"]
        status = Path(f"/proc/{pid}/status").read_text()
        (locked,) = [line.split()[1] for line in status.splitlines() if line.startswith("VmLck:")]
        assert (locked != "0") is may_lock_all(status, limit)


def test_x03_no_secret_is_an_argument_or_a_variable(running: Server) -> None:
    """What /proc shows of the processes holds neither the root key nor an access key's secret."""
    assert running.process is not None
    for pid in (running.process.pid, *running.children()):
        shown = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
        assert running.first.secret_access_key.encode() not in shown


def test_serve_says_where_it_answers(running: Server) -> None:
    """The first line names the endpoint; readiness and health are JSON."""
    assert json.loads(running.get("/healthz").body) == {"status": "alive"}
    assert json.loads(running.get("/readyz").body) == {"status": "ready"}
    assert b"# TYPE strongroom_requests_total counter" in running.get("/metrics").body
