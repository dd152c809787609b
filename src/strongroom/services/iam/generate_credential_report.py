"""GenerateCredentialReport: make the credential report of the account, unless the last one is fresh.

A report is fresh for four hours.

The report is made on a thread of its own before the change waits for its turn; it is there when the answer is.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateCredentialReport.html
"""

from __future__ import annotations

from typing import Literal

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.account_settings import CredentialReport, find_report, save_report
from strongroom.services.iam.credential_report import FRESH_MS, write_report
from strongroom.services.iam.lookup import account_target
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Nothing to say."""


class Response(Shape):
    """How far it is."""

    state: Literal["STARTED", "INPROGRESS", "COMPLETE"] | None = None
    description: str | None = None


def target(context: Context, request: Request) -> Target:
    """There is no resource."""
    return account_target(context)


def prepare(context: Context, request: Request, target: Target) -> bytes | None:
    """Write the report, unless there is one that is fresh."""
    held = find_report(context.rows, context.account)
    if held is not None and context.now_ms < held.generated_ms + FRESH_MS:
        return None
    return write_report(context.rows, context.account)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Keep the report."""
    content: bytes | None = context.prepared
    if content is None:
        return Response(state="COMPLETE")
    save_report(context.transaction, CredentialReport(context.account, context.now_ms, content))
    return Response(state="STARTED", description="No report exists. Starting a new report generation task")


GENERATE_CREDENTIAL_REPORT = Operation(
    name="GenerateCredentialReport",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="iam:GenerateCredentialReport",
    target=target,
    handle=handle,
    prepare=prepare,
)
