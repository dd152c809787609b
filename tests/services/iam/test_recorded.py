"""The form of dates inside audit records of IAM."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from strongroom.services.iam.recorded import render_date


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2024, 8, 1, 13, 33, 28, tzinfo=UTC), "Aug 1, 2024 1:33:28 PM"),
        (datetime(2024, 12, 31, 0, 5, 9, tzinfo=UTC), "Dec 31, 2024 12:05:09 AM"),
        (datetime(2024, 1, 10, 12, 0, 0, 999_000, tzinfo=UTC), "Jan 10, 2024 12:00:00 PM"),
        (datetime(2024, 2, 29, 11, 59, 59, tzinfo=UTC), "Feb 29, 2024 11:59:59 AM"),
    ],
)
def test_dates_are_written_as_cloudtrail_writes_them(moment: datetime, text: str) -> None:
    """Twelve hours, no leading zero before day and hour, whole seconds."""
    assert render_date(moment.timestamp()) == text
