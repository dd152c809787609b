"""Compiled policies: what the evaluator walks instead of documents.

Rules:
 - A policy is compiled once for each version. For each action that is asked about, the statements that name
   it are put aside, Deny and Allow apart, in buckets by resource (``resources.py``); the second question
   about the same action looks at nothing else.
 - A compiled policy never changes its answers and may be shared by threads; the tables by action are a cache
   that any thread may fill.
 - What is not understood denies: a Deny with an unknown operator applies, an Allow does not; a statement that
   should name principals and does not never applies.

Actions fold in ASCII; the service prefix takes no wildcard but the lone ``*`` (IAM User Guide, "Action").
Patterns of resources are compiled when the first action needs them: that keeps unused ones out of memory.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

import msgspec

from strongroom.policy.document import parse_policy
from strongroom.policy.match import Glob, fold
from strongroom.policy.model import Document, PolicyKind, Statement
from strongroom.policy.principals import Grant, PrincipalSet
from strongroom.policy.question import Principal, Question
from strongroom.policy.resources import ResourceIndex, ResourcePattern, is_everything
from strongroom.policy.variables import tokenise, without_variables

if TYPE_CHECKING:
    from strongroom.policy.conditions import CompiledCondition

MAX_TABLES = 512
"""Actions for which a policy keeps a table. Simulations may ask about any; the product has fewer."""


LARGE = 4_000
"""From so many patterns of a set on, merging their tables takes more than about a millisecond."""


class MatchedStatement(msgspec.Struct, frozen=True, gc=False):
    """Names the statement that decided, for explanations and simulations.

    Attributes:
        source_id: Name or ARN of its policy.
        sid: Its id; None for none.
        index: Its place in the document, from 0.
    """

    source_id: str
    sid: str | None
    index: int


class CompiledStatement:
    """One statement, apart from its actions and resources, which the index has already compared.

    Attributes:
        origin: Where it stands.
        denies: Whether its effect is Deny.
        is_unconditional: Whether there is nothing more to look at.
    """

    __slots__ = (
        "_conditions",
        "_is_evaluable",
        "_is_not_principal",
        "_principals",
        "denies",
        "is_unconditional",
        "origin",
    )

    def __init__(
        self,
        statement: Statement,
        *,
        source_id: str,
        variables: bool,
        principals: PrincipalSet | None,
    ) -> None:
        self.origin = MatchedStatement(source_id, statement.sid, statement.index)
        self.denies = statement.denies
        conditions: list[CompiledCondition] = []
        self._is_evaluable = True
        if statement.conditions:  # a start with none does not load the operators
            from strongroom.policy.conditions import compile_condition, find_operator
        for line in statement.conditions:
            if line.key is None:
                # Stored by AWS with an empty body: a known operator then asks for nothing.
                condition = None
                self._is_evaluable = self._is_evaluable and find_operator(line.operator) is not None
            else:
                condition = compile_condition(line.operator, line.key, line.values, variables=variables)
                self._is_evaluable = self._is_evaluable and condition is not None
            if condition is not None:
                conditions.append(condition)
        self._conditions = tuple(conditions)
        self._principals = principals
        self._is_not_principal = statement.is_not_principal
        self.is_unconditional = self._is_evaluable and not conditions

    def holds(self, question: Question) -> bool:
        """Whether the conditions let the statement apply."""
        uncertain = not self._is_evaluable
        for condition in self._conditions:
            judgement = condition.judge(question)
            if judgement is None:
                uncertain = True
            elif not judgement:
                return False
        return self.denies if uncertain else True

    def grant(self, principal: Principal, *, has_boundary: bool) -> Grant:
        """Say how closely the statement names the caller; NONE when it names nobody at all."""
        if self._principals is None:
            return Grant.NONE
        if not self._is_not_principal:
            return self._principals.grant(principal)
        # Allow with NotPrincipal is refused when it is stored; here it grants nothing.
        if not self.denies or self._principals.spares(principal, has_boundary=has_boundary):
            return Grant.NONE
        return Grant.DIRECT


StatementIndex = ResourceIndex[CompiledStatement]


class ActionTable(msgspec.Struct, frozen=True):
    """The statements of one policy that name one action; None where there are none."""

    deny: StatementIndex | None
    allow: StatementIndex | None


class TableMaker(Protocol):
    """A policy or a set of policies."""

    def table(self, action: str) -> ActionTable:
        """Return what is said about ``action``, from the cache or made now."""
        ...


class ActionNames:
    """The action patterns of one statement."""

    __slots__ = ("_exact", "_globs", "_is_everything", "_is_negated")

    def __init__(self, statement: Statement) -> None:
        actions = statement.actions or ()
        self._is_negated = statement.is_not_action
        self._is_everything = "*" in actions
        exact: set[str] = set()
        globs: list[Glob] = []
        for action in actions:
            vendor, colon, name = fold(action).partition(":")
            if not colon:
                continue  # no action is named so; only "*" may stand alone
            # Wildcards in the prefix mean nothing: the prefix is literal.
            glob = Glob([f"{vendor}:", *without_variables(tokenise(name, variables=False))])
            if glob.exact is not None:
                exact.add(glob.exact)
            else:
                globs.append(glob)
        self._exact = frozenset(exact)
        self._globs = tuple(globs)

    def match(self, folded: str) -> bool:
        named = self._is_everything or folded in self._exact or any(g.matches(folded) for g in self._globs)
        return named is not self._is_negated


class CompiledPolicy:
    """A policy that is ready to be asked.

    Attributes:
        kind: Where it stands.
        source_id: Its name or ARN, for explanations.
        patterns: How many resources its statements name.
        tables: What it has to say about an action, by the action as it is spelled in questions; filled by
            ``table``.
        before_table: Called with an action and what is about to make a table for it; may raise, so that the table is
            made elsewhere. None for nothing.
    """

    __slots__ = (
        "_entries",
        "_patterns",
        "_variables",
        "before_table",
        "kind",
        "patterns",
        "source_id",
        "tables",
    )

    def __init__(self, document: Document, *, source_id: str, principal_ids: Mapping[str, str]) -> None:
        self.kind = document.kind
        self.source_id = source_id
        self.tables: dict[str, ActionTable] = {}
        self.before_table: Callable[[TableMaker, str], None] | None = None
        self._patterns: dict[int, tuple[ResourcePattern, ...]] = {}
        self._variables = document.has_variables
        # Most statements of a long policy name the same actions, and the same principals.
        actions: dict[object, ActionNames] = {}
        principals: dict[object, PrincipalSet | None] = {None: None}
        entries: list[tuple[Statement, ActionNames, CompiledStatement]] = []
        for statement in document.statements:
            if not self._can_apply(statement):
                continue
            named = statement.actions, statement.is_not_action
            if named not in actions:
                actions[named] = ActionNames(statement)
            if statement.principals is not None and statement.principals not in principals:
                principals[statement.principals] = PrincipalSet(statement.principals, principal_ids)
            compiled = CompiledStatement(
                statement,
                source_id=source_id,
                variables=document.has_variables,
                principals=principals[statement.principals],
            )
            entries.append((statement, actions[named], compiled))
        self._entries = tuple(entries)
        self.patterns = sum([len(statement.resources or ()) for statement, _, _ in entries])

    def __repr__(self) -> str:
        return f"CompiledPolicy({self.source_id!r}, {self.kind.name}, {len(self._entries)} statements)"

    def _can_apply(self, statement: Statement) -> bool:
        # KMS stores statements without actions or resources; they do nothing (KMS guide, "Key policies").
        if not statement.actions and not statement.is_not_action:
            return False
        return statement.resources is not None or self.kind in (PolicyKind.RESOURCE, PolicyKind.TRUST)

    def table(self, action: str) -> ActionTable:
        """Return what the policy says about ``action``, from the cache or made now."""
        table = self.tables.get(action)
        if table is None:
            if self.before_table is not None:
                self.before_table(self, action)
            table = self._make_table(fold(action))
            if len(self.tables) >= MAX_TABLES:
                self.tables.clear()
            self.tables[action] = table
        return table

    def _make_table(self, folded: str) -> ActionTable:
        deny: StatementIndex = ResourceIndex()
        allow: StatementIndex = ResourceIndex()
        counts = [0, 0]
        matching: dict[ActionNames, bool] = {}
        for statement, actions, compiled in self._entries:
            if actions not in matching:
                matching[actions] = actions.match(folded)
            if not matching[actions]:
                continue
            counts[compiled.denies] += 1
            self._place(statement, compiled, deny if compiled.denies else allow)
        deny.finish()
        allow.finish()
        return ActionTable(deny=deny if counts[True] else None, allow=allow if counts[False] else None)

    def _place(self, statement: Statement, compiled: CompiledStatement, index: StatementIndex) -> None:
        # A trust policy is about its role whatever it says; a secret's policy may leave the secret out.
        if statement.resources is None or self.kind is PolicyKind.TRUST:
            index.add_everywhere(compiled)
            return
        if statement.is_not_resource:
            index.add_exclusion(compiled, self._patterns_of(statement), denies=compiled.denies)
        elif any(map(is_everything, statement.resources)):
            index.add_everywhere(compiled)
        else:
            index.add(compiled, self._patterns_of(statement))

    def _patterns_of(self, statement: Statement) -> tuple[ResourcePattern, ...]:
        """Return the compiled resources of a statement, which the tables of all actions share."""
        patterns = self._patterns.get(statement.index)
        if patterns is None:
            texts = statement.resources or ()
            patterns = tuple(ResourcePattern(text, variables=self._variables) for text in texts)
            self._patterns[statement.index] = patterns
        return patterns


class PolicySet(tuple[CompiledPolicy, ...]):
    """The identity policies of a caller, asked as if they were one policy.

    It may be made of sets: what those have merged already is merged with the rest then. So a set that holds while
    others change, or that several callers have, is worth keeping.

    Attributes:
        parts: What it was made of.
        tables: What they have to say about an action together; filled by ``table``.
    """

    parts: tuple[CompiledPolicy | PolicySet, ...]
    tables: dict[str, ActionTable]

    def __new__(cls, parts: Iterable[CompiledPolicy | PolicySet] = ()) -> PolicySet:
        """Make a set that has not been asked yet."""
        given = tuple(parts)
        policies: list[CompiledPolicy] = []
        for part in given:
            if isinstance(part, PolicySet):
                policies += part
            else:
                policies.append(part)
        made = super().__new__(cls, policies)
        made.parts = given
        made.tables = {}
        return made

    def table(self, action: str) -> ActionTable:
        """Return what the policies say about ``action``, from the cache or merged now."""
        table = self.tables.get(action)
        if table is None:
            is_large = sum([policy.patterns for policy in self]) > LARGE
            for policy in self:
                if policy.before_table is not None and (is_large or action not in policy.tables):
                    policy.before_table(self, action)  # of all policies at once, not of one after the other
            tables = [part.table(action) for part in self.parts]
            table = ActionTable(
                deny=_merge([one.deny for one in tables]), allow=_merge([one.allow for one in tables])
            )
            if len(self.tables) >= MAX_TABLES:
                self.tables.clear()
            self.tables[action] = table
        return table


def _merge(indexes: Iterable[StatementIndex | None]) -> StatementIndex | None:
    present = [index for index in indexes if index is not None]
    return ResourceIndex.merged(present) if present else None


def compile_policy(
    document: Document | str | bytes,
    kind: PolicyKind,
    *,
    source_id: str,
    principal_ids: Mapping[str, str] | None = None,
) -> CompiledPolicy:
    """Compile a document, or a text after parsing it.

    Args:
        document: What to compile.
        kind: Where the policy stands; must be the document's own kind.
        source_id: Name or ARN of the policy, for explanations.
        principal_ids: Unique id of each user and role ARN that the policy names, as it was when the policy
            was stored. A principal that was deleted and made anew does not match (threat model P-07). ARNs
            without an entry are compared as texts.

    Raises:
        MalformedPolicy: A text is not a policy of this kind.
        ValueError: A document is of another kind.
    """
    if not isinstance(document, Document):
        # How long a policy may be was decided when it was stored.
        document = parse_policy(document, kind, max_characters=len(document))
    if document.kind is not kind:
        raise ValueError("a document is compiled as the kind it was parsed as")
    return CompiledPolicy(document, source_id=source_id, principal_ids=principal_ids or {})
