"""``strongroom dev`` and ``strongroom env``: one command to a server, one to its clients."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.refusals import assert_refused
from tests.support.deployments import make_deployment
from tests.support.server import Server, clean_environment, run_program


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Server]:
    """A dev server on its first start."""
    running = Server(tmp_path / "data")
    try:
        yield running.start()
    finally:
        running.close()


def test_the_first_start_makes_a_store_and_says_that_it_is_not_for_real_secrets(fresh: Server) -> None:
    """The key file is in the directory, and the warning is loud; the administrator's key is not printed."""
    assert fresh.client("sts").get_caller_identity()["Account"] == fresh.first.account_id
    assert stat.S_IMODE((fresh.data_dir / "dev-root-key").stat().st_mode) == 0o600
    assert stat.S_IMODE((fresh.data_dir / "dev.json").stat().st_mode) == 0o600
    assert "NOT FOR REAL SECRETS" in fresh.log
    assert fresh.first.secret_access_key not in fresh.log


def test_a_later_start_keeps_key_and_secrets(fresh: Server) -> None:
    """The same directory is the same store, on whichever port."""
    fresh.client("secretsmanager").create_secret(Name="kept", SecretString="value")
    first = fresh.first
    assert fresh.stop() == 0
    fresh.start()
    kept = json.loads((fresh.data_dir / "dev.json").read_text())
    assert (kept["access_key_id"], kept["endpoint"]) == (first.access_key_id, fresh.endpoint)
    assert fresh.client("secretsmanager").get_secret_value(SecretId="kept")["SecretString"] == "value"


def test_an_interrupted_first_start_is_taken_up_again(tmp_path: Path) -> None:
    """A key file and an unfinished store without a name, as kill -9 leaves them, do not stop the next start."""
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o700)
    (data_dir / "dev-root-key").write_bytes(bytes(32))
    (data_dir / "strongroom.db.new").write_bytes(b"half a store")
    running = Server(data_dir)
    try:
        running.start()
        assert running.get("/readyz").status == 200
    finally:
        running.close()


def test_dev_refuses_a_deployment_that_init_made(tmp_path: Path) -> None:
    """A moved clock and background jobs on demand are not for a production store."""
    made = make_deployment(tmp_path)
    done = run_program("dev", "--data-dir", made.data_dir, "--listen", "127.0.0.1:0")
    assert_refused(done, "strongroom serve")


def test_serve_refuses_a_dev_store(fresh: Server) -> None:
    """Its root key lies beside it."""
    assert fresh.stop() == 0
    done = run_program("serve", "--data-dir", fresh.data_dir, "--listen", "127.0.0.1:0")
    assert_refused(done, "beside the store", "made by strongroom dev")


def test_dev_refuses_plain_http_off_loopback(tmp_path: Path) -> None:
    """The rule of serve holds for dev as well."""
    done = run_program("dev", "--data-dir", tmp_path / "data", "--listen", "0.0.0.0:0")
    assert_refused(done, "Plain HTTP")


@pytest.mark.parametrize("clock", ["yesterday", "+30", "file:/nowhere/clock", "+1d -1h"])
def test_dev_refuses_a_clock_that_it_does_not_understand(tmp_path: Path, clock: str) -> None:
    """Before anything is made."""
    done = run_program("dev", "--data-dir", tmp_path / "data", "--listen", "127.0.0.1:0", "--clock", clock)
    assert_refused(done, "lock")
    assert not (tmp_path / "data").exists()


def test_a_clock_may_start_at_an_instant(second_server: Callable[..., Server]) -> None:
    """What is made carries the time of the moved clock, while signatures are of today."""
    running = second_server("--clock", "2031-05-06T07:08:09Z")
    running.client("secretsmanager").create_secret(Name="first", SecretString="value")
    made = running.client("secretsmanager").describe_secret(SecretId="first")["CreatedDate"]
    assert made.isoformat()[:13] in ("2031-05-06T07", "2031-05-06T08")
    assert "it is now 2031-05-06T0" in running.log


def test_background_jobs_run_on_demand_in_dev_only(fresh: Server, tmp_path: Path) -> None:
    """A production server refuses."""
    fresh.run_background()
    production = make_deployment(tmp_path / "production").server("--workers", "1").start()
    try:
        with pytest.raises(Exception, match="Only a dev server"):
            production.run_background()
    finally:
        production.close()


def test_sigterm_ends_dev_in_order(fresh: Server) -> None:
    """With all in one process the exit status is 0 as well, and the socket is gone."""
    fresh.client("secretsmanager").create_secret(Name="first", SecretString="value")
    assert fresh.process is not None
    fresh.process.send_signal(signal.SIGTERM)
    assert fresh.wait(10) == 0
    assert not (fresh.data_dir / "control.sock").exists()
    verified = run_program("audit", "verify", "--data-dir", fresh.data_dir, "--json")
    assert verified.returncode == 0
    journals = {entry["journal"]: entry for entry in json.loads(verified.stdout)["journals"]}
    assert journals["changes"]["records"] == 1, "an orderly end leaves every record in the journal"


def test_env_makes_the_aws_cli_work(fresh: Server) -> None:
    """eval "$(strongroom env)" is all that the AWS CLI needs."""
    program = Path(sys.executable).with_name("strongroom")
    script = f'eval "$({program} env --data-dir "$1")" && aws sts get-caller-identity --output json'
    environment = clean_environment()
    environment.update(PATH=f"{sys.prefix}/bin:{os.environ['PATH']}", HOME=str(fresh.data_dir.parent))
    done = subprocess.run(
        ["bash", "-euc", script, "bash", fresh.data_dir],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Account"] == fresh.first.account_id


def test_env_prints_exports_and_nothing_else(fresh: Server) -> None:
    """So that eval cannot go wrong."""
    done = run_program("env", "--data-dir", fresh.data_dir)
    assert done.returncode == 0
    lines = dict(line.removeprefix("export ").split("=", 1) for line in done.stdout.splitlines())
    assert lines == {
        "AWS_ENDPOINT_URL": fresh.endpoint,
        "AWS_ACCESS_KEY_ID": fresh.first.access_key_id,
        "AWS_SECRET_ACCESS_KEY": fresh.first.secret_access_key,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def test_what_env_prints_is_quoted(tmp_path: Path) -> None:
    """Whatever the file holds, eval only sets variables."""
    trap = "$(touch trap) ' ; touch trap"
    names = ("endpoint", "account_id", "access_key_id", "secret_access_key", "region")
    (tmp_path / "dev.json").write_text(json.dumps(dict.fromkeys(names, trap)))
    printed = run_program("env", "--data-dir", tmp_path).stdout
    script = f'{printed}\nprintf %s "$AWS_ENDPOINT_URL"'
    done = subprocess.run(["sh", "-euc", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == trap
    assert not (tmp_path / "trap").exists()


def test_env_knows_dev_stores_only(tmp_path: Path) -> None:
    """The key of a production deployment is kept nowhere, so there is nothing to print."""
    assert_refused(run_program("env", "--data-dir", tmp_path), "strongroom dev")
    (tmp_path / "dev.json").write_text("{")
    assert_refused(run_program("env", "--data-dir", tmp_path), "damaged")
