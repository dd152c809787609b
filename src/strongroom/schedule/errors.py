"""What can be wrong with a schedule.

::

    ScheduleRefused
    ├── ExpressionMalformed      neither rate() nor cron(), or with fields that cannot be
    ├── HoursOutOfRange          rate(n hours) with another n than 4 to 23
    ├── DaysOutOfRange           rate(n days) with another n than 1 to 999
    ├── DurationOutOfRange       a window of less than one hour or more than 24
    ├── DurationExceedsInterval  a window that would run into the next one
    └── WindowExceedsDay         a window that would run into the next UTC day
"""

from __future__ import annotations

from strongroom.errors import StrongroomError


class ScheduleRefused(StrongroomError):
    """A schedule breaks a rule."""


class ExpressionMalformed(ScheduleRefused):
    """The expression cannot be read, or never comes true."""


class HoursOutOfRange(ScheduleRefused):
    """The rate in hours is not one of 4 to 23."""


class DaysOutOfRange(ScheduleRefused):
    """The rate in days is not one of 1 to 999."""


class DurationOutOfRange(ScheduleRefused):
    """The window is shorter than an hour or longer than a day."""


class DurationExceedsInterval(ScheduleRefused):
    """The window would run into the next one."""


class WindowExceedsDay(ScheduleRefused):
    """The window would run into the next UTC day."""
