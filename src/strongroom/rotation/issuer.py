"""The contract of an issuer: a target that makes its credential itself, such as a token.

Nothing can be proposed to it: what it issues is adopted. How it is driven is said by ``issue_machine.py`` and done by
``issuing.py``.

Rules for all of them, besides those of ``rotator.py``:
 - ``check`` does no I/O. Unknown members of the secret's JSON stay as they are.
 - ``issue`` may be called again: what it gives is a credential that the target takes for good now; it may be one that
   it gave before. With the same ``key`` a target that knows idempotency keys gives the same one.
 - ``revoke`` names one credential, and is convergent: nothing else is revoked by it, however late it arrives.
 - Where credentials are sent is said by the administrator's secret alone: who may only write the rotated secret
   cannot send them elsewhere (R-02).
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from strongroom.rotation.rotator import Document, Probe, Rehearsal


class Issuer(ABC):
    """Obtains the credential of one kind of target."""

    @abstractmethod
    def check(self, document: Document, administrator: Document) -> None:
        """Check that the JSON of both secrets has what is needed.

        Raises:
            DocumentRefused: With what is missing or wrong.
        """

    @abstractmethod
    def has_credential(self, document: Document) -> bool:
        """Whether a document holds a credential; one that is to get its first one holds none."""

    @abstractmethod
    def is_same(self, one: Document, other: Document) -> bool:
        """Whether both hold the same credential."""

    @abstractmethod
    def probe(self, document: Document, administrator: Document) -> Probe:
        """Use the credential, harmlessly."""

    @abstractmethod
    def issue(self, current: Document, administrator: Document, key: str) -> Document:
        """Ask for a credential.

        Args:
            current: The document that it goes into, in place of the one there.
            administrator: With which it is asked for.
            key: Names the wish: asked again under the same one, the target need not make another.

        Raises:
            TargetFailed: There is none, or whether one was made is not known.
        """

    @abstractmethod
    def can_revoke(self, administrator: Document) -> bool:
        """Whether the target lets credentials be revoked."""

    @abstractmethod
    def revoke(self, document: Document, administrator: Document) -> None:
        """Let the target refuse a credential from now on.

        Raises:
            TargetFailed: It did not, or whether it did is not known.
        """

    @abstractmethod
    def rehearse(self, current: Document, administrator: Document) -> Rehearsal:
        """Look whether a rotation would succeed, changing nothing."""
