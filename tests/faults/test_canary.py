"""No value stands anywhere where it does not belong, in any encoding (X-01, X-02, J-05, L-03).

Every way in which a value can reach the server is walked, the wrong ones too; then everything that the server
leaves behind is searched: store, write-ahead log, journals, trail, log, temporary files, metrics, arguments and
environment of its processes, and the body of every reply that is not meant to hold the value.

Tried by hand: with the body of a request in the log, with values in hex in the change log, with a parse error that
quotes what it could not read, and with ``secret_string`` among the recorded members and no longer sensitive, the
search finds them.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import random
import string
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from bench.processes import family

from strongroom.gateway.operation import Operation
from strongroom.services.table import SERVICES
from strongroom.wire.describe import describe
from strongroom.wire.shapes import Shape
from tests.faults.canary import Canaries, contents, disguises
from tests.faults.client import Answer, KeptConnection, sign
from tests.faults.polling import until
from tests.gateway.every_operation import make_zip
from tests.support.server import Server, run_program
from tests.support.signed_http import RawAnswer

TAKES_VALUES = {"CreateSecret", "PutSecretValue", "UpdateSecret"}
"""The operations whose requests hold values of secrets; a test compares them with the shapes."""
TAKES_PASSWORDS = {"ChangePassword", "CreateLoginProfile", "UpdateLoginProfile"}
"""Those whose requests hold passwords."""
TAKES_PLAINTEXT = {"Encrypt"}
"""Those whose requests hold plaintext; the tests over all operations look for it in records."""
TAKES_TOKENS = {"AssumeRoleWithWebIdentity"}
"""Those whose requests hold tokens of other issuers; the tests of the operation look for them in records."""

TAKES_CODE = {"UpdateFunctionCode", "DownloadCode", "Invoke"}
"""Those whose requests hold code of functions, the address of it, or events."""
CODE = """
import json, os
BUILT_IN = VALUE
def handler(event, context):
    print(json.dumps([event, BUILT_IN, os.environ["VALUE"]]))
    if event.get("fails"):
        raise ValueError(json.dumps([event, BUILT_IN, os.environ["VALUE"]]))
    return [event, BUILT_IN, os.environ["VALUE"]]
"""
"""Shows everything that it knows in its log, its answer and its error."""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


class Walk:
    """Sends values in and remembers them.

    Attributes:
        canaries: What must not turn up.
        replies: Bodies of replies that are not meant to hold a value, by what was asked.
    """

    def __init__(self, server: Server, seed: int) -> None:
        self.server = server
        self.canaries = Canaries()
        self.replies: dict[str, bytes] = {}
        self.client = KeptConnection(server.endpoint, server.first)
        self._chance = random.Random(seed)
        self._numbers = 0

    def text(self, name: str) -> str:
        """Draw a value that looks different in every encoding."""
        core = "".join(self._chance.choices(string.ascii_letters + string.digits, k=24))
        self.canaries.add(name, core)
        return f'<{core}> "\u00fc" & \\{core}'

    def binary(self, name: str) -> bytes:
        """Draw bytes that are no text."""
        value = b"\xff\xfe" + self._chance.randbytes(24)
        self.canaries.add(name, value)
        return value

    def token(self) -> str:
        """Give a token that was not used before."""
        self._numbers += 1
        return f"{self._numbers:032d}"

    def ask(
        self, what: str, target: str, members: dict[str, Any] | bytes, service: str = "secretsmanager"
    ) -> Answer:
        """Ask for something whose reply holds no value."""
        answer = self.client.ask(target, members, service=service)
        self.replies[f"{what} ({answer.status})"] = answer.body
        return answer

    def ask_openly(self, target: str, members: dict[str, Any], service: str = "secretsmanager") -> bytes:
        """Ask for something whose reply may hold a value."""
        answer = self.client.ask(target, members, service=service)
        assert answer.status == 200, answer
        return answer.body

    def values(self) -> None:
        """Every way of giving a value that is accepted, and of reading it."""
        for number, target in enumerate(sorted(TAKES_VALUES)):
            for kind in ("SecretString", "SecretBinary"):
                name = f"{number}/{kind}"
                if target != "CreateSecret":
                    first = {
                        "Name": name,
                        "ClientRequestToken": self.token(),
                        "SecretString": self.text("first"),
                    }
                    self.ask(name, "CreateSecret", first)
                given = (
                    self.text(f"{target} {kind}")
                    if kind == "SecretString"
                    else b64encode(self.binary(f"{target} {kind}")).decode()
                )
                members = {"ClientRequestToken": self.token(), kind: given}
                members["Name" if target == "CreateSecret" else "SecretId"] = name
                assert self.ask(name, target, members).status == 200
                assert json.loads(self.ask_openly("GetSecretValue", {"SecretId": name}))[kind] == given
                # The same again, then another value under the same token.
                assert self.ask(f"{name} again", target, members).status in (200, 400)
                self.ask(
                    f"{name} reused", target, {**members, kind: b64encode(self.binary("reused")).decode()}
                )
                self.ask(f"{name} described", "DescribeSecret", {"SecretId": name})
                self.ask(f"{name} versions", "ListSecretVersionIds", {"SecretId": name})
        names = [f"0/{kind}" for kind in ("SecretString", "SecretBinary")]
        self.ask_openly("BatchGetSecretValue", {"SecretIdList": names})
        self.ask("list", "ListSecrets", {})

    def mistakes(self) -> None:
        """Every way of giving a value wrongly that we could think of."""
        for target in sorted(TAKES_VALUES):
            place = {"Name": "mistake"} if target == "CreateSecret" else {"SecretId": "0/SecretString"}
            base = {**place, "ClientRequestToken": self.token()}
            wrong: dict[str, Any] = {
                "too long": {"SecretString": self.text(f"{target} too long") * 2_000},
                "binary too long": {"SecretBinary": b64encode(self.binary("long") * 4_000).decode()},
                "no base64": {"SecretBinary": self.text(f"{target} no base64")},
                "both": {
                    "SecretString": self.text("both"),
                    "SecretBinary": b64encode(self.binary("both")).decode(),
                },
                "a list": {"SecretString": [self.text(f"{target} a list")]},
                "a map": {"SecretString": {"password": self.text(f"{target} a map")}},
                "unknown member": {"SecretStrings": self.text(f"{target} unknown member")},
                "a NUL": {"SecretString": self.text(f"{target} a NUL") + "\0"},
                "a surrogate": {"SecretString": self.text(f"{target} a surrogate") + "\ud800"},
                "no such secret": {
                    "SecretString": self.text("nowhere"),
                    "SecretId": "nowhere",
                    "Name": "no name",
                },
                "a bad token": {"SecretString": self.text("bad token"), "ClientRequestToken": "short"},
                "a key that is none": {"SecretString": self.text("bad key"), "KmsKeyId": "alias/none"},
                "bad labels": {"SecretString": self.text("bad labels"), "VersionStages": ["x" * 300]},
                "a rotation token": {
                    "SecretString": self.text("rotating"),
                    "RotationToken": self.text("rotation"),
                },
            }
            for what, members in wrong.items():
                self.ask(f"{target}: {what}", target, {**base, **members})
        for number, operation in enumerate(operations("secretsmanager")):
            spoilt = self.text(f"{operation.name} spoilt")
            for body in (
                f'{{"SecretString":"{spoilt}',
                f'{{"SecretString":{json.dumps(spoilt)}}} {spoilt}',
                f'{{"SecretId":"a","SecretString":{json.dumps(spoilt)},"SecretString":"b"}}',
                json.dumps({"Name": "a", "SecretString": [[spoilt] * 3] * 3, "SecretId": 7}),
                "[" * 200 + json.dumps(spoilt),
                json.dumps(spoilt),
            ):
                self.ask(f"{operation.name}, spoilt {number}", operation.name, body.encode())
            self.ask(f"{operation.name}, not UTF-8", operation.name, spoilt.encode() + b"\xff")

    def passwords_and_keys(self) -> None:
        """Values that the server draws."""
        for number in range(3):
            password = json.loads(self.ask_openly("GetRandomPassword", {}))["RandomPassword"]
            self.canaries.add(f"random password {number}", password)
        self.ask("user", "CreateUser", {"UserName": "app"}, service="iam")
        body = self.ask_openly("CreateAccessKey", {"UserName": "app"}, service="iam").decode()
        secret = body.partition("<SecretAccessKey>")[2].partition("</SecretAccessKey>")[0]
        self.canaries.add("access key secret", secret)
        self.ask("keys", "ListAccessKeys", {"UserName": "app"}, service="iam")
        for name, member in (
            ("CreateLoginProfile", "Password"),
            ("UpdateLoginProfile", "Password"),
            ("ChangePassword", "OldPassword"),
        ):
            form = {"UserName": "app", member: self.text(f"{name} {member}")[:100]}
            if name == "ChangePassword":
                form["NewPassword"] = self.text("new password")[:100]
            self.ask(name, name, form, service="iam")
        account = self.server.new_account()
        self.canaries.add("secret of an account's administrator", account.secret_access_key)
        for operation in operations("iam"):
            form = {"Action": operation.name, "SecretAccessKey": self.text(f"{operation.name} form")}
            self.ask(f"{operation.name}, wrong form", operation.name, form, service="iam")

    def rest(self, what: str, target: str, members: dict[str, Any], headers: Any = None) -> RawAnswer:
        """Ask Lambda for something whose reply holds no value."""
        answer = self.server.raw("lambda", target, members, headers=headers)
        self.replies[f"{what} ({answer.status})"] = answer.body + str(answer.headers).encode()
        return answer

    def code(self, name: str) -> bytes:
        """Write a function that has a value in its code; the archive holds it uncompressed."""
        return make_zip(index=CODE.replace("VALUE", repr(self.text(name)), 1))

    def functions(self) -> None:
        """Values in the code of functions, in their environments, and in the events that they are given."""
        trust = {"RoleName": "runs", "AssumeRolePolicyDocument": json.dumps(TRUST)}
        assert self.ask("role of functions", "CreateRole", trust, service="iam").status == 200
        role = f"arn:aws:iam::{self.server.first.account_id}:role/runs"
        client = self.server.client("lambda")
        known = {"Runtime": "python3.12", "Handler": "index.handler", "Role": role, "Timeout": 30}
        variables = {"Variables": {"VALUE": self.text("variable")}}
        # The owner is shown the variables of what was made: that reply may hold them.
        made = {"FunctionName": "made", **known, "Environment": variables}
        client.create_function(**made, Code={"ZipFile": self.code("code")})
        variables["Variables"]["VALUE"] = self.text("changed variable")
        client.update_function_configuration(FunctionName="made", Environment=variables)
        bare = {"FunctionName": "bare", **known}
        self.rest("bare", "CreateFunction", {**bare, "Code": {"ZipFile": self.code("bare code")}})
        new = self.code("new code")
        assert (
            self.rest("update", "UpdateFunctionCode", {"FunctionName": "bare", "ZipFile": new}).status == 200
        )
        layer = {"LayerName": "layer", "Content": {"ZipFile": self.code("layer")}}
        assert self.rest("layer", "PublishLayerVersion", layer).status == 201
        self.run_functions(client)
        location = client.get_function(FunctionName="bare")["Code"]["Location"]
        path = urlsplit(location).path
        self.canaries.add("address of code", path.rpartition("/")[2])
        assert self.server.get(path).body == new
        self.wrong_functions(bare)

    def run_functions(self, client: Any) -> None:
        """Events that end well, that fail, and that wait."""
        context = b64encode(json.dumps({"custom": {"value": self.text("client context")}}).encode()).decode()
        for fails in (False, True):
            event = {"value": self.text(f"event, fails: {fails}"), "fails": fails}
            ran = client.invoke(
                FunctionName="made", Payload=json.dumps(event), LogType="Tail", ClientContext=context
            )
            shown = json.loads(ran["Payload"].read())
            assert ("FunctionError" in ran) == fails
            assert event in (json.loads(shown["errorMessage"]) if fails else shown)
            event["value"] = self.text(f"event that waits, fails: {fails}")
            waits = {"FunctionName": "made", "InvocationType": "Event", "Payload": json.dumps(event).encode()}
            assert self.rest(f"event, fails: {fails}", "Invoke", waits).status == 202
        self.rest("dry run", "Invoke", {"FunctionName": "made", "InvocationType": "DryRun", "Payload": b"{}"})
        logs = self.server.client("logs")

        def was_run() -> bool:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/made")
            said: list[str] = [event["message"] for page in pages for event in page["events"]]
            return sum(each.startswith("REPORT") for each in said) >= 4

        until(was_run)

    def wrong_functions(self, bare: dict[str, Any]) -> None:
        """Every way of giving code, variables and events wrongly that we could think of."""
        first = {"FunctionName": "made"}
        events: dict[str, dict[str, Any]] = {
            "no JSON": {"Payload": self.text("no JSON").encode()},
            "not UTF-8": {"Payload": self.binary("event of bytes")},
            "too long": {
                "InvocationType": "Event",
                "Payload": json.dumps(self.text("long event") * 9_000).encode(),
            },
            "context": {"ClientContext": self.text("no base64").encode("ascii", "ignore").decode()},
            "nobody": {
                "FunctionName": "nobody",
                "Payload": json.dumps(self.text("event of nobody")).encode(),
            },
        }
        for what, members in events.items():
            assert self.rest(f"invoke: {what}", "Invoke", {**first, **members}).status >= 400
        archives: dict[str, dict[str, Any]] = {
            "no archive": {"ZipFile": self.binary("no archive")},
            "cut": {"ZipFile": self.code("cut archive")[:-9]},
            "two places": {"ZipFile": self.code("two places"), "S3Bucket": "bucket", "S3Key": "key"},
            "nobody": {"FunctionName": "nobody", "ZipFile": self.code("code of nobody")},
            "old": {"ZipFile": self.code("old"), "RevisionId": "0"},
        }
        for what, given in archives.items():
            assert self.rest(f"code: {what}", "UpdateFunctionCode", {**first, **given}).status >= 400
        others: dict[str, dict[str, Any]] = {
            "a reserved variable": {"Environment": {"Variables": {"AWS_REGION": self.text("reserved")}}},
            "too large": {"Environment": {"Variables": {"LARGE": self.text("large variable") * 200}}},
            "a list": {"Environment": {"Variables": {"LIST": [self.text("variables in a list")]}}},
            "a bad role": {
                "Role": "arn:aws:iam::000000000000:role/none",
                "Environment": {"Variables": {"OTHER": self.text("beside a bad role")}},
            },
        }
        for what, more in others.items():
            given = {**bare, "FunctionName": "wrong", "Code": {"ZipFile": self.code(what)}, **more}
            try:
                request = self.rest(f"create: {what}", "CreateFunction", given)
            except TypeError:  # botocore does not write it
                continue
            assert request.status >= 400, what

    def outside_the_body(self) -> None:
        """What clients put by mistake where it will be written down by others."""
        host = self.client.host
        for header in ("x-amz-security-token", "cookie", "x-amz-target", "authorization", "content-type"):
            headers, body = sign(host, self.server.first, "us-east-1", "secretsmanager", "ListSecrets", {})
            headers[header] = self.text(f"header {header}").encode("ascii", "ignore").decode()
            self.replies[f"header {header}"] = self.client.send(headers, body).body
        for path in ("/?SecretString={}", "/{}", "/readyz?{}"):
            core = "".join(self._chance.choices(string.ascii_letters, k=24))
            self.canaries.add(f"path {path}", core)
            self.replies[f"path {path}"] = self.client.get(path.format(core)).body


def operations(service: str) -> tuple[Operation[Any, Any], ...]:
    """Give the operations of a service."""
    return next(each for each in SERVICES if each.name == service).operations


def processes(server: Server) -> Iterator[tuple[str, bytes]]:
    """Read what everybody may see of the server's processes, and the arguments of those that run functions."""
    assert server.process is not None
    for pid in (server.process.pid, *server.children(), server.keeper()):
        for name in ("cmdline", "environ", "status", "comm"):
            yield f"/proc/{pid}/{name}", Path(f"/proc/{pid}/{name}").read_bytes()
    below = family(server.keeper())
    assert len(below) > 3, "two keepers, the runner, and a sandbox that waits for more"
    for pid in below:
        with contextlib.suppress(OSError):  # it has ended
            yield f"/proc/{pid}/cmdline", Path(f"/proc/{pid}/cmdline").read_bytes()


def left_behind(canaries: Canaries, directory: Path, server: Server) -> dict[str, set[str]]:
    """Search every file but the code of a function that a sandbox has before it; that holds nothing else."""
    unpacked = str(server.data_dir / "functions" / "code")
    found = canaries.found_in_files(dict(contents(directory)))
    return {
        place: names
        for place, names in found.items()
        if not (place.startswith(f"{unpacked}/") and names == {"code"})
    }


def test_every_operation_that_takes_a_value_is_walked() -> None:
    """A new one cannot be forgotten."""
    found = set()
    for service in SERVICES:
        for operation in service.operations:
            if isinstance(operation.request, type) and issubclass(operation.request, Shape):
                members = describe(operation.request)
                if any(member.type.is_sensitive for member in members):
                    found.add(operation.name)
    assert found == TAKES_VALUES | TAKES_PASSWORDS | TAKES_PLAINTEXT | TAKES_TOKENS | TAKES_CODE


@pytest.mark.parametrize("value", ['c4nary"+/\u00fc&<value>\\', b"\xff\xfe\x00canary\x80bytes"])
@pytest.mark.parametrize("before", [0, 1, 2])
def test_the_search_finds_every_disguise(tmp_path: Path, value: str | bytes, before: int) -> None:
    """In the middle of other things, at any alignment, and packed."""
    canaries = Canaries()
    canaries.add("it", value)
    data = value.encode() if isinstance(value, str) else value
    forms = {
        *disguises(value),
        b64encode(b"x" * before + data + b"tail"),
        json.dumps({"a": b64encode(b"x" * before + data + b"t").decode()}).encode(),
    }
    if isinstance(value, str):
        forms |= {json.dumps({"SecretString": value}).encode(), json.dumps(json.dumps([value])).encode()}
    for number, form in enumerate(forms):
        (tmp_path / f"{number}.bin").write_bytes(b"before " * before + form + b" after")
        (tmp_path / f"{number}.gz").write_bytes(gzip.compress(form))
    found = canaries.found_in_files(dict(contents(tmp_path)))
    assert len(found) == 2 * len(forms)


def test_x02_no_value_stands_where_it_does_not_belong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the server runs, after it was killed, and after it ended."""
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    place = tmp_path / "server"
    place.mkdir()
    server = Server(place / "data", ["--workers", "2"], settings={"log_level": "debug"})
    try:
        server.start()
        walk = Walk(server, seed)
        walk.values()
        walk.mistakes()
        walk.passwords_and_keys()
        walk.functions()
        walk.outside_the_body()
        trail = walk.ask("trail", "LookupEvents", {"MaxResults": 50}, service="cloudtrail")
        assert trail.status == 200
        until(
            lambda: (
                json.loads(walk.ask("trail", "LookupEvents", {}, service="cloudtrail").body)["Events"] != []
            )
        )
        for path in ("/metrics", "/healthz", "/readyz"):
            walk.replies[path] = walk.client.get(path).body
        walk.client.close()
        canaries = walk.canaries
        assert len(canaries) > 70
        assert canaries.found_in_files(walk.replies) == {}
        assert canaries.found_in_files(dict(processes(server))) == {}
        assert left_behind(canaries, tmp_path, server) == {}
        run = run_program("audit", "verify", "--data-dir", server.data_dir)
        assert canaries.found_in((run.stdout + run.stderr).encode()) == set()
        server.kill9()
        assert left_behind(canaries, tmp_path, server) == {}
        server.start()
        assert server.stop() == 0
        canaries.add("secret of the first administrator", server.first.secret_access_key)
        found = canaries.found_in_files(dict(contents(tmp_path)))
        assert found == {str(server.data_dir / "dev.json"): {"secret of the first administrator"}}
        # That there is something to be found in: records of everything that was asked.
        assert len(server.records()) > 200
    finally:
        server.close()
