"""Compiled policies, once for all threads of a process, and never on the event loop when that may take long.

Rules:
 - A policy is compiled once for its text and what goes with it: whoever holds the text in force finds the compiled
   form of just that text. Nothing here says which text is in force, so nothing here can be too old.
 - On the event loop a policy that is not surely quick to compile, and was not compiled yet, is not compiled:
   ``PolicyNotCompiled`` is raised, and the pipeline lets a thread compile it and tries again. Other requests go on
   meanwhile. What is quick takes a millisecond at most; that is less than to hand it to a thread and back.
 - So it is with the tables that such a policy makes for each action that it is asked about: one takes about as long
   as compiling does. The actions that its last version was asked about come at once with it.
 - All who wait for the same thing wait for one ``Unmade``.
 - Who parsed a policy, to store it, leaves the document here, so that it is parsed once.
 - Bounded by the characters of the texts; what was not asked for lately goes first.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from typing import Final
from weakref import WeakValueDictionary

from strongroom.policy.compile import CompiledPolicy, PolicySet, TableMaker, compile_policy
from strongroom.policy.document import Document, MalformedPolicy, PolicyKind

QUICK_US: Final = 1_000
KEPT_CHARACTERS: Final = 262_144
MOST_ASKED: Final = 1_024
ACTIONS_ASKED: Final = 4
"""Of so many policies, and for so many actions each, is known what requests asked them about."""

_US_A_CHARACTER: Final = 0.35
_US_A_VALUE: Final = 6
_US_A_WILDCARD: Final = 2

_Key = tuple[str, PolicyKind, str, tuple[tuple[str, str], ...]]


class Unmade:
    """A policy that is to be compiled, or its table for an action that is to be made, on any other thread.

    Attributes:
        is_over: Whether that was done, or failed.
    """

    def __init__(self, make: Callable[[], None]) -> None:
        self._make = make
        self.is_over = False

    def make(self) -> None:
        """Make it."""
        try:
            self._make()
        finally:
            self.is_over = True


class PolicyNotCompiled(BaseException):
    """A policy, or its table for an action, has to be made first, elsewhere.

    Not an ``Exception``: handlers that turn whatever goes wrong into an answer must let it pass.

    Attributes:
        unmade: What is to be made.
    """

    def __init__(self, unmade: Unmade) -> None:
        super().__init__("a policy is to be compiled first")
        self.unmade = unmade


def is_quick(text: str) -> bool:
    """Whether compiling a policy and making a table of it surely takes less than ``QUICK_US``.

    The costs are those of the policies that were found to be the slowest for their characters, values (commas stand
    between them) and wildcards; others take a fifth of them.
    """
    cost = _US_A_CHARACTER * len(text)
    if cost < QUICK_US:
        cost += _US_A_VALUE * text.count(",") + _US_A_WILDCARD * sum(map(text.count, "*?$"))
    return cost < QUICK_US


class CompiledPolicies:
    """What was compiled lately, and what was parsed to be.

    Attributes:
        parsed: How many texts were parsed here.
    """

    def __init__(self) -> None:
        self.parsed = 0
        self._kept: OrderedDict[_Key, CompiledPolicy | MalformedPolicy | Document] = OrderedDict()
        self._characters = 0
        self._asked: OrderedDict[tuple[PolicyKind, str], tuple[str, ...]] = OrderedDict()
        self._unmade: WeakValueDictionary[Hashable, Unmade] = WeakValueDictionary()
        self._lock = threading.Lock()
        self._here = threading.local()

    def keep_off_this_thread(self, *, is_kept_off: bool = True) -> None:
        """Compile no policy that may take long on the calling thread from now on."""
        self._here.is_kept_off = is_kept_off

    def get(
        self, text: str, kind: PolicyKind, *, source_id: str, principal_ids: Mapping[str, str] | None = None
    ) -> CompiledPolicy:
        """Give a policy compiled.

        Args:
            text: The document.
            kind: Where the policy stands.
            source_id: Its name or ARN, for explanations.
            principal_ids: As ``compile_policy``.

        Raises:
            MalformedPolicy: The text is not a policy of this kind.
            PolicyNotCompiled: It may take long, was not compiled yet, and is not to be compiled here.
        """
        if is_quick(text):
            return compile_policy(text, kind, source_id=source_id, principal_ids=principal_ids)
        key = _key_of(text, kind, source_id, principal_ids)
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
        if isinstance(found, CompiledPolicy):
            return found
        if not isinstance(found, MalformedPolicy) and self._is_kept_off_here():
            raise PolicyNotCompiled(self._to_be_made(key, lambda: self._try(key)))
        return self._compile(key)  # what is malformed says so again, here

    def leave(
        self,
        document: Document,
        text: str,
        *,
        source_id: str,
        principal_ids: Mapping[str, str] | None = None,
    ) -> None:
        """Leave what was parsed of a text for who will ask for it, compiled; the others are as those of ``get``."""
        if not is_quick(text):
            self._keep(_key_of(text, document.kind, source_id, principal_ids), document)

    def _try(self, key: _Key) -> None:
        """Compile for a request that waits, and make the tables that others like it will ask for next."""
        try:
            made = self._compile(key)
        except MalformedPolicy as problem:
            self._keep(key, problem)
            return
        with self._lock:
            actions = self._asked.get((made.kind, made.source_id), ())
        for action in actions:
            made.table(action)

    def _compile(self, key: _Key) -> CompiledPolicy:
        text, kind, source_id, principal_ids = key
        with self._lock:
            left = self._kept.get(key)
            if not isinstance(left, Document):
                self.parsed += 1
        document = left if isinstance(left, Document) else text
        made = compile_policy(document, kind, source_id=source_id, principal_ids=dict(principal_ids))
        made.before_table = self._keep_off_tables
        self._keep(key, made)
        return made

    def _is_kept_off_here(self) -> bool:
        return getattr(self._here, "is_kept_off", False)

    def _keep_off_tables(self, maker: TableMaker, action: str) -> None:
        if self._is_kept_off_here():
            self._note(maker, action)
            raise PolicyNotCompiled(
                self._to_be_made((id(maker), action), lambda: self._make_table(maker, action))
            )

    def _make_table(self, maker: TableMaker, action: str) -> None:
        maker.table(action)

    def _note(self, maker: TableMaker, action: str) -> None:
        """Remember what policies are asked about."""
        policies = (
            maker if isinstance(maker, PolicySet) else [maker] if isinstance(maker, CompiledPolicy) else []
        )
        with self._lock:
            for policy in policies:
                asked = self._asked.pop((policy.kind, policy.source_id), ())
                others = [other for other in asked if other != action]
                self._asked[policy.kind, policy.source_id] = (*others, action)[-ACTIONS_ASKED:]
            while len(self._asked) > MOST_ASKED:
                self._asked.popitem(last=False)

    def _to_be_made(self, what: Hashable, make: Callable[[], None]) -> Unmade:
        """Give the one that all wait for; whoever waits holds it, and it holds what it makes."""
        with self._lock:
            unmade = self._unmade.get(what)
            if unmade is None or unmade.is_over:
                unmade = self._unmade[what] = Unmade(make)
            return unmade

    def _keep(self, key: _Key, made: CompiledPolicy | MalformedPolicy | Document) -> None:
        with self._lock:
            held = self._kept.get(key)
            if held is None:
                self._characters += len(key[0])
            if held is None or isinstance(held, Document):
                self._kept[key] = made
                self._kept.move_to_end(key)
            while self._characters > KEPT_CHARACTERS:
                oldest, _ = self._kept.popitem(last=False)
                self._characters -= len(oldest[0])


def _key_of(text: str, kind: PolicyKind, source_id: str, principal_ids: Mapping[str, str] | None) -> _Key:
    return text, kind, source_id, tuple(sorted((principal_ids or {}).items()))


COMPILED: Final = CompiledPolicies()
"""Of this process: a cache of a pure function, so that one is enough."""
