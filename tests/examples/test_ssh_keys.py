"""The example of a function that rotates an SSH key: deployed, and a real server that is logged in to all the time.

Tried by hand: with ``known_hosts=None`` in the function, with a new line without the old one's options, and with a
``retire`` that removes the current key too, one of these fails.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.examples.deploying import deploy, rotate
from tests.faults.polling import until
from tests.rotation.application import Reader
from tests.support.accounts import Account
from tests.support.openssh import USER, OpenSSH, OpenSSHMissing, make_key
from tests.support.server import Server
from tests.support.started import started

OPTIONS = 'no-pty,environment="GREETING=ssh-ed25519 or not" '


@pytest.fixture
def openssh() -> Iterator[OpenSSH]:
    """An SSH server."""
    yield from started(OpenSSH, OpenSSHMissing)


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


def key_file(directory: Path, value: dict[str, Any]) -> Path:
    """Write the private key into a file, and the same one into the same file."""
    place = directory / hashlib.sha256(value["private_key"].encode()).hexdigest()
    if not place.exists():
        place.touch(0o600)
        place.write_text(value["private_key"])
    return place


class Application(Reader):
    """Logs in again and again with the key that it keeps, and tries nothing twice.

    Attributes:
        said: What was said when it was not let in.
    """

    def __init__(self, openssh: OpenSSH, client: Any, directory: Path) -> None:
        self._openssh = openssh
        self._directory = directory
        self.said: list[str] = []
        super().__init__(client, "ssh/shop", pauses_s=())

    def is_accepted(self) -> bool:
        """Log in."""
        done = self._openssh.logs_in(key_file(self._directory, self.kept))
        if done.returncode != 0:
            self.said.append(done.stderr)
        return done.returncode == 0


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
        application.wait_for_more(application.uses + 1)  # the key that it keeps is one rotation old now
        application.kept = application.read()
    application.wait_for_more(application.uses + 1)
    application.end()
    with capsys.disabled():
        print(f"\nSSH keys by a function: {application.uses} log-ins, {application.failures} refused")
    assert application.said == []
    publics = [value["public_key"] for value in values]
    assert len(set(publics)) == 3
    assert all(public.startswith("ssh-ed25519 ") and public.endswith(f" {arn}") for public in publics)
    assert all(value["team"] == "shop" for value in values)
    lines = openssh.authorized_keys.read_text().splitlines()
    assert lines == [of_others[0], OPTIONS + publics[1], OPTIONS + publics[2], of_others[1]]
    assert openssh.authorized_keys.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in openssh.authorized_keys.parent.iterdir()] == ["authorized_keys"]
    second = key_file(tmp_path, values[0])
    for key, accepted in ((other, True), (first, False), (left, False), (second, False)):
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
