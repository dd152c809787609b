"""Three-valued logic of conditions: True, False, and None for "cannot be evaluated"."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from strongroom.policy.question import Question

Judgement = bool | None
"""None where a comparison is impossible; it neither grants nor stops a denial."""

Matcher = Callable[[str, Question], Judgement]
"""Whether one value of the request matches any of the policy's values."""


def any_of(judgements: Iterable[Judgement]) -> Judgement:
    """True when one is True; else None when one is None; else False. False for none at all."""
    uncertain = False
    for judgement in judgements:
        if judgement:
            return True
        uncertain = uncertain or judgement is None
    return None if uncertain else False


def all_of(judgements: Iterable[Judgement]) -> Judgement:
    """False when one is False; else None when one is None; else True. True for none at all."""
    uncertain = False
    for judgement in judgements:
        if judgement is None:
            uncertain = True
        elif not judgement:
            return False
    return None if uncertain else True


def negate(judgement: Judgement) -> Judgement:
    """Turn True and False around; what cannot be evaluated stays so."""
    return None if judgement is None else not judgement
