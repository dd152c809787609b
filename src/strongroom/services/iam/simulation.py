"""What the simulations of IAM have in common: from the members of a request to policies, a caller, a page.

Rules:
 - What is wrong with an input is told as InvalidInput; a policy that is malformed with the words that it would be
   refused with.
 - Resources belong to the caller's account. Only with a resource policy does their owner matter: then
   ``ResourceOwner`` names it, and the caller must be known.
 - A page is cut by what it costs, too: actions times statements. AWS says that a page may be shorter than asked.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec

from strongroom.arn import is_account_id
from strongroom.gateway.context import Context
from strongroom.policy.conditions.binary import parse_binary
from strongroom.policy.conditions.boolean import parse_boolean
from strongroom.policy.conditions.date import parse_date
from strongroom.policy.conditions.ip_address import parse_address
from strongroom.policy.conditions.numeric import parse_number
from strongroom.policy.document import Document, MalformedPolicy, PolicyKind, parse_policy
from strongroom.policy.match import fold
from strongroom.policy.question import MULTIVALUED_KEYS, Principal, principal_keys
from strongroom.policy.simulation import SimulatedPolicy, Simulation
from strongroom.services.iam import errors
from strongroom.services.iam.marker import cut_page, open_marker
from strongroom.services.iam.shapes import MAX_ITEMS_DEFAULT
from strongroom.services.iam.simulation_shapes import (
    ContextEntry,
    EvaluationResult,
    OrderedOrganizationPolicy,
    show_result,
)

LOOKS_MOST: Final = 50_000
"""Statements that one page may look at; a page has at least one result."""

_ACTION: Final = re.compile(r"[A-Za-z0-9.-]+:[A-Za-z0-9]+", re.ASCII)
_USER_ARN: Final = re.compile(r"arn:aws:iam::([0-9]{12}):user/(?:[!-~]+/)?[\w+=,.@-]+", re.ASCII)
_ROOT_ARN: Final = re.compile(r"arn:aws:iam::([0-9]{12}):root", re.ASCII)
_VALUE_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "numeric": parse_number,
    "boolean": parse_boolean,
    "ip": parse_address,
    "binary": parse_binary,
    "date": parse_date,
}


class Inputs(msgspec.Struct, frozen=True):
    """The members that both simulations share.

    Attributes:
        principal: Who is simulated.
        has_caller: Whether that is a user whom a resource's policy could name.
        identity: Policies of the caller.
        boundary: Its boundary; None for none.
        resource_policy, resource_owner, resources, entries: As in the request.
        own_tags: Condition keys of the caller's tags.
    """

    principal: Principal
    has_caller: bool
    identity: tuple[SimulatedPolicy, ...]
    boundary: SimulatedPolicy | None
    resource_policy: str | None
    resource_owner: str | None
    resources: Sequence[str] | None
    entries: Sequence[ContextEntry] | None
    own_tags: Mapping[str, tuple[str, ...]] = {}


def read_documents(texts: Iterable[str]) -> list[Document]:
    """Parse identity policies.

    Raises:
        Fault: One is malformed.
    """
    try:
        return [parse_policy(text, PolicyKind.IDENTITY, max_characters=len(text)) for text in texts]
    except MalformedPolicy as problem:
        raise errors.invalid_input(problem.message) from problem


def simulated(text: str, kind: PolicyKind, name: str, number: int = 0) -> SimulatedPolicy:
    """Make a policy of a simulation.

    Raises:
        Fault: It is malformed.
    """
    try:
        return SimulatedPolicy(text, kind, name, number=number)
    except MalformedPolicy as problem:
        raise errors.invalid_input(problem.message) from problem


def input_policies(texts: Sequence[str] | None) -> list[SimulatedPolicy]:
    """Make the policies of ``PolicyInputList``; results call them by their place in it."""
    return [
        simulated(text, PolicyKind.IDENTITY, f"PolicyInputList.{number}", number)
        for number, text in enumerate(texts or (), 1)
    ]


def input_boundary(texts: Sequence[str] | None) -> SimulatedPolicy | None:
    """Make the boundary of ``PermissionsBoundaryPolicyInputList``; None for none.

    Raises:
        Fault: There are several: AWS takes one.
    """
    if not texts:
        return None
    if len(texts) > 1:
        raise errors.invalid_input("PermissionsBoundaryPolicyInputList can hold only one policy.")
    return simulated(texts[0], PolicyKind.BOUNDARY, "PermissionsBoundaryPolicyInputList.1")


def refuse_organizations(policies: Sequence[OrderedOrganizationPolicy] | None) -> None:
    """Refuse service control policies: they are not served, and to leave them out could allow too much."""
    if policies:
        raise errors.invalid_input("OrderedOrganizationPolicyInputList is not supported by Strongroom.")


def user_of_arn(arn: str) -> Principal:
    """Read ``CallerArn``, which must be that of a user, as AWS demands; the user need not exist.

    Raises:
        Fault: It is not.
    """
    matched = _USER_ARN.fullmatch(arn)
    if matched is None:
        raise errors.invalid_input(f"CallerArn {arn} must be the ARN of an IAM user.")
    return Principal("User", arn, matched[1])


def check_actions(actions: Sequence[str]) -> None:
    """Refuse what is no name of an action, and wildcards.

    Raises:
        Fault: There is one, or no action at all.
    """
    if not actions:
        raise errors.invalid_input("ActionNames must hold at least one action.")
    for action in actions:
        if _ACTION.fullmatch(action) is None:
            raise errors.invalid_input(
                f"ActionNames must hold names such as iam:CreateUser, without wildcards: {action} is none."
            )


def make_simulation(inputs: Inputs) -> Simulation:
    """Put a simulation together.

    Raises:
        Fault: An input cannot be used.
    """
    context, multivalued = _read_entries(inputs.entries or ())
    known = dict(inputs.own_tags)
    if inputs.principal.arn:
        known |= principal_keys(inputs.principal)
        if inputs.principal.type == "AssumedRole":
            del known["aws:userid"]  # nobody can know which session it will be
    resource = None
    owner = inputs.principal.account
    if inputs.resource_policy is not None:
        if not inputs.has_caller:
            raise errors.invalid_input("CallerArn must be given where ResourcePolicy is.")
        resource = _read_resource_policy(inputs.resource_policy, inputs.resources or ())
    if inputs.resource_owner is not None:
        given = _read_owner(inputs.resource_owner)
        owner = given if resource is not None else owner
    return Simulation(
        principal=inputs.principal,
        owner=owner,
        context={**known, **context},
        multivalued=multivalued,
        identity=inputs.identity,
        boundary=inputs.boundary,
        resource=resource,
    )


def page_of_results(
    context: Context,
    operation: str,
    request: Any,
    simulation: Simulation,
) -> tuple[list[EvaluationResult], str | None]:
    """Simulate the actions and resources of one page.

    Args:
        context: Who asks.
        operation: As in ``open_marker``.
        request: With ``action_names``, ``resource_arns``, ``marker`` and ``max_items``.
        simulation: The rest.

    Returns:
        The results, and the marker for the next page.
    """
    actions: Sequence[str] = request.action_names
    resources: Sequence[str] = request.resource_arns or ("*",)
    question = _digest(request)
    given = open_marker(context, operation, question, request.marker)
    first = int(given) if given else 0
    statements = sum(len(policy.document.statements) for policy in simulation.policies)
    most = min(request.max_items or MAX_ITEMS_DEFAULT, max(1, LOOKS_MOST // (statements + 1)))
    numbers = range(first, min(first + most + 1, len(actions) * len(resources)))
    page, marker = cut_page(context, operation, question, numbers, most, lambda number: str(number + 1))
    results = []
    for number in page:
        action, resource = actions[number // len(resources)], resources[number % len(resources)]
        results.append(show_result(action, resource, simulation.ask(action, resource)))
    return results, marker


def _digest(request: Any) -> str:
    """Tell requests apart by all that a page depends on but the page itself."""
    members = msgspec.structs.asdict(request)
    for name in ("marker", "max_items"):
        members.pop(name)
    return sha256(msgspec.msgpack.encode(members)).hexdigest()


def _read_owner(arn: str) -> str:
    matched = _ROOT_ARN.fullmatch(arn)
    if matched is not None:
        return matched[1]
    if is_account_id(arn):
        return arn
    raise errors.invalid_input(f"ResourceOwner {arn} must be the ARN of an account.")


def _read_resource_policy(text: str, resources: Sequence[str]) -> SimulatedPolicy:
    if any(re.match(r"arn:aws:iam::[0-9]{12}:role/", resource) for resource in resources):
        raise errors.invalid_input("Simulation of resource-based policies is not supported for IAM roles.")
    of_keys = [resource.startswith("arn:aws:kms:") and ":key/" in resource for resource in resources]
    if any(of_keys) and not all(of_keys):
        raise errors.invalid_input("ResourcePolicy must be applicable to all resources.")
    # The policy of a key decides alone what policies of the account may grant; others need not agree.
    kind = PolicyKind.KEY if any(of_keys) else PolicyKind.RESOURCE
    return simulated(text, kind, "ResourcePolicy")


def _read_entries(
    entries: Sequence[ContextEntry],
) -> tuple[dict[str, tuple[str, ...]], frozenset[str]]:
    """Read condition keys, and which of them are lists."""
    context: dict[str, tuple[str, ...]] = {}
    multivalued = set(MULTIVALUED_KEYS)
    for entry in entries:
        name, kind = entry.context_key_name, entry.context_key_type
        if name is None or kind is None:
            raise errors.invalid_input("A context entry needs ContextKeyName and ContextKeyType.")
        key = fold(name)
        values = tuple(entry.context_key_values or ())
        if key in context:
            raise errors.invalid_input(f"The context key {name} is given twice.")
        reader = _VALUE_READERS.get(kind.removesuffix("List"))
        if reader is not None and any(reader(value) is None for value in values):
            raise errors.invalid_input(f"A value of the context key {name} is not of the type {kind}.")
        if kind.endswith("List"):
            multivalued.add(key)
        elif len(values) > 1 and key not in multivalued:
            raise errors.invalid_input(f"The context key {name} has one value where its type is {kind}.")
        context[key] = values
    return context, frozenset(multivalued)
