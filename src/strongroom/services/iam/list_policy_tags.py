"""ListPolicyTags: the tags of a managed policy, by key.

``A`` comes before ``a`` (recorded). Policies of AWS have none.

Errors: NoSuchEntity; ValidationError for an ARN that is none, and for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicyTags.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.policy.managed import ManagedPolicy
from strongroom.services.iam.managed_policies import any_policy, policy_target
from strongroom.services.iam.shapes import Arn, Marker, MaxItems, Tags
from strongroom.services.iam.tags import page_of_tags
from strongroom.wire.shapes import Shape

NAME = "ListPolicyTags"


class Request(Shape):
    """Whose tags, and which page."""

    policy_arn: Arn
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    tags: Tags
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the policy."""
    return policy_target(context, request.policy_arn)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read a page."""
    policy = any_policy(target)
    held = () if isinstance(policy, ManagedPolicy) else policy.attributes.tags
    page, marker = page_of_tags(
        context, NAME, policy.arn, held, request.marker, request.max_items, folds_case=False
    )
    return Response(tags=page, is_truncated=marker is not None, marker=marker)


LIST_POLICY_TAGS = Operation(
    name=NAME,
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="iam:ListPolicyTags",
    target=target,
    handle=handle,
    recorded_request=("policy_arn", "max_items"),
)
