"""CreateLogGroup: make a log group. Its events never expire until PutRetentionPolicy says otherwise.

Only the class STANDARD is served. Events are sealed under the deployment's keyring; a key of KMS cannot be chosen.
Who gives tags needs ``logs:TagResource`` or ``logs:TagLogGroup`` too.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html.
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.authorisation import AccessDenied, authorise
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.logs import errors
from strongroom.services.logs.groups import make_group
from strongroom.services.logs.lookup import group_target
from strongroom.services.logs.model import GroupAttributes, group_arn
from strongroom.services.logs.shapes import KmsKeyId, LogGroupClass, LogGroupName, LogsShape, Tags
from strongroom.services.logs.tags import put_tags, tag_conditions
from strongroom.wire.shapes import Shape


class Request(LogsShape):
    """The new group."""

    log_group_name: LogGroupName
    kms_key_id: KmsKeyId | None = None
    tags: Tags | None = None
    log_group_class: LogGroupClass | None = None
    deletion_protection_enabled: bool | None = None


def target(context: Context, request: Request) -> Target:
    """Name the group that there will be; the tags of the request are condition keys."""
    return group_target(context, request.log_group_name, conditions=tag_conditions(request.tags))


def handle(context: Context, request: Request, target: Target) -> None:
    """Make it."""
    if request.tags:
        _authorise_tags(context, request, target)
    if request.kms_key_id is not None:
        raise errors.invalid_parameter(
            "Strongroom seals log events under its own keyring: kmsKeyId is not supported."
        )
    if request.log_group_class not in (None, "STANDARD"):
        raise errors.invalid_parameter("Strongroom has log groups of the class STANDARD only.")
    if target.found is not None:
        raise errors.group_exists()
    attributes = GroupAttributes(
        tags=put_tags((), request.tags or {}), is_protected=request.deletion_protection_enabled is True
    )
    make_group(
        context.transaction,
        context.account,
        context.region,
        request.log_group_name,
        context.now_ms,
        attributes,
    )


def _authorise_tags(context: Context, request: Request, target: Target) -> None:
    """Ask for one of the two permissions to tag: the one of today, or else that of older clients."""
    arn = group_arn(context.region, context.account, request.log_group_name)
    try:
        authorise(context, "logs:TagResource", replace(target, arn=arn, label=arn))
    except AccessDenied:
        try:
            authorise(context, "logs:TagLogGroup", target)
        except AccessDenied:
            pass
        else:
            return
        raise


CREATE_LOG_GROUP: Operation[Request, Shape] = Operation(
    name="CreateLogGroup",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="logs:CreateLogGroup",
    target=target,
    handle=handle,
    recorded_request=(
        "log_group_name",
        "kms_key_id",
        "tags",
        "log_group_class",
        "deletion_protection_enabled",
    ),
)
