"""The one evaluator: every operation, list item and internal call asks here (threat model P-02).

::

    a matching Deny anywhere                                   -> explicit deny
    R = how closely the resource's policy, or a grant, names the caller: none, account, role, direct
    services, bearers of web identity tokens, nobody            -> allow if R names them
    other account: identity, R, boundary and session allow      -> allow
    same account:
      R direct                                                  -> allow
      R role: boundary and session allow                        -> allow
      else: identity, boundary and session allow                -> allow; where the resource's policy must
                                                                   agree (role trust, KMS key), R is account
    otherwise                                                   -> implicit deny

Rules:
 - Deny wins over everything, whichever policy it stands in, the root user included.
 - The root user of an account needs no identity policy in it.
 - A grant on a KMS key allows as the key's policy would if it named the grantee; it never takes a Deny away.
 - A boundary or session policy that is not there limits nothing; a federated user without session policy may
   do nothing.
 - Policies are never changed and nothing is read but the question: the same question has the same answer.

It does not know organisations (SCP, RCP) and VPC endpoints.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.policy.compile import (
    CompiledPolicy,
    CompiledStatement,
    MatchedStatement,
    PolicySet,
    StatementIndex,
)
from strongroom.policy.decision import Decision, Layer, Outcome
from strongroom.policy.model import PolicyKind
from strongroom.policy.principals import Grant, Granted
from strongroom.policy.question import Principal, Question

__all__ = ["Decision", "Granted", "Layer", "Outcome", "Principal", "Question", "evaluate"]

UNGOVERNED_ACTIONS = frozenset({"sts:GetCallerIdentity", "sts:GetSessionToken"})
"""Actions that valid credentials may always perform, whatever a policy says (STS API reference)."""

_MANDATORY_KINDS = (PolicyKind.TRUST, PolicyKind.KEY)
_ALLOWED_BY_IDENTITY = ("User", "AssumedRole")
_TYPES_WITHOUT_IDENTITY = ("Service", "Federated", "Anonymous")


def evaluate(
    question: Question,
    *,
    identity: Sequence[CompiledPolicy],
    resource: CompiledPolicy | None = None,
    boundary: CompiledPolicy | None = None,
    session: CompiledPolicy | Sequence[CompiledPolicy] | None = None,
    granted: Granted | None = None,
) -> Decision:
    """Decide whether the principal may perform the action on the resource.

    Args:
        question: Who, what, where, and the condition keys.
        identity: Policies of the user and its groups, or of the role; as a ``PolicySet`` they cost the least.
        resource: The policy of the resource: a secret's, a key's, a role's trust policy. None for none.
        boundary: The permissions boundary; None for none.
        session: The session policies; None for a session without, or no session.
        granted: A grant on the resource that covers this action for the principal; None for none.

    Returns:
        The decision with its reason. Never raises for anything that a policy or a request may hold.
    """
    action = question.action
    if action in UNGOVERNED_ACTIONS:
        return Decision(Outcome.ALLOW, action)
    permit: CompiledStatement | None = None
    asked: Sequence[CompiledPolicy | PolicySet] = (identity,) if type(identity) is PolicySet else identity
    for policies in asked:
        table = policies.tables.get(action) or policies.table(action)
        if table.deny is not None:
            denial = _first(table.deny, question)
            if denial is not None:
                return _denied(action, Layer.IDENTITY, denial)
        if permit is None and table.allow is not None:
            permit = _first(table.allow, question)
    principal = question.principal
    if (
        resource is None
        and boundary is None
        and session is None
        and permit is not None
        and principal.type in _ALLOWED_BY_IDENTITY
        and principal.account == question.resource_account
    ):
        # The plain case of a user or role in its own account, cut short: _decide would say the same.
        return Decision(Outcome.ALLOW, action, None, (permit.origin,))
    sessions = (session,) if isinstance(session, CompiledPolicy) else session
    return _decide(question, permit, resource, boundary, sessions, granted)


def _decide(
    question: Question,
    permit: CompiledStatement | None,
    resource: CompiledPolicy | None,
    boundary: CompiledPolicy | None,
    sessions: Sequence[CompiledPolicy] | None,
    granted: Granted | None,
) -> Decision:
    action = question.action
    principal = question.principal
    grant = Grant.NONE
    granting: MatchedStatement | None = None
    resource_layer = Layer.RESOURCE
    # Denials of every layer come before any Allow is looked at.
    if resource is not None:
        if resource.kind is PolicyKind.TRUST:
            resource_layer = Layer.TRUST
        denial, closest, grant = _ask_resource(resource, question, has_boundary=boundary is not None)
        if denial is not None:
            return _denied(action, resource_layer, denial)
        granting = _origin(closest)
    if granted is not None and granted.closeness > grant:
        granting, grant = MatchedStatement(granted.grant_id, None, 0), granted.closeness
    limits: list[tuple[Layer, MatchedStatement | None]] = []
    for layer, policies in (
        (Layer.BOUNDARY, None if boundary is None else (boundary,)),
        (Layer.SESSION, sessions),
    ):
        if policies is None:
            continue
        denial, allowing = _ask(policies, question)
        if denial is not None:
            return _denied(action, layer, denial)
        limits.append((layer, _origin(allowing)))
    if sessions is None and principal.type == "FederatedUser":
        limits.append((Layer.SESSION, None))

    identity: list[tuple[Layer, MatchedStatement | None]] = []
    if principal.type != "Account":
        identity.append((Layer.IDENTITY, _origin(permit)))
    is_foreign = principal.account != question.resource_account
    if principal.type in _TYPES_WITHOUT_IDENTITY:
        needed = [(resource_layer, granting)]
    elif is_foreign:
        needed = [*identity, (resource_layer, granting), *limits]
    elif grant is Grant.DIRECT:
        needed = [(resource_layer, granting)]
    elif grant is Grant.ROLE:
        needed = [(resource_layer, granting), *limits]
    elif resource is not None and resource.kind in _MANDATORY_KINDS:
        needed = [*identity, (resource_layer, granting), *limits]
    else:
        needed = [*identity, *limits]
    return _all_allow(action, needed)


def _all_allow(action: str, needed: Sequence[tuple[Layer, MatchedStatement | None]]) -> Decision:
    matched: list[MatchedStatement] = []
    for layer, origin in needed:
        if origin is None:
            return Decision(Outcome.IMPLICIT_DENY, action, layer)
        matched.append(origin)
    return Decision(Outcome.ALLOW, action, None, tuple(matched))


def _origin(statement: CompiledStatement | None) -> MatchedStatement | None:
    return None if statement is None else statement.origin


def _denied(action: str, layer: Layer, statement: CompiledStatement) -> Decision:
    return Decision(Outcome.EXPLICIT_DENY, action, layer, (statement.origin,))


def _first(index: StatementIndex, question: Question) -> CompiledStatement | None:
    for statement in index.find(question):
        if statement.is_unconditional or statement.holds(question):
            return statement
    return None


def _ask(
    policies: Sequence[CompiledPolicy], question: Question
) -> tuple[CompiledStatement | None, CompiledStatement | None]:
    """Return the first statement that denies and the first that allows."""
    allowing: CompiledStatement | None = None
    for policy in policies:
        table = policy.table(question.action)
        if table.deny is not None:
            denial = _first(table.deny, question)
            if denial is not None:
                return denial, None
        if allowing is None and table.allow is not None:
            allowing = _first(table.allow, question)
    return None, allowing


def _ask_resource(
    policy: CompiledPolicy, question: Question, *, has_boundary: bool
) -> tuple[CompiledStatement | None, CompiledStatement | None, Grant]:
    """Return the statement that denies, or the one that allows by the closest name, and how close it is."""
    table = policy.table(question.action)
    principal = question.principal
    if table.deny is not None:
        for statement in table.deny.find(question):
            if statement.grant(principal, has_boundary=has_boundary) and statement.holds(question):
                return statement, None, Grant.NONE
    closest: CompiledStatement | None = None
    grant = Grant.NONE
    if table.allow is not None:
        for statement in table.allow.find(question):
            named = statement.grant(principal, has_boundary=has_boundary)
            if named > grant and statement.holds(question):
                closest, grant = statement, named
    return None, closest, grant
