"""The reference of the edge: an empty handler on granian, RSGI, one worker.

    granian --interface rsgi --workers 1 bench.granian_empty:app

It answers every request with the same bytes, as many as a GetSecretValue answer has; nothing is read, checked,
decrypted or recorded.
"""

from __future__ import annotations

from typing import Any, Final

_BODY: Final = b"x" * 420
_HEADERS: Final = [("content-type", "application/x-amz-json-1.1")]


async def app(_scope: Any, protocol: Any) -> None:
    """Answer."""
    protocol.response_bytes(200, _HEADERS, _BODY)
