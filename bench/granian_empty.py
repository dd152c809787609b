"""The reference of the edge: an empty handler on granian, RSGI, one worker.

    granian --interface rsgi --workers 1 bench.granian_empty:app

It reads the body, as every handler of a POST must, and answers with the same bytes each time, as many as a
GetSecretValue answer has; nothing is checked, decrypted or recorded.
"""

from __future__ import annotations

from typing import Any, Final

_BODY: Final = b"x" * 420
_HEADERS: Final = [("content-type", "application/x-amz-json-1.1")]


async def app(_scope: Any, protocol: Any) -> None:
    """Read the request and answer."""
    await protocol()
    protocol.response_bytes(200, _HEADERS, _BODY)
