"""DeletePolicyVersion: remove a version of a managed policy that is not the default one.

Its number is not used again.

Errors: NoSuchEntity, DeleteConflict, AccessDenied for a policy of AWS; ValidationError for an ARN or a version
id that is none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicyVersion.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.managed_policies import own_policy, policy_target, version_number
from strongroom.services.iam.policy_rows import remove_version, update_policy
from strongroom.services.iam.policy_shapes import VersionId
from strongroom.services.iam.shapes import Arn
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which version of which policy."""

    policy_arn: Arn
    version_id: VersionId


def target(context: Context, request: Request) -> Target:
    """Name the policy."""
    return policy_target(context, request.policy_arn)


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove the version."""
    policy = own_policy(target, errors.not_your_policy("delete policy versions for policies"))
    number = version_number(policy, request.version_id)
    attributes = policy.attributes
    if number == attributes.default:
        raise errors.version_is_default()
    versions = {held: digest for held, digest in attributes.versions.items() if held != number}
    changed = replace(attributes, versions=versions, updated_ms=context.now_ms)
    update_policy(context.transaction, replace(policy, attributes=changed))
    remove_version(context.transaction, policy.policy_id, number)


DELETE_POLICY_VERSION: Operation[Request, Shape] = Operation(
    name="DeletePolicyVersion",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:DeletePolicyVersion",
    target=target,
    handle=handle,
    recorded_request=("policy_arn", "version_id"),
)
