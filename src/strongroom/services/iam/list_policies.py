"""ListPolicies: the managed policies that the account can attach, its own by name and then AWS's.

``Scope`` chooses whose, ``PathPrefix`` under which path. ``OnlyAttached`` keeps those that are attached to a
user, group or role of the account; ``PolicyUsageFilter`` those that are attached (``PermissionsPolicy``), or
are somebody's boundary (``PermissionsBoundary``); AWS does not say more exactly what that filter means. 100 a
page unless MaxItems says otherwise (1 to 1,000). Descriptions and tags are left out, as AWS does.

Errors: ValidationError for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicies.html
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final, Literal

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.policy.managed import MANAGED_POLICIES, ManagedPolicy
from strongroom.services.iam.marker import cut_page, open_marker
from strongroom.services.iam.model import CustomerPolicy, fold_name
from strongroom.services.iam.policy_rows import page_of_policies
from strongroom.services.iam.policy_shapes import PolicyDetail, PolicyPath, PolicyUsage, show_managed
from strongroom.services.iam.shapes import MAX_ITEMS_DEFAULT, Marker, MaxItems
from strongroom.wire.shapes import Shape

NAME = "ListPolicies"

_ROWS_AT_ONCE: Final = 100

Policy = CustomerPolicy | ManagedPolicy


class Request(Shape):
    """Which policies, and which page."""

    scope: Literal["All", "AWS", "Local"] | None = None
    only_attached: bool | None = None
    path_prefix: PolicyPath | None = None
    policy_usage_filter: PolicyUsage | None = None
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    policies: list[PolicyDetail] | None = None
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the policies under the path."""
    path = request.path_prefix or "/"
    return Target(f"arn:aws:iam::{context.account}:policy{path}", context.account, f"policy path {path}")


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read until there is a page and one more."""
    most = request.max_items or MAX_ITEMS_DEFAULT
    question = f"{request.scope} {request.only_attached} {request.policy_usage_filter} {request.path_prefix}"
    after = open_marker(context, NAME, question, request.marker)
    shown = (
        (policy, show_managed(context.rows, context.account, policy, "listed"))
        for policy in _candidates(context, request, after)
    )
    wanted = ((policy, detail) for policy, detail in shown if _is_wanted(request, detail))
    found = list(islice(wanted, most + 1))
    page, marker = cut_page(context, NAME, question, found, most, lambda each: _position(each[0]))
    return Response(policies=[detail for _, detail in page], is_truncated=marker is not None, marker=marker)


def _candidates(context: Context, request: Request, after: str) -> Iterator[Policy]:
    """Give the policies of the scope under the path from behind a position, in order."""
    prefix = request.path_prefix or "/"
    if request.scope != "AWS" and after < "b":
        name = after[1:]
        while True:
            rows = page_of_policies(context.rows, context.account, prefix, name, _ROWS_AT_ONCE)
            yield from rows
            if len(rows) < _ROWS_AT_ONCE:
                break
            name = fold_name(rows[-1].name)
    if request.scope != "Local":
        for policy in sorted(MANAGED_POLICIES.values(), key=_position):
            if _position(policy) > after and policy.path.startswith(prefix):
                yield policy


def _position(policy: Policy) -> str:
    return ("b" if isinstance(policy, ManagedPolicy) else "a") + fold_name(policy.name)


def _is_wanted(request: Request, policy: PolicyDetail) -> bool:
    usage = request.policy_usage_filter
    if usage == "PermissionsBoundary":
        return bool(policy.permissions_boundary_usage_count)
    return bool(policy.attachment_count) or not (request.only_attached or usage == "PermissionsPolicy")


LIST_POLICIES = Operation(
    name=NAME,
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:ListPolicies",
    target=target,
    handle=handle,
    recorded_request=("scope", "only_attached", "path_prefix", "policy_usage_filter", "max_items"),
)
