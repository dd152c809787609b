"""``strongroom exec`` and ``strongroom credentials``: an application finds a role's credentials by itself."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.cli.refusals import assert_refused
from tests.gateway.answers import read_refusal
from tests.services.sts.roles import new_role, new_user, trusting
from tests.support.accounts import Key
from tests.support.server import PROGRAM, MovedServer, Server, clean_environment, run_program

READS = {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue", "sts:*"], "Resource": "*"}

APPLICATION = """
import sys, boto3
secrets = boto3.client("secretsmanager")
for line in sys.stdin:
    value = secrets.get_secret_value(SecretId="app/db")["SecretString"]
    used = secrets._request_signer._credentials.get_frozen_credentials()
    print(value, used.access_key, used.secret_key, used.token, flush=True)
"""


@pytest.fixture
def app(server: Server) -> str:
    """A role of the first account that reads secrets, and a secret; return the name of the role."""
    iam = server.client("iam")
    return _make(server, iam)


def _make(running: Server, iam: Any) -> str:
    arn = new_role(iam, READS, trust=trusting(running.first.account_id))
    secrets = running.client("secretsmanager")
    with suppress(secrets.exceptions.ResourceExistsException):
        secrets.create_secret(Name="app/db", SecretString="hello")
    return arn.rpartition("/")[2]


def begin(data_dir: Path, role: str, *command: str, **more: Any) -> subprocess.Popen[str]:
    """Start a command under ``strongroom exec``."""
    return subprocess.Popen(
        [PROGRAM, "exec", "--role", role, "--data-dir", data_dir, "--", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=more.pop("env", None) or clean_environment(),
        **more,
    )


def ask(running: subprocess.Popen[str]) -> list[str]:
    """Let the application read its secret once."""
    assert running.stdin is not None
    assert running.stdout is not None
    running.stdin.write("go\n")
    running.stdin.flush()
    line = running.stdout.readline().split()
    assert line, running.stderr.read() if running.stderr is not None else ""
    return line


@pytest.fixture
def late_server(tmp_path: Path) -> Iterator[MovedServer]:
    """A server whose clock is behind, so that what it issues for an hour is nearly over for its clients."""
    running = MovedServer(tmp_path / "late")
    try:
        running.start()
        running.advance(hours=-1, seconds=60)
        yield running
    finally:
        running.close()


def test_an_application_finds_its_credentials_and_works_past_their_end(late_server: MovedServer) -> None:
    """boto3 without any configuration; when the first credentials are over it has fetched others by itself."""
    role = _make(late_server, late_server.client("iam"))
    running = begin(late_server.data_dir, role, sys.executable, "-c", APPLICATION)
    try:
        first = ask(running)
        assert first[0] == "hello"
        key = Key(*first[1:])
        assert key.access_key_id.startswith("ASIA")
        late_server.advance(hours=1)
        from strongroom.services import sts

        old = late_server.raw("sts", "GetCallerIdentity", {}, key=key)
        assert read_refusal(sts.SERVICE, old).code == "ExpiredToken"
        later = ask(running)
        assert later[0] == "hello"
        assert later[1] != first[1]
    finally:
        out, err = running.communicate(timeout=30)
    assert running.returncode == 0, (out, err)
    assert err == ""


SHOW = """
import json, os, stat
file = os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]
print(json.dumps({
    "environment": dict(os.environ),
    "mode": stat.S_IMODE(os.stat(file).st_mode),
    "directory": stat.S_IMODE(os.stat(os.path.dirname(file)).st_mode),
    "token": open(file).read(),
}), flush=True)
input()
"""


def test_x03_the_command_has_no_key_and_the_place_is_closed_to_others(server: Server, app: str) -> None:
    """The environment names where to fetch; without the token there is nothing; at the end the place is gone."""
    mine = {
        **clean_environment(),
        "AWS_ACCESS_KEY_ID": server.first.access_key_id,
        "AWS_SECRET_ACCESS_KEY": server.first.secret_access_key,
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_PROFILE": "mine",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "old",
    }
    running = begin(Path("/nonexistent"), app, sys.executable, "-c", SHOW, env=mine)
    assert running.stdout is not None
    shown = json.loads(running.stdout.readline())
    environment = shown["environment"]
    assert server.first.secret_access_key not in json.dumps(environment)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN"):
        assert name not in environment
    assert environment["AWS_ENDPOINT_URL"] == server.endpoint
    assert (shown["mode"], shown["directory"]) == (0o600, 0o700)
    url = environment["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
    assert url.startswith("http://127.0.0.1:")
    good = {"Authorization": shown["token"]}
    found = json.loads(fetch(url, good)[1])
    assert found.keys() == {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", "AccountId", "RoleArn"}
    for headers, place, status in (
        ({}, url, 401),
        ({"Authorization": shown["token"] + "x"}, url, 401),
        ({**good, "Host": "rebound.example"}, url, 404),
        (good, url + "/other", 404),
    ):
        got, body = fetch(place, headers)
        assert got == status
        assert b"SecretAccessKey" not in body
    running.communicate("\n", timeout=30)
    assert not Path(environment["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]).exists()
    with pytest.raises(urllib.error.URLError):
        fetch(url, good)


def fetch(url: str, headers: dict[str, str]) -> tuple[int, bytes]:
    """Fetch as an SDK does."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, headers=headers), timeout=10) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as problem:
        return problem.code, problem.read()


@pytest.mark.parametrize(("command", "status"), [("exit 7", 7), ("kill -TERM $$", 143)])
def test_the_status_is_the_commands(server: Server, app: str, command: str, status: int) -> None:
    """Also when a signal ended it."""
    running = begin(server.data_dir, app, "sh", "-c", command)
    running.communicate(timeout=30)
    assert running.returncode == status


def test_a_command_that_is_not_there(server: Server, app: str) -> None:
    """127, as shells say."""
    running = begin(server.data_dir, app, "no-such-command-here")
    _, err = running.communicate(timeout=30)
    assert running.returncode == 127
    assert "no such command" in err


@contextlib.contextmanager
def heard(number: signal.Signals) -> Iterator[None]:
    """Start processes that do not ignore a signal: in the background of a shell this one ignores SIGINT.

    What is ignored stays so in every command, and no shell can trap it.
    """
    before = signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signals_are_passed_on(server: Server, app: str, number: signal.Signals) -> None:
    """The command hears them and decides."""
    script = f"trap 'echo heard; exit 3' {number.name.removeprefix('SIG')}; echo ready; while :; do sleep 0.05; done"
    with heard(number):
        running = begin(server.data_dir, app, "sh", "-c", script)
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    running.send_signal(number)
    out, _ = running.communicate(timeout=30)
    assert out == "heard\n"
    assert running.returncode == 3


def test_credentials_are_what_credential_process_wants(server: Server, app: str, tmp_path: Path) -> None:
    """The AWS CLI's own profile runs the command and uses what it prints."""
    done = run_program("credentials", "--role", app, "--data-dir", server.data_dir, "--duration", "15m")
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["Version"] == 1
    assert printed.keys() == {
        "Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId"
    }  # fmt: skip
    config = tmp_path / "config"
    config.write_text(
        "[profile app]\nregion = us-east-1\n"
        f"endpoint_url = {server.endpoint}\n"
        f"credential_process = {PROGRAM} credentials --role {app} --data-dir {server.data_dir}\n"
    )
    program = (
        "import boto3; print(boto3.client('secretsmanager').get_secret_value(SecretId='app/db')['Name'])"
    )
    environment = {**clean_environment(), "AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "app"}
    environment["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    found = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert found.stdout == "app/db\n", found.stderr


def test_the_record_says_who_asked_and_who_the_session_is(server: Server, app: str) -> None:
    """The name of the session can be chosen."""
    done = run_program(
        "credentials", "--role", app, "--data-dir", server.data_dir, "--session-name", "nightly-build"
    )
    key = json.loads(done.stdout)["AccessKeyId"]
    (record,) = [
        record
        for record in server.records("AssumeRole")
        if ((record["responseElements"] or {}).get("credentials") or {}).get("accessKeyId") == key
    ]
    assert record["requestParameters"]["roleSessionName"] == "nightly-build"
    assert record["userIdentity"]["userName"] == "admin"


def test_a_profile_can_ask(server: Server, app: str, tmp_path: Path) -> None:
    """Key, endpoint and Region out of the files of AWS; the variables of another profile do not disturb."""
    _, key = new_user(server.client("iam"), {**READS, "Action": "sts:*"})
    files = tmp_path / "credentials"
    files.write_text(
        f"[other]\naws_access_key_id = {key.access_key_id}\naws_secret_access_key = {key.secret_access_key}\n"
    )
    config = tmp_path / "config"
    config.write_text(f"[profile other]\nendpoint_url = {server.endpoint}\nregion = us-east-1\n")
    environment = {
        **clean_environment(),
        "AWS_SHARED_CREDENTIALS_FILE": str(files),
        "AWS_CONFIG_FILE": str(config),
        "AWS_ACCESS_KEY_ID": "AKIAOFANOTHER",
        "AWS_SECRET_ACCESS_KEY": "x",
    }
    done = subprocess.run(
        [PROGRAM, "credentials", "--role", app, "--profile", "other"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert json.loads(done.stdout)["AccessKeyId"].startswith("ASIA"), done.stderr


def test_what_cannot_be_asked_is_refused_with_a_sentence(server: Server, app: str, tmp_path: Path) -> None:
    """Nothing is ever sent to AWS itself, or in clear over a network."""
    empty = tmp_path / "empty"
    none = run_program("credentials", "--role", app, "--data-dir", empty, cwd=tmp_path, settings=None)
    assert_refused(none, "no key to sign with")
    given = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "x"}
    for endpoint, said in (
        (None, "AWS_ENDPOINT_URL"),
        ("http://192.0.2.1:1", "Plain HTTP"),
        ("ftp://x", "no endpoint"),
    ):
        environment = {**clean_environment(), **given}
        if endpoint is not None:
            environment["AWS_ENDPOINT_URL"] = endpoint
        done = subprocess.run(
            [PROGRAM, "credentials", "--role", app],
            env=environment, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path,
        )  # fmt: skip
        assert_refused(done, said)
    for arguments, said in (
        (("--role", "absent"), "not authorized to perform: sts:AssumeRole"),
        (("--role", "arn:aws:iam::1:user/x"), "not the ARN of a role"),
        (("--role", app, "--duration", "5m"), "--duration 5m"),
        (("--role", app, "--duration", "2h"), "MaxSessionDuration"),
        (("--role", app, "--session-name", "a b"), "--session-name"),
    ):
        done = run_program("credentials", *arguments, "--data-dir", server.data_dir)
        assert_refused(done, said)
    assert_refused(run_program("exec", "--role", app, "--data-dir", server.data_dir), "which command")


def test_a_session_may_ask_too(server: Server, app: str) -> None:
    """Temporary credentials in the environment are signed with, token and all; who is not trusted is refused."""
    outer = run_program("credentials", "--role", app, "--data-dir", server.data_dir)
    made = json.loads(outer.stdout)
    environment = {
        **clean_environment(),
        "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
        "AWS_SESSION_TOKEN": made["SessionToken"],
        "AWS_ENDPOINT_URL": server.endpoint,
    }
    for role, is_trusted in ((app, True), ("absent", False)):
        done = subprocess.run(
            [PROGRAM, "credentials", "--role", role],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if is_trusted:
            assert json.loads(done.stdout)["AccessKeyId"] != made["AccessKeyId"], done.stderr
        else:
            assert_refused(done, "not authorized to perform: sts:AssumeRole")
