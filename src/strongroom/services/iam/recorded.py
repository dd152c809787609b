"""What audit records show of users and keys, in the form of CloudTrail's records of IAM.

Dates inside ``responseElements`` are written as Java does for the United States: ``Aug 1, 2024 1:33:28 PM``.

Source: audit reference 1.3 (recorded).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from strongroom.services.iam.shapes import AttachedBoundary, GroupDetail, UserDetail

# Never from the locale of the process.
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def render_date(seconds: float) -> str:
    """Write an instant as CloudTrail does inside the response elements of IAM."""
    moment = datetime.fromtimestamp(int(seconds), UTC)
    half = "AM" if moment.hour < 12 else "PM"
    hour = moment.hour % 12 or 12
    return (
        f"{_MONTHS[moment.month - 1]} {moment.day}, {moment.year} "
        f"{hour}:{moment.minute:02d}:{moment.second:02d} {half}"
    )


def record_user(user: UserDetail) -> Mapping[str, Any]:
    """Show a user."""
    shown: dict[str, Any] = {
        "path": user.path,
        "userName": user.user_name,
        "userId": user.user_id,
        "arn": user.arn,
        "createDate": render_date(user.create_date),
    }
    if user.permissions_boundary is not None:
        shown["permissionsBoundary"] = record_boundary(user.permissions_boundary)
    if user.tags is not None:
        shown["tags"] = [{"key": tag.key, "value": tag.value} for tag in user.tags]
    return shown


def record_group(group: GroupDetail) -> Mapping[str, Any]:
    """Show a group."""
    return {
        "path": group.path,
        "groupName": group.group_name,
        "groupId": group.group_id,
        "arn": group.arn,
        "createDate": render_date(group.create_date),
    }


def record_boundary(boundary: AttachedBoundary) -> Mapping[str, Any]:
    """Show a permissions boundary."""
    return {
        "permissionsBoundaryType": boundary.permissions_boundary_type,
        "permissionsBoundaryArn": boundary.permissions_boundary_arn,
    }
