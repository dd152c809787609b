"""DeleteFunction: delete a function with its versions, or one version.

A version that an alias names cannot be deleted, nor can ``$LATEST`` alone.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import errors, shapes
from strongroom.services.lambda_.code import remove_unused_code
from strongroom.services.lambda_.lookup import (
    changeable,
    find_target,
    is_number,
    place_of,
    read_place,
    version_of,
)
from strongroom.services.lambda_.model import Configuration, Function, function_arn
from strongroom.services.lambda_.tables import (
    page_of_versions,
    remove_function,
    remove_version,
    update_function,
)
from strongroom.wire.shapes import Shape

_PAGE = 100


class Request(Shape):
    """The function, or one version of it."""

    function_name: shapes.NamespacedFunctionName
    qualifier: shapes.NumericLatestPublishedOrAliasQualifier | None = None


class Response(Shape):
    """That it is gone."""

    status_code: int | None = None


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_place(context, request.function_name, request.qualifier))


def handle(context: Context, request: Request, target: Target) -> Response:
    """Delete it."""
    del request
    function = changeable(target)
    qualifier = place_of(target).qualifier
    if not qualifier:
        gone = [function.attributes.latest, *_versions(context, function)]
        remove_function(context.transaction, function)
    else:
        if not is_number(qualifier):
            raise errors.invalid(
                "$LATEST version cannot be deleted without deleting the function."
                if qualifier == "$LATEST"
                else "Deletion of aliases is not currently supported."
            )
        gone = [version_of(context.rows, function, qualifier)]
        _refuse_named(function, qualifier)
        remove_version(context.transaction, function.function_id, int(qualifier))
        attributes = function.attributes
        kept = {name: policy for name, policy in attributes.policies.items() if name != qualifier}
        rules = {name: rule for name, rule in attributes.events.items() if name != qualifier}
        update_function(
            context.transaction,
            replace(function, attributes=replace(attributes, policies=kept, events=rules)),
        )
    for version in gone:
        archives = [version.archive_id, *(layer.archive_id for layer in version.layers)]
        remove_unused_code(context.transaction, archives)
    return Response(status_code=204)


def _versions(context: Context, function: Function) -> list[Configuration]:
    found: list[Configuration] = []
    while True:
        after = int(found[-1].version) if found else 0
        page = page_of_versions(context.rows, function.function_id, after, _PAGE)
        if not page:
            return found
        found.extend(page)


def _refuse_named(function: Function, version: str) -> None:
    named = [
        function_arn(function.region, function.account, function.name, name)
        for name, alias in function.attributes.aliases.items()
        if alias.version == version or version in alias.weights
    ]
    if named:
        raise errors.version_has_alias(", ".join(named))


DELETE_FUNCTION = Operation(
    name="DeleteFunction",
    event_name="DeleteFunction20150331",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="lambda:DeleteFunction",
    target=target,
    handle=handle,
    recorded_request=("function_name", "qualifier"),
)
