"""CreatePolicyVersion: add a version to a managed policy, and perhaps put it in force.

A policy has at most 5 versions; their numbers are never used again (recorded). With SetAsDefault the new text
holds for everybody who has the policy from the next request on, on every worker (S-09).

Errors: NoSuchEntity, MalformedPolicyDocument, LimitExceeded, AccessDenied for a policy of AWS; ValidationError
for an ARN that is none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreatePolicyVersion.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from strongroom.gateway.compiling import COMPILED
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.managed_policies import (
    VERSIONS_MOST,
    own_policy,
    policy_target,
    read_document,
)
from strongroom.services.iam.model import PolicyVersion
from strongroom.services.iam.policy_rows import insert_version, update_policy
from strongroom.services.iam.policy_shapes import PolicyVersionDetail
from strongroom.services.iam.recorded import render_date
from strongroom.services.iam.shapes import Arn, PolicyDocument
from strongroom.wire.shapes import Shape, timestamp


class Request(Shape):
    """Which policy, the text, and whether it is to be in force."""

    policy_arn: Arn
    policy_document: PolicyDocument
    set_as_default: bool | None = None


class Response(Shape):
    """The version that was made, without its text."""

    policy_version: PolicyVersionDetail | None = None


def target(context: Context, request: Request) -> Target:
    """Name the policy."""
    return policy_target(context, request.policy_arn)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Add the version."""
    policy = own_policy(target, errors.not_your_policy("update policies"))
    document = read_document(request.policy_document)
    attributes = policy.attributes
    if len(attributes.versions) >= VERSIONS_MOST:
        raise errors.too_many_versions(VERSIONS_MOST)
    number = attributes.latest + 1
    version = PolicyVersion(policy.policy_id, number, context.now_ms, request.policy_document)
    changed = replace(
        attributes,
        versions={**attributes.versions, number: version.digest},
        latest=number,
        default=number if request.set_as_default else attributes.default,
        updated_ms=context.now_ms,
    )
    update_policy(context.transaction, replace(policy, attributes=changed))
    insert_version(context.transaction, version)
    if request.set_as_default:
        COMPILED.leave(document, request.policy_document, source_id=policy.arn)
    return Response(
        policy_version=PolicyVersionDetail(
            version_id=f"v{number}",
            is_default_version=changed.default == number,
            create_date=timestamp(version.created_ms),
        )
    )


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the version."""
    version = response.policy_version
    assert version is not None
    assert version.create_date is not None
    return {
        "policyVersion": {
            "versionId": version.version_id,
            "isDefaultVersion": version.is_default_version,
            "createDate": render_date(version.create_date),
        }
    }


CREATE_POLICY_VERSION = Operation(
    name="CreatePolicyVersion",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="iam:CreatePolicyVersion",
    target=target,
    handle=handle,
    recorded_request=("policy_arn", "policy_document", "set_as_default"),
    recorded_response=recorded_response,
)
