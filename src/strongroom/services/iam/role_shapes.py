"""Roles as operations and audit records show them.

Source: the service model ``iam`` 2010-05-08; identity reference 4.3 (recorded).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final
from urllib.parse import quote

from strongroom.services.iam.last_used import find_last_use
from strongroom.services.iam.model import Role
from strongroom.services.iam.recorded import record_boundary, render_date
from strongroom.services.iam.shapes import (
    Arn,
    AttachedBoundary,
    Path,
    PolicyDocument,
    Tag,
    Tags,
    UniqueId,
    show_boundary,
)
from strongroom.services.iam.trust import show_trust
from strongroom.store.rows import Rows
from strongroom.wire.shapes import Shape, Timestamp, limits, timestamp, within

NewRoleName = Annotated[str, limits(1, 64)]
"""In requests; AWS words wrong characters in its own way, see ``lookup.py``."""
RoleName = Annotated[str, limits(1, 64, pattern=r"[\w+=,.@-]+")]
RoleDescription = Annotated[
    str, limits(None, 1000, pattern=r"[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*")
]
MaxSessionDuration = Annotated[int, within(3600, 43200)]

SESSION_DEFAULT_S: Final = 3_600


class RoleLastUsed(Shape):
    """When and in which Region a role was used last; empty when it is not known."""

    last_used_date: Timestamp | None = None
    region: str | None = None


class RoleDetail(Shape):
    """A role as operations show it.

    CreateRole leaves out the longest session, and listings leave out tags, boundary and last use, as AWS does.
    """

    path: Path
    role_name: RoleName
    role_id: UniqueId
    arn: Arn
    create_date: Timestamp
    assume_role_policy_document: PolicyDocument | None = None
    description: RoleDescription | None = None
    max_session_duration: MaxSessionDuration | None = None
    permissions_boundary: AttachedBoundary | None = None
    tags: Tags | None = None
    role_last_used: RoleLastUsed | None = None


def show_role(rows: Rows, role: Role, *, is_new: bool = False, is_listed: bool = False) -> RoleDetail:
    """Show a role.

    Args:
        rows: The store; the principals of the trust policy are looked up.
        role: The role.
        is_new: For CreateRole.
        is_listed: For listings.
    """
    attributes = role.attributes
    tags = None if is_listed else attributes.tags
    return RoleDetail(
        path=role.path,
        role_name=role.name,
        role_id=role.unique_id,
        arn=role.arn,
        create_date=timestamp(role.created_ms),
        assume_role_policy_document=quote(show_trust(rows, role), safe=""),
        description=attributes.description,
        max_session_duration=None if is_new else attributes.session_most_s,
        permissions_boundary=None if is_listed else show_boundary(attributes.boundary),
        tags=[Tag(key=key, value=value) for key, value in tags] if tags else None,
        role_last_used=None if is_new or is_listed else _last_use(rows, role),
    )


def _last_use(rows: Rows, role: Role) -> RoleLastUsed:
    use = find_last_use(rows, role.unique_id)
    if use is None:
        return RoleLastUsed()
    return RoleLastUsed(last_used_date=timestamp(use.used_ms), region=use.region)


def record_role(role: RoleDetail) -> Mapping[str, Any]:
    """Show a role in an audit record."""
    shown: dict[str, Any] = {
        "path": role.path,
        "roleName": role.role_name,
        "roleId": role.role_id,
        "arn": role.arn,
        "createDate": render_date(role.create_date),
        "assumeRolePolicyDocument": role.assume_role_policy_document,
    }
    if role.description is not None:
        shown["description"] = role.description
    if role.max_session_duration is not None:
        shown["maxSessionDuration"] = role.max_session_duration
    if role.permissions_boundary is not None:
        shown["permissionsBoundary"] = record_boundary(role.permissions_boundary)
    if role.tags is not None:
        shown["tags"] = [{"key": tag.key, "value": tag.value} for tag in role.tags]
    return shown
