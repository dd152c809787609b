"""UpdateFunctionConfiguration: change the settings of ``$LATEST``; what the request does not name stays.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html; audit reference 5.2.
"""

from __future__ import annotations

from typing import Annotated

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import shapes, structures
from strongroom.services.lambda_.code import remove_unused_code
from strongroom.services.lambda_.configuration import (
    check_revision,
    refuse_what_is_not_served,
    shown,
    total_unzipped,
    touched,
    with_settings,
)
from strongroom.services.lambda_.lookup import changeable, find_target, read_place
from strongroom.services.lambda_.recorded import record_configuration
from strongroom.services.lambda_.roles import check_role
from strongroom.services.lambda_.structures import FunctionConfiguration
from strongroom.services.lambda_.tables import update_function
from strongroom.services.lambda_.uploading import check_unzipped
from strongroom.wire.shapes import Shape, limits, renamed


class Request(Shape):
    """The function and its settings."""

    function_name: shapes.FunctionName
    role: shapes.RoleArn | None = None
    handler: shapes.Handler | None = None
    description: shapes.Description | None = None
    timeout: shapes.Timeout | None = None
    memory_size: shapes.MemorySize | None = None
    vpc_config: structures.VpcConfig | None = None
    environment: structures.Environment | None = None
    runtime: shapes.Runtime | None = None
    dead_letter_config: structures.DeadLetterConfig | None = None
    kms_key_arn: shapes.KMSKeyArn | None = renamed("KMSKeyArn", default=None)
    tracing_config: structures.TracingConfig | None = None
    revision_id: str | None = None
    layers: list[shapes.LayerVersionArn] | None = None
    file_system_configs: Annotated[list[structures.FileSystemConfig], limits(0, 1)] | None = None
    image_config: structures.ImageConfig | None = None
    ephemeral_storage: structures.EphemeralStorage | None = None
    snap_start: structures.SnapStart | None = None
    logging_config: structures.LoggingConfig | None = None
    capacity_provider_config: structures.CapacityProviderConfig | None = None
    durable_config: structures.DurableConfig | None = None
    runtime_config: structures.FunctionRuntimeConfig | None = None
    accelerator_config: structures.AcceleratorConfig | None = None


def target(context: Context, request: Request) -> Target:
    """Name the function; its layers are a condition key."""
    conditions = {"lambda:layer": tuple(request.layers)} if request.layers else {}
    return find_target(context, read_place(context, request.function_name), conditions)


def handle(context: Context, request: Request, target: Target) -> FunctionConfiguration:
    """Change it."""
    function = changeable(target)
    before = function.attributes.latest
    check_revision(before, request.revision_id)
    refuse_what_is_not_served(request)
    latest = before
    if request.role is not None:
        role = check_role(context, request.role, function.arn)
        latest = replace(latest, role=role.arn, role_id=role.unique_id)
    latest = touched(context, with_settings(context, function.account, function.function_id, latest, request))
    check_unzipped(total_unzipped(latest.unzipped, latest.layers))
    changed = replace(function, attributes=replace(function.attributes, latest=latest))
    update_function(context.transaction, changed)
    remove_unused_code(context.transaction, [layer.archive_id for layer in before.layers])
    return replace(shown(context, changed, latest), last_update_status="InProgress")


UPDATE_FUNCTION_CONFIGURATION = Operation(
    name="UpdateFunctionConfiguration",
    event_name="UpdateFunctionConfiguration20150331v2",
    mode=Mode.CHANGE,
    request=Request,
    response=FunctionConfiguration,
    action="lambda:UpdateFunctionConfiguration",
    target=target,
    handle=handle,
    recorded_request=tuple(Request.__struct_fields__),
    recorded_response=record_configuration,
    is_unbuffered=True,
)
