"""The page on SSH keys, as a reader would follow it, with a server of its own and nothing fetched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.polling import until
from tests.support.installed import pip_that_fetches_nothing
from tests.support.openssh import OpenSSH, OpenSSHMissing, make_key
from tests.support.shell import ROOT, attempt, first_run, run, shell_blocks
from tests.support.started import started

PAGE = "docs/how-to/rotate-an-ssh-key.md"


@pytest.fixture
def openssh() -> Iterator[OpenSSH]:
    """An SSH server."""
    yield from started(OpenSSH, OpenSSHMissing)


def test_rotate_an_ssh_key(tmp_path: Path, openssh: OpenSSH) -> None:
    """The key is rotated, and the new one logs in, as the page says; only address and port are others."""
    page = "\n".join(shell_blocks(PAGE))
    for printed, here in (
        ('"host": "shop.example.com", "port": 22', f'"host": "127.0.0.1", "port": {openssh.port}'),
        ("-p 22 deploy@shop.example.com", f"-p {openssh.port} deploy@127.0.0.1"),
    ):
        assert page.count(printed) == 1
        page = page.replace(printed, here)
    before, log_in = page.split("aws secretsmanager get-secret-value")
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    directory = tmp_path / "examples/ssh-keys"
    first = make_key(directory / "deploy_key")
    openssh.authorized_keys.write_text(first.with_suffix(".pub").read_text())
    (directory / "ssh_host_ed25519_key.pub").write_text(openssh.host_key)
    path = {"PATH": pip_that_fetches_nothing(tmp_path)}
    with first_run(tmp_path) as server:
        said = run(before, tmp_path, path)
        assert '"Principal":{"Service":"secretsmanager.amazonaws.com"}' in said
        assert said.splitlines()[-1] == "ssh/shop"
        client = server.client("secretsmanager")

        def value() -> dict[str, str]:
            return dict(json.loads(client.get_secret_value(SecretId="ssh/shop")["SecretString"]))

        until(lambda: "public_key" in value(), give_up_s=180.0)
        prepare = (
            'eval "$(strongroom env)"\ncd examples/ssh-keys\numask 077\naws secretsmanager get-secret-value'
        )
        done = attempt(prepare + log_in, tmp_path, path)
        assert done.returncode == 0, done.stderr
        lines = openssh.authorized_keys.read_text().splitlines()
        assert lines == [first.with_suffix(".pub").read_text().strip(), value()["public_key"]]
        assert not {"secret.json", "value.json", "key"} & {file.name for file in directory.iterdir()}
