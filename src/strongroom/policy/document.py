"""How a text becomes a policy document.

Rules:
 - The text is strict JSON (``strict_json.py``). Unknown members, wrong types and both of Action and NotAction
   are syntax errors; nothing that is not understood is ever skipped.
 - Checks run in AWS's order, each over the whole document; the first that fails chooses the message
   (recorded CreatePolicy outcomes). Later stages are in ``validation.py``.
 - Whatever AWS stores is stored: unknown services and actions, empty conditions, keys without values.
 - One value and a list of one are the same everywhere.

It does not decide which quota applies to whom; the limits of each kind are constants that the services use.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

from typing import Any

from strongroom.policy.match import fold
from strongroom.policy.model import (
    MAX_DOCUMENT_CHARACTERS,
    SIZE_LIMITS,
    VERSIONS,
    ConditionLine,
    Document,
    MalformedPolicy,
    PolicyKind,
    PrincipalName,
    Statement,
    policy_size,
    syntax_error,
)
from strongroom.policy.validation import validate
from strongroom.strict_json import MalformedJSON, NumberText, load_json

__all__ = [
    "MAX_DOCUMENT_CHARACTERS",
    "SIZE_LIMITS",
    "Document",
    "MalformedPolicy",
    "PolicyKind",
    "Statement",
    "parse_policy",
    "policy_size",
]


def parse_policy(
    text: str | bytes, kind: PolicyKind, *, max_characters: int = MAX_DOCUMENT_CHARACTERS
) -> Document:
    """Read and check a policy document.

    Args:
        text: The JSON text.
        kind: Where the policy will stand.
        max_characters: The longest text that is looked at. Quotas have error codes of their own, so services
            compare ``policy_size`` with ``SIZE_LIMITS`` themselves.

    Raises:
        MalformedPolicy: The document breaks a rule; its message is AWS's.
    """
    if len(text) > max_characters:
        raise syntax_error(kind, "size")
    try:
        value = load_json(text, number_texts=True)
    except MalformedJSON:
        value = None
    if type(value) is not dict:
        if kind is PolicyKind.TRUST:
            raise MalformedPolicy("This policy contains invalid Json", "json")
        raise syntax_error(kind, "json")
    document = _Reader(kind).read(value)
    validate(document)
    return document


_DOCUMENT_MEMBERS = frozenset({"Version", "Id", "Statement"})
_STATEMENT_MEMBERS = frozenset(
    {
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    }
)
_EITHER = tuple((name, f"Not{name}") for name in ("Principal", "Action", "Resource"))
_PRINCIPAL_TYPES = frozenset({"AWS", "Federated", "Service", "CanonicalUser"})


class _Reader:
    """Reads the shape of a document (AWS's first stage) without judging what the texts say."""

    def __init__(self, kind: PolicyKind) -> None:
        self._kind = kind

    def read(self, value: dict[str, Any]) -> Document:
        self._require(value.keys() <= _DOCUMENT_MEMBERS)
        version = value.get("Version")
        if "Version" in value and version not in VERSIONS:
            if self._kind is PolicyKind.RESOURCE and isinstance(version, str):
                raise MalformedPolicy("This policy has invalid syntax.", "version")
            raise syntax_error(self._kind, "shape")
        statements = value.get("Statement")
        if isinstance(statements, dict):
            statements = [statements]
        if type(statements) is not list or not statements:
            raise syntax_error(self._kind, "shape")
        return Document(
            kind=self._kind,
            version=version,
            id=self._read_text(value, "Id"),
            statements=tuple(self._read_statement(index, item) for index, item in enumerate(statements)),
        )

    def _require(self, is_right: bool) -> None:
        if not is_right:
            raise syntax_error(self._kind, "shape")

    def _read_statement(self, index: int, value: Any) -> Statement:
        if type(value) is not dict:
            raise syntax_error(self._kind, "shape")
        self._require(value.keys() <= _STATEMENT_MEMBERS)
        for name, negated in _EITHER:
            self._require(name not in value or negated not in value)
        effect = value.get("Effect")
        # AWS takes any case here and refuses the wrong one in a later stage (recorded).
        if type(effect) is not str or fold(effect) not in ("allow", "deny"):
            raise syntax_error(self._kind, "shape")
        return Statement(
            index=index,
            sid=self._read_text(value, "Sid"),
            effect=effect,
            principals=self._read_principals(value),
            is_not_principal="NotPrincipal" in value,
            actions=self._read_texts(value, "Action"),
            is_not_action="NotAction" in value,
            resources=self._read_texts(value, "Resource"),
            is_not_resource="NotResource" in value,
            conditions=self._read_conditions(value),
        )

    def _read_text(self, value: dict[str, Any], name: str) -> str | None:
        if name not in value:
            return None
        text = value[name]
        if type(text) is not str:
            raise syntax_error(self._kind, "shape")
        return text

    def _read_texts(self, value: dict[str, Any], name: str) -> tuple[str, ...] | None:
        if name not in value:
            name = f"Not{name}"
            if name not in value:
                return None
        return self._texts(value[name])

    def _texts(self, value: Any) -> tuple[str, ...]:
        if type(value) is str:
            return (value,)
        texts = value if type(value) is list else [value]
        self._require(all(type(text) is str for text in texts))
        return tuple(texts)

    def _read_principals(self, value: dict[str, Any]) -> tuple[PrincipalName, ...] | None:
        for name in ("Principal", "NotPrincipal"):
            if name in value:
                return self._principals(value[name])
        return None

    def _principals(self, value: Any) -> tuple[PrincipalName, ...]:
        if type(value) is str and value == "*":
            return (PrincipalName("*", "*"),)
        if type(value) is not dict or not value:
            raise syntax_error(self._kind, "shape")
        self._require(value.keys() <= _PRINCIPAL_TYPES)
        return tuple(
            PrincipalName(kind, name) for kind, names in value.items() for name in self._texts(names)
        )

    def _read_conditions(self, value: dict[str, Any]) -> tuple[ConditionLine, ...]:
        if "Condition" not in value:
            return ()
        block = value["Condition"]
        if type(block) is not dict:
            raise syntax_error(self._kind, "shape")
        from strongroom.policy.conditions import find_operator  # a start without conditions loads none of it

        lines: list[ConditionLine] = []
        for operator, body in block.items():
            if type(body) is not dict:
                raise syntax_error(self._kind, "shape")
            if not body:
                # AWS stores an empty body under any name, known or not (recorded).
                lines.append(ConditionLine(operator, None, ()))
                continue
            self._require(find_operator(operator) is not None)
            lines.extend(
                ConditionLine(operator, key, self._condition_values(values)) for key, values in body.items()
            )
        return tuple(lines)

    def _condition_values(self, value: Any) -> tuple[str, ...]:
        values = value if type(value) is list else [value]
        return tuple(self._condition_value(item) for item in values)

    def _condition_value(self, value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, NumberText):
            return str(value)
        if type(value) is str:
            return value
        raise syntax_error(self._kind, "shape")
