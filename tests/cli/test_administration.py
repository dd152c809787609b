"""``strongroom account``, ``strongroom region`` and the local socket that they use."""

from __future__ import annotations

import json
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from strongroom.control import SOCKET_NAME
from tests.cli.refusals import assert_refused
from tests.support.accounts import Account
from tests.support.deployments import Deployment, make_deployment
from tests.support.server import Server, run_program


@pytest.fixture
def made(tmp_path: Path) -> Deployment:
    """A deployment that is not running."""
    return make_deployment(tmp_path)


def create(data_dir: Path, *arguments: str) -> Account:
    """Make an account on the command line."""
    done = run_program("account", "create", "--data-dir", data_dir, "--json", *arguments)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found) == {"account_id", "access_key_id", "secret_access_key"}
    return Account(found["account_id"], found["access_key_id"], found["secret_access_key"])


def test_an_account_made_while_the_server_runs_works_at_once(server: Server) -> None:
    """No restart: the new administrator is let in by the next request, and by every worker."""
    account = create(server.data_dir)
    assert server.client("sts", account).get_caller_identity()["Account"] == account.account_id
    listed = run_program("account", "list", "--data-dir", server.data_dir).stdout.split()
    assert account.account_id in listed
    assert listed == sorted(listed)


def test_an_account_made_while_no_server_runs_works_after_the_start(made: Deployment) -> None:
    """The command opens the store itself; the revision and its anchor go on together."""
    account = create(made.data_dir, "--account", "000011112222")
    running = made.server("--workers", "2").start()
    try:
        assert running.client("sts", account).get_caller_identity()["Account"] == "000011112222"
    finally:
        running.close()
    listed = json.loads(run_program("account", "list", "--data-dir", made.data_dir, "--json").stdout)
    assert listed == sorted([made.first.account_id, "000011112222"])
    shown = json.loads(
        run_program("account", "show", "000011112222", "--data-dir", made.data_dir, "--json").stdout
    )
    assert (shown["account_id"], shown["users"]) == ("000011112222", 1)


def test_an_account_that_exists_or_is_none_is_refused(server: Server, made: Deployment) -> None:
    """With the same sentences over the socket and without a server."""
    for data_dir, taken in (
        (server.data_dir, server.first.account_id),
        (made.data_dir, made.first.account_id),
    ):
        again = run_program("account", "create", "--account", taken, "--data-dir", data_dir)
        assert_refused(again, "exists already")
        malformed = run_program("account", "create", "--account", "12", "--data-dir", data_dir)
        assert_refused(malformed, "12 digits")
        unknown = run_program("account", "show", "999988887777", "--data-dir", data_dir)
        assert_refused(unknown, "no such account")


def test_a_region_opens_without_a_restart(second_server: Callable[..., Server]) -> None:
    """Requests for it are refused before and answered after, by every worker."""
    running = second_server("--workers", "2")
    client = running.client("secretsmanager", region="eu-north-1")
    with pytest.raises(ClientError):
        client.list_secrets()
    done = run_program("region", "add", "eu-north-1", "--data-dir", running.data_dir)
    assert done.stdout.split() == ["eu-north-1", "us-east-1"]
    for _ in range(8):
        fresh = running.client("secretsmanager", region="eu-north-1")
        assert fresh.list_secrets()["SecretList"] == []
    # With an endpoint of its own a client signs for IAM with its own Region; the record names IAM's.
    made = running.client("iam", region="eu-north-1").create_user(UserName="northern")
    (record,) = running.records(request_id=made["ResponseMetadata"]["RequestId"])
    assert record["awsRegion"] == "us-east-1"
    again = run_program("region", "add", "eu-north-1", "--data-dir", running.data_dir, "--json")
    assert json.loads(again.stdout) == ["eu-north-1", "us-east-1"]
    assert_refused(run_program("region", "add", "Mars", "--data-dir", running.data_dir), "eu-central-1")


def test_a_stale_socket_is_no_running_server(made: Deployment) -> None:
    """What kill -9 left behind is not asked for ever, and the next start replaces it."""
    running = made.server("--workers", "1").start()
    running.kill9()
    assert (made.data_dir / SOCKET_NAME).exists()
    listed = run_program("region", "list", "--data-dir", made.data_dir)
    assert listed.stdout.split() == ["us-east-1"]
    running.start()
    try:
        assert run_program("region", "list", "--data-dir", made.data_dir).stdout.split() == ["us-east-1"]
    finally:
        running.close()


def test_a_directory_may_lie_deeper_than_a_socket_address_is_long(tmp_path: Path) -> None:
    """The address of a local socket has at most 108 bytes."""
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    running = Server(deep / "data")
    try:
        running.start()
        assert running.new_account().account_id.isdigit()
        assert run_program("region", "list", "--data-dir", running.data_dir).stdout.split() == ["us-east-1"]
    finally:
        running.close()


def test_the_socket_is_closed_to_others(server: Server) -> None:
    """Mode 0600 in a directory of mode 0700."""
    assert stat.S_IMODE((server.data_dir / SOCKET_NAME).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("line", "part"),
    [
        (b"not json\n", "not a line of JSON"),
        (b"[1]\n", "not a line of JSON"),
        (b'{"command":"seal"}\n', "does not know"),
        (b"{}\n", "does not know"),
        (b'{"command":"region-add"}\n', "eu-central-1"),
        (b'{"command":"region-add","region":["a"]}\n', "eu-central-1"),
        (b'{"command":"account-create","account":{"a":1}}\n', "12 digits"),
        (b"x" * 70_000 + b"\n", "not a line of JSON"),
    ],
)
def test_what_is_no_command_is_answered_with_a_sentence(server: Server, line: bytes, part: str) -> None:
    """Nothing on the socket ends the server or its socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(10)
        connection.connect(str(server.data_dir / SOCKET_NAME))
        connection.sendall(line)
        answer = json.loads(connection.makefile("rb").readline())
    assert part in answer["error"]
    assert server.new_account().account_id.isdigit()
