"""Blobs as text: base64 in its one canonical form (threat model J-04)."""

from __future__ import annotations

import base64
import binascii

from strongroom.wire.problems import SerializationProblem


def decode_blob(text: str) -> bytes:
    """Decode base64 in its canonical form.

    Two texts for one blob would let an equal value pass for a different one, so padding, alphabet and
    unused bits must be exactly what encoding the result gives.

    Raises:
        SerializationProblem: The text is something else.

    Source: RFC 4648, sections 3.5 and 4.
    """
    try:
        blob = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        blob = None
    if blob is None or base64.b64encode(blob).decode() != text:
        raise SerializationProblem("A blob is not base64 in its canonical form.")
    return blob
