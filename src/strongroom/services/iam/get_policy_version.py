"""GetPolicyVersion: the text of a version of a managed policy, byte for byte, URL-encoded as RFC 3986 says.

Of a policy of AWS only the default version is known.

Errors: NoSuchEntity; ValidationError for an ARN or a version id that is none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicyVersion.html
"""

from __future__ import annotations

from urllib.parse import quote

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.policy.managed import ManagedPolicy
from strongroom.services.iam import errors
from strongroom.services.iam.managed_policies import any_policy, get_version, policy_target, version_number
from strongroom.services.iam.policy_shapes import PolicyVersionDetail, VersionId, read_date
from strongroom.services.iam.shapes import Arn
from strongroom.wire.shapes import Shape, timestamp


class Request(Shape):
    """Which version of which policy."""

    policy_arn: Arn
    version_id: VersionId


class Response(Shape):
    """The version with its text."""

    policy_version: PolicyVersionDetail | None = None


def target(context: Context, request: Request) -> Target:
    """Name the policy."""
    return policy_target(context, request.policy_arn)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read the version."""
    policy = any_policy(target)
    if isinstance(policy, ManagedPolicy):
        if request.version_id != policy.version_id:
            raise errors.version_not_found(policy.arn, request.version_id)
        document, is_default, created = policy.document, True, read_date(policy.updated)
    else:
        number = version_number(policy, request.version_id)
        version = get_version(context.rows, policy, number)
        document, is_default = version.document, policy.attributes.default == number
        created = timestamp(version.created_ms)
    return Response(
        policy_version=PolicyVersionDetail(
            document=quote(document, safe=""),
            version_id=request.version_id,
            is_default_version=is_default,
            create_date=created,
        )
    )


GET_POLICY_VERSION = Operation(
    name="GetPolicyVersion",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="iam:GetPolicyVersion",
    target=target,
    handle=handle,
    recorded_request=("policy_arn", "version_id"),
)
