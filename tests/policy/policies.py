"""What the policy tests share: short ways to write policies and questions, and the case files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from strongroom.policy.compile import CompiledPolicy, compile_policy
from strongroom.policy.model import PolicyKind
from strongroom.policy.question import Principal, Question

ACCOUNT = "111122223333"
SECRET = f"arn:aws:secretsmanager:eu-central-1:{ACCOUNT}:secret:prod/db-AbCdEf"
READ = "secretsmanager:GetSecretValue"
USER = Principal("User", f"arn:aws:iam::{ACCOUNT}:user/ada", ACCOUNT, "AIDAADAAAAAAAAAAAAAAA")


@cache
def case_file(name: str) -> dict[str, Any]:
    """Read a file of ``cases/``."""
    path = Path(__file__).parent / "cases" / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def cases(name: str) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield (group, case) of a file in ``cases/``."""
    for group in case_file(name)["groups"]:
        for case in group["cases"]:
            yield group, case


def statement(value: Any) -> dict[str, Any]:
    """Write out ``[effect, action, resource]``; leave a statement that is whole alone."""
    if isinstance(value, dict):
        return value
    effect, action, resource = value
    return {"Effect": effect, "Action": action, "Resource": resource}


def policy(
    *statements: Any,
    kind: PolicyKind = PolicyKind.IDENTITY,
    version: str = "2012-10-17",
    source_id: str = "test",
) -> CompiledPolicy:
    """Compile statements."""
    text = json.dumps({"Version": version, "Statement": [statement(one) for one in statements]})
    return compile_policy(text, kind, source_id=source_id)


def question(**changes: Any) -> Question:
    """Ask whether Ada may read the production secret, with changes."""
    members: dict[str, Any] = {
        "principal": USER,
        "action": READ,
        "resource": SECRET,
        "resource_account": ACCOUNT,
        "context": {},
    }
    return Question(**{**members, **changes})
