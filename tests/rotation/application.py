"""An application that connects all the time while its credential is rotated, through the real server.

It does what the documentation tells applications to do: it keeps the value that it read, and when a log-in is
refused it reads again and tries again, after 0.1, 0.2 and 0.4 seconds.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from tests.faults.polling import until
from tests.rotation.databases import Database, document
from tests.support.accounts import Account
from tests.support.server import Server

PAUSES_S = (0.1, 0.2, 0.4)


class Reader(threading.Thread):
    """Uses the value that it keeps, again and again.

    Args:
        client: Of Secrets Manager.
        secret: What it reads.
        pauses_s: Before each further try; empty for an application that does not try again.

    Attributes:
        kept: The value.
        accepted: The value that was accepted last; empty before the first.
        uses: How often it was accepted.
        refusals: How often it was refused before one of the tries succeeded.
        failures: How often all of them were refused.
        longest_s: The longest time from a refusal to the next success.
    """

    def __init__(self, client: Any, secret: str, *, pauses_s: Sequence[float]) -> None:
        super().__init__(daemon=True)
        self._client = client
        self._secret = secret
        self._pauses_s = (0.0, *pauses_s) if pauses_s else ()
        self._ending = threading.Event()
        self.uses = self.refusals = self.failures = 0
        self.longest_s = 0.0
        self.accepted: dict[str, Any] = {}
        self.kept = self.read()

    def read(self) -> dict[str, Any]:
        """Read the secret."""
        return dict(json.loads(self._client.get_secret_value(SecretId=self._secret)["SecretString"]))

    def is_accepted(self) -> bool:
        """Use the value that it keeps."""
        raise NotImplementedError

    def run(self) -> None:
        """Use it until it is told to end."""
        while not self._ending.is_set():
            if self._uses():
                self.uses += 1
                continue
            self.refusals += 1
            began = time.monotonic()
            if not self._tries_again():
                self.failures += 1
            self.longest_s = max(self.longest_s, time.monotonic() - began)

    def wait_for_more(self, uses: int, give_up_s: float = 60.0) -> None:
        """Return when it was accepted more often than that."""
        until(lambda: self.uses > uses, give_up_s=give_up_s)

    def wait_for_value(self, value: dict[str, Any]) -> None:
        """Return when it was accepted with this value: no try of it belongs to two rotations."""
        until(lambda: self.accepted == value, give_up_s=60.0)

    def end(self) -> None:
        """End it."""
        self._ending.set()
        self.join(60)

    def _tries_again(self) -> bool:
        for pause_s in self._pauses_s:
            time.sleep(pause_s)
            self.kept = self.read()
            if self._uses():
                return True
        return False

    def _uses(self) -> bool:
        used = self.kept
        if not self.is_accepted():
            return False
        self.accepted = used
        return True


class Application(Reader):
    """Connects to a database."""

    def __init__(self, database: Database, client: Any, secret: str, *, retries: bool) -> None:
        self._database = database
        super().__init__(client, secret, pauses_s=PAUSES_S if retries else ())

    def is_accepted(self) -> bool:
        """Log in."""
        return self._database.logs_in(self.kept["username"], self.kept["password"])


def rotate(client: Any, name: str, **more: Any) -> None:
    """Rotate once, and wait until it is done."""
    wait_for_current(client, name, client.rotate_secret(SecretId=name, **more)["VersionId"])


def wait_for_current(client: Any, name: str, token: str) -> None:
    """Return when the rotation to a version is done."""
    until(lambda: client.describe_secret(SecretId=name)["VersionIdsToStages"].get(token) == ["AWSCURRENT"])


def rotate_under_an_application(database: Database, server: Server, account: Account, times: int) -> str:
    """A single user, rotated so often: no failure, and no password in the log of the server; return what was seen."""
    database.make_user("busy")
    client = server.client("secretsmanager", account)
    client.create_secret(Name="busy", SecretString=json.dumps(document(database, "busy")))
    application = Application(database, server.client("secretsmanager", account), "busy", retries=True)
    application.start()
    passwords = []
    for _ in range(times):
        rotate(client, "busy")
        value = application.read()
        application.wait_for_value(value)
        passwords.append(value["password"])
    application.end()
    assert application.failures == 0
    assert application.uses > len(passwords)
    log = database.log_path.read_text()
    assert not any(password in log for password in passwords)
    return (
        f"{database.engine}, single user: {len(passwords)} rotations, {application.uses} connections, "
        f"{application.refusals} refused once, {application.failures} failed, "
        f"longest {application.longest_s * 1000:.0f} ms until the new value"
    )


def alternate_under_an_application(
    database: Database, server: Server, account: Account, boss: tuple[str, str], times: int
) -> str:
    """Two users that take turns: the kept value is at most one rotation old, and never refused, without a retry."""
    database.make_user("calm")
    client = server.client("secretsmanager", account)
    user, password = boss
    value = json.dumps(document(database, user, password=password))
    arn = client.create_secret(Name="boss", SecretString=value)["ARN"]
    client.create_secret(Name="calm", SecretString=json.dumps(document(database, "calm", masterarn=arn)))
    application = Application(database, server.client("secretsmanager", account), "calm", retries=False)
    application.start()
    for _ in range(times):
        before = application.uses
        rotate(client, "calm")
        application.wait_for_more(before + 2)  # the value that it keeps is one rotation old now
        application.kept = application.read()
    application.end()
    assert application.failures == 0
    return f"{database.engine}, alternating: {application.uses} connections, {application.failures} refused"


def kill_at_random_moments(database: Database, second_server: Callable[[], Server], times: int) -> str:
    """Whenever it is killed, the credential is usable, and the rotation is complete within ten seconds."""
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    server = second_server()
    longest_s = 0.0
    for number in range(times):
        # A user for each round: after an interrupted rotation the next one of the same secret waits a while.
        name = f"killed{number}"
        database.make_user(name)
        client = server.client("secretsmanager")
        client.create_secret(Name=name, SecretString=json.dumps(document(database, name)))
        token = client.rotate_secret(SecretId=name)["VersionId"]
        time.sleep(chance.uniform(0.0, 0.5))
        server.kill9()
        server.start()
        began = time.monotonic()
        wait_for_current(server.client("secretsmanager"), name, token)
        longest_s = max(longest_s, time.monotonic() - began)
        value = json.loads(server.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"])
        assert database.logs_in(name, value["password"]), f"seed {seed}"
        assert not database.logs_in(name, "first"), f"seed {seed}"
    assert longest_s < 10, f"seed {seed}"
    return f"{database.engine}, killed: complete again after {longest_s:.1f} s at most (seed {seed})"
