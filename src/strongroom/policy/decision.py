"""The evaluator's answer, and the words for it.

Rules:
 - An answer says which layer of policies blocked, and which statements decided, so that every decision can be
   explained (design promise 6).
 - The words are AWS's; one layer is named even where several deny.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

from __future__ import annotations

from enum import Enum

import msgspec

from strongroom.policy.compile import MatchedStatement


class Outcome(Enum):
    """The three answers; the values are those of IAM's simulation API (``EvalDecision``)."""

    ALLOW = "allowed"
    IMPLICIT_DENY = "implicitDeny"
    EXPLICIT_DENY = "explicitDeny"


class Layer(Enum):
    """The sort of policy that blocked; the value is AWS's name for it."""

    IDENTITY = "identity-based policy"
    RESOURCE = "resource-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"
    TRUST = "role trust policy"


_EXPLICIT = {
    Layer.IDENTITY: "with an explicit deny in an identity-based policy",
    Layer.RESOURCE: "with an explicit deny in a resource-based policy",
    Layer.BOUNDARY: "with an explicit deny in a permissions boundary",
    Layer.SESSION: "with an explicit deny in a session policy",
    Layer.TRUST: "with an explicit deny in the role trust policy",
}


class Decision(msgspec.Struct, frozen=True):
    """What the evaluator decided, and why.

    Attributes:
        outcome: The answer.
        action: The action that was asked about.
        blocked_by: The layer that denied or that lacks an Allow; None when allowed.
        matched: The denying statement, or the statements that allow, one of each layer that had to. Empty for
            an implicit deny, for the root user, and for actions that no policy governs.
    """

    outcome: Outcome
    action: str
    blocked_by: Layer | None = None
    matched: tuple[MatchedStatement, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the request may go on."""
        return self.outcome is Outcome.ALLOW

    def reason(self, *, with_policy_arn: bool = False) -> str:
        """Return the end of AWS's AccessDenied message; empty when allowed.

        Args:
            with_policy_arn: Append the ARN of the policy that denies, as AWS does since January 2026 for
                callers of the same account. Names of inline policies are no ARNs and never appear.
        """
        if self.blocked_by is None:
            return ""
        if self.outcome is Outcome.IMPLICIT_DENY:
            return f"because no {self.blocked_by.value} allows the {self.action} action"
        text = _EXPLICIT[self.blocked_by]
        if with_policy_arn and self.matched and self.matched[0].source_id.startswith("arn:"):
            return f"{text}: {self.matched[0].source_id}"
        return text
