"""Logging: plain lines on standard error, configured once, before any thread or fork.

Rules:
 - No bodies, headers, names or values are logged anywhere (X-02); that is the first net. ``SecretFilter`` is the
   second (X-01): it takes out what looks like a credential, a signature or a value in JSON.
 - An exception is written as its type and where it was raised: its text may carry a value.
"""

from __future__ import annotations

import logging
import re
import sys
import time
import traceback
from functools import cache
from types import TracebackType
from typing import Final

from strongroom.config import SettingRefused

LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

_REMOVED: Final = r"\1[removed]"


@cache
def _nets() -> tuple[re.Pattern[str], ...]:
    return (
        re.compile(r"(AWS4-HMAC-SHA256\s+).*", re.IGNORECASE | re.DOTALL),
        re.compile(
            r"((?:authorization|x-amz-security-token|x-amz-signature|cookie)[\"']?\s*[:=]\s*).*",
            re.IGNORECASE | re.DOTALL,
        ),
        re.compile(
            r"((?:secret_?string|secret_?binary|secret_?access_?key|session_?token|random_?password|password"
            r"|passphrase|plaintext)[\"']?\s*[:=]\s*).*",
            re.IGNORECASE | re.DOTALL,
        ),
        # 40 characters of base64 that stand alone: a secret access key. A digest in hex is 64 long.
        re.compile(
            r"()(?<![A-Za-z0-9/+=])(?=[^/\s]*[A-Z])(?=[^/\s]*[a-z])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"
        ),
    )


class SecretFilter(logging.Filter):
    """Takes out of a line what looks like a secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the line; every line is kept."""
        record.msg = without_secrets(record.getMessage())
        record.args = None
        return True


class PlainFormatter(logging.Formatter):
    """``2026-01-02T03:04:05Z WARNING strongroom.worker: a line``, in UTC."""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")

    def formatException(  # noqa: N802 - the name that logging calls
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        """Write the type and the places, not the text."""
        if ei[0] is None:
            return ""
        frames = traceback.extract_tb(ei[2])
        places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames]
        return f"  {ei[0].__name__} at {' < '.join(reversed(places))}"


def without_secrets(text: str) -> str:
    """Return ``text`` with everything that looks like a secret taken out."""
    for net in _nets():
        text = net.sub(_REMOVED, text)
    return text


def configure_logging(level: str) -> None:
    """Send every line to standard error.

    Raises:
        SettingRefused: There is no such level.
    """
    if level not in LEVELS:
        raise SettingRefused(f"log_level must be one of {', '.join(LEVELS)}.")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlainFormatter())
    handler.addFilter(SecretFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[level])
