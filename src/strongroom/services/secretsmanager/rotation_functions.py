"""The functions that may rotate a secret. No I/O.

Built-in functions exist in every account and Region under the names of AWS's templates; they can neither be changed
nor deleted, and need no permission statement. A secret whose JSON has a known ``engine`` may be rotated without
naming one.

An ARN that is not built in names a function of the Lambda service.

Source: design section 7; rotation reference 3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from strongroom.arn import PARTITION

_ARN: Final = re.compile(
    r"arn:(aws[a-z-]*):lambda:([a-z]+(?:-[a-z]+)+-\d+):(\d{12}):function:([a-zA-Z0-9_-]{1,140})(:[a-zA-Z0-9$_-]{1,128})?",
    re.ASCII,
)


class BuiltIn(msgspec.Struct, frozen=True):
    """A built-in function.

    Attributes:
        name: As in its ARN.
        engines: The values of ``engine`` that it knows; none for one that does not look at it.
        needs_administrator: Whether the secret must name an administrator's secret in ``masterarn``.
        required: Members that the secret's JSON must have.
    """

    name: str
    engines: frozenset[str]
    needs_administrator: bool
    required: tuple[str, ...] = ("engine", "host", "username", "password")


_POSTGRESQL: Final = frozenset({"postgres", "aurora-postgresql"})
_MYSQL: Final = frozenset({"mysql", "aurora-mysql"})
_MARIADB: Final = frozenset({"mariadb"})

BUILT_IN: Final[Mapping[str, BuiltIn]] = {
    function.name: function
    for function in (
        BuiltIn("SecretsManagerRDSPostgreSQLRotationSingleUser", _POSTGRESQL, needs_administrator=False),
        BuiltIn("SecretsManagerRDSPostgreSQLRotationMultiUser", _POSTGRESQL, needs_administrator=True),
        BuiltIn("SecretsManagerRDSMySQLRotationSingleUser", _MYSQL, needs_administrator=False),
        BuiltIn("SecretsManagerRDSMySQLRotationMultiUser", _MYSQL, needs_administrator=True),
        BuiltIn("SecretsManagerRDSMariaDBRotationSingleUser", _MARIADB, needs_administrator=False),
        BuiltIn("SecretsManagerRDSMariaDBRotationMultiUser", _MARIADB, needs_administrator=True),
        BuiltIn("SecretsManagerHTTPBearerTokenRotation", frozenset(), needs_administrator=True, required=()),
    )
}
"""Every built-in function by its name."""


class FunctionARN(msgspec.Struct, frozen=True):
    """The parts of a function's ARN."""

    partition: str
    region: str
    account: str
    name: str
    qualifier: str


def parse_function_arn(text: str) -> FunctionARN | None:
    """Read a function's ARN; None for what is none."""
    found = _ARN.fullmatch(text)
    if found is None:
        return None
    return FunctionARN(found[1], found[2], found[3], found[4], (found[5] or "")[1:])


def find_built_in(arn: str, account: str, region: str) -> BuiltIn | None:
    """Find the built-in function of an account and Region that an ARN names."""
    parts = parse_function_arn(arn)
    if parts is None or (parts.partition, parts.account, parts.region) != (PARTITION, account, region):
        return None
    return BUILT_IN.get(parts.name) if parts.qualifier in ("", "$LATEST") else None


def built_in_for(members: Mapping[str, Any]) -> BuiltIn | None:
    """Find the built-in function for a secret's JSON; alternating users when it names an administrator."""
    engine = members.get("engine")
    wants_administrator = bool(members.get("masterarn"))
    for function in BUILT_IN.values():
        if engine in function.engines and function.needs_administrator == wants_administrator:
            return function
    return None


def what_is_missing(function: BuiltIn, members: Mapping[str, Any]) -> str:
    """Say what a secret's JSON lacks for a function; empty when it lacks nothing. Values are not shown."""
    required = (*function.required, "masterarn") if function.needs_administrator else function.required
    missing = [name for name in required if not isinstance(members.get(name), str) or not members[name]]
    if missing:
        return f"it has no text under: {', '.join(missing)}"
    if function.engines and members["engine"] not in function.engines:
        return f"its engine is none of: {', '.join(sorted(function.engines))}"
    return ""
