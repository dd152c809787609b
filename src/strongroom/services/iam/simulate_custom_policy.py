"""SimulateCustomPolicy: what policies that are given as texts would say about actions on resources.

Nothing is read of users and roles, and nothing is done. 100 results a page unless MaxItems says otherwise; a page
may be shorter where there are many statements. Each action is simulated on each resource, ``*`` without any.

Differences: service control policies are refused, EC2's ``ResourceHandlingOption`` is not looked at.

Errors: InvalidInput, ValidationError for a marker of another simulation.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.policy.question import Principal
from strongroom.services.iam.shapes import Marker, MaxItems, PolicyDocument
from strongroom.services.iam.simulation import (
    Inputs,
    check_actions,
    input_boundary,
    input_policies,
    make_simulation,
    page_of_results,
    refuse_organizations,
    user_of_arn,
)
from strongroom.services.iam.simulation_shapes import (
    ActionName,
    ContextEntry,
    EvaluationResult,
    OrganizationPolicies,
    PolicyDocuments,
    ResourceHandlingOption,
    ResourceName,
)
from strongroom.wire.shapes import Shape

NAME = "SimulateCustomPolicy"


class Request(Shape):
    """The policies, what is tried, and which page."""

    policy_input_list: PolicyDocuments
    permissions_boundary_policy_input_list: PolicyDocuments | None = None
    ordered_organization_policy_input_list: OrganizationPolicies | None = None
    action_names: list[ActionName]
    resource_arns: list[ResourceName] | None = None
    resource_policy: PolicyDocument | None = None
    resource_owner: ResourceName | None = None
    caller_arn: ResourceName | None = None
    context_entries: list[ContextEntry] | None = None
    resource_handling_option: ResourceHandlingOption | None = None
    max_items: MaxItems | None = None
    marker: Marker | None = None


class Response(Shape):
    """One page."""

    evaluation_results: list[EvaluationResult] | None = None
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name no resource: only texts are looked at."""
    return Target("*", context.account)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Simulate a page."""
    check_actions(request.action_names)
    refuse_organizations(request.ordered_organization_policy_input_list)
    caller = request.caller_arn
    inputs = Inputs(
        principal=Principal("User", "", context.account) if caller is None else user_of_arn(caller),
        has_caller=caller is not None,
        identity=tuple(input_policies(request.policy_input_list)),
        boundary=input_boundary(request.permissions_boundary_policy_input_list),
        resource_policy=request.resource_policy,
        resource_owner=request.resource_owner,
        resources=request.resource_arns,
        entries=request.context_entries,
    )
    results, marker = page_of_results(context, NAME, request, make_simulation(inputs))
    return Response(evaluation_results=results, is_truncated=marker is not None, marker=marker)


SIMULATE_CUSTOM_POLICY = Operation(
    name=NAME,
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:SimulateCustomPolicy",
    target=target,
    handle=handle,
    recorded_request=("action_names", "resource_arns", "resource_owner", "caller_arn", "max_items"),
)
