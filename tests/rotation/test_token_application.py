"""An application that calls an API all the time while its token is rotated, through the real server.

It does what the documentation tells applications to do: it keeps the token that it read, and when a call is refused
it reads again and tries again, after 0.1, 0.2, 0.4, 0.8 and 1.6 seconds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.faults.polling import until
from tests.rotation.application import Reader, rotate, wait_for_current
from tests.support.accounts import Account
from tests.support.scale import rounds
from tests.support.server import Server, run_program
from tests.support.token_provider import CALL, ISSUE, TokenProvider

PAUSES_S = (0.1, 0.2, 0.4, 0.8, 1.6)
FUNCTION = "arn:aws:lambda:us-east-1:{}:function:SecretsManagerHTTPBearerTokenRotation"


@pytest.fixture(params=["one", "several"])
def provider(request: pytest.FixtureRequest) -> Iterator[TokenProvider]:
    """A provider that holds one token, or several."""
    made = TokenProvider(request.param)
    yield made
    made.close()


class Caller(Reader):
    """Calls the API with the token that it keeps."""

    def __init__(self, provider: TokenProvider, client: Any, secret: str) -> None:
        self._provider = provider
        super().__init__(client, secret, pauses_s=PAUSES_S)

    def is_accepted(self) -> bool:
        """Call it."""
        connection = HTTPConnection("127.0.0.1", self._provider.port, timeout=10)
        try:
            connection.request("GET", CALL, headers={"Authorization": f"Bearer {self.kept['access_token']}"})
            status = connection.getresponse().status
        finally:
            connection.close()
        assert status in (200, 401)
        return status == 200


def store(client: Any, account: str, provider: TokenProvider, name: str) -> str:
    """Store the key pair and the token, as an operator does; return the ARN of the function."""
    key = client.create_secret(Name=f"{name}-key", SecretString=json.dumps(provider.key_secret()))["ARN"]
    token = {"token_type": "bearer", "access_token": provider.issue(), "masterarn": key}
    client.create_secret(Name=name, SecretString=json.dumps(token))
    return FUNCTION.format(account)


def longest_gap_ms(server: Server, arn: str) -> int:
    """Read from the history for how long no token worked, at most."""
    done = run_program("rotation", "history", arn, "--json", "--data-dir", server.data_dir)
    assert done.returncode == 0, done.stderr
    return max(int(entry.get("no_token_worked_for_ms", 0)) for entry in json.loads(done.stdout))


@pytest.mark.soak
def test_an_api_is_called_all_along(
    provider: TokenProvider, server: Server, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """No call fails after its tries; with room for two tokens none is refused but for the kept one."""
    client = server.client("secretsmanager", account)
    function = store(client, account.account_id, provider, "busy-token")
    caller = Caller(provider, server.client("secretsmanager", account), "busy-token")
    caller.start()
    tokens = [caller.kept["access_token"]]
    for _ in range(rounds(10, 200)):
        rotate(client, "busy-token", RotationLambdaARN=function)
        value = caller.read()
        caller.wait_for_value(value)
        tokens.append(value["access_token"])
    caller.end()
    longest_ms = longest_gap_ms(server, client.describe_secret(SecretId="busy-token")["ARN"])
    with capsys.disabled():
        print(
            f"\n{provider.kind} token(s): {len(tokens) - 1} rotations, {caller.uses} calls, "
            f"{caller.refusals} refused at first, {caller.failures} failed, "
            f"at most {longest_ms} ms without a token that works"
        )
    assert len(set(tokens)) == len(tokens)
    assert caller.failures == 0
    assert (longest_ms > 0) == (provider.kind == "one")
    assert caller.uses > len(tokens)
    assert provider.live == {tokens[-1]}
    records = str(server.records(account=account))
    assert not any(token in records for token in tokens)
    assert provider.secret not in records
    assert not any(token in server.log for token in tokens)
    assert provider.secret not in server.log


def test_a_killed_server_adopts_the_token(provider: TokenProvider, second_server: Any) -> None:
    """Killed while the answer with the new token is awaited: the next process obtains it, within ten seconds."""
    server: Server = second_server()
    client = server.client("secretsmanager")
    function = store(client, server.first.account_id, provider, "killed-token")
    first = set(provider.live)
    provider.fails_next[ISSUE].append("hang")
    token = client.rotate_secret(SecretId="killed-token", RotationLambdaARN=function)["VersionId"]
    until(lambda: provider.asked[ISSUE] == 1)
    server.kill9()
    provider.gone.set()
    server.start()
    began = time.monotonic()
    client = server.client("secretsmanager")
    wait_for_current(client, "killed-token", token)
    assert time.monotonic() - began < 10
    value = json.loads(client.get_secret_value(SecretId="killed-token")["SecretString"])
    assert value["access_token"] in provider.live
    assert not first & provider.live


def test_the_operator_s_commands(provider: TokenProvider, server: Server, account: Account) -> None:
    """A dry run shows what would be sent, masked, and and issues nothing; explain and history tell the rest."""
    client = server.client("secretsmanager", account)
    function = store(client, account.account_id, provider, "shown-token")
    client.rotate_secret(SecretId="shown-token", RotationLambdaARN=function, RotateImmediately=False)
    arn = client.describe_secret(SecretId="shown-token")["ARN"]

    def shown(command: str) -> str:
        done = run_program("rotation", command, arn, "--data-dir", server.data_dir)
        assert done.returncode == 0, done.stderr
        return done.stdout

    until(lambda: "test-succeeded" in shown("history"))
    assert provider.asked[ISSUE] == 0
    found = shown("dry-run")
    assert "grant_type=client_credentials" in found
    assert provider.asked[ISSUE] == 0
    rotate(client, "shown-token")
    said = shown("dry-run") + shown("history") + shown("explain")
    assert "last rotated" in said
    for hidden in (provider.secret, "token-1", "token-2"):
        assert hidden not in said


def test_p08_the_key_s_secret_must_be_readable_by_who_configures(
    provider: TokenProvider, server: Server, account: Account
) -> None:
    """Whoever may not read the key pair cannot let a rotation use it; nothing is kept."""
    client = server.client("secretsmanager", account)
    function = store(client, account.account_id, provider, "lent-token")
    iam = server.client("iam", account)
    iam.create_user(UserName="rotates-only")
    statement = [
        {
            "Effect": "Allow",
            "Action": [
                "secretsmanager:RotateSecret",
                "secretsmanager:GetSecretValue",
                "lambda:InvokeFunction",
            ],
            "Resource": [client.describe_secret(SecretId="lent-token")["ARN"], function],
        }
    ]
    iam.put_user_policy(
        UserName="rotates-only",
        PolicyName="p",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement}),
    )
    made = iam.create_access_key(UserName="rotates-only")["AccessKey"]
    other = Account(account.account_id, made["AccessKeyId"], made["SecretAccessKey"])
    with pytest.raises(Exception, match="AccessDenied"):
        server.client("secretsmanager", other).rotate_secret(
            SecretId="lent-token", RotationLambdaARN=function
        )
    assert "RotationEnabled" not in client.describe_secret(SecretId="lent-token")
