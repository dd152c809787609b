"""The errors of CloudTrail.

Source: audit reference 1.5; the texts are ours where AWS's were not recorded.
"""

from __future__ import annotations

from strongroom.errors import Fault


def invalid_lookup_attributes(message: str) -> Fault:
    """More than one attribute, or one that cannot be searched by."""
    return Fault("InvalidLookupAttributesException", message)


def invalid_time_range() -> Fault:
    """The range begins after it ends."""
    return Fault("InvalidTimeRangeException", "The start time must not be after the end time.")


def invalid_max_results() -> Fault:
    """A page has 1 to 50 events."""
    return Fault("InvalidMaxResultsException", "MaxResults must be between 1 and 50.")


def invalid_next_token() -> Fault:
    """The token was not given for this caller and these parameters."""
    return Fault(
        "InvalidNextTokenException",
        "The NextToken is not valid: it can be used only by the caller it was given to, with the same parameters.",
    )


def no_insights() -> Fault:
    """Insights events are not made here."""
    return Fault(
        "InvalidEventCategoryException", "Strongroom records management events; it makes no insights."
    )
