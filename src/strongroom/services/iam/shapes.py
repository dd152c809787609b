"""Members and structures that several operations of IAM share, with their constraints.

Names and paths of requests carry no pattern here: AWS words wrong characters of those in its own way, so they
are checked in ``lookup.py`` (errors.invalid_name, errors.invalid_path).

Source: the service model ``iam`` 2010-05-08; identity reference 4.2.
"""

from __future__ import annotations

from typing import Annotated

from strongroom.services.iam.model import AccessKey, Group, Status, User
from strongroom.wire.shapes import Shape, Timestamp, limits, timestamp, within

NewUserName = Annotated[str, limits(1, 64)]
NewGroupName = Annotated[str, limits(1, 128)]
ExistingUserName = Annotated[str, limits(1, 128)]
NewPolicyName = Annotated[str, limits(1, 128)]
NewPath = Annotated[str, limits(1, 512)]
PathPrefix = Annotated[str, limits(1, 512, pattern=r"\u002F[\u0021-\u007F]*")]
Marker = Annotated[str, limits(1, 320, pattern=r"[\u0020-\u00FF]+")]
MaxItems = Annotated[int, within(1, 1000)]

UserName = Annotated[str, limits(1, 64, pattern=r"[\w+=,.@-]+")]
UserNameOfKey = Annotated[str, limits(1, 128, pattern=r"[\w+=,.@-]+")]
GroupName = Annotated[str, limits(1, 128, pattern=r"[\w+=,.@-]+")]
PolicyName = Annotated[str, limits(1, 128, pattern=r"[\w+=,.@-]+")]
PolicyDocument = Annotated[str, limits(1, 131_072, pattern=r"[\u0009\u000A\u000D\u0020-\u00FF]+")]
Path = Annotated[str, limits(1, 512, pattern=r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)")]
UniqueId = Annotated[str, limits(16, 128, pattern=r"[\w]+")]
AccessKeyId = Annotated[str, limits(16, 128, pattern=r"[\w]+")]
Arn = Annotated[str, limits(20, 2048)]

AccountAlias = Annotated[str, limits(3, 63, pattern=r"^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$")]

MAX_ITEMS_DEFAULT = 100


class Tag(Shape):
    """A key and a value."""

    key: Annotated[str, limits(1, 128, pattern=r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+")]
    value: Annotated[str, limits(0, 256, pattern=r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*")]


Tags = Annotated[list[Tag], limits(None, 50)]


TagKeys = Annotated[
    list[Annotated[str, limits(1, 128, pattern=r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+")]], limits(None, 50)
]


class AttachedBoundary(Shape):
    """A permissions boundary. AWS documents and sends ``Policy`` as its type, whatever the service model says."""

    permissions_boundary_type: str | None = None
    permissions_boundary_arn: Arn | None = None


class UserDetail(Shape):
    """A user as operations show it; ListUsers leaves out the tags and the boundary."""

    path: Path
    user_name: UserName
    user_id: UniqueId
    arn: Arn
    create_date: Timestamp
    password_last_used: Timestamp | None = None
    permissions_boundary: AttachedBoundary | None = None
    tags: Tags | None = None


class GroupDetail(Shape):
    """A group as operations show it."""

    path: Path
    group_name: GroupName
    group_id: UniqueId
    arn: Arn
    create_date: Timestamp


class AccessKeyMetadata(Shape):
    """An access key without its secret."""

    user_name: UserName | None = None
    access_key_id: AccessKeyId | None = None
    status: Status | None = None
    create_date: Timestamp | None = None


def show_user(user: User, *, is_listed: bool = False) -> UserDetail:
    """Show a user; in listings without tags and boundary."""
    tags = None if is_listed else user.attributes.tags
    boundary = None if is_listed else user.attributes.boundary
    login = user.attributes.login
    return UserDetail(
        path=user.path,
        user_name=user.name,
        user_id=user.unique_id,
        arn=user.arn,
        create_date=timestamp(user.created_ms),
        password_last_used=None if login is None or login.used_ms is None else timestamp(login.used_ms),
        permissions_boundary=show_boundary(boundary),
        tags=None if tags is None else [Tag(key=key, value=value) for key, value in tags],
    )


def show_group(group: Group) -> GroupDetail:
    """Show a group."""
    return GroupDetail(
        path=group.path,
        group_name=group.name,
        group_id=group.unique_id,
        arn=group.arn,
        create_date=timestamp(group.created_ms),
    )


def show_boundary(arn: str | None) -> AttachedBoundary | None:
    """Show a permissions boundary; None for none."""
    if arn is None:
        return None
    return AttachedBoundary(permissions_boundary_type="Policy", permissions_boundary_arn=arn)


def show_key(key: AccessKey, user: User) -> AccessKeyMetadata:
    """Show an access key without its secret."""
    return AccessKeyMetadata(
        user_name=user.name,
        access_key_id=key.access_key_id,
        status=key.status,
        create_date=timestamp(key.created_ms),
    )
