"""ArnEquals, ArnLike and their negations: both pairs are the same, and both honour wildcards.

Rules:
 - Value and pattern are cut into six parts; each part is a glob of its own, so that a star in the account
   never swallows a colon. The last part is free: its star spans colons and slashes (threat model P-06).
 - A pattern or a value that is no ARN matches nothing.
 - A pattern that is one variable and nothing else is compared as a whole: ``${aws:PrincipalArn}``.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from strongroom.policy.conditions.judgement import Matcher
from strongroom.policy.match import ARN_PARTS, Glob
from strongroom.policy.question import Question
from strongroom.policy.variables import (
    Token,
    Variable,
    has_variable,
    resolve,
    split_arn,
    tokenise,
    without_variables,
)


def _fixed(parts: Sequence[Sequence[Token]]) -> Matcher:
    globs = tuple(Glob(without_variables(part)) for part in parts)

    def matches(value: str, _question: Question) -> bool:
        found = value.split(":", ARN_PARTS - 1)
        return len(found) == ARN_PARTS and all(map(Glob.matches, globs, found))

    return matches


def _filled(parts: Sequence[Sequence[Token]]) -> Matcher:
    def matches(value: str, question: Question) -> bool:
        found = value.split(":", ARN_PARTS - 1)
        if len(found) != ARN_PARTS:
            return False
        for part, text in zip(parts, found, strict=True):
            resolved = resolve(part, question)
            if resolved is None or not Glob(resolved).matches(text):
                return False
        return True

    return matches


def _whole(variable: Variable) -> Matcher:
    def matches(value: str, question: Question) -> bool:
        return resolve((variable,), question) == [value]

    return matches


def like(values: Sequence[str], variables: bool) -> Matcher:
    """Compare part by part."""
    alternatives: list[Callable[[str, Question], bool | None]] = []
    for value in values:
        tokens = tokenise(value, variables=variables)
        if len(tokens) == 1 and isinstance(tokens[0], Variable):
            alternatives.append(_whole(tokens[0]))
            continue
        parts = split_arn(tokens)
        if parts is not None:
            alternatives.append(_filled(parts) if has_variable(tokens) else _fixed(parts))

    def matches(value: str, question: Question) -> bool:
        return any(alternative(value, question) for alternative in alternatives)

    return matches
