"""Instance profiles: names under which machines find a role. Values, rows, and step 5 of their operations.

Rules:
 - A profile holds at most one role, known by its unique id; a role that is in a profile is not deleted.
 - Names are unique in an account without regard to case; tag keys are told apart by case.
 - The policy is evaluated on the stored ARN, for an absent profile on the ARN that it would have at the path ``/``
   (P-01, P-09).

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2_instance-profiles.html; identity
reference 4.2 to 4.4.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from strongroom.clock import Instant
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Target
from strongroom.services.iam import errors
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.lookup import NO_CONDITIONS, Conditions, check_name
from strongroom.services.iam.model import Role, fold_name
from strongroom.services.iam.tags import resource_conditions
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows
from strongroom.store.table import Row, Table
from strongroom.store.transaction import Transaction

PROFILES: Final = Table(
    "iam_instance_profiles",
    columns=(
        "account_id",
        "name_folded",
        "profile_id",
        "name",
        "path",
        "created_ms",
        "role_id",
        "attributes",
    ),
    key=("account_id", "name_folded"),
)
PROFILES_MOST: Final = 1_000

_LABEL: Final = "instance profile "


class ProfileAttributes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a profile has besides its identity; one column of its row.

    Attributes:
        tags: In the order given.
    """

    tags: tuple[tuple[str, str], ...] = ()


class InstanceProfile(msgspec.Struct, frozen=True):
    """One instance profile.

    Attributes:
        profile_id: ``AIPA`` and 17 characters.
        role_id: Unique id of its role; None for none.
    """

    account: str
    profile_id: str
    name: str
    path: str
    created_ms: Instant
    role_id: str | None = None
    attributes: ProfileAttributes = ProfileAttributes()

    @property
    def arn(self) -> str:
        """The ARN, path included."""
        return profile_arn(self.account, self.path, self.name)


_decode_attributes = msgspec.msgpack.Decoder(ProfileAttributes).decode
_encode_attributes = msgspec.msgpack.Encoder().encode


def profile_arn(account: str, path: str, name: str) -> str:
    """Write the ARN that a profile of this path and name has."""
    return f"arn:aws:iam::{account}:instance-profile{path}{name}"


def find_profile(rows: Rows, account: str, name: str) -> InstanceProfile | None:
    """Read a profile by its name, whatever its case, or None."""
    row = rows.find(PROFILES, account, fold_name(name))
    return None if row is None else _of_row(row)


def page_of_profiles(
    rows: Rows, account: str, path_prefix: str, after: str, most: int
) -> list[InstanceProfile]:
    """Read those whose path begins with ``path_prefix``, by folded name from behind ``after``."""
    clause = (
        "WHERE account_id = ? AND name_folded > ? AND substr(path, 1, length(?)) = ? "
        "ORDER BY name_folded LIMIT ?"
    )
    found = rows.select(PROFILES, clause, (account, after, path_prefix, path_prefix, most))
    return [_of_row(row) for row in found]


def profiles_of_role(rows: Rows, role_id: str, after: str, most: int) -> list[InstanceProfile]:
    """Read the profiles that hold a role, by folded name from behind ``after``."""
    clause = "WHERE role_id = ? AND name_folded > ? ORDER BY name_folded LIMIT ?"
    return [_of_row(row) for row in rows.select(PROFILES, clause, (role_id, after, most))]


def count_profiles(rows: Rows, account: str) -> int:
    """Count the profiles of an account."""
    counted: Any = rows.scalar("SELECT count(*) FROM iam_instance_profiles WHERE account_id = ?", (account,))
    return int(counted)


def insert_profile(transaction: Transaction, profile: InstanceProfile) -> None:
    """Add a profile."""
    transaction.insert(PROFILES, _row_of(profile))


def update_profile(transaction: Transaction, profile: InstanceProfile, **changes: Any) -> None:
    """Replace some members of a profile."""
    transaction.update(PROFILES, _row_of(msgspec.structs.replace(profile, **changes)))


def remove_profile(transaction: Transaction, profile: InstanceProfile) -> None:
    """Remove a profile."""
    transaction.delete(PROFILES, profile.account, fold_name(profile.name))


def profile_target(context: Context, name: str, conditions: Conditions = NO_CONDITIONS) -> Target:
    """Resolve the name of a profile.

    Returns:
        The target; ``found`` is the profile, or None when there is none.

    Raises:
        Fault: Characters that no name has.
    """
    wanted = check_name("instanceProfileName", name)
    label = f"{_LABEL}{wanted}"
    profile = find_profile(context.rows, context.account, wanted)
    if profile is None:
        return Target(
            profile_arn(context.account, "/", wanted), context.account, label, conditions=conditions
        )
    own = resource_conditions(profile.attributes.tags)
    return Target(profile.arn, context.account, label, profile, {**own, **conditions})


def existing_profile(target: Target) -> InstanceProfile:
    """Return the profile of a target.

    Raises:
        Fault: There is none.
    """
    profile = target.found
    if profile is None:
        raise errors.profile_not_found(target.label.removeprefix(_LABEL))
    assert isinstance(profile, InstanceProfile)
    return profile


def role_of(rows: Rows, profile: InstanceProfile) -> Role | None:
    """Read the role of a profile, or None when it has none.

    Raises:
        StoreTampered: The role is gone; it is not deleted while it is in a profile.
    """
    if profile.role_id is None:
        return None
    role = ROLES.find_by_id(rows, profile.role_id)
    if role is None:
        raise StoreTampered("the role of an instance profile is gone")
    return role


def _of_row(row: Row) -> InstanceProfile:
    values: Any = row
    account, _, profile_id, name, path, created_ms, role_id, attributes = values
    return InstanceProfile(
        account, profile_id, name, path, created_ms, role_id, _decode_attributes(attributes)
    )


def _row_of(profile: InstanceProfile) -> Row:
    return (
        profile.account,
        fold_name(profile.name),
        profile.profile_id,
        profile.name,
        profile.path,
        profile.created_ms,
        profile.role_id,
        _encode_attributes(profile.attributes),
    )
