"""Policy variables: ``${key}``, ``${key, 'default'}`` and the escapes ``${*}``, ``${?}``, ``${$}``.

Rules:
 - A pattern is cut into tokens before anything is substituted, so a substituted value is literal: a star in a
   tag never becomes a wildcard (threat model P-05).
 - Variables exist only in documents of version 2012-10-17; elsewhere ``${`` is ordinary text.
 - Only keys with one value substitute. A missing or empty key without a default, a list and an ambiguous key
   leave the pattern unresolved, and an unresolved pattern matches nothing.
 - Keys fold in ASCII; values and defaults keep their case.

Where variables may stand (the resource part of Resource, the values of string and ARN operators) is decided
by those who call ``tokenise``.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from strongroom.policy.match import ANY, ARN_PARTS, STAR, Glob, GlobToken, Wildcard, fold
from strongroom.policy.question import Question

_ESCAPES = {"*": "*", "?": "?", "$": "$"}


class Variable(msgspec.Struct, frozen=True, gc=False):
    """A place to be filled.

    Attributes:
        key: Condition key in lower case; empty when the text between the braces is not a key, which never
            resolves.
        default: What stands there when the key has no value; None for none.
        source: The text as written, for places where variables do not count.
    """

    key: str
    default: str | None
    source: str


Token = GlobToken | Variable
"""A literal run, a wildcard, or a variable."""


def tokenise(text: str, *, variables: bool, wildcards: bool = True) -> tuple[Token, ...]:
    """Cut a pattern into tokens.

    Args:
        text: The pattern as it stands in the policy.
        variables: Whether the document's version has variables and the place may hold them.
        wildcards: Whether ``*`` and ``?`` mean more than themselves here.
    """
    if not variables or "$" not in text:
        return _tokenise_plain(text) if wildcards else (text,) if text else ()
    tokens: list[Token] = []
    literal: list[str] = []
    position = 0
    # Without the last brace, a text of nothing but "${" would be searched to its end from each of them (P-03).
    last_brace = text.rfind("}")
    while position < len(text):
        character = text[position]
        if character == "$" and text.startswith("${", position) and position < last_brace:
            end = text.index("}", position)
            inside = text[position + 2 : end]
            if inside in _ESCAPES:
                literal.append(inside)
            else:
                _flush(literal, tokens)
                tokens.append(_read_variable(inside))
            position = end + 1
            continue
        if wildcards and character in "*?":
            _flush(literal, tokens)
            tokens.append(STAR if character == "*" else ANY)
        else:
            literal.append(character)
        position += 1
    _flush(literal, tokens)
    return tuple(tokens)


def plain_glob(text: str) -> Glob:
    """Compile a pattern in a place where variables do not count."""
    return Glob(_tokenise_plain(text))


def _tokenise_plain(text: str) -> tuple[GlobToken, ...]:
    """Cut a pattern without variables at its wildcards."""
    if "*" not in text and "?" not in text:
        return (text,) if text else ()
    tokens: list[GlobToken] = []
    for number, run in enumerate(text.split("*")):
        if number:
            tokens.append(STAR)
        for place, literal in enumerate(run.split("?")):
            if place:
                tokens.append(ANY)
            if literal:
                tokens.append(literal)
    return tuple(tokens)


def _flush(literal: list[str], tokens: list[Token]) -> None:
    if literal:
        tokens.append("".join(literal))
        literal.clear()


def _read_variable(inside: str) -> Variable:
    key, comma, rest = inside.partition(",")
    default: str | None = None
    if comma:
        rest = rest.strip(" ")
        if len(rest) < 2 or rest[0] != "'" or rest[-1] != "'":
            key = ""
        default = rest[1:-1] if key else None
    return Variable(fold(key.strip(" ")), default, "${" + inside + "}")


def has_variable(tokens: Sequence[Token]) -> bool:
    """Whether ``resolve`` is needed before the tokens can match."""
    return any(isinstance(token, Variable) for token in tokens)


def resolve(tokens: Sequence[Token], question: Question) -> list[GlobToken] | None:
    """Put the question's values into the variables; None when one of them has no single value."""
    resolved: list[GlobToken] = []
    for token in tokens:
        if not isinstance(token, Variable):
            resolved.append(token)
            continue
        value = _value_of(token, question)
        if value is None:
            return None
        resolved.append(value)
    return resolved


def _value_of(variable: Variable, question: Question) -> str | None:
    if not variable.key:
        return None
    values = question.values_of(variable.key)
    if not values:
        return variable.default
    if len(values) > 1 or variable.key in question.multivalued:
        return None
    return values[0]


def without_variables(tokens: Sequence[Token]) -> list[GlobToken]:
    """Turn variables back into the text they were written as."""
    return [token.source if isinstance(token, Variable) else token for token in tokens]


def split_arn(tokens: Sequence[Token]) -> list[list[Token]] | None:
    """Cut tokens at the first five colons that the policy's author wrote; None when there are fewer.

    Colons inside ``${...}`` and in substituted values never separate, so a value cannot shift the parts.
    """
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if not isinstance(token, str):
            parts[-1].append(token)
            continue
        pieces = token.split(":", ARN_PARTS - len(parts))
        parts[-1].append(pieces[0])
        parts.extend([piece] for piece in pieces[1:])
    if len(parts) < ARN_PARTS:
        return None
    return [[token for token in part if isinstance(token, (Wildcard, Variable)) or token] for part in parts]
