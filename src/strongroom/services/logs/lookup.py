"""Step 5 for the log service: from a name or an ARN to the row, and the ARN that policies are asked about.

Rules (threat model P-01, P-09):
 - For what concerns a whole group that ARN is ``...:log-group:NAME:log-stream:``, as AWS builds it, which is why
   policies name ``log-group:NAME:*``. For what concerns one stream the stream's name stands behind it. Only the
   operations of tags are asked about ``log-group:NAME``.
 - It is built from the name, so it is the same whether the group exists or not.
 - Groups of other accounts grant nothing to anybody: their ARN is refused like any other that the caller may not use.
 - The tags of a group are condition keys for itself and for its streams.

Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon CloudWatch Logs".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from strongroom.arn import PARTITION, MalformedARN, parse_arn
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Target
from strongroom.policy.match import fold
from strongroom.services.logs import errors
from strongroom.services.logs.model import LogGroup, LogStream, group_arn, stream_arn
from strongroom.services.logs.tables import find_group, find_stream

Conditions = Mapping[str, tuple[str, ...]]
NO_CONDITIONS: Final[Conditions] = {}

_GROUP: Final = "log-group:"


def group_target(
    context: Context, name: str, *, stream: str = "", conditions: Conditions = NO_CONDITIONS
) -> Target:
    """Name a group of the caller's account, or one of its streams."""
    return _target(context, context.account, name, stream, conditions)


def identified_target(
    context: Context, name: str | None, identifier: str | None, *, stream: str = ""
) -> Target:
    """Name a group by its name or by an identifier: a name or an ARN.

    Raises:
        Fault: Both are given, or neither, or an ARN of something else.
    """
    if name is not None and identifier is not None:
        raise errors.invalid_parameter("LogGroup name and LogGroup ARN are mutually exclusive parameters.")
    if identifier is not None:
        account, name = split_identifier(context, identifier)
        return _target(context, account, name, stream, NO_CONDITIONS)
    if name is None:
        raise errors.invalid_parameter("Please provide either a log group name or a log group identifier.")
    return group_target(context, name, stream=stream)


def tagged_target(context: Context, resource_arn: str, conditions: Conditions = NO_CONDITIONS) -> Target:
    """Name the group of an ARN, as the operations of tags do.

    Raises:
        Fault: It is no ARN of a group in this Region.
    """
    if not resource_arn.startswith("arn:"):
        raise errors.invalid_parameter(f"Invalid resource ARN: {resource_arn}")
    account, name = split_identifier(context, resource_arn)
    group = find_group(context.rows, account, context.region, name) if account == context.account else None
    arn = group_arn(context.region, account, name)
    return Target(arn, account, arn, group, {**_tags_of(group), **conditions})


def split_identifier(context: Context, identifier: str) -> tuple[str, str]:
    """Give account and name of what identifies a group.

    Raises:
        Fault: It is no ARN of a group in this Region.
    """
    if not identifier.startswith("arn:"):
        return context.account, identifier
    try:
        arn = parse_arn(identifier.removesuffix(":*"))
    except MalformedARN:
        raise errors.invalid_parameter(f"Invalid log group identifier: {identifier}") from None
    name = arn.resource.removeprefix(_GROUP)
    is_group = arn.resource.startswith(_GROUP) and ":" not in name and name
    if arn.partition != PARTITION or arn.service != "logs" or not is_group:
        raise errors.invalid_parameter(f"Invalid log group identifier: {identifier}")
    if arn.region != context.region:
        raise errors.group_not_found()
    return arn.account, name


def existing_group(target: Target) -> LogGroup:
    """Return the group of a target.

    Raises:
        Fault: There is none.
    """
    if target.found is None:
        raise errors.group_not_found()
    assert isinstance(target.found, LogGroup)
    return target.found


def existing_tagged(target: Target) -> LogGroup:
    """Return the group of a target of the operations of tags.

    Raises:
        Fault: There is none.
    """
    if target.found is None:
        raise errors.resource_not_found()
    assert isinstance(target.found, LogGroup)
    return target.found


def existing_stream(context: Context, group: LogGroup, name: str) -> LogStream:
    """Read a stream of a group.

    Raises:
        Fault: There is none.
    """
    stream = find_stream(context.rows, group.group_id, name)
    if stream is None:
        raise errors.stream_not_found()
    return stream


def _target(context: Context, account: str, name: str, stream: str, conditions: Conditions) -> Target:
    group = find_group(context.rows, account, context.region, name) if account == context.account else None
    arn = stream_arn(context.region, account, name, stream)
    return Target(arn, account, arn, group, {**_tags_of(group), **conditions})


def _tags_of(group: LogGroup | None) -> Conditions:
    if group is None:
        return NO_CONDITIONS
    keys: dict[str, tuple[str, ...]] = {}
    for key, value in group.attributes.tags:
        folded = "aws:resourcetag/" + fold(key)
        keys[folded] = (*keys.get(folded, ()), value)
    return keys
