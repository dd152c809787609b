"""SimulatePrincipalPolicy: what the policies of a user, group or role would say about actions on resources.

They are those in force now, for a user with those of its groups, and with the permissions boundary. Policies given
as texts are added; a boundary given as text stands in place of its own; ``PolicyExclusionList`` leaves policies
out. Nothing is done. 100 results a page unless MaxItems says otherwise; a page may be shorter where there are many
statements. The principal's own condition keys and tags are known and need not be given.

Who may call it sees the rights of others: it needs the permission on the ARN of the identity.

Errors: NoSuchEntity, InvalidInput, ValidationError for a marker of another simulation.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.policy.document import PolicyKind
from strongroom.policy.question import tag_keys
from strongroom.policy.simulation import SimulatedPolicy
from strongroom.services.iam.model import Group, User
from strongroom.services.iam.shapes import Arn, Marker, MaxItems, PolicyDocument
from strongroom.services.iam.simulate_custom_policy import Response
from strongroom.services.iam.simulated_identity import (
    boundary_held,
    existing_source,
    is_excluded,
    policies_held,
    principal_of,
    source_target,
)
from strongroom.services.iam.simulation import (
    Inputs,
    check_actions,
    input_boundary,
    input_policies,
    make_simulation,
    page_of_results,
    simulated,
    user_of_arn,
)
from strongroom.services.iam.simulation_shapes import (
    ActionName,
    ContextEntry,
    PolicyDocuments,
    PolicyExclusions,
    ResourceHandlingOption,
    ResourceName,
)
from strongroom.wire.shapes import Shape

NAME = "SimulatePrincipalPolicy"


class Request(Shape):
    """Whose policies, what is tried, and which page."""

    policy_source_arn: Arn
    policy_input_list: PolicyDocuments | None = None
    permissions_boundary_policy_input_list: PolicyDocuments | None = None
    policy_exclusion_list: PolicyExclusions | None = None
    action_names: list[ActionName]
    resource_arns: list[ResourceName] | None = None
    resource_policy: PolicyDocument | None = None
    resource_owner: ResourceName | None = None
    caller_arn: ResourceName | None = None
    context_entries: list[ContextEntry] | None = None
    resource_handling_option: ResourceHandlingOption | None = None
    max_items: MaxItems | None = None
    marker: Marker | None = None


def target(context: Context, request: Request) -> Target:
    """Name the user, group or role."""
    return source_target(context, request.policy_source_arn)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Simulate a page."""
    identity = existing_source(target)
    check_actions(request.action_names)
    exclusions = request.policy_exclusion_list or ()
    given = input_policies(request.policy_input_list)
    held = [policy for policy in policies_held(context, identity) if not is_excluded(policy, exclusions)]
    identity_policies = [
        *given,
        *(
            simulated(policy.text, PolicyKind.IDENTITY, policy.name, number)
            for number, policy in enumerate(held, len(given) + 1)
        ),
    ]
    principal, caller = principal_of(identity), request.caller_arn
    if caller is not None and caller != principal.arn:
        principal = user_of_arn(caller)
    own_tags = {}
    if principal.unique_id and not isinstance(identity, Group):
        own_tags = tag_keys(identity.attributes.tags or ())
    inputs = Inputs(
        principal=principal,
        has_caller=caller is not None or isinstance(identity, User),
        identity=tuple(identity_policies),
        boundary=_boundary(context, request, target),
        resource_policy=request.resource_policy,
        resource_owner=request.resource_owner,
        resources=request.resource_arns,
        entries=request.context_entries,
        own_tags=own_tags,
    )
    results, marker = page_of_results(context, NAME, request, make_simulation(inputs))
    return Response(evaluation_results=results, is_truncated=marker is not None, marker=marker)


def _boundary(context: Context, request: Request, target: Target) -> SimulatedPolicy | None:
    given = input_boundary(request.permissions_boundary_policy_input_list)
    if given is not None:
        return given
    held = boundary_held(context, existing_source(target))
    exclusions = request.policy_exclusion_list or ()
    if held is None or any(each.policy_type == "permission-boundary" for each in exclusions):
        return None
    return simulated(held.text, PolicyKind.BOUNDARY, held.name)


SIMULATE_PRINCIPAL_POLICY = Operation(
    name=NAME,
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:SimulatePrincipalPolicy",
    target=target,
    handle=handle,
    recorded_request=(
        "policy_source_arn",
        "action_names",
        "resource_arns",
        "resource_owner",
        "caller_arn",
        "max_items",
    ),
)
