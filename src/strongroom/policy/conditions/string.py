"""StringEquals, StringEqualsIgnoreCase, StringLike and their negations.

Rules:
 - StringEquals is exact: ``*`` and ``?`` stand for themselves. StringLike is a glob over the whole value.
 - StringEqualsIgnoreCase folds in ASCII only (threat model P-04).
 - Variables may stand in the values; an unresolved one matches nothing (P-05).

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_String
"""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.policy.conditions.judgement import Matcher
from strongroom.policy.match import Glob, GlobToken, fold
from strongroom.policy.question import Question
from strongroom.policy.variables import Token, has_variable, resolve, tokenise, without_variables


def _literal(tokens: Sequence[GlobToken]) -> str:
    return "".join(token for token in tokens if isinstance(token, str))


def _equals(values: Sequence[str], variables: bool, ignore_case: bool) -> Matcher:
    fixed: set[str] = set()
    templates: list[tuple[Token, ...]] = []
    for value in values:
        tokens = tokenise(value, variables=variables, wildcards=False)
        if has_variable(tokens):
            templates.append(tokens)
        else:
            text = _literal(without_variables(tokens))
            fixed.add(fold(text) if ignore_case else text)
    exact = frozenset(fixed)

    def matches(value: str, question: Question) -> bool:
        wanted = fold(value) if ignore_case else value
        if wanted in exact:
            return True
        for tokens in templates:
            resolved = resolve(tokens, question)
            if resolved is not None:
                text = _literal(resolved)
                if (fold(text) if ignore_case else text) == wanted:
                    return True
        return False

    return matches


def equals(values: Sequence[str], variables: bool) -> Matcher:
    """Compare exactly."""
    return _equals(values, variables, ignore_case=False)


def equals_ignore_case(values: Sequence[str], variables: bool) -> Matcher:
    """Compare with ASCII letters folded."""
    return _equals(values, variables, ignore_case=True)


def like(values: Sequence[str], variables: bool) -> Matcher:
    """Compare with ``*`` and ``?`` as wildcards."""
    globs: list[Glob] = []
    templates: list[tuple[Token, ...]] = []
    for value in values:
        tokens = tokenise(value, variables=variables)
        if has_variable(tokens):
            templates.append(tokens)
        else:
            globs.append(Glob(without_variables(tokens)))

    def matches(value: str, question: Question) -> bool:
        for glob in globs:
            if glob.matches(value):
                return True
        for tokens in templates:
            resolved = resolve(tokens, question)
            if resolved is not None and Glob(resolved).matches(value):
                return True
        return False

    return matches
