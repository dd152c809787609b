"""Bool: ``true`` and ``false``, in any ASCII case; anything else cannot be evaluated.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Boolean
"""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.policy.conditions.judgement import Judgement, Matcher, any_of
from strongroom.policy.match import fold
from strongroom.policy.question import Question

_WORDS = {"true": True, "false": False}


def parse_boolean(text: str) -> bool | None:
    """Read ``true`` or ``false``; None when the text is neither."""
    return _WORDS.get(fold(text))


def equals(values: Sequence[str], _variables: bool) -> Matcher:
    """Compare truth values."""
    wanted = tuple(parse_boolean(value) for value in values)

    def matches(value: str, _question: Question) -> Judgement:
        found = parse_boolean(value)
        return any_of(None if found is None or want is None else found is want for want in wanted)

    return matches
