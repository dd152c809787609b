"""What is checked of a secret's resource policy before it is attached. No I/O.

Three checks (reference 12):
 - its form: it is a policy of the language, with principals that can exist;
 - broad access: an Allow for everybody that no condition narrows to a fixed source;
 - lockout: the caller could not replace the policy any more.

Every policy is checked for its form when it is attached. Broad access is refused when BlockPublicPolicy asks for
it (P-10), lockout is only told by ValidateResourcePolicy: the API of AWS attaches both.

What this does not do: look whether a principal exists, or whether one statement denies what another allows.
"""

from __future__ import annotations

from typing import Final

import msgspec

from strongroom.gateway.authorisation import AccessDenied, authorise
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Target
from strongroom.policy.compile import compile_policy
from strongroom.policy.document import Document, MalformedPolicy, PolicyKind, Statement, parse_policy
from strongroom.policy.model import ConditionLine
from strongroom.services.secretsmanager import errors

DEFAULT_POLICY_NAME: Final = "default"
"""The one policy that a secret has."""

_SOURCE_KEYS: Final = frozenset({"aws:sourcearn", "aws:sourceaccount", "aws:sourcevpc", "aws:sourcevpce"})
# Only operators that fail when the key is absent or another: no negation, no IfExists, no ForAllValues.
_FIXING_OPERATORS: Final = frozenset(
    {"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike"}
)


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
    """Whether a statement lets in everybody from anywhere."""
    return any(
        not statement.denies
        and _names_everybody(statement)
        and not any(map(_fixes_source, statement.conditions))
        for statement in document.statements
    )


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


def _names_everybody(statement: Statement) -> bool:
    return any(principal.name == "*" for principal in statement.principals or ())


def _fixes_source(line: ConditionLine) -> bool:
    """Whether a condition holds only for requests from sources that are written out in full."""
    return (
        line.key is not None
        and line.key.lower() in _SOURCE_KEYS
        and line.operator in _FIXING_OPERATORS
        and not any("*" in value or "?" in value or "${" in value for value in line.values)
    )
