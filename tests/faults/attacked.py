"""A server with something in every table, and somebody who writes into its store while it runs."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import apsw
from msgspec.structs import replace

from strongroom.control import ask
from strongroom.opening import Opened, run_alone
from strongroom.services.lambda_.code import PART_BYTES
from strongroom.services.lambda_.tables import find_event, update_event
from strongroom.store.engine import DATABASE_NAME
from strongroom.store.transaction import Transaction
from tests.faults.client import Answer, KeptConnection
from tests.faults.intact import open_stopped
from tests.faults.polling import until
from tests.gateway.every_operation import make_zip
from tests.support.accounts import Key
from tests.support.authenticator import Authenticator
from tests.support.server import Server
from tests.support.signed_http import REST_SERVICES, RawAnswer

VALUES = {"a": "value of a, version ", "b": "value of b, version "}
DENY = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*",'
    '"Action":"secretsmanager:GetSecretValue","Resource":"*",'
    '"Condition":{"StringEquals":{"aws:username":"app"}}}}'
)
ALLOW = DENY.replace("Deny", "Allow")
USER_ALLOW = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
USER_DENY = (
    '{"Version":"2012-10-17",'
    '"Statement":{"Effect":"Deny","Action":"secretsmanager:DescribeSecret","Resource":"*"}}'
)
TRUST = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",'
    '"Principal":{"Service":"lambda.amazonaws.com"}}}'
)
SPOILT = "InternalServiceError"
CODE = make_zip(index="def handler(event, context): return 'ran'", padding="#" * PART_BYTES)
"""Two parts in the store."""
FAR_MS = 4_000_000_000_000


@dataclass
class Target:
    """A server with something in every table, and an attacker's connection to its store.

    Attributes:
        opened: The deployment, for what only a background loop reads.
        event_id: An event of the function ``made`` that is not due.
    """

    server: Server
    app: Key
    store: apsw.Connection
    opened: Opened
    event_id: str

    def ask(
        self, target: str, members: dict[str, Any], key: Key | None = None, service: str = "secretsmanager"
    ) -> Answer:
        """Ask as the administrator, or with another key."""
        if service in REST_SERVICES:
            return _answer(self.server.raw(service, target, members, key=key))
        client = KeptConnection(self.server.endpoint, key or self.server.first)
        try:
            return client.ask(target, members, service=service)
        finally:
            client.close()

    def download(self) -> Answer:
        """Fetch the code of the function as its address gives it."""
        found = self.ask("GetFunction", {"FunctionName": "made"}, service="lambda")
        if found.status != 200:
            return found
        return _answer(self.server.get(urlsplit(found.says["Code"]["Location"]).path))

    def forget(self) -> None:
        """Make every worker look at its rows again, as long as the newest entry of the log is no text."""
        with self.writing():
            self.store.execute("DELETE FROM changes")
            self.store.execute("INSERT INTO changes (cache_key) VALUES (CAST(X'ff' AS TEXT))")

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Write while the server does not."""
        self.store.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.store.execute("ROLLBACK")
            raise
        self.store.execute("COMMIT")

    @contextlib.contextmanager
    def attacked(self, table: str, *statements: str, bindings: Sequence[Any] = ()) -> Iterator[None]:
        """Attack one table for a while; afterwards it is as before."""
        with self.writing():  # what is saved and what is attacked are the same state
            self.store.execute("DROP TABLE IF EXISTS temp.saved")
            self.store.execute(f"CREATE TEMP TABLE saved AS SELECT * FROM main.{table}")
            for statement in statements:
                self.store.execute(statement, bindings)
            [(difference,)] = self.store.execute(
                f"SELECT (SELECT count(*) FROM (SELECT * FROM main.{table} EXCEPT SELECT * FROM saved)) + "
                f"(SELECT count(*) FROM (SELECT * FROM saved EXCEPT SELECT * FROM main.{table}))"
            ).fetchall()
            assert difference, "the attack changed nothing"
        try:
            self.forget()
            yield
        finally:
            with self.writing():
                self.store.execute(f"DELETE FROM main.{table}")
                self.store.execute(f"INSERT INTO main.{table} SELECT * FROM saved")
            self.forget()

    def assert_spoilt(self, answer: Answer) -> None:
        """The call failed without a word of any value, and its record says so."""
        assert answer.status == 500, answer
        assert not any(value.encode() in answer.body for value in VALUES.values())
        [record] = self.server.records(request_id=answer.request_id)
        assert record["errorCode"] == SPOILT

    def assert_locked_out(self, answer: Answer) -> None:
        """Nobody knows any more who that is: refused before anything, and counted, not recorded."""
        assert answer.status in (400, 403, 500), answer
        assert not any(value.encode() in answer.body for value in VALUES.values())
        assert self.server.records(request_id=answer.request_id) == []


def _answer(raw: RawAnswer) -> Answer:
    return Answer(raw.status, raw.headers.get("x-amzn-requestid", ""), raw.body)


def _make_functions(server: Server) -> tuple[Opened, str]:
    """Make a function with a version, a layer and an event that waits; return the deployment and the event's id.

    An event that waits as long as the tests do is made in two steps: no room for it, then a due time far away.
    """
    trusted = server.client("iam").create_role(RoleName="runs", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    functions = server.client("lambda")
    functions.create_function(
        FunctionName="made",
        Runtime="python3.12",
        Handler="index.handler",
        Role=trusted,
        Code={"ZipFile": CODE},
        Environment={"Variables": {"VALUE": VALUES["a"]}},
    )
    functions.publish_version(FunctionName="made")
    functions.publish_layer_version(LayerName="layer", Content={"ZipFile": CODE})
    functions.put_function_concurrency(FunctionName="made", ReservedConcurrentExecutions=0)
    payload = json.dumps(VALUES["a"]).encode()
    kept = functions.invoke(FunctionName="made", InvocationType="Event", Payload=payload)
    event_id: str = kept["ResponseMetadata"]["RequestId"]
    assert server.stop() == 0
    opened = open_stopped(server.data_dir)

    def put_off(transaction: Transaction) -> None:
        waiting = find_event(transaction, event_id)
        assert waiting is not None
        update_event(transaction, replace(waiting, due_ms=FAR_MS, lease_until_ms=0))

    run_alone(opened, put_off)
    server.start()
    server.client("lambda").delete_function_concurrency(FunctionName="made")
    return opened, event_id


@contextlib.contextmanager
def standing_target(directory: Path) -> Iterator[Target]:
    """Start the server under attack; at the end everything must be as it was."""
    server = Server(directory / "data")
    try:
        server.start()
        opened, event_id = _make_functions(server)
        client = KeptConnection(server.endpoint, server.first)
        for name, value in VALUES.items():
            token = "1" * 31 + name
            made = {"Name": name, "ClientRequestToken": token, "SecretString": f"{value}1"}
            assert client.ask("CreateSecret", made).status == 200
            token = "2" * 31 + name
            put = {"SecretId": name, "ClientRequestToken": token, "SecretString": f"{value}2"}
            assert client.ask("PutSecretValue", put).status == 200
        assert client.ask("PutResourcePolicy", {"SecretId": "b", "ResourcePolicy": DENY}).status == 200
        database = {"engine": "postgres", "host": "127.0.0.1", "port": 1, "username": "u", "password": "p"}
        token = "3" * 32
        made = {"Name": "r", "ClientRequestToken": token, "SecretString": json.dumps(database)}
        assert client.ask("CreateSecret", made).status == 200
        rotated = {"SecretId": "r", "ClientRequestToken": "4" * 32, "RotateImmediately": False}
        rules = {"AutomaticallyAfterDays": 1_000}
        assert client.ask("RotateSecret", {**rotated, "RotationRules": rules}).status == 200
        client.close()
        until(
            lambda: bool(ask(server.data_dir, "rotation-history", secret="r"))
        )  # the test found nobody there
        kms = server.client("kms")
        key_id = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName="alias/customer", TargetKeyId=key_id)
        root = f"arn:aws:iam::{server.first.account_id}:root"
        kms.create_grant(KeyId=key_id, GranteePrincipal=root, Operations=["DescribeKey"])
        iam = server.client("iam")
        iam.create_role(RoleName="role", AssumeRolePolicyDocument=TRUST)
        iam.create_user(UserName="app")
        iam.put_user_policy(UserName="app", PolicyName="may", PolicyDocument=USER_ALLOW)
        iam.put_user_policy(UserName="app", PolicyName="must-not", PolicyDocument=USER_DENY)
        made = iam.create_policy(PolicyName="managed", PolicyDocument=USER_DENY)["Policy"]
        iam.attach_user_policy(UserName="app", PolicyArn=made["Arn"])
        iam.create_open_id_connect_provider(Url="https://issuer.example")
        iam.create_instance_profile(InstanceProfileName="profile")
        iam.put_role_policy(RoleName="role", PolicyName="may", PolicyDocument=USER_ALLOW)
        iam.create_group(GroupName="team")
        iam.put_group_policy(GroupName="team", PolicyName="must-not", PolicyDocument=USER_DENY)
        iam.add_user_to_group(GroupName="team", UserName="app")
        iam.create_account_alias(AccountAlias="under-attack")
        iam.generate_credential_report()
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
        codes = Authenticator(device["Base32StringSeed"]).pair(time.time())
        iam.enable_mfa_device(UserName="app", SerialNumber=device["SerialNumber"], **codes)
        logs = server.client("logs")
        logs.create_log_group(logGroupName="events")
        logs.create_log_stream(logGroupName="events", logStreamName="one")
        event = {"timestamp": time.time_ns() // 1_000_000, "message": VALUES["a"]}
        logs.put_log_events(logGroupName="events", logStreamName="one", logEvents=[event])
        made = iam.create_access_key(UserName="app")["AccessKey"]
        app = Key(made["AccessKeyId"], made["SecretAccessKey"])
        store = apsw.Connection(str(server.data_dir / DATABASE_NAME))
        store.set_busy_timeout(10_000)
        found = Target(server, app, store, opened, event_id)
        for name in VALUES:  # the first read of a day writes: what an attack puts back must be the newest
            assert found.ask("GetSecretValue", {"SecretId": name}).status == 200
        assert found.ask("GetSecretValue", {"SecretId": "a"}, app).status == 200
        assert found.ask("GetSecretValue", {"SecretId": "b"}, app).code == "AccessDeniedException"
        yield found
        assert found.ask("GetSecretValue", {"SecretId": "a"}, app).says["SecretString"] == VALUES["a"] + "2"
        refused = found.ask("GetSecretValue", {"SecretId": "b"}, app)
        assert refused.code == "AccessDeniedException", refused
        assert found.ask("GetSecretValue", {"SecretId": "b"}).says["SecretString"] == VALUES["b"] + "2"
        assert found.download().body == CODE
        assert found.ask("Invoke", {"FunctionName": "made"}, service="lambda").body == b'"ran"'
        store.close()
    finally:
        server.close()
