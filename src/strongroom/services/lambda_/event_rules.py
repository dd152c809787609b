"""How events are tried again, as it is read and shown.

Rules:
 - Without a qualifier ``$LATEST`` is meant.
 - Destinations are not served: a result goes to the log, and an event that is given up is named there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from strongroom.clock import Instant
from strongroom.gateway.context import Context
from strongroom.services.lambda_ import errors
from strongroom.services.lambda_.model import LATEST, EventRules, Function, function_arn
from strongroom.services.lambda_.structures import (
    DestinationConfig,
    FunctionEventInvokeConfig,
    OnFailure,
    OnSuccess,
)
from strongroom.services.lambda_.tables import update_function
from strongroom.wire.shapes import timestamp


def refuse_destinations(given: DestinationConfig | None) -> None:
    """Refuse destinations; empty ones are taken, as Terraform sends them.

    Raises:
        Fault: There is one.
    """
    if given is None:
        return
    ends = (given.on_success, given.on_failure)
    if any(end is not None and end.destination for end in ends):
        raise errors.not_served("DestinationConfig")


def rules_of(function: Function, qualifier: str) -> EventRules:
    """Return the rules of a version or alias.

    Raises:
        Fault: There are none.
    """
    rules = function.attributes.events.get(qualifier or LATEST)
    if rules is None:
        raise errors.no_event_rules(
            function_arn(function.region, function.account, function.name, qualifier or LATEST)
        )
    return rules


def keep_rules(context: Context, function: Function, qualifier: str, rules: EventRules | None) -> None:
    """Set the rules of a version or alias, or remove them."""
    attributes = function.attributes
    events = {name: held for name, held in attributes.events.items() if name != (qualifier or LATEST)}
    if rules is not None:
        events[qualifier or LATEST] = rules
    update_function(context.transaction, replace(function, attributes=replace(attributes, events=events)))


def make_rules(now_ms: Instant, attempts: int | None, age_s: int | None) -> EventRules:
    """Make rules of the members of a request."""
    return EventRules(modified_ms=now_ms, attempts=attempts, age_s=age_s)


def show_rules(function: Function, qualifier: str, rules: EventRules) -> FunctionEventInvokeConfig:
    """Show rules."""
    return FunctionEventInvokeConfig(
        last_modified=timestamp(rules.modified_ms),
        function_arn=function_arn(function.region, function.account, function.name, qualifier or LATEST),
        maximum_retry_attempts=rules.attempts,
        maximum_event_age_in_seconds=rules.age_s,
        destination_config=DestinationConfig(on_success=OnSuccess(), on_failure=OnFailure()),
    )


def record_rules(response: FunctionEventInvokeConfig) -> Mapping[str, Any]:
    """Show what an audit record says of rules."""
    shown: dict[str, Any] = {"functionArn": response.function_arn}
    if response.maximum_retry_attempts is not None:
        shown["maximumRetryAttempts"] = response.maximum_retry_attempts
    if response.maximum_event_age_in_seconds is not None:
        shown["maximumEventAgeInSeconds"] = response.maximum_event_age_in_seconds
    return shown
