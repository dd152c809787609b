"""What a well-shaped document must say, checked in AWS's order.

::

    2 version -> 3 legacy parser -> 4 statement ids -> 5 actions exist -> 6 resources exist
      -> 7 form of resources -> 8 form of actions; and the principals, for the kinds that have them

Rules:
 - Each stage runs over the whole document before the next begins: the first stage that fails chooses the
   message (recorded CreatePolicy outcomes, February 2026).
 - The policy of a secret has few messages: whatever is not about principals or the version is a syntax error.
 - Form only: whether a principal exists is for the service that stores the policy.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html and
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from strongroom.arn import is_account_id
from strongroom.patterns import pattern_of
from strongroom.policy.match import fold
from strongroom.policy.model import (
    VERSION_WITH_VARIABLES,
    ConditionLine,
    Document,
    MalformedPolicy,
    PolicyKind,
    PrincipalName,
    syntax_error,
)
from strongroom.policy.principals import is_principal_arn, is_provider_arn, is_unique_id
from strongroom.policy.variables import plain_glob

_PARTITIONS = frozenset({"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"})
_VENDOR = pattern_of(r"[A-Za-z0-9.-]+", re.ASCII)
_SERVICE_PRINCIPAL = pattern_of(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?", re.ASCII)
_PROVIDER_NAME = pattern_of(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.ASCII)
_IAM_PATHS = (
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
)
_TRUST_ACTIONS = frozenset({"sts:tagsession", "sts:setsourceidentity", "sts:setcontext"})


def validate(document: Document) -> None:
    """Check a document beyond its shape.

    Raises:
        MalformedPolicy: The first stage that fails.
    """
    if document.kind is PolicyKind.RESOURCE:
        _validate_resource_policy(document)
    elif document.kind is PolicyKind.TRUST:
        _validate_trust_policy(document)
    elif document.kind is PolicyKind.KEY:
        _check_legacy(document)
        _check_principals(document)
        _check_resources(document)
        _check_actions(document)
    else:
        _validate_identity_policy(document)


def _validate_identity_policy(document: Document) -> None:
    if document.version != VERSION_WITH_VARIABLES:
        raise MalformedPolicy("Policy document must be version 2012-10-17 or greater.", "version")
    if any(statement.principals is not None for statement in document.statements):
        raise MalformedPolicy("Policy document should not specify a principal.", "principal")
    _check_legacy(document)
    _check_sids(document)
    if any(not statement.actions for statement in document.statements):
        raise MalformedPolicy("Policy statement must contain actions.", "actions")
    if any(not statement.resources for statement in document.statements):
        raise MalformedPolicy("Policy statement must contain resources.", "resources")
    _check_resources(document)
    _check_actions(document)


def _validate_trust_policy(document: Document) -> None:
    _check_legacy(document)
    _check_sids(document)
    for statement in document.statements:
        if statement.resources is not None:
            name = "NotResource" if statement.is_not_resource else "Resource"
            raise MalformedPolicy(f"Has prohibited field {name}", "resources")
        if not statement.principals:
            raise MalformedPolicy("Missing required field Principal", "principal")
        if not statement.actions:
            raise MalformedPolicy("Policy statement must contain actions.", "actions")
    _check_actions(document)
    for statement in document.statements:
        # NotAction would name every action that is not of STS, too.
        if statement.is_not_action or not all(map(_may_stand_in_trust, statement.actions or ())):
            raise MalformedPolicy("AssumeRole policy may only specify STS AssumeRole actions.", "action")
    _check_principals(document)


def _may_stand_in_trust(action: str) -> bool:
    folded = fold(action)
    return folded in _TRUST_ACTIONS or folded.startswith("sts:assumerole")


def _validate_resource_policy(document: Document) -> None:
    try:
        _check_legacy(document)
        _check_resources(document)
        _check_actions(document)
    except MalformedPolicy as broken:
        raise syntax_error(document.kind, broken.rule) from broken
    for statement in document.statements:
        # Without Resource the secret that carries the policy is meant; an empty list means nothing.
        if not statement.actions or statement.resources == () or not statement.principals:
            raise syntax_error(document.kind, "shape")
    _check_principals(document)


def _check_legacy(document: Document) -> None:
    for statement in document.statements:
        if (
            statement.effect not in ("Allow", "Deny")
            or any(map(_has_too_few_parts, statement.resources or ()))
            or (statement.conditions and None in _dates(statement.conditions))
        ):
            raise MalformedPolicy("The policy failed legacy parsing", "legacy")


def _has_too_few_parts(resource: str) -> bool:
    parts = resource.split(":")
    if len(parts) < 4 or parts[0] != "arn" or not _is_partition(parts[1]):
        return False
    # "arn:aws:secretsmanager:*" is whole: its star stands for the missing parts.
    return not parts[2] or (len(parts) < 6 and not resource.endswith("*"))


def _is_partition(text: str) -> bool:
    """Whether ``text`` is a partition, or a pattern of some (AWS's own policies write ``arn:*:ec2:...``)."""
    if text in _PARTITIONS:
        return True
    glob = plain_glob(text)
    return glob.exact is None and any(map(glob.matches, _PARTITIONS))


def _dates(lines: Iterable[ConditionLine]) -> Iterator[object]:
    from strongroom.policy.conditions.date import parse_date  # a start without conditions loads none of it
    from strongroom.policy.conditions.operators import find_operator

    for line in lines:
        operator = find_operator(line.operator)
        if operator is not None and operator.name.startswith("Date"):
            yield from map(parse_date, line.values)


def _check_sids(document: Document) -> None:
    sids = [statement.sid for statement in document.statements if statement.sid]
    if len(set(sids)) != len(sids):
        raise MalformedPolicy("Statement IDs (SID) in a single policy must be unique.", "sid")


def _check_resources(document: Document) -> None:
    for statement in document.statements:
        for resource in statement.resources or ():
            if resource != "*":
                _check_resource(resource)


def _check_resource(resource: str) -> None:
    if not resource.startswith("arn:"):
        raise MalformedPolicy(f'Resource {resource} must be in ARN format or "*".', "resource")
    parts = resource.split(":", 5)
    partition = parts[1]
    if not _is_partition(partition):
        written = ":".join(parts + ["*"] * (6 - len(parts)))
        raise MalformedPolicy(f'Partition "{partition}" is not valid for resource "{written}".', "resource")
    vendor = parts[2] if len(parts) > 2 else ""
    if not vendor or "*" in vendor or "?" in vendor:
        raise MalformedPolicy(
            "Resource vendor must be fully qualified and cannot contain regexes.", "resource"
        )
    region = parts[3] if len(parts) > 3 else ""
    path = parts[5] if len(parts) > 5 else "*"
    if vendor == "iam":
        if region and len(parts) > 4:
            raise MalformedPolicy(f"IAM resource {resource} cannot contain region information.", "resource")
        if path not in ("*", "root") and not path.startswith(_IAM_PATHS):
            raise MalformedPolicy(
                f'IAM resource path must either be "*", root, or start with {", ".join(_IAM_PATHS)}.',
                "resource",
            )
    if vendor == "s3" and region and len(parts) > 4 and not path.startswith("accesspoint"):
        raise MalformedPolicy(f"Resource {resource} can not contain region information.", "resource")


def _check_actions(document: Document) -> None:
    for statement in document.statements:
        for action in statement.actions or ():
            if action != "*":
                _check_action(action)


def _check_action(action: str) -> None:
    colons = action.count(":")
    if colons == 0:
        raise MalformedPolicy(
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.", "action"
        )
    if colons > 1:
        raise MalformedPolicy("Actions/Condition can contain only one colon.", "action")
    vendor = action.partition(":")[0]
    if not _VENDOR.fullmatch(vendor):
        raise MalformedPolicy(f"Vendor {vendor} is not valid", "action")


def _check_principals(document: Document) -> None:
    for statement in document.statements:
        if not statement.principals:
            if document.kind is PolicyKind.KEY:
                raise syntax_error(document.kind, "shape")
            continue
        # Allow with NotPrincipal would let in everybody, the unknown included.
        if statement.is_not_principal and not statement.denies:
            raise _unsupported(document.kind, statement.principals[0])
        for principal in statement.principals:
            _check_principal(document.kind, principal)


def _check_principal(kind: PolicyKind, principal: PrincipalName) -> None:
    name = principal.name
    if principal.type == "*":
        return
    if principal.type == "AWS":
        is_right = name == "*" or is_account_id(name) or is_principal_arn(name) or is_unique_id(name)
    elif principal.type == "Service":
        is_right = _SERVICE_PRINCIPAL.fullmatch(name) is not None
        if not is_right and kind is PolicyKind.RESOURCE:
            raise MalformedPolicy("This resource policy contains an invalid service principal.", "principal")
    elif principal.type == "Federated":
        # Only a role's trust policy meets the bearers of foreign tokens.
        is_right = kind is PolicyKind.TRUST and (
            _PROVIDER_NAME.fullmatch(name) is not None or is_provider_arn(name)
        )
    else:
        is_right = False  # CanonicalUser belongs to S3
    if not is_right:
        raise _unsupported(kind, principal)


def _unsupported(kind: PolicyKind, principal: PrincipalName) -> MalformedPolicy:
    if kind is PolicyKind.RESOURCE:
        return MalformedPolicy("This resource policy contains an unsupported principal.", "principal")
    if kind is PolicyKind.KEY:
        return MalformedPolicy(
            "Policy contains a statement with one or more invalid principals.", "principal"
        )
    return MalformedPolicy(f'Invalid principal in policy: "{principal.type}":"{principal.name}"', "principal")
