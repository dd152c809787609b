"""DescribeLogGroups: list the groups of the account in the Region, by name, 50 at a time.

By a prefix of their names, by a text in them, or by up to 50 names. A page of a search for a text looks at 1,000
groups at most: it may be short, even empty, and still have a nextToken. There are no linked accounts.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.logs import errors
from strongroom.services.logs.lookup import split_identifier
from strongroom.services.logs.model import DESCRIBED_MOST, LogGroup, stream_arn
from strongroom.services.logs.page_token import TOKENS
from strongroom.services.logs.shapes import (
    DescribeLimit,
    Instant,
    KmsKeyId,
    LogGroupClass,
    LogGroupIdentifier,
    LogGroupName,
    LogsShape,
    NextToken,
)
from strongroom.services.logs.tables import find_group, page_groups
from strongroom.wire.shapes import limits

_NAME: Final = "DescribeLogGroups"
_LOOKED_AT_MOST: Final = 1_000


class Request(LogsShape):
    """Which groups, and where to go on."""

    account_identifiers: (
        Annotated[list[Annotated[str, limits(12, 12, pattern=r"^\d{12}$")]], limits(0, 20)] | None
    ) = None
    log_group_name_prefix: LogGroupName | None = None
    log_group_name_pattern: Annotated[str, limits(0, 512, pattern=r"[\.\-_/#A-Za-z0-9]*")] | None = None
    next_token: NextToken | None = None
    limit: DescribeLimit | None = None
    include_linked_accounts: bool | None = None
    log_group_class: LogGroupClass | None = None
    log_group_identifiers: Annotated[list[LogGroupIdentifier], limits(1, 50)] | None = None


class Group(LogsShape):
    """One group."""

    log_group_name: LogGroupName | None = None
    creation_time: Instant | None = None
    retention_in_days: int | None = None
    metric_filter_count: int | None = None
    arn: str | None = None
    stored_bytes: Instant | None = None
    kms_key_id: KmsKeyId | None = None
    data_protection_status: Literal["ACTIVATED", "DELETED", "ARCHIVED", "DISABLED"] | None = None
    inherited_properties: list[Literal["ACCOUNT_DATA_PROTECTION"]] | None = None
    log_group_class: LogGroupClass | None = None
    log_group_arn: str | None = None
    deletion_protection_enabled: bool | None = None
    bearer_token_authentication_enabled: bool | None = None
    retention_policy_name: str | None = None


class Response(LogsShape):
    """A page of groups."""

    log_groups: list[Group] | None = None
    next_token: NextToken | None = None


def target(context: Context, _request: Request) -> Target:
    """Name all groups: who may list, may list all of them."""
    arn = stream_arn(context.region, context.account, "", "")
    return Target(arn, context.account, arn)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read one page."""
    prefix, text, names = (
        request.log_group_name_prefix,
        request.log_group_name_pattern,
        request.log_group_identifiers,
    )
    if sum(1 for given in (prefix, text, names) if given is not None) > 1:
        raise errors.invalid_parameter(
            "logGroupNamePrefix, logGroupNamePattern and logGroupIdentifiers are mutually exclusive parameters."
        )
    if request.log_group_class not in (None, "STANDARD"):
        return Response(log_groups=[])
    if names is not None:
        return Response(log_groups=[_described(group) for group in _named(context, names)])
    question = (prefix, text)
    most = request.limit or DESCRIBED_MOST
    after = TOKENS.open(context, _NAME, question, request.next_token)
    first = str(after[0]) if after is not None else (prefix or "")
    read = most + 1 if text is None else _LOOKED_AT_MOST
    place = (context.rows, context.account, context.region)
    looked_at = page_groups(*place, first, prefix or "", read, is_after=after is not None)
    found = looked_at if text is None else [group for group in looked_at if text in group.name]
    page = found[:most]
    end = (
        page[-1].name
        if len(found) > most
        else looked_at[-1].name
        if text and len(looked_at) == read
        else None
    )
    return Response(
        log_groups=[_described(group) if text is None else _named_only(group) for group in page],
        next_token=None if end is None else TOKENS.seal(context, _NAME, question, (end,)),
    )


def _named(context: Context, identifiers: list[str]) -> list[LogGroup]:
    names = {
        name
        for account, name in (split_identifier(context, one) for one in identifiers)
        if account == context.account
    }
    found = (find_group(context.rows, context.account, context.region, name) for name in sorted(names))
    return [group for group in found if group is not None]


def _described(group: LogGroup) -> Group:
    return Group(
        log_group_name=group.name,
        creation_time=group.created_ms,
        retention_in_days=group.attributes.retention_days,
        metric_filter_count=0,
        arn=f"{group.arn}:*",
        stored_bytes=group.stored_bytes,
        log_group_class="STANDARD",
        log_group_arn=group.arn,
        deletion_protection_enabled=group.attributes.is_protected,
    )


def _named_only(group: LogGroup) -> Group:
    """Describe a group that was found by a text in its name: AWS shows no more of it."""
    return Group(log_group_name=group.name, creation_time=group.created_ms, arn=f"{group.arn}:*")


DESCRIBE_LOG_GROUPS = Operation(
    name=_NAME,
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="logs:DescribeLogGroups",
    target=target,
    handle=handle,
    recorded_request=(
        "account_identifiers",
        "log_group_name_prefix",
        "log_group_name_pattern",
        "next_token",
        "limit",
        "include_linked_accounts",
        "log_group_class",
        "log_group_identifiers",
    ),
)
