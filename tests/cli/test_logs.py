"""The second net under the log (X-01): what looks like a secret does not get through."""

from __future__ import annotations

import logging
import sys

import pytest

from strongroom.cli.logs import PlainFormatter, SecretFilter, configure_logging, without_secrets
from strongroom.config import SettingRefused


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        ('body {"SecretString":"hunter2-hunter2"}', "hunter2"),
        ("{'secret_string': 'hunter2'}", "hunter2"),
        ('{"SecretBinary": "aHVudGVyMg=="}', "aHVud"),
        ("Authorization: AWS4-HMAC-SHA256 Credential=AKIA/x, Signature=00ff", "00ff"),
        ("AWS4-HMAC-SHA256 Credential=AKIA/x, SignedHeaders=host, Signature=00ff", "00ff"),
        ("GET /?X-Amz-Signature=00ff&x=1", "00ff"),
        ("x-amz-security-token: IQoJb3JpZ2lu", "IQoJ"),
        ("password=hunter2", "hunter2"),
        ("key wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY is", "wJalr"),
        ("Cookie: session=abc", "abc"),
        ("SecretString=line one\nline two", "line two"),
    ],
)
def test_x01_what_looks_like_a_secret_is_taken_out(line: str, secret: str) -> None:
    """Values, signatures, tokens and secret access keys are replaced; multi-line ones to their end."""
    assert secret not in without_secrets(line)
    assert "[removed]" in without_secrets(line)


@pytest.mark.parametrize(
    "line",
    [
        "a group of 3 changes was not committed: FullError",
        "process 1 ended with status 9; it is started anew",
        "digest 8b04e89d07c7647477349e4e182329aae2cd008c005c6b75f384720e1f985416",
        "sha1 da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "request 8ffa29bb-9b55-4f90-9a28-7ba1f40b03eb failed",
    ],
)
def test_ordinary_lines_stay_as_they_are(line: str) -> None:
    """Operators can read them."""
    assert without_secrets(line) == line


def test_arguments_of_a_line_pass_the_net_too() -> None:
    """A value that comes as an argument is judged in its place in the line."""
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "SecretString=%s", ("hunter2",), None)
    assert SecretFilter().filter(record)
    assert PlainFormatter().format(record).endswith("INFO x: SecretString=[removed]")


def test_x02_an_exception_is_logged_without_its_text() -> None:
    """The type and the places say enough; the text may hold a value."""
    try:
        int("hunter2")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "it failed", (), sys.exc_info())
    text = PlainFormatter().format(record)
    assert "hunter2" not in text
    assert "ValueError at test_logs.py:" in text


def test_an_unknown_level_is_refused() -> None:
    """With the levels that there are."""
    with pytest.raises(SettingRefused, match="debug, info, warning, error"):
        configure_logging("loud")
