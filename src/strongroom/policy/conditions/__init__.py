"""Condition operators: one file for each family, and the table of all operators.

Rules:
 - A judgement is ``True``, ``False``, or ``None`` for "cannot be evaluated": a number that is no number, a
   date that is no date. ``None`` never grants: an Allow needs True, a Deny is stopped only by False.
 - The values of one key are alternatives; the negated operators deny each of them (neither a nor b).
 - What happens to absent keys, lists, ``ForAllValues``, ``ForAnyValue`` and ``IfExists`` is decided once, in
   ``condition.py``; a family only compares one value of the request with the values of the policy.
 - Operator names are exact in case; keys fold in ASCII.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

from strongroom.policy.conditions.condition import CompiledCondition, compile_condition
from strongroom.policy.conditions.operators import OPERATORS, Operator, find_operator

__all__ = ["OPERATORS", "CompiledCondition", "Operator", "compile_condition", "find_operator"]
