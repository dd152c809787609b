"""What can go wrong with the audit record.

::

    AuditError
    ├── UnrecordableValue    an event holds something a record must not or cannot hold
    ├── AuditUnwritable      a write or fsync failed: the records concerned were not recorded
    ├── AuditInUse           another process writes this journal
    ├── AuditDamaged         records that were acknowledged are missing or altered
    ├── OutboxBroken         the outbox in the store contradicts its head or the journal
    └── FrameError
        ├── IncompleteFrame  the bytes end before the frame does
        └── MalformedFrame   the bytes are no frame
"""

from __future__ import annotations

from strongroom.errors import StrongroomError


class AuditError(StrongroomError):
    """Root of the errors of the audit record."""


class UnrecordableValue(AuditError):
    """An event holds a value of a type that never goes into a record, ``bytes`` above all (L-03)."""


class AuditUnwritable(AuditError):
    """A write or an fsync failed; no answer that needs one of these records may leave (L-01, D-02)."""


class AuditInUse(AuditError):
    """Another process has the journal open."""


class AuditDamaged(AuditError):
    """The files hold less, or something other, than what was acknowledged (L-04, D-05)."""


class OutboxBroken(AuditError):
    """Rows of the outbox were edited or removed, or the store is older than the journal (D-05)."""


class FrameError(AuditError):
    """The bytes at an offset cannot be read as a frame."""


class IncompleteFrame(FrameError):
    """The bytes end inside a frame: it is still being written, was torn by a crash, or was cut."""


class MalformedFrame(FrameError):
    """The bytes have not the form of a frame."""
