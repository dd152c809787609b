"""What DescribeSecret and ListSecrets show of a rotation.

Source: Secrets Manager reference 5.4, 5.5.
"""

from __future__ import annotations

from strongroom.clock import Instant
from strongroom.services.secretsmanager.model import Rotation
from strongroom.services.secretsmanager.shapes import RotationRules
from strongroom.wire.shapes import Timestamp, timestamp


def shown_rules(rotation: Rotation | None) -> RotationRules | None:
    """Show the rules: what was given, and the days that follow from an expression."""
    if rotation is None or (rotation.days is None and not rotation.expression):
        return None
    return RotationRules(
        automatically_after_days=rotation.days or rotation.derived_days,
        duration=rotation.duration or None,
        schedule_expression=rotation.expression or None,
    )


def shown_date(instant: Instant | None) -> Timestamp | None:
    """Show a date of a rotation, when there is one."""
    return None if instant is None else timestamp(instant)
