"""PutUserPolicy: add an inline policy to a user, or replace the one of the same name.

The document is kept byte for byte. The inline policies of a user have at most 2,048 characters together, white
space not counted. The policy holds from the user's next request on, on every worker (S-09).

Errors: NoSuchEntity, MalformedPolicyDocument (in the order of identity reference 2.2), LimitExceeded.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.policy.document import MalformedPolicy, PolicyKind, parse_policy, policy_size
from strongroom.services.iam import errors
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import check_name, existing, find_target
from strongroom.services.iam.model import INLINE_POLICY_CHARACTERS_MOST, InlinePolicy, User
from strongroom.services.iam.shapes import ExistingUserName, NewPolicyName, PolicyDocument
from strongroom.store.rows import Rows
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Whose policy, its name and its text."""

    user_name: ExistingUserName
    policy_name: NewPolicyName
    policy_document: PolicyDocument


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    check_name("policyName", request.policy_name)
    return find_target(context, request.user_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Check the document and keep it."""
    user = existing(target)
    try:
        parse_policy(request.policy_document, PolicyKind.IDENTITY)
    except MalformedPolicy as problem:
        raise errors.malformed_policy(problem.message) from problem
    policy = InlinePolicy(request.policy_name, request.policy_document)
    check_size(context.rows, user, policy)
    USERS.put_policy(context.transaction, user.unique_id, policy)


def check_size(rows: Rows, user: User, policy: InlinePolicy) -> None:
    """Refuse a policy with which the inline policies of the user would be too long.

    Raises:
        Fault: They would.
    """
    others = [other for other in USERS.list_policies(rows, user.unique_id) if other.name != policy.name]
    size = sum(policy_size(each.document) for each in (*others, policy))
    if size > INLINE_POLICY_CHARACTERS_MOST:
        raise errors.inline_policies_too_long(user.name, INLINE_POLICY_CHARACTERS_MOST)


PUT_USER_POLICY: Operation[Request, Shape] = Operation(
    name="PutUserPolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:PutUserPolicy",
    target=target,
    handle=handle,
    recorded_request=("user_name", "policy_name", "policy_document"),
)
