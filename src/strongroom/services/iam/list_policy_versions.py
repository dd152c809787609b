"""ListPolicyVersions: the versions of a managed policy, the newest first, without their texts.

Of a policy of AWS only the default version is known.

Errors: NoSuchEntity; ValidationError for an ARN that is none, and for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicyVersions.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.policy.managed import ManagedPolicy
from strongroom.services.iam.managed_policies import any_policy, get_version, policy_target
from strongroom.services.iam.marker import cut_page, open_marker
from strongroom.services.iam.model import CustomerPolicy
from strongroom.services.iam.policy_shapes import PolicyVersionDetail, read_date
from strongroom.services.iam.shapes import MAX_ITEMS_DEFAULT, Arn, Marker, MaxItems
from strongroom.store.rows import Rows
from strongroom.wire.shapes import Shape, timestamp

NAME = "ListPolicyVersions"


class Request(Shape):
    """Which policy, and which page."""

    policy_arn: Arn
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    versions: list[PolicyVersionDetail] | None = None
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the policy."""
    return policy_target(context, request.policy_arn)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read a page."""
    policy = any_policy(target)
    if isinstance(policy, ManagedPolicy):
        only = PolicyVersionDetail(
            version_id=policy.version_id, is_default_version=True, create_date=read_date(policy.updated)
        )
        return Response(versions=[only], is_truncated=False)
    before = open_marker(context, NAME, policy.policy_id, request.marker)
    numbers = sorted(policy.attributes.versions, reverse=True)
    behind = [number for number in numbers if not before or number < int(before)]
    most = request.max_items or MAX_ITEMS_DEFAULT
    page, marker = cut_page(context, NAME, policy.policy_id, behind, most, str)
    return Response(
        versions=[_show(context.rows, policy, number) for number in page],
        is_truncated=marker is not None,
        marker=marker,
    )


def _show(rows: Rows, policy: CustomerPolicy, number: int) -> PolicyVersionDetail:
    return PolicyVersionDetail(
        version_id=f"v{number}",
        is_default_version=policy.attributes.default == number,
        create_date=timestamp(get_version(rows, policy, number).created_ms),
    )


LIST_POLICY_VERSIONS = Operation(
    name=NAME,
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="iam:ListPolicyVersions",
    target=target,
    handle=handle,
    recorded_request=("policy_arn", "max_items"),
)
