"""A policy document as a value: its kind, its statements, and the error for a document that is none.

Rules:
 - Texts stand as they were written; nothing is folded, split or resolved here.
 - A member that is absent is None, an empty list is an empty tuple: AWS tells them apart.
"""

from __future__ import annotations

from enum import Enum

import msgspec

from strongroom.errors import StrongroomError

VERSION_WITH_VARIABLES = "2012-10-17"
VERSIONS = ("2008-10-17", VERSION_WITH_VARIABLES)

MAX_DOCUMENT_CHARACTERS = 131_072
"""Hard maximum of the IAM API model for every document."""


class PolicyKind(Enum):
    """Where a policy stands; the value is what decisions call it."""

    IDENTITY = "identity-based policy"
    RESOURCE = "resource-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    TRUST = "role trust policy"
    KEY = "key policy"


SIZE_LIMITS = {
    PolicyKind.IDENTITY: 6_144,
    PolicyKind.BOUNDARY: 6_144,
    PolicyKind.SESSION: 2_048,
    PolicyKind.TRUST: 2_048,
    PolicyKind.RESOURCE: 20_480,
    PolicyKind.KEY: 32_768,
}
"""Characters of a document by kind; inline policies have sums of their own (2048, 5120, 10240).

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""


class MalformedPolicy(StrongroomError):
    """A policy document breaks a rule of its kind.

    Attributes:
        message: What AWS says.
        rule: The broken rule in one word, for logs and tests: ``json``, ``shape``, ``version``, ``legacy``,
            ``sid``, ``actions``, ``resources``, ``resource``, ``action``, ``principal``, ``size``.
    """

    def __init__(self, message: str, rule: str) -> None:
        super().__init__(message)
        self.message = message
        self.rule = rule


class PrincipalName(msgspec.Struct, frozen=True, gc=False):
    """One principal as it is written: ``AWS`` and an ARN, ``Service`` and a name; ``*`` and ``*`` for all."""

    type: str
    name: str


class ConditionLine(msgspec.Struct, frozen=True):
    """One operator with one key. ``key`` is None where the operator's body is empty."""

    operator: str
    key: str | None
    values: tuple[str, ...]


class Statement(msgspec.Struct, frozen=True):
    """One statement. A member that is absent is None; an empty list stays an empty tuple.

    Attributes:
        index: Place in the document, from 0.
        sid: Its id; None for none.
        effect: As written; ``Allow`` or ``Deny`` in a document that was validated.
        principals: Who is named; by ``Principal``, or by ``NotPrincipal`` where ``is_not_principal``.
        actions: Action patterns; of ``NotAction`` where ``is_not_action``.
        resources: Resource patterns; of ``NotResource`` where ``is_not_resource``.
        conditions: All of them must hold.
    """

    index: int
    sid: str | None
    effect: str
    principals: tuple[PrincipalName, ...] | None
    is_not_principal: bool
    actions: tuple[str, ...] | None
    is_not_action: bool
    resources: tuple[str, ...] | None
    is_not_resource: bool
    conditions: tuple[ConditionLine, ...]

    @property
    def denies(self) -> bool:
        """Whether the effect is Deny. Anything but ``Allow`` denies: what is not understood never grants."""
        return self.effect != "Allow"


class Document(msgspec.Struct, frozen=True):
    """A policy document that obeys the rules of its kind.

    Attributes:
        version: As written; None where the member is absent, which means ``2008-10-17``.
        id: Its id; None for none.
        statements: At least one.
    """

    kind: PolicyKind
    version: str | None
    id: str | None
    statements: tuple[Statement, ...]

    @property
    def has_variables(self) -> bool:
        """Whether ``${...}`` means anything in this document."""
        return self.version == VERSION_WITH_VARIABLES


def policy_size(text: str) -> int:
    """Count the characters of a document as IAM's quotas do: without white space.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    return len(text) - sum(map(text.count, " \t\r\n"))


def syntax_error(kind: PolicyKind, rule: str) -> MalformedPolicy:
    """Make the error that AWS gives for a document of this kind with a wrong shape."""
    if kind is PolicyKind.RESOURCE:
        return MalformedPolicy("This resource policy contains a syntax error.", rule)
    return MalformedPolicy("Syntax errors in policy.", rule)
