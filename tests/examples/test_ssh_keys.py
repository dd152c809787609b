"""The example of a function that rotates an SSH key: deployed, and a real server that is logged in to all the time.

Tried by hand: with ``known_hosts=None`` in the function, with a new line without the old one's options, and with a
``retire`` that removes the current key too, one of these fails.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.examples.deploying import deploy, rotate
from tests.faults.polling import until
from tests.support.accounts import Account
from tests.support.openssh import USER, OpenSSH, OpenSSHMissing, make_key
from tests.support.server import Server

OPTIONS = 'no-pty,environment="GREETING=ssh-ed25519 or not" '


@pytest.fixture
def openssh() -> Iterator[OpenSSH]:
    """An SSH server."""
    try:
        server = OpenSSH()
    except OpenSSHMissing as problem:
        pytest.skip(str(problem))
    try:
        yield server.start()
    finally:
        server.close()


def document(openssh: OpenSSH, key: Path, **members: Any) -> dict[str, Any]:
    """Write the JSON of a secret."""
    return {
        "host": "127.0.0.1",
        "port": openssh.port,
        "username": USER,
        "host_key": openssh.host_key,
        "private_key": key.read_text(),
        **members,
    }


class Application(threading.Thread):
    """Logs in again and again with the key that it keeps, and tries nothing twice.

    Attributes:
        logins: How often it was let in.
        failures: What was said when it was not.
    """

    def __init__(self, openssh: OpenSSH, client: Any, directory: Path) -> None:
        super().__init__(daemon=True)
        self._openssh, self._client, self._directory = openssh, client, directory
        self._ending = threading.Event()
        self._read = 0
        self.logins = 0
        self.failures: list[str] = []
        self.key = self.read()

    def read(self) -> Path:
        """Read the secret, and keep its key from then on."""
        value = json.loads(self._client.get_secret_value(SecretId="ssh/shop")["SecretString"])
        self._read += 1
        self.key = self._directory / f"key-{self._read}"
        self.key.touch(0o600)
        self.key.write_text(value["private_key"])
        return self.key

    def run(self) -> None:
        """Log in until it is told to end."""
        while not self._ending.is_set():
            done = self._openssh.logs_in(self.key)
            if done.returncode == 0:
                self.logins += 1
            else:
                self.failures.append(done.stderr)

    def log_in_again(self, times: int = 2) -> None:
        """Wait until it has been let in, or not, a few times more."""
        wanted = self.logins + len(self.failures) + times
        until(lambda: self.logins + len(self.failures) >= wanted, give_up_s=60.0)

    def end(self) -> None:
        """Tell it to end, and wait."""
        self._ending.set()
        self.join(60)


def test_an_application_is_never_refused(
    server: Server, account: Account, openssh: OpenSSH, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not once in three rotations, though it reads the secret only some time after each; older keys are refused."""
    first, other, left = (make_key(tmp_path / name) for name in ("first", "other", "left"))
    client = server.client("secretsmanager", account)
    arn = client.create_secret(
        Name="ssh/shop", SecretString=json.dumps(document(openssh, first, team="shop"))
    )["ARN"]
    of_others = ["# keys of the shop", other.with_suffix(".pub").read_text().strip()]
    of_first = OPTIONS + first.with_suffix(".pub").read_text().strip()
    left_behind = f"{' '.join(left.with_suffix('.pub').read_text().split()[:2])} {arn}"
    openssh.authorized_keys.write_text("\n".join([of_others[0], of_first, left_behind, of_others[1]]) + "\n")
    function = deploy(server, account, "ssh-keys", ["asyncssh"])
    application = Application(openssh, server.client("secretsmanager", account), tmp_path)
    application.start()
    values = []
    for _ in range(3):
        values.append(rotate(server, client, "ssh/shop", RotationLambdaARN=function))
        application.log_in_again()
        application.read()
    application.log_in_again()
    application.end()
    with capsys.disabled():
        print(f"\nSSH keys by a function: {application.logins} log-ins, {len(application.failures)} refused")
    assert application.failures == []
    publics = [value["public_key"] for value in values]
    assert len(set(publics)) == 3
    assert all(public.startswith("ssh-ed25519 ") and public.endswith(f" {arn}") for public in publics)
    assert all(value["team"] == "shop" for value in values)
    lines = openssh.authorized_keys.read_text().splitlines()
    assert lines == [of_others[0], OPTIONS + publics[1], OPTIONS + publics[2], of_others[1]]
    assert openssh.authorized_keys.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in openssh.authorized_keys.parent.iterdir()] == ["authorized_keys"]
    for key, accepted in ((other, True), (first, False), (left, False), (tmp_path / "key-2", False)):
        assert (openssh.logs_in(key).returncode == 0) is accepted, key
    records = str(server.records(account=account))
    assert "PRIVATE KEY" not in records
    assert not any(public.split()[1] in records for public in publics)


def test_a_server_without_the_pinned_host_key_learns_nothing(
    server: Server, account: Account, openssh: OpenSSH, tmp_path: Path
) -> None:
    """No key is offered to it, though it would accept the current one; the rotation fails, nothing is promoted."""
    first = make_key(tmp_path / "first")
    public = first.with_suffix(".pub").read_text()
    openssh.authorized_keys.write_text(public)
    pinned = make_key(tmp_path / "pinned").with_suffix(".pub").read_text()
    client = server.client("secretsmanager", account)
    client.create_secret(Name="ssh/shop", SecretString=json.dumps(document(openssh, first, host_key=pinned)))
    function = deploy(server, account, "ssh-keys", ["asyncssh"])
    client.rotate_secret(SecretId="ssh/shop", RotationLambdaARN=function)

    def is_refused() -> bool:
        return "RotationFailed" in [record["eventName"] for record in server.records(account=account)]

    until(is_refused, give_up_s=180.0)
    client.cancel_rotate_secret(SecretId="ssh/shop")
    said = openssh.log_path.read_text()
    assert "Connection from 127.0.0.1" in said
    assert "publickey" not in said
    assert openssh.authorized_keys.read_text() == public
    kept = json.loads(client.get_secret_value(SecretId="ssh/shop")["SecretString"])
    assert kept["private_key"] == first.read_text()
