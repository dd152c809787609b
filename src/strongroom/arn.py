"""Amazon Resource Names: ``arn:partition:service:region:account:resource``.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

from __future__ import annotations

import re

import msgspec

from strongroom.errors import StrongroomError
from strongroom.patterns import pattern_of

PARTITION = "aws"
ACCOUNT_ID = pattern_of(r"[0-9]{12}", re.ASCII)
REGION = pattern_of(r"[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}", re.ASCII)


class MalformedARN(StrongroomError):
    """A text does not have the six parts of an ARN."""


class ARN(msgspec.Struct, frozen=True, gc=False):
    """The six parts; ``resource`` keeps its own colons and slashes."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"


def parse_arn(text: str) -> ARN:
    """Split ``text`` into its parts.

    Raises:
        MalformedARN: It does not begin with ``arn:`` or has fewer than six parts.
    """
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        raise MalformedARN("an ARN has six parts, separated by colons, and begins with arn")
    return ARN(parts[1], parts[2], parts[3], parts[4], parts[5])


def is_account_id(text: str) -> bool:
    """Whether ``text`` is twelve ASCII digits (account ids are texts, never numbers: P-04)."""
    return ACCOUNT_ID.fullmatch(text) is not None


def is_region(text: str) -> bool:
    """Whether ``text`` has the form of a Region, for example ``eu-central-1``."""
    return REGION.fullmatch(text) is not None
