"""AddPermission: let somebody else invoke a function, or one version or alias of it.

A statement of its own is added to the resource policy: an account, a user or role, or a service, with the resource
and the account for which a service may act (P-08).

Source: https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html; audit reference 5.3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from strongroom.arn import PARTITION, is_account_id
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.ids import new_uuid
from strongroom.policy.document import MalformedPolicy, PolicyKind, parse_policy
from strongroom.services.iam.contract import UnknownPrincipal, resolve_principals
from strongroom.services.lambda_ import errors, shapes
from strongroom.services.lambda_.lookup import changeable, find_target, place_of, read_place, version_of
from strongroom.services.lambda_.model import LATEST, POLICY_BYTES_MOST, Policy, function_arn
from strongroom.services.lambda_.tables import update_function
from strongroom.wire.shapes import Shape, renamed

_SERVICE: Final = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com", re.ASCII)


class Request(Shape):
    """Who, for what, and how the statement is called."""

    function_name: shapes.NamespacedFunctionName
    statement_id: shapes.StatementId
    action: shapes.Action
    principal: shapes.Principal
    source_arn: shapes.Arn | None = None
    function_url_auth_type: shapes.FunctionUrlAuthType | None = None
    invoked_via_function_url: bool | None = None
    source_account: shapes.SourceOwner | None = None
    event_source_token: shapes.EventSourceToken | None = None
    qualifier: shapes.NumericLatestPublishedOrAliasQualifier | None = None
    revision_id: str | None = None
    principal_org_id: shapes.PrincipalOrgID | None = renamed("PrincipalOrgID", default=None)


class Response(Shape):
    """The statement, as JSON."""

    statement: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the function; who is let in is a condition key."""
    place = read_place(context, request.function_name, request.qualifier)
    return find_target(context, place, {"lambda:principal": (request.principal,)})


def handle(context: Context, request: Request, target: Target) -> Response:
    """Add the statement."""
    function = changeable(target)
    qualifier = place_of(target).qualifier
    if qualifier == LATEST:
        raise errors.policy_for_latest()
    if request.function_url_auth_type is not None or request.invoked_via_function_url is not None:
        raise errors.not_served("A function URL")
    version_of(context.rows, function, qualifier)
    policy = function.attributes.policies.get(qualifier)
    if request.revision_id is not None and (policy is None or policy.revision_id != request.revision_id):
        raise errors.policy_revision_differs()
    statements = {} if policy is None else dict(policy.statements)
    if request.statement_id in statements:
        raise errors.statement_exists(request.statement_id)
    arn = function_arn(function.region, function.account, function.name, qualifier)
    text = msgspec.json.encode(_statement(request, arn)).decode()
    statements[request.statement_id] = text
    changed = Policy(statements, {}, new_uuid())
    if len(changed.document) > POLICY_BYTES_MOST:
        raise errors.policy_too_long()
    # Only who is named anew is looked up: who was named before keeps the id that he had then (P-07).
    named = _bind(context, Policy({request.statement_id: text}, {}, ""))
    kept = {} if policy is None else dict(policy.principal_ids)
    changed = replace(changed, principal_ids={**named, **kept})
    attributes = function.attributes
    policies = {**attributes.policies, qualifier: changed}
    update_function(context.transaction, replace(function, attributes=replace(attributes, policies=policies)))
    return Response(statement=text)


def _statement(request: Request, arn: str) -> dict[str, Any]:
    conditions: dict[str, dict[str, str]] = {}
    equals = {
        "AWS:SourceAccount": request.source_account,
        "aws:PrincipalOrgID": request.principal_org_id,
        "lambda:EventSourceToken": request.event_source_token,
    }
    set_equals = {key: value for key, value in equals.items() if value is not None}
    if set_equals:
        conditions["StringEquals"] = set_equals
    if request.source_arn is not None:
        conditions["ArnLike"] = {"AWS:SourceArn": request.source_arn}
    statement: dict[str, Any] = {
        "Sid": request.statement_id,
        "Effect": "Allow",
        "Principal": _principal(request.principal),
        "Action": request.action,
        "Resource": arn,
    }
    if conditions:
        statement["Condition"] = conditions
    return statement


def _principal(text: str) -> str | dict[str, str]:
    if text == "*":
        return text
    if is_account_id(text):
        return {"AWS": f"arn:{PARTITION}:iam::{text}:root"}
    if text.startswith("arn:"):
        return {"AWS": text}
    if _SERVICE.fullmatch(text) is not None:
        return {"Service": text}
    raise errors.invalid_principal()


def _bind(context: Context, policy: Policy) -> Mapping[str, str]:
    """Check the form of a statement, and give the unique ids of whom it names.

    Raises:
        Fault: It is no statement, or names somebody who does not exist.
    """
    try:
        document = parse_policy(policy.document, PolicyKind.RESOURCE)
        return resolve_principals(context.rows, document)
    except UnknownPrincipal:
        raise errors.invalid_principal() from None
    except MalformedPolicy:
        raise errors.invalid_principal() from None


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the statement."""
    return {"statement": response.statement}


ADD_PERMISSION = Operation(
    name="AddPermission",
    event_name="AddPermission20150331v2",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="lambda:AddPermission",
    target=target,
    handle=handle,
    recorded_request=tuple(name for name in Request.__struct_fields__ if name != "event_source_token"),
    recorded_response=recorded_response,
)
