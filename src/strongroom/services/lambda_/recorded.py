"""What audit records show of the answers of changes: never a variable, never code (L-03)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from strongroom.services.lambda_.structures import FunctionConfiguration

_SHOWN: Final = {
    "function_name": "functionName",
    "function_arn": "functionArn",
    "runtime": "runtime",
    "role": "role",
    "handler": "handler",
    "code_size": "codeSize",
    "description": "description",
    "timeout": "timeout",
    "memory_size": "memorySize",
    "last_modified": "lastModified",
    "code_sha256": "codeSha256",
    "version": "version",
    "revision_id": "revisionId",
    "state": "state",
    "package_type": "packageType",
    "architectures": "architectures",
}


def record_configuration(response: FunctionConfiguration) -> Mapping[str, Any]:
    """Show a function version; its environment is an empty object, as CloudTrail has it."""
    shown: dict[str, Any] = {
        name: value for member, name in _SHOWN.items() if (value := getattr(response, member)) is not None
    }
    if response.environment is not None:
        shown["environment"] = {}
    return shown
