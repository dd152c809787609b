"""The members and structures of simulations, with their constraints.

``SourcePolicyType`` has the words that AWS sends (recorded), which are not those of its service model.

Source: the service model ``iam`` 2010-05-08.
"""

from __future__ import annotations

from typing import Annotated, Literal

from strongroom.policy.decision import Outcome
from strongroom.policy.positions import Position, Span
from strongroom.policy.simulation import Matched, Result
from strongroom.services.iam.shapes import Arn, PolicyDocument, PolicyName
from strongroom.wire.shapes import Shape, limits

ActionName = Annotated[str, limits(3, 128)]
ResourceName = Annotated[str, limits(1, 2048)]
ResourceHandlingOption = Annotated[str, limits(1, 64)]
ContextKeyName = Annotated[str, limits(5, 256)]
ContextKeyType = Literal[
    "string",
    "stringList",
    "numeric",
    "numericList",
    "boolean",
    "booleanList",
    "ip",
    "ipList",
    "binary",
    "binaryList",
    "date",
    "dateList",
]
PolicyTypeName = Annotated[str, limits(3, 256)]
Decision = Literal["allowed", "explicitDeny", "implicitDeny"]
PolicyDocuments = list[PolicyDocument]

_DECISIONS: dict[Outcome, Decision] = {
    Outcome.ALLOW: "allowed",
    Outcome.EXPLICIT_DENY: "explicitDeny",
    Outcome.IMPLICIT_DENY: "implicitDeny",
}


class ContextEntry(Shape):
    """A condition key with its values."""

    context_key_name: ContextKeyName | None = None
    context_key_values: list[str] | None = None
    context_key_type: ContextKeyType | None = None


class OrderedOrganizationPolicy(Shape):
    """The service control policies of one level of an organization."""

    service_control_policy_input_list: PolicyDocuments | None = None


OrganizationPolicies = Annotated[list[OrderedOrganizationPolicy], limits(None, 7)]


class InlinePolicyIdentifier(Shape):
    """An inline policy, and whose it is."""

    policy_name: PolicyName
    attachment_type: Literal["user", "group", "role"]
    attachment_name: PolicyName


class PolicyIdentifier(Shape):
    """Policies that a simulation leaves out: a sort of them, or one."""

    policy_type: (
        Literal["inline", "aws-managed", "user-managed", "permission-boundary", "scp", "rcp"] | None
    ) = None
    policy_arn: Arn | None = None
    inline_policy_identifier: InlinePolicyIdentifier | None = None


PolicyExclusions = Annotated[list[PolicyIdentifier], limits(None, 256)]


class PlaceDetail(Shape):
    """Line and column."""

    line: int | None = None
    column: int | None = None


class MatchedStatementDetail(Shape):
    """A statement that decided."""

    source_policy_id: str | None = None
    source_policy_type: str | None = None
    start_position: PlaceDetail | None = None
    end_position: PlaceDetail | None = None


class OrganizationsDecisionDetail(Shape):
    """What service control policies say; there are none here."""

    allowed_by_organizations: bool | None = None


class BoundaryDecisionDetail(Shape):
    """What the permissions boundary says on its own."""

    allowed_by_permissions_boundary: bool | None = None


class ResourceResult(Shape):
    """The answer for one resource."""

    eval_resource_name: ResourceName
    eval_resource_decision: Decision
    matched_statements: list[MatchedStatementDetail] | None = None
    missing_context_values: list[ContextKeyName] | None = None
    eval_decision_details: dict[PolicyTypeName, Decision] | None = None
    permissions_boundary_decision_detail: BoundaryDecisionDetail | None = None


class EvaluationResult(Shape):
    """The answer for one action on one resource."""

    eval_action_name: ActionName
    eval_resource_name: ResourceName | None = None
    eval_decision: Decision
    matched_statements: list[MatchedStatementDetail] | None = None
    missing_context_values: list[ContextKeyName] | None = None
    organizations_decision_detail: OrganizationsDecisionDetail | None = None
    permissions_boundary_decision_detail: BoundaryDecisionDetail | None = None
    eval_decision_details: dict[PolicyTypeName, Decision] | None = None
    resource_specific_results: list[ResourceResult] | None = None


def show_result(action: str, resource: str, result: Result) -> EvaluationResult:
    """Show the answer for one action on one resource.

    Where the resource is ``*``, missing keys stand in the answer; else in that for the resource, and the details
    of a decision across accounts are there too, empty within one account.
    """
    decision = _DECISIONS[result.outcome]
    matched = [_show_matched(each) for each in result.matched]
    missing = list(result.missing)
    boundary = None
    if result.allowed_by_boundary is not None:
        boundary = BoundaryDecisionDetail(allowed_by_permissions_boundary=result.allowed_by_boundary)
    if resource == "*":
        return EvaluationResult(
            eval_action_name=action,
            eval_resource_name=resource,
            eval_decision=decision,
            matched_statements=matched,
            missing_context_values=missing,
            permissions_boundary_decision_detail=boundary,
        )
    details = {name: _DECISIONS[outcome] for name, outcome in result.by_type.items()}
    of_resource = ResourceResult(
        eval_resource_name=resource,
        eval_resource_decision=decision,
        matched_statements=matched,
        missing_context_values=missing,
        eval_decision_details=details,
        permissions_boundary_decision_detail=boundary,
    )
    return EvaluationResult(
        eval_action_name=action,
        eval_resource_name=resource,
        eval_decision=decision,
        matched_statements=matched,
        missing_context_values=[],
        permissions_boundary_decision_detail=boundary,
        eval_decision_details=details,
        resource_specific_results=[of_resource],
    )


def _show_matched(matched: Matched) -> MatchedStatementDetail:
    span: Span = matched.span
    return MatchedStatementDetail(
        source_policy_id=matched.policy,
        source_policy_type=matched.type,
        start_position=_show_place(span.start),
        end_position=_show_place(span.end),
    )


def _show_place(position: Position) -> PlaceDetail:
    return PlaceDetail(line=position.line, column=position.column)
