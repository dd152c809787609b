"""Managed policies by their ARN: AWS's own and those of customers. Step 5 of their operations, and what may be done.

Rules (threat model P-01, P-09):
 - The ARN of a policy says whose it is. Policies of AWS are everybody's to read and nobody's to change; a policy of
   another account is a resource of that account, and asked about as such.
 - A refusal repeats only the ARN that the caller sent.
 - A policy has at most 6,144 characters, white space not counted, and is kept byte for byte.

Source: identity reference 4.2 to 4.4.
"""

from __future__ import annotations

import re
from typing import Final

from strongroom.errors import Fault
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Target
from strongroom.policy.document import (
    SIZE_LIMITS,
    Document,
    MalformedPolicy,
    PolicyKind,
    parse_policy,
    policy_size,
)
from strongroom.policy.managed import ManagedPolicy, find_managed_policy
from strongroom.services.iam import errors
from strongroom.services.iam.lookup import NO_CONDITIONS, Conditions
from strongroom.services.iam.model import CustomerPolicy, PolicyVersion
from strongroom.services.iam.policy_rows import find_policy_by_arn, find_version
from strongroom.services.iam.tags import resource_conditions
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows

POLICY_PATH: Final = re.compile(r"(?:/[A-Za-z0-9.,+@=_-]+)*/", re.ASCII)
VERSIONS_MOST: Final = 5

_LABEL: Final = "policy "
_POLICY_ARN: Final = re.compile(r"arn:aws:iam::(aws|[0-9]{12}):policy(?:/[A-Za-z0-9.,+@=_-]+)+", re.ASCII)
_CHARACTERS_MOST: Final = SIZE_LIMITS[PolicyKind.IDENTITY]


def policy_target(context: Context, arn: str, conditions: Conditions = NO_CONDITIONS) -> Target:
    """Resolve the ARN of a managed policy.

    Returns:
        The target; ``found`` is the policy, or None when there is none.

    Raises:
        Fault: It is not the ARN of a policy.
    """
    owner = check_policy_arn(arn)
    label = f"{_LABEL}{arn}"
    if owner == "aws":
        return Target(arn, context.account, label, find_managed_policy(arn), conditions)
    policy = find_policy_by_arn(context.rows, arn)
    if policy is None:
        return Target(arn, owner, label, conditions=conditions)
    own = resource_conditions(policy.attributes.tags)
    return Target(policy.arn, owner, label, policy, {**own, **conditions})


def check_policy_arn(arn: str) -> str:
    """Return whose policy an ARN names: an account id, or ``aws``.

    Raises:
        Fault: It is not the ARN of a policy.
    """
    matched = _POLICY_ARN.fullmatch(arn)
    if matched is None:
        raise errors.invalid_arn(arn)
    return matched[1]


def any_policy(target: Target) -> CustomerPolicy | ManagedPolicy:
    """Return the policy of a target, AWS's or a customer's.

    Raises:
        Fault: There is none.
    """
    policy = target.found
    if policy is None:
        raise errors.policy_not_found(target.label.removeprefix(_LABEL))
    assert isinstance(policy, (CustomerPolicy, ManagedPolicy))
    return policy


def own_policy(target: Target, refusal: Fault) -> CustomerPolicy:
    """Return the policy of a target that may be changed.

    Args:
        target: What was asked for.
        refusal: What is said about a policy of AWS.

    Raises:
        Fault: There is none, or it is AWS's.
    """
    policy = any_policy(target)
    if isinstance(policy, ManagedPolicy):
        raise refusal
    return policy


def read_document(text: str) -> Document:
    """Check what is to be the text of a managed policy.

    Raises:
        Fault: MalformedPolicyDocument (in the order of identity reference 2.2), LimitExceeded.
    """
    try:
        document = parse_policy(text, PolicyKind.IDENTITY)
    except MalformedPolicy as problem:
        raise errors.malformed_policy(problem.message) from problem
    if policy_size(text) > _CHARACTERS_MOST:
        raise errors.quota_exceeded("PolicySize", _CHARACTERS_MOST)
    return document


def version_number(policy: CustomerPolicy, version_id: str) -> int:
    """Give the number of a version.

    Raises:
        Fault: The policy has no such version.
    """
    # Compared as texts: the id may be any number of digits long.
    for number in policy.attributes.versions:
        if version_id == f"v{number}":
            return number
    raise errors.version_not_found(policy.arn, version_id)


def get_version(rows: Rows, policy: CustomerPolicy, number: int) -> PolicyVersion:
    """Read a version that the policy's row remembers.

    Raises:
        StoreTampered: Its row is not there, or is not what Strongroom wrote.
    """
    version = find_version(rows, policy, number)
    if version is None:
        raise StoreTampered("a version of a managed policy is gone")
    return version
