"""BinaryEquals: bytes against bytes, both written in base64; bad base64 cannot be evaluated.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_BinaryEquals
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from strongroom.policy.conditions.judgement import Judgement, Matcher, any_of
from strongroom.policy.question import Question


def parse_binary(text: str) -> bytes | None:
    """Decode strict base64; None when the text is none (threat model J-04)."""
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if base64.b64encode(decoded).decode() == text else None


def equals(values: Sequence[str], _variables: bool) -> Matcher:
    """Compare the decoded bytes."""
    wanted = tuple(parse_binary(value) for value in values)

    def matches(value: str, _question: Question) -> Judgement:
        found = parse_binary(value)
        return any_of(None if found is None or want is None else found == want for want in wanted)

    return matches
