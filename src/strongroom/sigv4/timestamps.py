"""The two spellings of an instant that a signed request may use.

Rules:
 - ``X-Amz-Date`` is ISO 8601 basic and UTC: ``20150830T123600Z``. No fractions, no offsets.
 - ``Date`` may be that, or an HTTP date: ``Sun, 30 Aug 2015 12:36:00 GMT``. botocore writes ``-0000`` there.
 - The obsolete HTTP dates (RFC 850, asctime) are refused: a two-digit year is a guess.

Not here: the comparison with the present time (``verify.check_time``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from strongroom.sigv4.errors import MalformedTimestamp

_MONTHS = {
    name: number
    for number, name in enumerate(
        [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"], 1
    )
}
_UTC_ZONES = frozenset([b"GMT", b"UTC", b"+0000", b"-0000"])


@lru_cache(maxsize=64)  # the requests of one second carry the same few
def parse_basic(text: bytes) -> tuple[int, str]:
    """Read ``YYYYMMDDTHHMMSSZ``.

    Returns:
        Milliseconds since the epoch, and the same text, which goes into the string to sign.

    Raises:
        MalformedTimestamp: It has another form, or there is no such day or time.
    """
    # fromisoformat alone would take week dates, fractions, offsets, other separators, and NUL for the Z.
    if len(text) != 16 or text[8] != 0x54 or text[15] != 0x5A or not (text[:8] + text[9:15]).isdigit():
        raise MalformedTimestamp
    written = text.decode("ascii")
    try:
        return int(datetime.fromisoformat(written).timestamp()) * 1000, written
    except ValueError as error:
        raise MalformedTimestamp from error


def parse_date_header(text: bytes) -> tuple[int, str]:
    """Read the value of a ``Date`` header, either spelling.

    Returns:
        Milliseconds since the epoch, and the instant as ``YYYYMMDDTHHMMSSZ``: signers put that into the
        string to sign whatever the header looks like.

    Raises:
        MalformedTimestamp: It is neither spelling, or there is no such day or time.

    Source: RFC 9110 section 5.6.7 (IMF-fixdate); botocore ``SigV4Auth`` for the ``-0000``.
    """
    words = text.split(b" ")
    if len(words) != 6:
        return parse_basic(text)
    _, day, month, year, time, zone = words
    # Widths are checked here because only their sum would be checked below.
    if month not in _MONTHS or zone not in _UTC_ZONES or (len(day), len(year), len(time)) != (2, 4, 8):
        raise MalformedTimestamp
    if time[2:3] != b":" or time[5:6] != b":":
        raise MalformedTimestamp
    digits = b"%b%02d%b%b%b%b" % (year, _MONTHS[month], day, time[:2], time[3:5], time[6:])
    return parse_basic(digits[:8] + b"T" + digits[8:] + b"Z")


def render_basic(instant_ms: int) -> str:
    """Write an instant as ``YYYYMMDDTHHMMSSZ``."""
    return datetime.fromtimestamp(instant_ms // 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
