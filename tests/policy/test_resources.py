"""The index of resources finds what a walk over all patterns finds."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.policy.resources import ResourceIndex, ResourcePattern
from tests.policy.policies import question
from tests.policy.test_match import slow_glob

HEAD = "arn:aws:secretsmanager:eu-central-1:111122223333:"
SIGNS = "ab/-"


def _text(draw: random.Random, signs: str, most: int) -> str:
    return "".join(draw.choice(signs) for _ in range(draw.randint(1, most)))


def _pattern(draw: random.Random) -> str:
    """Draw what stands after the fifth colon: literals, wildcards, a variable, in any mixture."""
    pieces = [
        draw.choice(("*", "?", "${aws:username}", _text(draw, SIGNS, 6), _text(draw, SIGNS, 3)))
        for _ in range(draw.randint(1, 6))
    ]
    return "".join(pieces)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, (1 << 32) - 1))
def test_p02_the_index_finds_what_a_walk_finds(seed: int) -> None:
    """Many patterns in one index, and split over merged ones, find the same as matching one by one."""
    draw = random.Random(seed)
    patterns = [_pattern(draw) for _ in range(60)]
    name = _text(draw, SIGNS, 2)
    whole: ResourceIndex[int] = ResourceIndex()
    parts: list[ResourceIndex[int]] = [ResourceIndex() for _ in range(3)]
    for number, tail in enumerate(patterns):
        for index in (whole, parts[number % 3]):
            index.add(number, [ResourcePattern(HEAD + tail, variables=True)])
    for index in (whole, *parts):
        index.finish()
    merged = ResourceIndex.merged(parts)
    for _ in range(15):
        tail = _text(draw, SIGNS, 14)
        asked = question(resource=HEAD + tail, context={"aws:username": (name,)})
        expected = {
            number
            for number, pattern in enumerate(patterns)
            if slow_glob(pattern.replace("${aws:username}", name), tail)
        }
        assert set(whole.find(asked)) == expected
        assert set(merged.find(asked)) == expected
