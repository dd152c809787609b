"""RemovePermission: take a statement out of the resource policy of a function, or of one version or alias of it.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_RemovePermission.html; audit reference 5.3.
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.ids import new_uuid
from strongroom.services.lambda_ import errors, shapes
from strongroom.services.lambda_.lookup import changeable, find_target, place_of, read_place, version_of
from strongroom.services.lambda_.model import Policy
from strongroom.services.lambda_.tables import update_function
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which statement."""

    function_name: shapes.NamespacedFunctionName
    statement_id: shapes.NamespacedStatementId
    qualifier: shapes.NumericLatestPublishedOrAliasQualifier | None = None
    revision_id: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_place(context, request.function_name, request.qualifier))


def handle(context: Context, request: Request, target: Target) -> None:
    """Take it out."""
    function = changeable(target)
    qualifier = place_of(target).qualifier
    version_of(context.rows, function, qualifier)
    policy = function.attributes.policies.get(qualifier)
    if policy is None:
        raise errors.no_policy()
    if request.revision_id is not None and policy.revision_id != request.revision_id:
        raise errors.policy_revision_differs()
    if request.statement_id not in policy.statements:
        raise errors.statement_not_found(request.statement_id)
    statements = {sid: text for sid, text in policy.statements.items() if sid != request.statement_id}
    attributes = function.attributes
    policies = {name: held for name, held in attributes.policies.items() if name != qualifier}
    if statements:
        joined = "".join(statements.values())
        ids = {arn: one for arn, one in policy.principal_ids.items() if arn in joined}
        policies[qualifier] = Policy(statements, ids, new_uuid())
    update_function(context.transaction, replace(function, attributes=replace(attributes, policies=policies)))


REMOVE_PERMISSION: Operation[Request, Shape] = Operation(
    name="RemovePermission",
    event_name="RemovePermission20150331v2",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="lambda:RemovePermission",
    target=target,
    handle=handle,
    recorded_request=tuple(Request.__struct_fields__),
)
