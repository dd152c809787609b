"""What commands say: results on standard output, sentences about them on standard error."""

from __future__ import annotations

import sys


def say(text: str = "") -> None:
    """Write a line of the result."""
    print(text, flush=True)


def say_json(value: object) -> None:
    """Write the result as JSON, for programs."""
    import json  # most commands print none

    say(json.dumps(value, indent=2))


def note(text: str) -> None:
    """Write a line about the result to standard error."""
    print(text, file=sys.stderr, flush=True)


def complain(text: str) -> None:
    """Write why a command did not do what was asked."""
    sentence = text.strip()
    note("strongroom: " + (sentence if sentence.endswith((".", "!", "?", ")")) else sentence + "."))
