"""Compiled policies, once for all threads of a process, and never on the event loop when they are long.

Rules:
 - A policy is compiled once for its text and what goes with it: whoever holds the text in force finds the compiled
   form of just that text. Nothing here says which text is in force, so nothing here can be too old.
 - On the event loop a long policy that was not compiled yet is not compiled: ``PolicyNotCompiled`` is raised, and the
   pipeline lets a thread compile it and tries again. Other requests go on meanwhile. Short ones take a fraction of a
   millisecond, two when they are made to be slow.
 - So it is with the tables that such a policy makes for each action that it is asked about: one takes about as long
   as compiling does.
 - Bounded by the characters of the texts; what was not asked for lately goes first.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from strongroom.policy.compile import CompiledPolicy, TableMaker, compile_policy
from strongroom.policy.document import MalformedPolicy, PolicyKind

SHORT_CHARACTERS: Final = 1_000
KEPT_CHARACTERS: Final = 262_144

_Key = tuple[str, PolicyKind, str, tuple[tuple[str, str], ...]]


class PolicyNotCompiled(BaseException):
    """A long policy, or its table for an action, has to be made first, elsewhere.

    Not an ``Exception``: handlers that turn whatever goes wrong into an answer must let it pass.

    Attributes:
        compile: Makes it, on any other thread.
    """

    def __init__(self, compile: Callable[[], None]) -> None:
        super().__init__("a policy is to be compiled first")
        self.compile = compile


class CompiledPolicies:
    """What was compiled lately."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, CompiledPolicy | MalformedPolicy] = OrderedDict()
        self._characters = 0
        self._lock = threading.Lock()
        self._here = threading.local()

    def keep_off_this_thread(self, *, is_kept_off: bool = True) -> None:
        """Compile no long policy on the calling thread from now on."""
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
            PolicyNotCompiled: It is long, was not compiled yet, and is not to be compiled here.
        """
        if len(text) < SHORT_CHARACTERS:
            return compile_policy(text, kind, source_id=source_id, principal_ids=principal_ids)
        key = (text, kind, source_id, tuple(sorted((principal_ids or {}).items())))
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
        if isinstance(found, CompiledPolicy):
            return found
        if found is None and self._is_kept_off_here():
            raise PolicyNotCompiled(lambda: self._try(key))
        return self._compile(key)  # what is malformed says so again, here

    def _try(self, key: _Key) -> None:
        try:
            self._compile(key)
        except MalformedPolicy as problem:
            self._keep(key, problem)

    def _compile(self, key: _Key) -> CompiledPolicy:
        text, kind, source_id, principal_ids = key
        made = compile_policy(text, kind, source_id=source_id, principal_ids=dict(principal_ids))
        made.before_table = self._keep_off_tables
        self._keep(key, made)
        return made

    def _is_kept_off_here(self) -> bool:
        return getattr(self._here, "is_kept_off", False)

    def _keep_off_tables(self, maker: TableMaker, action: str) -> None:
        if self._is_kept_off_here():
            raise PolicyNotCompiled(lambda: self._make_table(maker, action))

    def _make_table(self, maker: TableMaker, action: str) -> None:
        maker.table(action)

    def _keep(self, key: _Key, made: CompiledPolicy | MalformedPolicy) -> None:
        with self._lock:
            if key not in self._kept:
                self._kept[key] = made
                self._characters += len(key[0])
            while self._characters > KEPT_CHARACTERS:
                oldest, _ = self._kept.popitem(last=False)
                self._characters -= len(oldest[0])


COMPILED: Final = CompiledPolicies()
"""Of this process: a cache of a pure function, so that one is enough."""
