"""The example of a function that rotates a bearer token: deployed, and rotated while the API is called."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.examples.deploying import deploy, rotate
from tests.rotation.test_token_application import Caller
from tests.support.accounts import Account
from tests.support.server import Server
from tests.support.token_provider import TokenProvider


@pytest.fixture(params=["one", "several"])
def provider(request: pytest.FixtureRequest) -> Iterator[TokenProvider]:
    """A provider that holds one token, or several."""
    made = TokenProvider(request.param)
    yield made
    made.close()


def test_it_rotates_while_the_api_is_called(
    server: Server, account: Account, provider: TokenProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    """The new token is accepted; the trail shows neither tokens nor the key; the log of the function neither."""
    client = server.client("secretsmanager", account)
    key = client.create_secret(Name="news/key", SecretString=json.dumps(provider.key_secret()))["ARN"]
    value = {"token_type": "bearer", "access_token": provider.issue(), "masterarn": key}
    client.create_secret(Name="news/token", SecretString=json.dumps(value))
    function = deploy(server, account, "twitter-like-token")
    caller = Caller(provider, server.client("secretsmanager", account), "news/token")
    caller.start()
    first = rotate(server, client, "news/token", RotationLambdaARN=function)
    second = rotate(server, client, "news/token")
    caller.end()
    with capsys.disabled():
        print(
            f"\nby a function, {provider.kind} token(s): {caller.uses} calls, {caller.refusals} refused at first, "
            f"{caller.failures} failed"
        )
    tokens = {value["access_token"], first["access_token"], second["access_token"]}
    assert len(tokens) == 3
    assert second["access_token"] in provider.live
    assert caller.uses > 0
    if provider.kind == "one":
        assert provider.live == {second["access_token"]}
    records = str(server.records(account=account))
    assert not any(token in records for token in tokens)
    assert provider.secret not in records
