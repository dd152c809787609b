"""``RotationRules``: from a request to what is kept of it.

Source: Secrets Manager reference 5.3 to 5.5.
"""

from __future__ import annotations

import msgspec

from strongroom.schedule.errors import ScheduleRefused
from strongroom.schedule.rules import parse_schedule
from strongroom.services.secretsmanager import errors
from strongroom.services.secretsmanager.model import Rotation
from strongroom.services.secretsmanager.shapes import RotationRules


def with_rules(rotation: Rotation, rules: RotationRules | None) -> Rotation:
    """Give a rotation with the rules of a request; those kept before stay when it has none.

    Raises:
        Fault: They break a rule.
    """
    if rules is None:
        return rotation
    days, expression, duration = (
        rules.automatically_after_days,
        rules.schedule_expression,
        rules.duration,
    )
    if days is not None and expression is not None:
        raise errors.frequency_with_expression()
    if days is None and expression is None:
        if duration is None:
            return rotation
        days, expression = rotation.days, rotation.expression or None  # only the length of windows changes
        if days is None and expression is None:
            raise errors.duration_without_schedule()
    try:
        parse_schedule(days, expression, duration)
    except ScheduleRefused as problem:
        raise errors.schedule_refused(problem) from problem
    return msgspec.structs.replace(
        rotation, days=days, expression=expression or "", duration=duration or "", derived_days=None
    )
