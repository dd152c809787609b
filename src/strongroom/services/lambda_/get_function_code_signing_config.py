"""GetFunctionCodeSigningConfig: that a function has no code signing configuration; Terraform asks for it.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionCodeSigningConfig.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import shapes
from strongroom.services.lambda_.lookup import existing, find_target, read_place
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Of which function."""

    function_name: shapes.NamespacedFunctionName


class Response(Shape):
    """An empty ARN."""

    code_signing_config_arn: shapes.CodeSigningConfigArn
    function_name: shapes.FunctionName


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_place(context, request.function_name))


def handle(context: Context, request: Request, target: Target) -> Response:
    """Say that there is none."""
    del context, request
    return Response(code_signing_config_arn="", function_name=existing(target).name)


GET_FUNCTION_CODE_SIGNING_CONFIG = Operation(
    name="GetFunctionCodeSigningConfig",
    event_name="GetFunctionCodeSigningConfig20200630",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="lambda:GetFunctionCodeSigningConfig",
    target=target,
    handle=handle,
    recorded_request=("function_name",),
)
