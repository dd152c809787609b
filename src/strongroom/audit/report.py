"""What the offline verifier reports: findings, notes and what was read."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec

from strongroom.audit.chain import Head

MOST_FINDINGS: Final = 1_000
"""More are counted, not listed: a journal of noise must not fill the memory."""


class FindingKind(StrEnum):
    """What is wrong."""

    ALTERED = "altered"
    MISSING = "missing"
    MISPLACED = "misplaced"
    CUT_TAIL = "cut tail"
    SEGMENT = "segment"
    CHECKPOINT = "checkpoint"
    ANCHOR = "anchor"
    SINK = "sink"
    TRAIL = "trail"


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong: where, and in a sentence what."""

    kind: FindingKind
    file: str
    offset: int
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}, byte {self.offset}: {self.sentence}"


class JournalSummary(msgspec.Struct, frozen=True):
    """What a journal holds; ``last_checkpoint_ms`` is 0 when there is none."""

    journal: str
    segments: int
    head: Head
    last_checkpoint_ms: int


class Report(msgspec.Struct, frozen=True):
    """The outcome of a verification.

    Attributes:
        findings: What is wrong; empty when nothing is.
        omitted: How many findings there were beyond ``MOST_FINDINGS``.
        notes: What is worth knowing and not wrong.
        journals: What was read.
    """

    findings: tuple[Finding, ...]
    omitted: int
    notes: tuple[str, ...]
    journals: tuple[JournalSummary, ...]

    @property
    def is_intact(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


class Notes(msgspec.Struct):
    """What a verification has found so far."""

    findings: list[Finding]
    omitted: int
    notes: list[str]

    def add(self, kind: FindingKind, file: Path, offset: int, sentence: str) -> None:
        """Add a finding."""
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(kind, str(file), offset, sentence))
        else:
            self.omitted += 1
