"""CreatePolicy: make a managed policy with its first version.

Names are unique in an account without regard to case; at most 1,500 policies of at most 6,144 characters, white
space not counted. The text is kept byte for byte. The answer has no description, and tags only when some were
given (recorded).

Errors: EntityAlreadyExists, LimitExceeded, InvalidInput, MalformedPolicyDocument, ValidationError.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicy.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.ids import new_unique_id
from strongroom.services.iam import errors
from strongroom.services.iam.lookup import check_name
from strongroom.services.iam.managed_policies import POLICY_PATH, read_document
from strongroom.services.iam.model import CustomerPolicy, PolicyAttributes, PolicyVersion
from strongroom.services.iam.policy_rows import count_policies, find_policy, insert_policy, insert_version
from strongroom.services.iam.policy_shapes import PolicyDescription, PolicyDetail, record_policy, show_managed
from strongroom.services.iam.shapes import NewPath, NewPolicyName, PolicyDocument, Tags
from strongroom.services.iam.tags import new_tags, request_conditions
from strongroom.wire.shapes import Shape

POLICIES_MOST: Final = 1_500


class Request(Shape):
    """The name, the text, and what else the policy is to have."""

    policy_name: NewPolicyName
    path: NewPath | None = None
    policy_document: PolicyDocument
    description: PolicyDescription | None = None
    tags: Tags | None = None


class Response(Shape):
    """The policy that was made."""

    policy: PolicyDetail | None = None


def target(context: Context, request: Request) -> Target:
    """Name the policy that will be; the tags it is to have are condition keys."""
    name = check_name("policyName", request.policy_name)
    path = request.path or "/"
    if POLICY_PATH.fullmatch(path) is None:
        raise errors.invalid_path("path")
    arn = f"arn:aws:iam::{context.account}:policy{path}{name}"
    return Target(arn, context.account, f"policy {name}", conditions=request_conditions(request.tags))


def handle(context: Context, request: Request, target: Target) -> Response:
    """Make the policy."""
    tags = new_tags(request.tags, folds_case=False)
    read_document(request.policy_document)
    if find_policy(context.rows, context.account, request.policy_name) is not None:
        raise errors.policy_exists(request.policy_name)
    if count_policies(context.rows, context.account) >= POLICIES_MOST:
        raise errors.quota_exceeded("PoliciesPerAccount", POLICIES_MOST)
    policy_id = new_unique_id("ANPA")
    first = PolicyVersion(policy_id, 1, context.now_ms, request.policy_document)
    policy = CustomerPolicy(
        account=context.account,
        policy_id=policy_id,
        name=request.policy_name,
        path=request.path or "/",
        created_ms=context.now_ms,
        attributes=PolicyAttributes(
            default=1,
            versions={1: first.digest},
            latest=1,
            updated_ms=context.now_ms,
            description=request.description or None,
            tags=tags,
        ),
    )
    insert_policy(context.transaction, policy)
    insert_version(context.transaction, first)
    return Response(policy=show_managed(context.rows, context.account, policy, "new"))


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the policy."""
    assert response.policy is not None
    return {"policy": record_policy(response.policy)}


CREATE_POLICY = Operation(
    name="CreatePolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="iam:CreatePolicy",
    target=target,
    handle=handle,
    recorded_request=("policy_name", "path", "policy_document", "description", "tags"),
    recorded_response=recorded_response,
)
