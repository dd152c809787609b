"""How a stored policy is shown after some of its principals were renamed or are gone.

Rules:
 - A policy none of whose principals changed is shown byte for byte.
 - Otherwise the principals are replaced inside of Principal and NotPrincipal, nowhere else: the same ARN in a
   condition is a text that the condition compares. The rest says what it said; spaces are lost, and numbers become
   texts, which conditions compare alike.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html ("the principal ID
appears in the policy because AWS can no longer map it back to a valid ARN").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from strongroom.strict_json import load_json


def show_policy(text: str, replaced: Mapping[str, str]) -> str:
    """Write a stored policy with other names for some of its principals.

    Args:
        text: As it was put; it was checked then.
        replaced: The name to show, by the name as it was written.
    """
    if not replaced:
        return text
    document: Any = load_json(text, number_texts=True)
    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        for element in ("Principal", "NotPrincipal"):
            named = statement.get(element)
            if isinstance(named, dict) and "AWS" in named:
                named["AWS"] = _replace(named["AWS"], replaced)
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def _replace(names: Any, replaced: Mapping[str, str]) -> Any:
    if isinstance(names, list):
        return [replaced.get(name, name) for name in names]
    return replaced.get(names, names)
