"""Functions of a real server, deployed and invoked by boto3: they call the server back, over plain HTTP and TLS."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.faults.polling import until
from tests.functions.stand import zipped
from tests.services.lambda_.worlds import make_lambda_role
from tests.support.accounts import Account
from tests.support.deployments import make_deployment
from tests.support.server import Server, run_program

READS = """
import boto3, os
def handler(event, context):
    client = boto3.client("secretsmanager")
    return [client.get_secret_value(SecretId=event)["SecretString"], os.environ["AWS_ENDPOINT_URL"]]
"""


def deploy(server: Server, account: Account, source: str, *statements: dict[str, Any], **members: Any) -> Any:
    """Make a function; return a client of Lambda and its name."""
    client = server.client("lambda", account)
    role = make_lambda_role(server, account, *statements)
    client.create_function(
        FunctionName="made",
        Role=role,
        Code={"ZipFile": zipped({"app.py": source})},
        **{"Runtime": "python3.12", "Handler": "app.handler", "Timeout": 20, "MemorySize": 256, **members},
    )
    return client


def test_a_function_reads_a_secret_of_the_server(server: Server, account: Account) -> None:
    """Its role's credentials and the endpoint in its environment are all that it needs."""
    arn = server.client("secretsmanager", account).create_secret(Name="read", SecretString="value-of-it")[
        "ARN"
    ]
    allowed = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": arn}
    client = deploy(server, account, READS, allowed)
    answer = client.invoke(FunctionName="made", Payload=json.dumps("read"), LogType="Tail")
    payload = json.loads(answer["Payload"].read())
    assert payload == ["value-of-it", server.endpoint]
    assert b"REPORT RequestId: " in base64.b64decode(answer["LogResult"])


def test_a_function_has_the_rights_of_its_role_and_no_others(server: Server, account: Account) -> None:
    """What the role may not, the function may not: the error is the handler's."""
    server.client("secretsmanager", account).create_secret(Name="read", SecretString="value-of-it")
    client = deploy(server, account, READS)
    answer = client.invoke(FunctionName="made", Payload=json.dumps("read"))
    assert answer["FunctionError"] == "Unhandled"
    assert "AccessDeniedException" in json.loads(answer["Payload"].read())["errorMessage"]


def test_f01_a_killed_runner_costs_the_invocation_alone(server: Server, account: Account) -> None:
    """The server answers all the time, and the next invocation runs."""
    client = deploy(server, account, "def handler(event, context): return event")
    assert client.invoke(FunctionName="made", Payload="1")["Payload"].read() == b"1"
    (runner,) = (
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if _is_runner_of(path, server.data_dir)
    )
    os.kill(runner, signal.SIGKILL)
    limit = time.monotonic() + 20
    while True:
        try:
            assert client.invoke(FunctionName="made", Payload="2")["Payload"].read() == b"2"
            break
        except client.exceptions.ServiceException:
            assert time.monotonic() < limit


def test_f01_a_killed_keeper_costs_nothing_and_two_are_told_of(tmp_path: Path) -> None:
    """One is replaced by the other. When both are gone the metric, the log and doctor say that functions are down."""
    server = make_deployment(tmp_path).server("--workers", "2").start()
    try:
        client = deploy(server, server.first, "def handler(event, context): return event")
        assert client.invoke(FunctionName="made", Payload="1")["Payload"].read() == b"1"
        os.kill(server.keeper(), signal.SIGKILL)
        until(lambda: _answers(client))
        assert b"\nstrongroom_functions_down 0" in server.get("/metrics").body
        assert "functions  run in sandboxes" in _doctor(server)
        left = _keepers_of(server.data_dir)
        for number in (signal.SIGSTOP, signal.SIGKILL):  # so that none acts on the end of another
            for pid in left:
                os.kill(pid, number)
        until(lambda: b"\nstrongroom_functions_down 1" in server.get("/metrics").body)
        assert "functions are down" in server.log
        assert "down until the server is started anew" in _doctor(server)
        assert not _answers(client)
        assert server.get("/readyz").status == 200  # secrets are served all the same
        server.restart()
        client = server.client("lambda")
        assert client.invoke(FunctionName="made", Payload="1")["Payload"].read() == b"1"
    finally:
        server.close()


def _answers(client: Any) -> bool:
    try:
        return bool(client.invoke(FunctionName="made", Payload="2")["Payload"].read() == b"2")
    except client.exceptions.ServiceException:
        return False


def _doctor(server: Server) -> str:
    done = run_program("doctor", "--data-dir", server.data_dir)
    return " ".join((done.stdout + done.stderr).replace("│", " ").split()).replace(
        "functions run", "functions  run"
    )


def _keepers_of(data_dir: Path) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except OSError:
            continue
        if b"functions/keeper.py" in line and os.fsencode(data_dir) in line:
            found.append(int(path.parent.name))
    return found


def _is_runner_of(path: Path, data_dir: Path) -> bool:
    try:
        line = path.read_bytes()
    except OSError:
        return False
    return b"strongroom.functions.process" in line and os.fsencode(data_dir) in line


def test_a_function_trusts_the_servers_certificate(tmp_path: Path) -> None:
    """Over TLS the endpoint has the certificate's name, which leads to the server, and is trusted."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ),
            *(
                "-days",
                "2",
                "-subj",
                "/CN=vault",
                "-addext",
                "subjectAltName=DNS:vault.example.com,IP:127.0.0.1",
            ),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    made = make_deployment(tmp_path)
    server = made.server("--workers", "1", "--tls-cert", str(certificate), "--tls-key", str(key)).start()
    clients: dict[str, Any] = {}
    try:
        session: Any = boto3.session.Session()
        clients |= {
            name: session.client(
                name,
                region_name="us-east-1",
                endpoint_url=server.endpoint,
                verify=str(certificate),
                aws_access_key_id=server.first.access_key_id,
                aws_secret_access_key=server.first.secret_access_key,
                config=Config(retries={"total_max_attempts": 1}, read_timeout=60),
            )
            for name in ("iam", "lambda", "secretsmanager")
        }
        clients["secretsmanager"].create_secret(Name="read", SecretString="value-of-it")
        trust = {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        every = {"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*"}
        role = clients["iam"].create_role(RoleName="r", AssumeRolePolicyDocument=_document(trust))["Role"][
            "Arn"
        ]
        clients["iam"].put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=_document(every))
        clients["lambda"].create_function(
            FunctionName="made",
            Role=role,
            Code={"ZipFile": zipped({"app.py": READS})},
            Runtime="python3.12",
            Handler="app.handler",
            Timeout=20,
            MemorySize=256,
        )
        answer = clients["lambda"].invoke(FunctionName="made", Payload=json.dumps("read"))
        port = server.endpoint.rpartition(":")[2]
        assert json.loads(answer["Payload"].read()) == ["value-of-it", f"https://vault.example.com:{port}"]
    finally:
        for client in clients.values():
            client.close()
        server.close()


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    "settings",
    [{"functions_egress": "nonsense"}, {"functions_endpoint": "ftp://x"}, {"functions_sandboxes": "0"}],
)
def test_settings_of_functions_that_cannot_be_are_refused(tmp_path: Path, settings: dict[str, str]) -> None:
    """The server does not start with them, and the sentence names what is wrong."""
    done = run_program("dev", "--data-dir", tmp_path / "data", "--listen", "127.0.0.1:0", settings=settings)
    assert done.returncode != 0
    assert "functions_" in done.stderr or "HOST:PORT" in done.stderr


def test_the_table_of_functions_in_the_configuration_file(tmp_path: Path) -> None:
    """``[functions] egress`` is the setting ``functions_egress``."""
    from strongroom.config import SettingRefused, load_settings

    file = tmp_path / "strongroom.toml"
    file.write_text('listen = "127.0.0.1:1"\n[functions]\negress = "db.example.com:5432"\nsandboxes = 3\n')
    settings, _ = load_settings({}, {}, file)
    assert (settings.functions_egress, settings.functions_sandboxes) == ("db.example.com:5432", 3)
    file.write_text("functions = 1\n")
    with pytest.raises(SettingRefused, match="tables: functions"):
        load_settings({}, {}, file)
    file.write_text("[functions]\nnothing = 1\n")
    with pytest.raises(SettingRefused, match="functions_nothing"):
        load_settings({}, {}, file)
