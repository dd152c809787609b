"""The errors of the log service, worded as AWS words them. All are 400.

Source: audit reference 5.7; where a text was not recorded it is ours.
"""

from __future__ import annotations

from strongroom.errors import Fault


def group_exists() -> Fault:
    """The name is taken."""
    return Fault("ResourceAlreadyExistsException", "The specified log group already exists")


def stream_exists() -> Fault:
    """The name is taken."""
    return Fault("ResourceAlreadyExistsException", "The specified log stream already exists")


def group_not_found() -> Fault:
    """There is no such group."""
    return Fault("ResourceNotFoundException", "The specified log group does not exist.")


def stream_not_found() -> Fault:
    """There is no such stream."""
    return Fault("ResourceNotFoundException", "The specified log stream does not exist.")


def resource_not_found() -> Fault:
    """An ARN names nothing that has tags."""
    return Fault("ResourceNotFoundException", "The specified resource does not exist.")


def invalid_parameter(message: str) -> Fault:
    """A parameter has a value that the operation does not take."""
    return Fault("InvalidParameterException", message)


def invalid_next_token() -> Fault:
    """The token is not ours, or was given out for another question or another caller."""
    return invalid_parameter("The specified nextToken is invalid.")


def violated(member: str, value: object, constraint: str) -> Fault:
    """A bound that the service has and the model has not, in the words of bounds."""
    return invalid_parameter(
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    )


def group_protected() -> Fault:
    """The group may not be deleted while its protection is on."""
    return Fault(
        "ValidationException", "The log group has deletion protection enabled and cannot be deleted."
    )


def too_many_tags() -> Fault:
    """A group has at most 50 tags."""
    return Fault("TooManyTagsException", "A log group can have at most 50 tags.")


def event_too_large(size: int, most: int) -> Fault:
    """One event counts more than events may."""
    return invalid_parameter(f"Log event too large: {size} bytes exceeds limit of {most}")


def upload_too_large(size: int, most: int) -> Fault:
    """All events of a request count more than they may."""
    return invalid_parameter(f"Upload too large: {size} bytes exceeds limit of {most}")
