"""Exactly one record for each authenticated request, whatever becomes of it; none for noise (L-01, L-02, L-05).

Tried by hand: with ``_finish_read`` not recording faults, with ``PendingChange.records`` giving none after a
failure, and with a second append, the first test fails; with rejects that are appended to the journal the second.
"""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.client import Answer, KeptConnection, sign
from tests.faults.intact import check_audit
from tests.support.accounts import Key
from tests.support.scale import rounds
from tests.support.server import Server

HOST = "127.0.0.1"
Request = tuple[str, str, dict[str, Any] | bytes]
"""Service, operation, members."""


@dataclass(frozen=True)
class Sent:
    """A request that was answered."""

    request: Request
    answer: Answer


def draw_request(chance: random.Random) -> Request:
    """Draw a request that is let in: good, wrong or malformed."""
    name, token = f"s{chance.randrange(12)}", f"{chance.randrange(1 << 64):032d}"
    sm: list[tuple[str, dict[str, Any] | bytes]] = [
        ("CreateSecret", {"Name": name, "ClientRequestToken": token, "SecretString": "x"}),
        ("CreateSecret", {"Name": "a b", "ClientRequestToken": token}),
        ("PutSecretValue", {"SecretId": name, "ClientRequestToken": token, "SecretString": "y"}),
        ("PutSecretValue", {"SecretId": "none", "ClientRequestToken": token, "SecretString": "y"}),
        ("PutSecretValue", {"SecretId": name, "SecretString": 7}),
        ("GetSecretValue", {"SecretId": name}),
        ("GetSecretValue", {"SecretId": "none"}),
        ("GetSecretValue", {}),
        ("GetSecretValue", b"{"),
        ("GetSecretValue", b'{"SecretId":"a","SecretId":"b"}'),
        ("GetSecretValue", b"\xff"),
        ("BatchGetSecretValue", {"SecretIdList": [name, "none", "s1"]}),
        ("DescribeSecret", {"SecretId": name}),
        ("ListSecrets", {"MaxResults": 2}),
        ("ListSecrets", {"NextToken": "rubbish"}),
        ("DeleteSecret", {"SecretId": name, "RecoveryWindowInDays": 3}),
        ("DeleteSecret", {"SecretId": name, "ForceDeleteWithoutRecovery": True}),
        ("TagResource", {"SecretId": name, "Tags": [{"Key": "k", "Value": token}]}),
        ("TagResource", {"SecretId": name, "Tags": "no list"}),
        ("PutResourcePolicy", {"SecretId": name, "ResourcePolicy": "{}"}),
        ("UpdateSecretVersionStage", {"SecretId": name, "VersionStage": "x", "MoveToVersionId": token}),
        ("GetRandomPassword", {"PasswordLength": chance.choice((3, 8, 5_000))}),
        ("RotateSecret", {"SecretId": name}),
    ]
    iam: list[tuple[str, dict[str, Any] | bytes]] = [
        ("GetUser", {"UserName": chance.choice(("app", "nobody"))}),
        ("CreateUser", {"UserName": f"u{chance.randrange(5)}"}),
        ("DeleteUser", {"UserName": f"u{chance.randrange(5)}"}),
        ("ListUsers", {"MaxItems": "no number"}),
        ("PutUserPolicy", {"UserName": "nobody", "PolicyName": "p", "PolicyDocument": "no policy"}),
    ]
    kind = chance.random()
    if kind < 0.8:
        return ("secretsmanager", *chance.choice(sm))
    return ("iam", *chance.choice(iam)) if kind < 0.95 else ("sts", "GetCallerIdentity", {})


def draw_noise(host: str, key: Key, chance: random.Random) -> tuple[dict[str, str], bytes]:
    """Draw a request that is not let in."""
    other = Key(f"AKIA{chance.randrange(10**16):016d}", "no secret")
    wrong = Key(key.access_key_id, "wrong")
    headers, body = sign(
        host, chance.choice((other, wrong)), "us-east-1", "secretsmanager", "GetSecretValue", {}
    )
    kind = chance.randrange(4)
    if kind == 0:
        del headers["authorization"]
    elif kind == 1:
        headers["x-amz-target"] = f"secretsmanager.Noise{chance.randrange(1_000)}"
    elif kind == 2:
        headers["user-agent"] = "noise " * 50
    return headers, body


def run_clients(number: int, work: Callable[[int], None]) -> None:
    """Run ``work`` on several threads; the first failure is raised."""
    problems: list[BaseException] = []

    def guarded(place: int) -> None:
        try:
            work(place)
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=guarded, args=(place,), daemon=True) for place in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


@pytest.mark.soak
def test_l02_every_request_that_was_let_in_has_one_record_and_no_other_has(tmp_path: Path) -> None:
    """Good, denied, wrong, malformed and unserved requests on two workers, with noise between them."""
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    server = Server(tmp_path / "data", ["--workers", "2"])
    try:
        server.start()
        iam = server.client("iam")
        iam.create_user(UserName="app")
        made = iam.create_access_key(UserName="app")["AccessKey"]
        powerless = Key(made["AccessKeyId"], made["SecretAccessKey"])
        sent: list[Sent] = []
        noise: list[Answer] = []

        def work(place: int) -> None:
            chance = random.Random(f"{seed}-{place}")
            clients = [
                KeptConnection(server.endpoint, key) for key in (server.first, server.first, powerless)
            ]
            for _ in range(rounds(150, 20_000)):
                client = chance.choice(clients)
                if chance.random() < 0.2:
                    noise.append(client.send(*draw_noise(client.host, powerless, chance)))
                    continue
                service, name, members = draw_request(chance)
                answer = client.ask(name, members, service=service)
                assert answer.status < 500, answer
                sent.append(Sent((service, name, members), answer))
            for client in clients:
                client.close()

        run_clients(4, work)
        records = server.records()
        named = Counter((record["requestID"], record["eventName"]) for record in records)
        for each in sent:
            name = each.request[1]
            assert named[each.answer.request_id, name] == 1, each
            others = sum(
                count for (request_id, _), count in named.items() if request_id == each.answer.request_id
            )
            assert others == 1 + inner_records(each), each
        ids = {request_id for request_id, _ in named}
        assert all(400 <= answer.status < 500 for answer in noise)
        assert not ids & {answer.request_id for answer in noise}
        by_id = {record["requestID"]: record for record in records if record["eventName"] != "GetSecretValue"}
        for each in sent:
            record = by_id.get(each.answer.request_id)
            if record is not None:
                assert ("errorCode" in record) == (each.answer.status != 200), (each, record)
        assert {each.answer.status for each in sent} >= {200, 400}
        assert server.stop() == 0
        check_audit(server.data_dir)
        counted = [
            line.split() for line in (server.data_dir / "audit" / "rejects.log").read_text().splitlines()
        ]
        assert sum(int(line[-1]) for line in counted) == len(noise)
    finally:
        server.close()


def inner_records(each: Sent) -> int:
    """How many secrets a batch asked for in the caller's name: each has a record of its own."""
    if each.request[1] != "BatchGetSecretValue" or each.answer.status != 200:
        return 0
    said = json.loads(each.answer.body)
    return len(said.get("SecretValues", ())) + len(said.get("Errors", ()))


@pytest.mark.soak
def test_l05_noise_stays_bounded(tmp_path: Path) -> None:
    """However much is refused at the door: the journals do not grow, and the counts stay a few lines."""
    server = Server(tmp_path / "data")
    try:
        server.start()
        key = Key(server.first.access_key_id, "")

        def work(place: int) -> None:
            chance = random.Random(place)
            client = KeptConnection(server.endpoint, key)
            for _ in range(rounds(250, 50_000)):
                assert client.send(*draw_noise(client.host, key, chance)).status < 500
            client.close()

        run_clients(4, work)
        assert server.stop() == 0
        assert server.records() == []
        assert journal_bytes(server) < rounds(10_000, 1_000_000)  # headers, and a checkpoint now and then
        lines = (server.data_dir / "audit" / "rejects.log").read_text().splitlines()
        assert 0 < len(lines) <= rounds(20, 2_000)
        assert "Noise" not in "".join(lines)
    finally:
        server.close()


def journal_bytes(server: Server) -> int:
    """How many bytes the journals have."""
    return sum(path.stat().st_size for path in (server.data_dir / "audit" / "journals").glob("*/*.log"))
