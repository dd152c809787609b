"""One condition: an operator, a key, values; and what it says about a question.

What an operator makes of a key (threat model P-06; IAM User Guide, "Multivalued context keys" and
"Condition operators"):

====================  =======  ========  ==========  ===============  ================
key                   plain    negated   IfExists    ForAnyValue      ForAllValues
====================  =======  ========  ==========  ===============  ================
absent, empty         False    True      True        False            True
one value             match    no match  as without  as for the list  as for the list
list, no set prefix   False    False     False
list                                                 one value does   all values do
====================  =======  ========  ==========  ===============  ================

A key that is no list and yet has several values (tags that differ by case only) is judged for each value;
where the judgements differ, the condition cannot be evaluated.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.policy.conditions.judgement import Judgement, Matcher, all_of, any_of, negate
from strongroom.policy.conditions.operators import Operator, SetOperator, find_operator
from strongroom.policy.match import fold
from strongroom.policy.question import Question


class CompiledCondition:
    """A compiled operator on one key."""

    __slots__ = ("_is_negated", "_key", "_matches", "_operator")

    def __init__(self, operator: Operator, key: str, matcher: Matcher) -> None:
        self._operator = operator
        self._is_negated = operator.family.is_negated
        self._key = key
        self._matches = matcher

    def judge(self, question: Question) -> Judgement:
        """Say whether the condition holds; None when that cannot be evaluated."""
        values = question.values_of(self._key)
        operator = self._operator
        if operator.name == "Null":
            return self._matches("false" if values else "true", question)
        set_operator = operator.set_operator
        if not values:
            if operator.if_exists or set_operator is SetOperator.ALL:
                return True
            return self._is_negated and set_operator is None
        if set_operator is SetOperator.ALL:
            return all_of(self._judge_value(value, question) for value in values)
        if set_operator is SetOperator.ANY:
            return any_of(self._judge_value(value, question) for value in values)
        if self._key in question.multivalued:
            return False
        first = self._judge_value(values[0], question)
        if any(self._judge_value(value, question) is not first for value in values[1:]):
            return None
        return first

    def _judge_value(self, value: str, question: Question) -> Judgement:
        judgement = self._matches(value, question)
        return negate(judgement) if self._is_negated else judgement


def compile_condition(
    operator: str, key: str, values: Sequence[str], *, variables: bool
) -> CompiledCondition | None:
    """Compile one operator with one key.

    Args:
        operator: As written, for example ``ForAnyValue:StringLike``.
        key: The condition key, in any case.
        values: The policy's values.
        variables: Whether the document's version has policy variables.

    Returns:
        None when there is no such operator; the caller must treat that as "cannot be evaluated".
    """
    found = find_operator(operator)
    if found is None:
        return None
    return CompiledCondition(found, fold(key), found.family.compile_values(values, variables))
