"""Instance profiles as operations and audit records show them.

Source: the service model ``iam`` 2010-05-08.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from strongroom.services.iam.instance_profiles import InstanceProfile, role_of
from strongroom.services.iam.recorded import render_date
from strongroom.services.iam.role_shapes import RoleDetail, record_role, show_role
from strongroom.services.iam.shapes import Arn, Path, Tags, UniqueId
from strongroom.services.iam.tags import show_tags
from strongroom.store.rows import Rows
from strongroom.wire.shapes import Shape, Timestamp, limits, timestamp

NewProfileName = Annotated[str, limits(1, 128)]
"""In requests; AWS words wrong characters in its own way, see ``lookup.py``."""


class ProfileDetail(Shape):
    """An instance profile with its role; listings leave out the tags."""

    path: Path
    instance_profile_name: Annotated[str, limits(1, 128, pattern=r"[\w+=,.@-]+")]
    instance_profile_id: UniqueId
    arn: Arn
    create_date: Timestamp
    roles: list[RoleDetail]
    tags: Tags | None = None


def show_profile(rows: Rows, profile: InstanceProfile, *, is_listed: bool = False) -> ProfileDetail:
    """Show an instance profile."""
    role = role_of(rows, profile)
    tags = () if is_listed else profile.attributes.tags
    return ProfileDetail(
        path=profile.path,
        instance_profile_name=profile.name,
        instance_profile_id=profile.profile_id,
        arn=profile.arn,
        create_date=timestamp(profile.created_ms),
        roles=[] if role is None else [show_role(rows, role, is_new=True, is_listed=True)],
        tags=show_tags(tags) if tags else None,
    )


def record_profile(profile: ProfileDetail) -> Mapping[str, Any]:
    """Show an instance profile in an audit record."""
    shown: dict[str, Any] = {
        "path": profile.path,
        "instanceProfileName": profile.instance_profile_name,
        "instanceProfileId": profile.instance_profile_id,
        "arn": profile.arn,
        "createDate": render_date(profile.create_date),
        "roles": [record_role(role) for role in profile.roles],
    }
    if profile.tags is not None:
        shown["tags"] = [{"key": tag.key, "value": tag.value} for tag in profile.tags]
    return shown
