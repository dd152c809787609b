"""What policies would say about a request that nobody made.

Rules:
 - The decision is that of ``evaluate``, with all its layers. What is added here explains it: every statement that
   decided and where it stands, the condition keys that nobody gave, what boundary and accounts say apart.
 - A statement that decided is one that denies, where the answer is an explicit deny; else one that allows, of
   those layers that had to. An implicit deny has none.
 - Keys that are missing are those that statements about the action name and the question does not have.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

import msgspec

from strongroom.policy.compile import ActionNames, CompiledPolicy, CompiledStatement, compile_policy
from strongroom.policy.decision import Decision, Outcome
from strongroom.policy.document import Document, PolicyKind, parse_policy
from strongroom.policy.evaluate import evaluate
from strongroom.policy.match import fold
from strongroom.policy.model import Statement
from strongroom.policy.positions import Span, statement_spans
from strongroom.policy.principals import Grant
from strongroom.policy.question import Principal, Question
from strongroom.policy.variables import Variable, tokenise

IAM_POLICY = "IAM Policy"
RESOURCE_POLICY = "Resource Policy"
"""What simulations call the two sorts of policies (recorded; the service model has other words)."""

_TYPES_WITH_VARIABLES = ("String", "Arn")


class SimulatedPolicy:
    """One policy of a simulation.

    Args:
        text: The document.
        kind: Where it stands.
        name: What the results call it.
        number: Tells the policies of a kind apart.

    Attributes:
        compiled: What is asked; its ``source_id`` is unique in the simulation.

    Raises:
        MalformedPolicy: It is no policy of this kind.
    """

    def __init__(self, text: str, kind: PolicyKind, name: str, *, number: int = 0) -> None:
        self.name = name
        self.document: Document = parse_policy(text, kind, max_characters=len(text))
        self.compiled: CompiledPolicy = compile_policy(self.document, kind, source_id=f"{kind.name}.{number}")
        self._text = text

    @property
    def type(self) -> str:
        """What the results call its sort."""
        is_of_resource = self.compiled.kind in (PolicyKind.RESOURCE, PolicyKind.KEY)
        return RESOURCE_POLICY if is_of_resource else IAM_POLICY

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """Where its statements stand."""
        return statement_spans(self._text)

    @cached_property
    def keys(self) -> tuple[tuple[ActionNames, tuple[str, ...]], ...]:
        """The condition keys of each statement that names some, with the actions that it is about."""
        document = self.document
        found = (
            (ActionNames(statement), tuple(_keys_of(statement, has_variables=document.has_variables)))
            for statement in document.statements
        )
        return tuple(entry for entry in found if entry[1])


class Matched(msgspec.Struct, frozen=True):
    """One statement that decided."""

    policy: str
    type: str
    span: Span


class Result(msgspec.Struct, frozen=True):
    """The answer for one action on one resource.

    Attributes:
        outcome: The answer.
        matched: The statements that decided.
        missing: Condition keys that nobody gave, as the policies write them.
        allowed_by_boundary: What the boundary says on its own; None without one.
        by_type: Where resource and caller are of different accounts: what each sort of policy says on its own.
    """

    outcome: Outcome
    matched: tuple[Matched, ...]
    missing: tuple[str, ...]
    allowed_by_boundary: bool | None
    by_type: Mapping[str, Outcome]


class Simulation(msgspec.Struct, frozen=True):
    """All that stays the same while actions and resources vary.

    Attributes:
        principal: The caller.
        owner: The account of the resources.
        context: Condition keys in lower case.
        multivalued: Which of them are lists.
        identity: Policies of the caller.
        boundary: Its permissions boundary; None for none.
        resource: The policy of every resource; None for none.
    """

    principal: Principal
    owner: str
    context: Mapping[str, tuple[str, ...]]
    multivalued: frozenset[str]
    identity: tuple[SimulatedPolicy, ...]
    boundary: SimulatedPolicy | None = None
    resource: SimulatedPolicy | None = None

    @property
    def policies(self) -> Iterator[SimulatedPolicy]:
        """All policies, in the order of the results."""
        if self.resource is not None:
            yield self.resource
        yield from self.identity
        if self.boundary is not None:
            yield self.boundary

    def ask(self, action: str, resource: str) -> Result:
        """Decide one action on one resource."""
        question = Question(
            principal=self.principal,
            action=action,
            resource=resource,
            resource_account=self.owner,
            context=self.context,
            multivalued=self.multivalued,
        )
        decision = evaluate(
            question,
            identity=[policy.compiled for policy in self.identity],
            resource=None if self.resource is None else self.resource.compiled,
            boundary=None if self.boundary is None else self.boundary.compiled,
        )
        by_boundary = None
        if self.boundary is not None:
            by_boundary = self._alone([self.boundary], question) is Outcome.ALLOW
        by_type: dict[str, Outcome] = {}
        if self.principal.account != self.owner:
            by_type[IAM_POLICY] = self._alone(self.identity, question)
            of_resource = () if self.resource is None else (self.resource,)
            by_type[RESOURCE_POLICY] = self._alone(of_resource, question)
        return Result(
            outcome=decision.outcome,
            matched=tuple(self._matched(decision, question)),
            missing=tuple(self._missing(action)),
            allowed_by_boundary=by_boundary,
            by_type=by_type,
        )

    def _matched(self, decision: Decision, question: Question) -> Iterator[Matched]:
        if decision.outcome is Outcome.IMPLICIT_DENY:
            return
        denies = decision.outcome is Outcome.EXPLICIT_DENY
        deciding = {origin.source_id.partition(".")[0] for origin in decision.matched}
        for policy in self.policies:
            kind = policy.compiled.kind
            # An allowed request has its reasons in the layers that had to allow; a boundary only limits.
            if denies or (kind.name in deciding and kind is not PolicyKind.BOUNDARY):
                for statement in self._applying(policy, question, denies=denies):
                    yield Matched(policy.name, policy.type, policy.spans[statement.origin.index])

    def _applying(
        self, policy: SimulatedPolicy, question: Question, *, denies: bool
    ) -> list[CompiledStatement]:
        """Return the statements of one effect that apply, in the order of the document."""
        table = policy.compiled.table(question.action)
        index = table.deny if denies else table.allow
        if index is None:
            return []
        found = {
            statement.origin.index: statement
            for statement in index.find(question)
            if self._names_caller(policy, statement) and statement.holds(question)
        }
        return [found[place] for place in sorted(found)]

    def _names_caller(self, policy: SimulatedPolicy, statement: CompiledStatement) -> bool:
        if policy.type == IAM_POLICY:
            return True
        return statement.grant(self.principal, has_boundary=self.boundary is not None) is not Grant.NONE

    def _alone(self, policies: Iterable[SimulatedPolicy], question: Question) -> Outcome:
        """Decide by some policies as if there were no others."""
        held = list(policies)
        if any(self._applying(policy, question, denies=True) for policy in held):
            return Outcome.EXPLICIT_DENY
        if any(self._applying(policy, question, denies=False) for policy in held):
            return Outcome.ALLOW
        return Outcome.IMPLICIT_DENY

    def _missing(self, action: str) -> list[str]:
        folded = fold(action)
        named = (
            key
            for policy in self.policies
            for actions, keys in policy.keys
            if actions.match(folded)
            for key in keys
        )
        return [key for key in _each_once(named) if not self.context.get(fold(key))]


def context_keys(documents: Iterable[Document]) -> list[str]:
    """Return the condition keys that policies name, in conditions and as variables, in alphabetical order."""
    named = (
        key
        for document in documents
        for statement in document.statements
        for key in _keys_of(statement, has_variables=document.has_variables)
    )
    return sorted(_each_once(named), key=fold)


def _each_once(keys: Iterable[str]) -> Sequence[str]:
    """Keep the first spelling of each key: case does not tell them apart."""
    found: dict[str, str] = {}
    for key in keys:
        found.setdefault(fold(key), key)
    return list(found.values())


def _keys_of(statement: Statement, *, has_variables: bool) -> Iterator[str]:
    for line in statement.conditions:
        if line.key is not None:
            yield line.key
        if has_variables and any(word in line.operator for word in _TYPES_WITH_VARIABLES):
            for value in line.values:
                yield from _variables_of(value)
    if has_variables:
        for resource in statement.resources or ():
            yield from _variables_of(resource)


def _variables_of(text: str) -> Iterator[str]:
    for token in tokenise(text, variables=True):
        if isinstance(token, Variable) and token.key:
            yield token.source.removeprefix("${").removesuffix("}").partition(",")[0].strip(" ")
