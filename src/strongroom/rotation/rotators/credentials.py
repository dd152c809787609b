"""What the rotators of databases have in common: the documents of one account, and of two that take turns.

No I/O. What a name may be, and which engines there are, is the database's own; it comes in as ``check_members``.

Source: rotation reference 2 to 4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from strongroom.crypto.randomness import PasswordWishes, random_password
from strongroom.errors import StrongroomError
from strongroom.rotation.machine import Evidence
from strongroom.rotation.rotator import (
    Cause,
    Check,
    Document,
    DocumentRefused,
    Probe,
    Rehearsal,
    TargetFailed,
)

SUFFIX: Final = "_clone"
"""Behind the name of the second of two accounts, as AWS's functions have it."""
ALTERNATING_STEPS: Final = (
    "the current value logs in",
    "the administrator's secret names the same place",
    "the administrator logs in",
    "both are the same server",
    "the server takes changes",
    "the accounts may be rotated",
)
"""What a rehearsal of alternating users looks at, in this order."""


class LogInFailed(TargetFailed):
    """No connection was made; only ``Cause.AUTHENTICATION`` says something about the credentials."""


class OneAccount:
    """The documents of an account that changes its own password.

    Args:
        check_members: Checks that a document has what a log-in needs; raises ``DocumentRefused``.
    """

    needs_administrator = False
    old_is_refused = True

    def __init__(self, check_members: Callable[[Document], None]) -> None:
        self._check_members = check_members

    def check(self, document: Document) -> None:
        """Check the members that a log-in needs."""
        self._check_members(document)

    def propose(self, current: Document, wishes: PasswordWishes) -> Document:
        """Give the same account a new password."""
        self.check(current)
        return current.with_members(password=draw_password(wishes))

    def check_pending(self, pending: Document, current: Document) -> None:
        """Check that a pending document names the same account."""
        self.check(pending)
        if not pending.names_same_account(current):
            raise DocumentRefused("the pending version names another account than the current one")


class TwoAccounts:
    """The documents of two accounts that take turns.

    Args:
        check_members: Checks that a document has what a log-in needs; raises ``DocumentRefused``.
    """

    needs_administrator = True
    old_is_refused = False

    def __init__(self, check_members: Callable[[Document], None]) -> None:
        self._check_members = check_members

    def check(self, document: Document) -> None:
        """Check the members, and that the name of the other account has room."""
        self._check_members(document)
        if not document.text("masterarn"):
            raise DocumentRefused("the member masterarn is missing")
        self._check_members(document.with_members(username=alternate(document.text("username"))))

    def propose(self, current: Document, wishes: PasswordWishes) -> Document:
        """Give the other account a new password."""
        self.check(current)
        return current.with_members(
            username=alternate(current.text("username")), password=draw_password(wishes)
        )

    def check_pending(self, pending: Document, current: Document) -> None:
        """Check that a pending document names the account whose turn it is."""
        self.check(pending)
        expected = current.with_members(username=alternate(current.text("username")))
        if not pending.names_same_account(expected):
            raise DocumentRefused("the pending version does not name the account whose turn it is")


def original_of(user: str) -> str:
    """Give the name of the first of the two accounts."""
    return user.removesuffix(SUFFIX)


def alternate(user: str) -> str:
    """Give the name of the other of the two accounts."""
    return user.removesuffix(SUFFIX) if user.endswith(SUFFIX) else user + SUFFIX


def check_turn(wanted: Document, holder: Document) -> None:
    """Check that a value is for one of the two accounts that the holder belongs to.

    Raises:
        DocumentRefused: It is for another one.
    """
    holds = holder.text("username")
    if wanted.text("username") not in (holds, alternate(holds)):
        raise DocumentRefused("the value names another account than the two that alternate")


def check_texts(document: Document, engines: frozenset[str], product: str) -> None:
    """Check the members of every database's secret.

    Raises:
        DocumentRefused: One is missing or of the wrong kind.
    """
    if document.text("engine") not in engines:
        raise DocumentRefused(f"the member engine is not that of {product}")
    for name in ("host", "username", "password"):
        if not document.text(name):
            raise DocumentRefused(f"the member {name} is missing")
    document.text("dbname")


def draw_password(wishes: PasswordWishes) -> str:
    """Draw a password.

    Raises:
        DocumentRefused: There is none of that kind.
    """
    try:
        return random_password(wishes)
    except StrongroomError as problem:
        raise DocumentRefused("no password can be made as the secret wants it") from problem


def failed_probe(problem: TargetFailed) -> Probe:
    """Say what a log-in that did not succeed is evidence of."""
    is_refusal = isinstance(problem, LogInFailed) and problem.cause is Cause.AUTHENTICATION
    return Probe(Evidence.REFUSED if is_refusal else Evidence.UNKNOWN, problem.cause, problem.detail)


def administrator_failed(problem: LogInFailed) -> TargetFailed:
    """Say that the administrator cannot log in; that says nothing about the accounts of the secret."""
    cause = Cause.CONFIGURATION if problem.cause is Cause.AUTHENTICATION else problem.cause
    return TargetFailed(cause, "the administrator cannot log in")


def log_in_check(what: str, found: Probe, product: str) -> Check:
    """Write the line of a rehearsal about a log-in."""
    if found.evidence is Evidence.ACCEPTED:
        return Check(what, True, f"{product} {found.server.version}, {found.server.tls or 'no TLS'}")
    cause = found.cause.value if found.cause is not None else "not known"
    return Check(what, False, f"{cause}: {found.detail}" if found.detail else cause)


def rehearse_steps(steps: Sequence[str], walk: Callable[[list[str]], tuple[str, ...]]) -> Rehearsal:
    """Go through the steps of a rehearsal until one is not met.

    Args:
        steps: What each of them is.
        walk: Goes through them, adds a detail to the list for each one that is met, and returns the statements.
    """
    met: list[str] = []
    try:
        statements = walk(met)
    except TargetFailed as problem:
        missed: tuple[Check, ...] = (Check(steps[len(met)], False, str(problem)),)
        statements = ()
    else:
        missed = ()
    checks = tuple(Check(step, True, detail) for step, detail in zip(steps, met, strict=False))
    return Rehearsal((*checks, *missed), statements)
