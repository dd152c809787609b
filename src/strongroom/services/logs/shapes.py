"""Members that several operations of the log service share, with the constraints of the service model."""

from __future__ import annotations

from typing import Annotated, Literal

from strongroom.wire.shapes import Shape, limits, within


class LogsShape(Shape, rename="camel"):
    """Base of the service's shapes: members begin with a small letter on the wire."""


LogGroupName = Annotated[str, limits(1, 512, pattern=r"[\.\-_/#A-Za-z0-9]+")]
LogGroupIdentifier = Annotated[str, limits(1, 2048, pattern=r"[\w#+=/:,.@-]*")]
LogStreamName = Annotated[str, limits(1, 512, pattern=r"[^:*]*")]
LogGroupClass = Literal["STANDARD", "INFREQUENT_ACCESS", "DELIVERY", "ESSENTIALS"]
ResourceArn = Annotated[str, limits(1, 1011, pattern=r"[\w+=/:,.@-]*")]
KmsKeyId = Annotated[str, limits(None, 256)]
NextToken = Annotated[str, limits(1)]
SequenceToken = Annotated[str, limits(1)]
DescribeLimit = Annotated[int, within(1, 50)]
EventsLimit = Annotated[int, within(1, 10_000)]
Instant = Annotated[int, within(0)]
"""Milliseconds since the epoch: this service has whole numbers where others have timestamps."""
EventMessage = Annotated[str, limits(1)]
TagKey = Annotated[str, limits(1, 128, pattern=r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]+)$")]
TagValue = Annotated[str, limits(None, 256, pattern=r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$")]
Tags = Annotated[dict[TagKey, TagValue], limits(1, 50)]
