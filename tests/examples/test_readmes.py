"""What the READMEs of the examples print, run as it is printed, with nothing fetched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.polling import until
from tests.support.installed import pip_that_fetches_nothing
from tests.support.server import Server
from tests.support.shell import ROOT, first_run, run, shell_blocks

EXAMPLES = {
    "postgresql-single-user": "shop-rotation",
    "tls-certificates": "tls-rotation",
    "twitter-like-token": "news-rotation",
}
ENVIRONMENT = 'eval "$(strongroom env)"\ncd examples/{}\n'


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path, dict[str, str]]]:
    """A reader's server, directory and variables."""
    directory = tmp_path_factory.mktemp("readmes")
    shutil.copytree(ROOT / "examples", directory / "examples")
    with first_run(directory) as server:
        yield server, directory, {"PATH": pip_that_fetches_nothing(directory)}


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_deployed(reader: tuple[Server, Path, dict[str, str]], example: str) -> None:
    """The function is there with its archive, and Secrets Manager may invoke it; for TLS a certificate is issued."""
    server, directory, variables = reader
    blocks = shell_blocks(f"examples/{example}/README.md")
    # What comes after the first block needs a database, or an API.
    wanted = blocks if example == "tls-certificates" else blocks[:1]
    run(ENVIRONMENT.format(example) + "\n".join(wanted), directory, variables)
    policy = server.client("lambda").get_policy(FunctionName=EXAMPLES[example])["Policy"]
    assert '"Principal":{"Service":"secretsmanager.amazonaws.com"}' in policy
    answer = server.client("lambda").invoke(FunctionName=EXAMPLES[example], Payload=b"{}")
    error = json.loads(answer["Payload"].read())
    assert (error["errorType"], error["errorMessage"]) == ("KeyError", "'SecretId'"), "it was not even loaded"
    if example == "tls-certificates":
        client = server.client("secretsmanager")

        def value() -> dict[str, str]:
            return dict(json.loads(client.get_secret_value(SecretId="tls/shop")["SecretString"]))

        until(lambda: "certificate" in value(), give_up_s=180.0)
        assert not {"authority.key", "authority.json"} & {
            file.name for file in (directory / "examples/tls-certificates").iterdir()
        }
