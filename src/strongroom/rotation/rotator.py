"""The contract of a rotator: what changes the credential of one kind of target.

A rotator knows its target and nothing else: no store, no labels, no schedule. The runner calls it in the order that
``machine.py`` decides and makes every intent durable before.

Rules for all of them:
 - ``check`` and ``propose`` do no I/O. Unknown members of the secret's JSON stay as they are.
 - ``probe`` changes nothing and costs one log-in. Only a refusal of the credentials themselves is ``REFUSED``; what
   is
   not understood is ``UNKNOWN``. A log-in that needed no password proves nothing and is ``UNKNOWN``.
 - ``apply`` is convergent: called again with the same change it ends in the same state. It touches the account that
   the secret names (or its computed alternate) and no other. It begins nothing after ``deadline``, and leaves nothing
   behind at the target that could take effect more than ``IN_FLIGHT_MOST_S`` later.
 - No value, and no text of a driver that might hold one, is in an exception, a log or a result. What travels to the
   target is a verifier where the target takes one.
 - Every call ends within ``CALL_MOST_S``.

A target that makes its credential itself, to which nothing can be proposed, has another contract: ``issuer.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from strongroom.crypto.material import Hidden
from strongroom.crypto.randomness import PasswordWishes
from strongroom.errors import StrongroomError
from strongroom.rotation.machine import Evidence
from strongroom.strict_json import JSON

CALL_MOST_S: Final = 10.0
IN_FLIGHT_MOST_S: Final = 15.0


class Cause(StrEnum):
    """Why a call to a target did not succeed; each has a remedy, see the how-to."""

    AUTHENTICATION = "the credentials were refused"
    UNREACHABLE = "the target cannot be reached"
    OVERLOADED = "the target takes no more connections"
    TLS = "no verified TLS connection can be made"
    READ_ONLY = "the target is read-only"
    PRIVILEGE = "a privilege is missing"
    PASSWORD_POLICY = "the target does not take the new password"
    CONFIGURATION = "the secret or the target is not set up for rotation"
    LATE = "there was not enough time left"
    UNCERTAIN = "the answer was lost"
    SERVER = "the target reported an error"
    FUNCTION = "the function ended with an error"


class TargetFailed(StrongroomError):
    """A call to a target did not succeed.

    Attributes:
        cause: The class of the failure.
        detail: A sentence for operators: no values, no text that a server or driver wrote freely.
        is_certain: Whether the target is known to be unchanged.
        retry_after_s: For how long the target asks to be left alone; 0 when it does not.
        is_final: Whether the target understood and refused: asking again would change nothing.
    """

    def __init__(
        self,
        cause: Cause,
        detail: str = "",
        *,
        is_certain: bool = True,
        retry_after_s: int = 0,
        is_final: bool = False,
    ) -> None:
        super().__init__(f"{cause.value}: {detail}" if detail else cause.value)
        self.cause = cause
        self.detail = detail
        self.is_certain = is_certain
        self.retry_after_s = retry_after_s
        self.is_final = is_final


class DocumentRefused(TargetFailed):
    """The secret's JSON is not as the rotator needs it."""

    def __init__(self, detail: str) -> None:
        super().__init__(Cause.CONFIGURATION, detail)


class Document(Hidden):
    """The JSON of one version of a secret; ``reveal`` gives its members."""

    __slots__ = ("_members",)

    def __init__(self, members: Mapping[str, JSON]) -> None:
        self._members = dict(members)

    def reveal(self) -> dict[str, JSON]:
        """Give a copy of the members, in their order."""
        return dict(self._members)

    def text(self, name: str) -> str:
        """Give a member that must be a text; empty when it is absent.

        Raises:
            DocumentRefused: It is something else.
        """
        value = self._members.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise DocumentRefused(f"the member {name} is not a text")
        return value

    def with_members(self, **members: JSON) -> Document:
        """Give the document with some members replaced."""
        return Document({**self._members, **members})

    def names_same_account(self, other: Document) -> bool:
        """Whether both name the same user of the same server."""
        return all(
            self._members.get(name) == other._members.get(name)
            for name in ("engine", "host", "port", "username")
        )


class Server(msgspec.Struct, frozen=True):
    """Whom a log-in reached; goes into the history.

    Attributes:
        identity: Of the server, as it tells it.
        version: Of its software.
        tls: The protocol, for example ``TLSv1.3``; empty for none.
        is_read_only: A standby, or one that takes no changes.
    """

    identity: str = ""
    version: str = ""
    tls: str = ""
    is_read_only: bool = False


class Probe(msgspec.Struct, frozen=True):
    """The outcome of one log-in.

    Attributes:
        evidence: What it says about the value.
        cause: Why it was not accepted.
        detail: A sentence for operators, as in ``TargetFailed``.
        server: Whom it reached.
        retry_after_s: For how long the target asks to be left alone; 0 when it does not.
    """

    evidence: Evidence
    cause: Cause | None = None
    detail: str = ""
    server: Server = Server()
    retry_after_s: int = 0


class Change(msgspec.Struct, frozen=True):
    """What the target shall take.

    Attributes:
        wanted: The document whose credentials shall log in.
        holder: A document whose credentials were just accepted: it proves the right to change the account.
        administrator: The document of ``masterarn``; None for rotators that need none.
        deadline: On the clock of ``time.monotonic``; nothing is begun after it.
    """

    wanted: Document
    holder: Document
    administrator: Document | None
    deadline: float


class Check(msgspec.Struct, frozen=True):
    """One line of a rehearsal."""

    what: str
    is_met: bool
    detail: str = ""


class Rehearsal(msgspec.Struct, frozen=True):
    """What a dry run found, and the statements that a rotation would send, with values masked."""

    checks: tuple[Check, ...]
    statements: tuple[str, ...]


class Rotator(Protocol):
    """Changes the credential of one kind of target."""

    @property
    def needs_administrator(self) -> bool:
        """Whether it acts with the credentials of ``masterarn``."""
        ...

    @property
    def old_is_refused(self) -> bool:
        """Whether the value before must not log in after a rotation (single user)."""
        ...

    def check(self, document: Document) -> None:
        """Check that a secret's JSON has what is needed.

        Raises:
            DocumentRefused: With what is missing or wrong.
        """
        ...

    def propose(self, current: Document, wishes: PasswordWishes) -> Document:
        """Make the document of the next version, with a new password.

        Raises:
            DocumentRefused: The current one cannot be followed by another.
        """
        ...

    def check_pending(self, pending: Document, current: Document) -> None:
        """Check that a pending document that somebody else made follows from the current one.

        Raises:
            DocumentRefused: It names another server, or another user than the one whose turn it is.
        """
        ...

    def probe(self, document: Document) -> Probe:
        """Log in."""
        ...

    def apply(self, change: Change) -> Probe | None:
        """Let the target take ``change.wanted``.

        Returns:
            The outcome of a log-in with it that began to authenticate after the target took it, by a rotator that
            is sooner done with it than with ``probe``; None for none, or when it was not accepted.

        Raises:
            TargetFailed: It did not, or whether it did is not known.
        """
        ...

    def rehearse(self, current: Document, administrator: Document | None) -> Rehearsal:
        """Look whether a rotation would succeed, changing nothing."""
        ...
