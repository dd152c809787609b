"""UpdateFunctionCode: give ``$LATEST`` another archive.

With DryRun everything is checked and nothing is changed. Published versions keep the code that they have.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html; audit reference 5.2.
"""

from __future__ import annotations

from typing import Annotated

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import errors, shapes
from strongroom.services.lambda_.code import insert_code, remove_unused_code
from strongroom.services.lambda_.configuration import check_revision, shown, total_unzipped, touched
from strongroom.services.lambda_.lookup import changeable, find_target, read_place
from strongroom.services.lambda_.publishing import publish
from strongroom.services.lambda_.recorded import record_configuration
from strongroom.services.lambda_.structures import FunctionConfiguration
from strongroom.services.lambda_.tables import update_function
from strongroom.services.lambda_.uploading import Uploaded, check_room, check_unzipped, check_upload
from strongroom.wire.shapes import Shape, limits, renamed


class Request(Shape):
    """The function and its code."""

    function_name: shapes.FunctionName
    zip_file: shapes.Blob | None = None
    s3_bucket: shapes.S3Bucket | None = None
    s3_key: shapes.S3Key | None = None
    s3_object_version: shapes.S3ObjectVersion | None = None
    s3_object_storage_mode: shapes.S3ObjectStorageMode | None = None
    image_uri: str | None = None
    architectures: Annotated[list[shapes.Architecture], limits(1, 1)] | None = None
    publish: bool | None = None
    publish_to: shapes.FunctionVersionLatestPublished | None = None
    dry_run: bool | None = None
    revision_id: str | None = None
    source_kms_key_arn: shapes.KMSKeyArn | None = renamed("SourceKMSKeyArn", default=None)


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_place(context, request.function_name))


def prepare(context: Context, request: Request, target: Target) -> Uploaded:
    """Check and seal the code."""
    changeable(target)
    if request.image_uri:
        raise errors.not_served("Code in a container image")
    if request.s3_bucket or request.s3_key:
        raise errors.not_served("Code in S3")
    if request.zip_file is None:
        raise errors.invalid("Please provide a source for function code.")
    return check_upload(context, target.account, request.zip_file)


def handle(context: Context, request: Request, target: Target) -> FunctionConfiguration:
    """Replace it."""
    function = changeable(target)
    before = function.attributes.latest
    check_revision(before, request.revision_id)
    uploaded = context.prepared
    assert isinstance(uploaded, Uploaded)
    check_unzipped(total_unzipped(uploaded.archive.unzipped, before.layers))
    check_room(context, uploaded.archive.zipped)
    latest = replace(
        before,
        archive_id=uploaded.sealed.archive_id,
        sha256=uploaded.archive.digest,
        size=uploaded.archive.zipped,
        unzipped=uploaded.archive.unzipped,
        architectures=tuple(request.architectures or before.architectures),
    )
    latest = touched(context, latest)
    changed = replace(function, attributes=replace(function.attributes, latest=latest))
    if request.dry_run:
        return shown(context, changed, latest)
    insert_code(context.transaction, uploaded.sealed)
    update_function(context.transaction, changed)
    if request.publish:
        changed, version = publish(context, changed, None)
        answer = shown(context, changed, version, version.version)
    else:
        answer = shown(context, changed, latest)
    remove_unused_code(context.transaction, (before.archive_id,))
    return replace(answer, last_update_status="InProgress")


UPDATE_FUNCTION_CODE = Operation(
    name="UpdateFunctionCode",
    event_name="UpdateFunctionCode20150331v2",
    mode=Mode.CHANGE,
    request=Request,
    response=FunctionConfiguration,
    action="lambda:UpdateFunctionCode",
    target=target,
    prepare=prepare,
    is_heavy=True,
    handle=handle,
    recorded_request=tuple(name for name in Request.__struct_fields__ if name != "zip_file"),
    recorded_response=record_configuration,
    is_unbuffered=True,
)
