"""CreateFunction: make a function of a zip archive that comes with the request.

Python and Node.js run here; the role is one that the caller may pass and that trusts Lambda. With Publish a first
version is made as well. What Strongroom does not have is refused.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html; audit reference 5.2.
"""

from __future__ import annotations

from typing import Annotated

from msgspec.structs import replace

from strongroom.gateway.authorisation import authorise
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.ids import new_uuid
from strongroom.services.lambda_ import errors, shapes, structures
from strongroom.services.lambda_.code import insert_code
from strongroom.services.lambda_.configuration import (
    check_handler,
    check_runtime,
    refuse_what_is_not_served,
    shown,
    total_unzipped,
    touched,
    with_settings,
)
from strongroom.services.lambda_.lookup import Found, find_target, place_of, read_place, refuse_built_in
from strongroom.services.lambda_.model import Attributes, Configuration, Function
from strongroom.services.lambda_.publishing import publish
from strongroom.services.lambda_.recorded import record_configuration
from strongroom.services.lambda_.roles import check_role
from strongroom.services.lambda_.structures import FunctionConfiguration
from strongroom.services.lambda_.tables import insert_function
from strongroom.services.lambda_.tags import check_tags, request_tag_conditions
from strongroom.services.lambda_.uploading import Uploaded, check_room, check_unzipped, check_upload
from strongroom.wire.shapes import Shape, limits, renamed


class Request(Shape):
    """The function."""

    function_name: shapes.FunctionName
    runtime: shapes.Runtime | None = None
    role: shapes.RoleArn
    handler: shapes.Handler | None = None
    code: structures.FunctionCode
    description: shapes.Description | None = None
    timeout: shapes.Timeout | None = None
    memory_size: shapes.MemorySize | None = None
    publish: bool | None = None
    publish_to: shapes.FunctionVersionLatestPublished | None = None
    vpc_config: structures.VpcConfig | None = None
    package_type: shapes.PackageType | None = None
    dead_letter_config: structures.DeadLetterConfig | None = None
    environment: structures.Environment | None = None
    kms_key_arn: shapes.KMSKeyArn | None = renamed("KMSKeyArn", default=None)
    tracing_config: structures.TracingConfig | None = None
    tags: dict[shapes.TagKey, shapes.TagValue] | None = None
    layers: list[shapes.LayerVersionArn] | None = None
    file_system_configs: Annotated[list[structures.FileSystemConfig], limits(0, 1)] | None = None
    code_signing_config_arn: shapes.CodeSigningConfigArn | None = None
    image_config: structures.ImageConfig | None = None
    architectures: Annotated[list[shapes.Architecture], limits(1, 1)] | None = None
    ephemeral_storage: structures.EphemeralStorage | None = None
    snap_start: structures.SnapStart | None = None
    logging_config: structures.LoggingConfig | None = None
    tenancy_config: structures.TenancyConfig | None = None
    capacity_provider_config: structures.CapacityProviderConfig | None = None
    durable_config: structures.DurableConfig | None = None
    runtime_config: structures.FunctionRuntimeConfig | None = None
    accelerator_config: structures.AcceleratorConfig | None = None


def target(context: Context, request: Request) -> Target:
    """Name the function that will be."""
    conditions = dict(request_tag_conditions(request.tags))
    if request.layers:
        conditions["lambda:layer"] = tuple(request.layers)
    return find_target(context, read_place(context, request.function_name), conditions)


def prepare(context: Context, request: Request, target: Target) -> Uploaded:
    """Refuse what can be refused without the store, then check and seal the code."""
    if request.package_type == "Image" or request.code.image_uri:
        raise errors.not_served("Code in a container image")
    if request.code.s3_bucket or request.code.s3_key:
        raise errors.not_served("Code in S3")
    if request.code_signing_config_arn:
        raise errors.not_served("CodeSigningConfigArn")
    if request.tenancy_config is not None:
        raise errors.not_served("TenancyConfig")
    refuse_what_is_not_served(request)
    if request.runtime is None or request.handler is None:
        raise errors.invalid(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    check_runtime(request.runtime)
    check_handler(request.handler)
    if request.code.zip_file is None:
        raise errors.invalid("Please provide a source for function code.")
    return check_upload(context, target.account, request.code.zip_file)


def handle(context: Context, request: Request, target: Target) -> FunctionConfiguration:
    """Make it."""
    place = place_of(target)
    refuse_built_in(place)
    found = target.found
    assert isinstance(found, Found)
    if found.function is not None:
        raise errors.function_exists(place.name)
    if place.qualifier not in ("", "$LATEST"):
        raise errors.qualifier_not_here()
    if request.tags:
        authorise(context, "lambda:TagResource", target)
    role = check_role(context, request.role, place.arn)
    uploaded = context.prepared
    assert isinstance(uploaded, Uploaded)
    check_room(context, uploaded.archive.zipped)
    function_id = new_uuid()
    assert request.runtime is not None
    assert request.handler is not None
    plain = Configuration(
        version="$LATEST",
        role=role.arn,
        role_id=role.unique_id,
        runtime=request.runtime,
        handler=request.handler,
        archive_id=uploaded.sealed.archive_id,
        sha256=uploaded.archive.digest,
        size=uploaded.archive.zipped,
        unzipped=uploaded.archive.unzipped,
        modified_ms=context.now_ms,
        revision_id=new_uuid(),
        architectures=tuple(request.architectures or ("x86_64",)),
    )
    latest = touched(context, with_settings(context, place.account, function_id, plain, request))
    check_unzipped(total_unzipped(latest.unzipped, latest.layers))
    attributes = Attributes(latest=latest, tags=check_tags((), request.tags or {}))
    function = Function(function_id, place.account, place.region, place.name, attributes)
    insert_code(context.transaction, uploaded.sealed)
    insert_function(context.transaction, function)
    if request.publish:
        function, published = publish(context, function, None)
        answer = shown(context, function, published, published.version)
    else:
        answer = shown(context, function, latest)
    return replace(
        answer,
        state="Pending",
        state_reason="The function is being created.",
        state_reason_code="Creating",
        last_update_status=None,
    )


CREATE_FUNCTION = Operation(
    name="CreateFunction",
    event_name="CreateFunction20150331",
    mode=Mode.CHANGE,
    request=Request,
    response=FunctionConfiguration,
    action="lambda:CreateFunction",
    target=target,
    prepare=prepare,
    is_heavy=True,
    handle=handle,
    recorded_request=tuple(Request.__struct_fields__),
    recorded_response=record_configuration,
    is_unbuffered=True,
)
