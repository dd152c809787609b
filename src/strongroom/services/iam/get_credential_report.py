"""GetCredentialReport: the last credential report of the account, as it was made.

Errors: ReportNotPresent before the first one, ReportExpired after four hours.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetCredentialReport.html
"""

from __future__ import annotations

from typing import Literal

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.account_settings import find_report
from strongroom.services.iam.credential_report import FRESH_MS
from strongroom.services.iam.lookup import account_target
from strongroom.wire.shapes import Shape, Timestamp, timestamp


class Request(Shape):
    """Nothing to say."""


class Response(Shape):
    """The report, in lines of comma-separated values."""

    content: bytes | None = None
    report_format: Literal["text/csv"] | None = None
    generated_time: Timestamp | None = None


def target(context: Context, request: Request) -> Target:
    """There is no resource."""
    return account_target(context)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read the report."""
    report = find_report(context.rows, context.account)
    if report is None:
        raise errors.report_not_present()
    if context.now_ms >= report.generated_ms + FRESH_MS:
        raise errors.report_expired()
    return Response(
        content=report.content,
        report_format="text/csv",
        generated_time=timestamp(report.generated_ms),
    )


GET_CREDENTIAL_REPORT = Operation(
    name="GetCredentialReport",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:GetCredentialReport",
    target=target,
    handle=handle,
)
