"""Deploys an example as its README says, and rotates with it."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.faults.polling import until
from tests.support.accounts import Account
from tests.support.installed import install
from tests.support.server import Server, run_program

EXAMPLES = Path(__file__).parents[2] / "examples"


def package(example: str, requirements: Sequence[str] = ()) -> bytes:
    """Make the archive of an example, with what it requires beside it."""
    made = io.BytesIO()
    with (
        tempfile.TemporaryDirectory() as build,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        install(requirements, Path(build))
        for file in (EXAMPLES / example / "rotation_function.py", EXAMPLES / "four_steps.py"):
            archive.write(file, file.name)
        for file in sorted(Path(build).rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(build))
    return made.getvalue()


def deploy(server: Server, account: Account, example: str, requirements: Sequence[str] = ()) -> str:
    """Make role, function and permission; return the ARN of the function."""
    iam, lambda_ = server.client("iam", account), server.client("lambda", account)
    trust = (EXAMPLES / "role-trust.json").read_text()
    role = iam.create_role(RoleName=example, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    rights = (EXAMPLES / example / "role-policy.json").read_text()
    iam.put_role_policy(RoleName=example, PolicyName="rotate", PolicyDocument=rights)
    arn = str(
        lambda_.create_function(
            FunctionName=example,
            Runtime="python3.12",
            Handler="rotation_function.handler",
            Role=role,
            Code={"ZipFile": package(example, requirements)},
            Timeout=60,
        )["FunctionArn"]
    )
    lambda_.add_permission(
        FunctionName=example,
        StatementId="rotation",
        Action="lambda:InvokeFunction",
        Principal="secretsmanager.amazonaws.com",
        SourceAccount=account.account_id,
    )
    return arn


def rotate(server: Server, client: Any, name: str, **more: Any) -> dict[str, Any]:
    """Rotate once, wait until it is done, and read the value."""
    rotated = client.rotate_secret(SecretId=name, **more)
    token = rotated["VersionId"]

    def is_done() -> bool:
        stages = client.describe_secret(SecretId=name)["VersionIdsToStages"].get(token)
        return bool(stages == ["AWSCURRENT"])

    try:
        # Four sandboxed steps on a busy machine: nothing is said about how long they take.
        until(is_done, give_up_s=180.0)
    except AssertionError:
        done = run_program("rotation", "history", rotated["ARN"], "--json", "--data-dir", server.data_dir)
        raise AssertionError(f"not rotated: {done.stdout} {done.stderr}") from None
    return dict(json.loads(client.get_secret_value(SecretId=name)["SecretString"]))
