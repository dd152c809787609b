"""What a function prints: bounded, and without the values that it could read (threat model F-04).

Rules:
 - Read as it comes, so that the function does not wait; beyond the limit of an invocation it is read slowly and
   thrown away.
 - Scrubbed as a whole, so that a value with line ends in it, or printed in two pieces, is found; then split into
   lines.
 - A value is looked for as it is, as JSON and Python write it, in base64 and in URLs. Values of fewer than four
   bytes are not looked for: they would be found everywhere.
"""

from __future__ import annotations

import base64
import json
import os
import select
import threading
import time
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import Final
from urllib.parse import quote

MOST_BYTES: Final = 262_144
"""Of one invocation's output."""
MOST_LINE_BYTES: Final = 16_384
MOST_NOTES: Final = 16
"""Of the runner's own lines in the output of one invocation."""
REPLACEMENT: Final = b"****"
LEAST_SECRET_BYTES: Final = 4
_READ_BYTES: Final = 65_536
_PAUSE_S: Final = 0.02


class Output:
    """Reads what a sandbox prints.

    Args:
        reading: The end of a pipe; closed at its end.
    """

    def __init__(self, reading: int) -> None:
        self._reading = reading
        self._lock = threading.Condition()
        self._kept: list[tuple[float, bytes]] = []
        self._bytes = 0
        self._notes: set[str] = set()
        self._is_cut = False
        self._seen = 0
        self._is_over = False
        self._thread = threading.Thread(target=self._run, name="output", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def take(self) -> tuple[list[tuple[float, bytes]], bool]:
        """Take what was printed since the last time: pieces with their times, and whether something was thrown
        away."""
        with self._lock:
            taken, cut = self._kept, self._is_cut
            self._kept, self._bytes, self._is_cut = [], 0, False
            self._notes.clear()
            return taken, cut

    def note(self, line: str) -> None:
        """Put a line of the runner's own among what is printed: the same one once, and few of them."""
        with self._lock:
            if line in self._notes or len(self._notes) == MOST_NOTES:
                return
            self._notes.add(line)
            begun = bool(self._kept) and not self._kept[-1][1].endswith(b"\n")
            self._kept.append((time.time(), b"\n" * begun + line.encode() + b"\n"))

    def drain(self, patience_s: float) -> None:
        """Wait until what was printed so far has been read."""
        limit = time.monotonic() + patience_s
        while time.monotonic() < limit:
            with self._lock:
                if self._is_over or not _has_more(self._reading):
                    return
                self._lock.wait(0.002)

    def join(self, patience_s: float) -> None:
        """Wait for the end of all output."""
        self._thread.join(patience_s)

    def _run(self) -> None:
        try:
            while True:
                _has_more(self._reading, None)
                with self._lock:
                    # Read and kept in one: who looks whether there is more must not miss a piece in between.
                    piece = os.read(self._reading, _READ_BYTES)
                    if not piece:
                        return
                    room = MOST_BYTES - self._bytes
                    if room > 0:
                        self._kept.append((time.time(), piece[:room]))
                        self._bytes += min(room, len(piece))
                    self._is_cut = self._is_cut or room < len(piece)
                    is_flood = room <= 0
                    self._lock.notify_all()
                if is_flood:
                    time.sleep(_PAUSE_S)
        finally:
            with self._lock:
                self._is_over = True
                os.close(self._reading)
                self._lock.notify_all()


class Scrubber:
    """Replaces secret values in text.

    Args:
        values: What must not be seen.
    """

    def __init__(self, values: Iterable[bytes]) -> None:
        forms: set[bytes] = set()
        for value in values:
            forms.update(_forms(value))
        # The longest first: a value may be part of another.
        self._forms = sorted(
            (form for form in forms if len(form) >= LEAST_SECRET_BYTES), key=len, reverse=True
        )

    def scrub(self, text: bytes, *, is_cut: bool = False) -> bytes:
        """Replace every value; of a text that was cut off also the beginning of one at its end."""
        for form in self._forms:
            text = text.replace(form, REPLACEMENT)
        if is_cut and self._forms:
            text = self._without_beginning(text)
        return text

    def _without_beginning(self, text: bytes) -> bytes:
        for form in self._forms:
            for length in range(min(len(form) - 1, len(text)), LEAST_SECRET_BYTES - 1, -1):
                if text.endswith(form[:length]):
                    return text[:-length] + REPLACEMENT
        return text


def scrubbed_lines(
    pieces: list[tuple[float, bytes]], scrubber: Scrubber, *, is_cut: bool
) -> list[tuple[float, str]]:
    """Make lines with their times of pieces of output, without the values."""
    whole = b"".join(piece for _, piece in pieces)
    clean = scrubber.scrub(whole, is_cut=is_cut)
    starts = list(accumulate((len(piece) for _, piece in pieces), initial=0))
    lines: list[tuple[float, str]] = []
    position = 0
    for line in clean.split(b"\n"):
        # Near enough: scrubbing has moved what comes after a value.
        at = pieces[min(bisect_right(starts, position), len(pieces)) - 1][0] if pieces else time.time()
        position += len(line) + 1
        ended = line + b"\n" if position <= len(clean) else line
        for start in range(0, len(ended), MOST_LINE_BYTES):
            lines.append((at, ended[start : start + MOST_LINE_BYTES].decode("utf-8", errors="replace")))
    if is_cut:
        lines.append((lines[-1][0] if lines else time.time(), "[output beyond the limit was thrown away]\n"))
    return lines


def _forms(value: bytes) -> set[bytes]:
    forms = {value, base64.b64encode(value).rstrip(b"="), base64.urlsafe_b64encode(value).rstrip(b"=")}
    text = value.decode("utf-8", errors="replace")
    if text.encode() == value:
        forms.add(json.dumps(text)[1:-1].encode())
        forms.add(json.dumps(text, ensure_ascii=False)[1:-1].encode())
        forms.add(repr(text)[1:-1].encode())
        forms.add(quote(text, safe="").encode())
    return {form for form in forms if form}


def _has_more(reading: int, patience_s: float | None = 0) -> bool:
    return bool(select.select([reading], [], [], patience_s)[0])
