"""GetPolicy: the resource policy of a function, or of one version or alias of it.

Whom the policy names and who is gone is shown by his unique id.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_GetPolicy.html; audit reference 5.3.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.policy.shown import show_policy
from strongroom.services.iam.contract import replaced_principals
from strongroom.services.lambda_ import errors, shapes
from strongroom.services.lambda_.lookup import Found, find_target, place_of, read_place
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Of which function, version or alias."""

    function_name: shapes.NamespacedFunctionName
    qualifier: shapes.NumericLatestPublishedOrAliasQualifier | None = None


class Response(Shape):
    """The policy, as JSON, and its revision."""

    policy: str | None = None
    revision_id: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_place(context, request.function_name, request.qualifier))


def handle(context: Context, request: Request, target: Target) -> Response:
    """Show it."""
    del request
    found = target.found
    assert isinstance(found, Found)
    policy = (
        None if found.function is None else found.function.attributes.policies.get(place_of(target).qualifier)
    )
    if policy is None:
        raise errors.resource_not_found()
    document = show_policy(policy.document, replaced_principals(context.rows, policy.principal_ids))
    return Response(policy=document, revision_id=policy.revision_id)


GET_POLICY = Operation(
    name="GetPolicy",
    event_name="GetPolicy20150331v2",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="lambda:GetPolicy",
    target=target,
    handle=handle,
    recorded_request=("function_name", "qualifier"),
)
