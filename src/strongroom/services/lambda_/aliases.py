"""Aliases: names for versions, as they are checked and shown.

Rules:
 - An alias names a version that exists, or ``$LATEST``. It may send a share of the invocations to one other published
   version; then neither of the two is ``$LATEST``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strongroom.services.lambda_ import errors, structures
from strongroom.services.lambda_.lookup import is_number
from strongroom.services.lambda_.model import LATEST, Alias, Function, function_arn
from strongroom.services.lambda_.structures import AliasConfiguration, AliasRoutingConfiguration
from strongroom.services.lambda_.tables import find_version
from strongroom.store.rows import Rows


def check_version(rows: Rows, function: Function, version: str) -> None:
    """Refuse a version that is not there.

    Raises:
        Fault: There is none of this number.
    """
    if version == LATEST:
        return
    if not is_number(version) or find_version(rows, function.function_id, int(version)) is None:
        raise errors.function_not_found(
            function_arn(function.region, function.account, function.name, version)
        )


def read_weights(
    rows: Rows, function: Function, version: str, routing: AliasRoutingConfiguration | None
) -> dict[str, float]:
    """Check the share of another version.

    Raises:
        Fault: There are several, one is not there, it is the same, or one is ``$LATEST``.
    """
    weights = {} if routing is None else dict(routing.additional_version_weights or {})
    if len(weights) > 1:
        raise errors.invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
    for other in weights:
        check_version(rows, function, other)
        if other == version:
            raise errors.invalid("Invalid function version to be included in additional version weights.")
        if version == LATEST:
            raise errors.invalid("$LATEST is not supported for an alias pointing to more than 1 version")
    return weights


def show_alias(function: Function, name: str, alias: Alias) -> AliasConfiguration:
    """Show an alias."""
    routing = None
    if alias.weights:
        routing = AliasRoutingConfiguration(additional_version_weights=dict(alias.weights))
    return AliasConfiguration(
        alias_arn=function_arn(function.region, function.account, function.name, name),
        name=name,
        function_version=alias.version,
        description=alias.description,
        routing_config=routing,
        revision_id=alias.revision_id,
    )


def record_alias(response: structures.AliasConfiguration) -> Mapping[str, Any]:
    """Show what an audit record says of an alias."""
    return {
        "aliasArn": response.alias_arn,
        "name": response.name,
        "functionVersion": response.function_version,
        "description": response.description,
        "revisionId": response.revision_id,
    }
