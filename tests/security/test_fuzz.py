"""Random requests of every operation, signed well, so that they reach the handlers.

Nothing that a client sends may make the server fail: no 5xx, no connection that ends, nothing unforeseen in the
log, and every request that was let in has its record.
"""

from __future__ import annotations

import base64
import json
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable
from random import Random, SystemRandom
from typing import Any
from uuid import UUID

import pytest

from strongroom.clock import system_clock
from strongroom.crypto.totp import code_of, step_of
from strongroom.services.table import SERVICES
from tests.security.function_members import (
    ALIASES,
    FUNCTION_ROLE,
    FUNCTIONS,
    LAYERS,
    LOG_GROUPS,
    LOG_STREAMS,
    STATEMENTS,
    archive,
)
from tests.security.random_requests import (
    DEVICES,
    NAMES,
    POLICIES,
    PROFILES,
    PROVIDERS,
    ROLES,
    TOKENS,
    USERS,
    Keys,
    RandomRequests,
)
from tests.support.accounts import Account, Key
from tests.support.keep_alive import KeepAlive, Reply, Unsigned, write_signed
from tests.support.scale import rounds
from tests.support.server import Server

REQUESTS = 20_000
CONNECTIONS = 16
MOST_NEVER = 2
"""Operations that may not have succeeded once at the end."""
MOST_FURTHER = 20_000
"""Requests beyond those, half of them for operations that did not succeed yet: the seed decides which. The others
make what those need, for example the user whose login profile is to be read."""
NOT_LET_IN = {
    "UnknownOperationException", "InvalidAction", "MissingAction", "IncompleteSignatureException",
    "IncompleteSignature", "InvalidSignatureException", "SignatureDoesNotMatch",
}  # fmt: skip
_HANDLE = re.compile(rb"<(?:AccessKeyId|Marker)>([^<]+)<|\"NextToken\":\"([^\"]+)\"")

WITHOUT_SIGNATURE = {"AssumeRoleWithWebIdentity", "DownloadCode"}
"""What a bad token does not let in; nothing says that by its code alone."""
NEVER_BY_CHANCE = WITHOUT_SIGNATURE | {
    "AssumeRole", "DecodeAuthorizationMessage", "EnableMFADevice", "ResyncMFADevice", "ChangePassword",
}  # fmt: skip
"""What wants a role that trusts the caller, a true token of an issuer, codes of the day or the caller's password, or
always refuses."""

RECORDED = {
    (service.name, entry.name): entry.recorded_name for service in SERVICES for entry in service.operations
}

StartServer = Callable[..., Server]


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("number", range(rounds(1, 50)))
def test_no_request_makes_the_server_fail(second_server: StartServer, number: int) -> None:
    """Twenty thousand random requests get an answer each, a client's fault or a success, and a record each."""
    seed = SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    server = second_server()
    account = server.new_account()
    key = _user_that_cannot_lock_itself_out(server, account)
    _make_secrets(server.client("secretsmanager", account))
    keys = _make_keys(server.client("kms", account), account)
    _make_roles(server.client("iam", account), account)
    _make_devices(server.client("iam", account))
    _make_functions(server, account)
    requests = RandomRequests(Random(seed), account.account_id, keys)
    connections = [KeepAlive(server.endpoint) for _ in range(CONNECTIONS)]
    expected: dict[str, str] = {}
    succeeded = set(NEVER_BY_CHANCE)
    served = {entry.name for service in SERVICES for entry in service.operations}
    for number_of_round in range((REQUESTS + MOST_FURTHER) // CONNECTIONS):
        is_further = number_of_round >= REQUESTS // CONNECTIONS
        if is_further and len(served - succeeded) <= MOST_NEVER:
            break
        drawn = [requests.draw(succeeded, missing=0.5 if is_further else 0.3) for _ in connections]
        for connection, (_name, request) in zip(connections, drawn, strict=True):
            connection.send(write_signed(request, server.endpoint, key))
        for connection, (name, request) in zip(connections, drawn, strict=True):
            reply = connection.read()
            _check(reply, name, request)
            if reply.status < 300:
                succeeded.add(name)
            if reply.code not in NOT_LET_IN and name not in WITHOUT_SIGNATURE:
                expected[reply.request_id] = RECORDED.get((request.service, name), name)
            requests.seen += [
                (found[1] or found[2]).decode()
                for found in _HANDLE.finditer(reply.body)
                if len(found[0]) < 400
            ]
            del requests.seen[:-200]
    for connection in connections:
        connection.close()
    assert len(expected) > 0.9 * REQUESTS
    _check_log(server)
    _check_records(server, expected)
    never = served - succeeded
    assert len(never) <= MOST_NEVER, f"most operations are reached in earnest, but never {never}"


def _user_that_cannot_lock_itself_out(server: Server, account: Account) -> Key:
    """Make a user who may do everything but change itself and the administrator."""
    iam = server.client("iam", account)
    iam.create_user(UserName="fuzzer")
    own = [f"arn:aws:iam::{account.account_id}:user/{name}" for name in ("fuzzer", "admin")]
    changes = ["iam:Create*", "iam:Delete*", "iam:Put*", "iam:Update*", "iam:Attach*", "iam:Detach*"]
    statements = [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": changes, "Resource": own},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName="fuzzer", PolicyName="rights", PolicyDocument=document)
    made = iam.create_access_key(UserName="fuzzer")["AccessKey"]
    return Key(made["AccessKeyId"], made["SecretAccessKey"])


def _make_secrets(secretsmanager: Any) -> None:
    """Make the secrets that requests will find, each with three versions."""
    for name in NAMES:
        secretsmanager.create_secret(Name=name, SecretString="one", ClientRequestToken=TOKENS[0])
        for token in TOKENS[1:3]:
            secretsmanager.put_secret_value(SecretId=name, SecretString="more", ClientRequestToken=token)


def _make_roles(iam: Any, account: Account) -> None:
    """Make the roles, policies, profiles and providers that requests will find."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account.account_id}:root"},
        "Action": "sts:AssumeRole",
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
    rights = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": rights})
    for name in ROLES:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    for number, name in enumerate(POLICIES):
        arn = iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
        if number % 2:
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=document)
    for name in PROFILES:
        iam.create_instance_profile(InstanceProfileName=name)
    for url in PROVIDERS:
        iam.create_open_id_connect_provider(Url=f"https://{url}")


def _make_functions(server: Server, account: Account) -> None:
    """Make the functions, layers, groups and streams that requests will find."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
    made = server.client("iam", account).create_role(RoleName=FUNCTION_ROLE, AssumeRolePolicyDocument=trust)
    lambda_, logs = server.client("lambda", account), server.client("logs", account)
    code = {"ZipFile": base64.b64decode(archive())}
    for name in FUNCTIONS:
        lambda_.create_function(
            FunctionName=name,
            Runtime="python3.12",
            Handler="app.handler",
            Role=made["Role"]["Arn"],
            Code=code,
            Publish=True,
        )
        for alias in ALIASES:
            lambda_.create_alias(FunctionName=name, Name=alias, FunctionVersion="1")
        for statement_id in STATEMENTS:
            lambda_.add_permission(
                FunctionName=name,
                StatementId=statement_id,
                Action="lambda:InvokeFunction",
                Principal="secretsmanager.amazonaws.com",
            )
        lambda_.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    for name in LAYERS:
        lambda_.publish_layer_version(LayerName=name, Content=code)
    for name in LOG_GROUPS:
        logs.create_log_group(logGroupName=name)
        for stream in LOG_STREAMS:
            logs.create_log_stream(logGroupName=name, logStreamName=stream)


def _make_devices(iam: Any) -> None:
    """Make devices for a second factor, half of them in use by a user."""
    for name in USERS:
        iam.create_user(UserName=name)
    for number, name in enumerate(DEVICES):
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
        if number % 2:
            seed = base64.b32decode(device["Base32StringSeed"])
            step = step_of(system_clock())
            iam.enable_mfa_device(
                UserName=USERS[number // 2 % 2],
                SerialNumber=device["SerialNumber"],
                AuthenticationCode1=code_of(seed, step - 1),
                AuthenticationCode2=code_of(seed, step),
            )


def _make_keys(kms: Any, account: Account) -> Keys:
    """Make the keys that requests will find, with aliases, ciphertexts and grants."""
    ids = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(8)]
    for number in range(2):
        kms.create_alias(AliasName=f"alias/fuzz-{number}", TargetKeyId=ids[number])
    blobs = [kms.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"] for key_id in ids]
    root = f"arn:aws:iam::{account.account_id}:root"
    grants = [
        kms.create_grant(KeyId=ids[0], GranteePrincipal=root, RetiringPrincipal=root, Operations=["Decrypt"])
        for _ in range(40)
    ]
    return Keys(
        ids,
        [base64.b64encode(blob).decode() for blob in blobs],
        [grant["GrantId"] for grant in grants],
        [grant["GrantToken"] for grant in grants],
    )


def _check(reply: Reply, name: str, request: Unsigned) -> None:
    said = f"{name} got {reply.status} {reply.body[:300]!r} for {request.headers} {request.body[:600]!r}"
    assert reply.status < 500, said
    assert str(UUID(reply.request_id)) == reply.request_id, said
    if request.service == "lambda":
        if reply.status >= 300:
            assert reply.headers[b"content-type"] == b"application/json", said
            assert reply.code, said
            assert json.loads(reply.body)["Type"] == "User", said
        return
    kind = reply.headers[b"content-type"]
    assert kind in (b"application/x-amz-json-1.1", b"application/x-amz-json-1.0", b"text/xml"), said
    if kind == b"text/xml":
        ElementTree.fromstring(reply.body)
    elif reply.body:
        says: dict[str, Any] = json.loads(reply.body)
        assert reply.status == 200 or says["__type"] == reply.code, said
    assert reply.status == 200 or reply.code, said


def _check_log(server: Server) -> None:
    unforeseen = [
        line
        for line in server.log.splitlines()
        if re.search(r"Traceback|ERROR|CRITICAL|failed", line)
        and "WARNING strongroom.rotation." not in line  # nothing listens where the secrets of this test say
    ]
    assert unforeseen == []


def _check_records(server: Server, expected: dict[str, str]) -> None:
    found = Counter(
        (record["requestID"], record["eventName"]) for record in server.records() if "requestID" in record
    )
    wrong = [name for request_id, name in expected.items() if found[request_id, name] != 1]
    assert Counter(wrong) == Counter()
