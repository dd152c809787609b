"""Deploys an example as its README says, and rotates with it."""

from __future__ import annotations

import importlib.util
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.faults.polling import until
from tests.support.accounts import Account
from tests.support.server import Server, run_program

EXAMPLES = Path(__file__).parents[2] / "examples"


def package(example: str, modules: Sequence[str] = ()) -> bytes:
    """Make the archive of an example, with these modules of ours beside it, as ``pip install --target`` puts them."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(EXAMPLES / example / "rotation_function.py", "rotation_function.py")
        for module in modules:
            found = importlib.util.find_spec(module)
            assert found is not None, module
            assert found.origin is not None, module
            origin = Path(found.origin)
            for place in (origin.parent, origin.parent.with_name(f"{module}.libs")):
                if origin.name != "__init__.py":
                    archive.write(origin, origin.name)
                    break
                for file in sorted(place.rglob("*")):
                    if file.is_file() and file.suffix != ".pyc":
                        archive.write(file, file.relative_to(origin.parents[1]))
    return made.getvalue()


def deploy(server: Server, account: Account, example: str, modules: Sequence[str] = ()) -> str:
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
            Code={"ZipFile": package(example, modules)},
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
