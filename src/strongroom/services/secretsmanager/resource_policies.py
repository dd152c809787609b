"""What is checked of a secret's resource policy before it is attached. No I/O.

Three checks (reference 12):
 - its form: it is a policy of the language, with principals that can exist;
 - broad access: it lets in callers whom it does not fix (``policy/public.py``);
 - lockout: the caller could not replace the policy any more.

Every policy is checked for its form when it is attached. Broad access is refused when BlockPublicPolicy asks for
it (P-10), lockout is only told by ValidateResourcePolicy: the API of AWS attaches both.

What this does not do: look whether a principal exists (``policy_principals.py`` does).
"""

from __future__ import annotations

from typing import Final

import msgspec

from strongroom.gateway.authorisation import AccessDenied, authorise
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Target
from strongroom.policy.compile import compile_policy
from strongroom.policy.document import Document, MalformedPolicy, PolicyKind, parse_policy
from strongroom.policy.public import is_public
from strongroom.services.secretsmanager import errors

DEFAULT_POLICY_NAME: Final = "default"
"""The one policy that a secret has."""

SECRET_ACTIONS: Final = tuple(
    f"secretsmanager:{name}"
    for name in (
        "CancelRotateSecret",
        "DeleteResourcePolicy",
        "DeleteSecret",
        "DescribeSecret",
        "GetResourcePolicy",
        "GetSecretValue",
        "ListSecretVersionIds",
        "PutResourcePolicy",
        "PutSecretValue",
        "RemoveRegionsFromReplication",
        "ReplicateSecretToRegions",
        "RestoreSecret",
        "RotateSecret",
        "StopReplicationToReplica",
        "TagResource",
        "UntagResource",
        "UpdateSecret",
        "UpdateSecretVersionStage",
        "ValidateResourcePolicy",
    )
)
"""Every action on a secret that exists, as the policy of a secret may grant it.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
"""


def read_policy(text: str) -> Document:
    """Check the form of a policy.

    Raises:
        Fault: It is no resource policy.
    """
    try:
        return parse_policy(text, PolicyKind.RESOURCE)
    except MalformedPolicy as problem:
        raise errors.malformed_policy(problem.message) from problem


def grants_broad_access(document: Document) -> bool:
    """Whether the policy lets in callers whom it does not fix."""
    return is_public(document, SECRET_ACTIONS)


def locks_out(context: Context, document: Document, target: Target) -> bool:
    """Whether the caller, who may replace the policy of the target now, no longer may with this one.

    Without a secret (target ``*``) only statements about every resource can tell.
    """
    attached = compile_policy(document, PolicyKind.RESOURCE, source_id=target.arn)
    try:
        authorise(
            context, "secretsmanager:PutResourcePolicy", msgspec.structs.replace(target, policy=attached)
        )
    except AccessDenied:
        return True
    return False
