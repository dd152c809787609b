"""Null: ``true`` asks that the key is absent, ``false`` that it is present with a value.

It looks at the presence of a key, not at its values, so ``condition.py`` gives it ``true`` or ``false``
instead of a value of the request.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Null
"""

from __future__ import annotations

from strongroom.policy.conditions import boolean

absent = boolean.equals
