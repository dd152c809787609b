"""Writes ``docs/reference/operations.md`` from the tables of operations.

    python tools/operation_reference.py > docs/reference/operations.md

A test compares the page with what this prints, so the page cannot tell of operations that are not there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from strongroom.gateway.operation import Mode, Operation, Service
from strongroom.services.table import SERVICES
from strongroom.wire.describe import Member, TypeInfo, describe
from strongroom.wire.shapes import Shape

_TITLES = {
    "secretsmanager": "Secrets Manager",
    "iam": "IAM",
    "sts": "STS",
    "kms": "KMS",
    "cloudtrail": "CloudTrail",
    "logs": "CloudWatch Logs",
    "lambda": "Lambda",
}
_MODES = {Mode.READ: "reads", Mode.QUERY: "reads many rows", Mode.CHANGE: "changes"}


def render() -> str:
    """Write the whole page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Operations"
    yield ""
    yield "Generated from the code: `make reference`."
    yield ""
    yield "Every operation behaves as AWS documents it; what is special here stands in the text. The audit record of"
    yield "a call shows the parameters listed under *recorded*, by CloudTrail's names, and never a secret value."
    for service in SERVICES:
        yield from _service(service)


def _service(service: Service) -> Iterator[str]:
    yield ""
    yield f"## {_TITLES[service.name]} (`{service.name}`, API {service.version})"
    for operation in sorted(service.operations, key=lambda entry: entry.name):
        yield from _operation(operation)
    if service.unserved:
        yield ""
        yield "### Not served"
        yield ""
        yield "These answer `UnsupportedOperationException` with the reason:"
        yield ""
        for reason in sorted(set(service.unserved.values())):
            names = ", ".join(f"`{name}`" for name, why in sorted(service.unserved.items()) if why == reason)
            yield f"- {names}: {reason}"


def _operation(operation: Operation[Any, Any]) -> Iterator[str]:
    module = sys.modules[operation.handle.__module__]
    paragraphs = (module.__doc__ or "").strip().split("\n\n")
    yield ""
    yield f"### {operation.name}"
    yield ""
    for paragraph in paragraphs:
        if paragraph.startswith("Source:"):
            yield (
                " ".join(paragraph.split()).partition(";")[0].rstrip(".") + "."
            )  # what stands behind is for developers
            yield ""
            continue
        yield from (line.strip().replace("``", "`") for line in paragraph.splitlines())
        yield ""
    action = f"`{operation.action}`" if operation.action else "none: every signed caller may"
    yield f"IAM action: {action}. {_MODES[operation.mode].capitalize()}."
    shape: type[Shape] = operation.request
    members = describe(shape)
    if members:
        yield ""
        yield "| parameter | type | limits | required | recorded |"
        yield "| --- | --- | --- | --- | --- |"
        for member in members:
            yield _row(member, is_recorded=member.name in operation.recorded_request)


def _row(member: Member, *, is_recorded: bool) -> str:
    required = "yes" if member.is_required else ""
    recorded = "yes" if is_recorded else "never: secret" if member.type.is_sensitive else ""
    limits = _limits(member.type).replace("|", "\\|")
    return f"| `{member.wire_name}` | {member.type.kind.value} | {limits} | {required} | {recorded} |"


def _limits(info: TypeInfo) -> str:
    parts = []
    if info.choices:
        parts.append(", ".join(info.choices))
    if info.least is not None or info.most is not None:
        parts.append(f"length {info.least or 0} to {info.most if info.most is not None else 'any'}")
    if info.minimum is not None or info.maximum is not None:
        parts.append(f"{info.minimum} to {info.maximum}")
    if info.pattern is not None:
        parts.append(f"`{info.pattern}`")
    return "; ".join(parts)


if __name__ == "__main__":
    sys.stdout.write(render())
