"""Users, groups, roles, policies and access keys as values, and the rules of their names. No I/O.

Rules:
 - Names are unique without regard to case and kept as they were written (identity reference 4.2); ASCII only.
 - Policies and keys hang on the unique id, never on the name: who is made anew under an old name inherits
   nothing (P-07).

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Final, Literal

import msgspec

from strongroom.clock import Instant
from strongroom.patterns import pattern_of

Status = Literal["Active", "Inactive", "Expired"]
ACTIVE: Final = "Active"
USERS_MOST: Final = 5_000
KEYS_PER_USER_MOST: Final = 2
GROUPS_MOST: Final = 300
GROUPS_PER_USER_MOST: Final = 10
SECOND_FACTORS_MOST: Final = 8
SERIAL_CHARACTERS_MOST: Final = 256

NAME: Final = pattern_of(r"[\w+=,.@-]+", re.ASCII)
PATH: Final = pattern_of(r"/|/[\x21-\x7e]+/", re.ASCII)


class SecondFactor(msgspec.Struct, frozen=True):
    """A virtual MFA device as the row of its user remembers it.

    Attributes:
        digest: SHA-256 of the device's sealed seed (K-03).
        enabled_ms: When it was enabled.
        last_step: Of the last code that was used; only later ones count.
        drift_steps: How many steps the clock of the device was ahead of ours when it was last heard.
    """

    digest: bytes
    enabled_ms: Instant
    last_step: int
    drift_steps: int


class PasswordPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an account asks of console passwords.

    Attributes:
        least: Fewest characters.
        users_may_change: What ``AllowUsersToChangePassword`` was set to; it is shown and gives no right.
        most_days: After how many days a password has to be replaced; None for never.
        remembered: How many former passwords must not come back; None for none.
        is_expiry_hard: Whether only an administrator can replace an expired password; None when that was not said.
    """

    least: int = 6
    needs_symbols: bool = False
    needs_numbers: bool = False
    needs_upper: bool = False
    needs_lower: bool = False
    users_may_change: bool = False
    most_days: int | None = None
    remembered: int | None = None
    is_expiry_hard: bool | None = None


class Login(msgspec.Struct, frozen=True):
    """The console password of a user.

    Attributes:
        created_ms: When the login profile was made.
        changed_ms: When the password was last set.
        must_change: Whether the user has to set another one at the next sign-in.
        sealed_hashes: The sealed hash of the password, then those of former ones as far as they must not come back.
        used_ms: When somebody last signed in with it; None for never.
    """

    created_ms: Instant
    changed_ms: Instant
    must_change: bool
    sealed_hashes: tuple[bytes, ...]
    used_ms: Instant | None = None


class UserAttributes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a user has besides its identity; one column of its row.

    Attributes:
        tags: In the order given; None when it was made without any.
        attached: ARNs of attached managed policies, in order of attachment.
        policies: SHA-256 of each inline policy, by name. A policy row that was removed, added or put back to
            an older state behind our back is noticed (K-03).
        keys: Status of each access key, by its id; for the same reason.
        boundary: ARN of the managed policy that is its permissions boundary; None for none.
        groups: Unique ids of its groups, in order of joining.
        second_factors: Its MFA devices, by serial number.
        login: Its console password; None for none.
    """

    tags: tuple[tuple[str, str], ...] | None = None
    attached: tuple[str, ...] = ()
    policies: Mapping[str, bytes] = {}
    keys: Mapping[str, str] = {}
    boundary: str | None = None
    groups: tuple[str, ...] = ()
    second_factors: Mapping[str, SecondFactor] = {}
    login: Login | None = None


class GroupAttributes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a group has besides its identity; see ``UserAttributes``.

    Attributes:
        members: How many users are in it, so that a membership that was removed behind our back is noticed.
    """

    attached: tuple[str, ...] = ()
    policies: Mapping[str, bytes] = {}
    members: int = 0


class RoleAttributes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a role has besides its identity; see ``UserAttributes``.

    Attributes:
        trust: The trust policy, byte for byte.
        trusted_ids: Unique id of each user and role that the trust policy names by its ARN, as it was when the
            policy was put: who is made anew under an old name is not trusted (P-07).
        description: None for none.
        session_most_s: ``MaxSessionDuration``, in seconds.
    """

    trust: str
    trusted_ids: Mapping[str, str] = {}
    description: str | None = None
    session_most_s: int = 3_600
    tags: tuple[tuple[str, str], ...] | None = None
    attached: tuple[str, ...] = ()
    policies: Mapping[str, bytes] = {}
    boundary: str | None = None


class Identity(msgspec.Struct, frozen=True):
    """What users, groups and roles have in common.

    Attributes:
        unique_id: ``AIDA``, ``AGPA`` or ``AROA`` and 17 characters; never used again for another one.
        name: As it was written.
        path: ``/`` or ``/.../``.
    """

    account: str
    unique_id: str
    name: str
    path: str
    created_ms: Instant


class User(Identity, frozen=True):
    """One IAM user."""

    attributes: UserAttributes = UserAttributes()

    @property
    def arn(self) -> str:
        """The ARN, path included."""
        return user_arn(self.account, self.path, self.name)


class Group(Identity, frozen=True):
    """One group of users."""

    attributes: GroupAttributes = GroupAttributes()

    @property
    def arn(self) -> str:
        """The ARN, path included."""
        return f"arn:aws:iam::{self.account}:group{self.path}{self.name}"


class Role(Identity, frozen=True):
    """One role."""

    attributes: RoleAttributes

    @property
    def arn(self) -> str:
        """The ARN, path included."""
        return f"arn:aws:iam::{self.account}:role{self.path}{self.name}"


class PolicyAttributes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a customer's managed policy has besides its identity; one column of its row.

    Attributes:
        default: Number of the default version, the one that is in force.
        versions: SHA-256 of each version's document, by its number; numbers are never used again.
        latest: The highest number that was ever given.
        updated_ms: When it was last changed.
        description: None for none; never changes.
        tags: In the order given.
        attached: How many users, groups and roles have it.
        bounding: How many users and roles have it as their permissions boundary.
    """

    default: int
    versions: Mapping[int, bytes]
    latest: int
    updated_ms: Instant
    description: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    attached: int = 0
    bounding: int = 0


class CustomerPolicy(msgspec.Struct, frozen=True):
    """One managed policy that a customer made.

    Attributes:
        policy_id: ``ANPA`` and 17 characters.
    """

    account: str
    policy_id: str
    name: str
    path: str
    created_ms: Instant
    attributes: PolicyAttributes

    @property
    def arn(self) -> str:
        """The ARN, path included."""
        return f"arn:aws:iam::{self.account}:policy{self.path}{self.name}"


class PolicyVersion(msgspec.Struct, frozen=True):
    """One version of a customer's managed policy; the text is kept byte for byte."""

    policy_id: str
    number: int
    created_ms: Instant
    document: str

    @property
    def digest(self) -> bytes:
        """What the policy's row remembers of the text."""
        return sha256(self.document.encode()).digest()


class AccessKey(msgspec.Struct, frozen=True):
    """One access key of a user; its secret is sealed for this account and key id alone.

    Attributes:
        status: ``Active`` or ``Inactive``.
        sealed_secret: What ``credentials.open_secret`` opens.
    """

    access_key_id: str
    account: str
    user_id: str
    status: Status
    created_ms: Instant
    sealed_secret: bytes


class DeviceAttributes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a virtual MFA device has besides its identity; one column of its row."""

    tags: tuple[tuple[str, str], ...] = ()


class MFADevice(msgspec.Struct, frozen=True):
    """One virtual MFA device; its seed is sealed for this account and serial number alone.

    Attributes:
        serial: The ARN, path included.
        user_id: The unique id of the user who has it; None while it is not enabled.
        sealed_seed: What ``second_factors.open_seed`` opens.
    """

    account: str
    serial: str
    created_ms: Instant
    user_id: str | None
    attributes: DeviceAttributes
    sealed_seed: bytes

    @property
    def digest(self) -> bytes:
        """What the row of its user remembers of the seed."""
        return sha256(self.sealed_seed).digest()


class InlinePolicy(msgspec.Struct, frozen=True):
    """A policy that belongs to one user, group or role; the text is kept byte for byte."""

    name: str
    document: str

    @property
    def digest(self) -> bytes:
        """What the row of its owner remembers of the text."""
        return sha256(self.document.encode()).digest()


def user_arn(account: str, path: str, name: str) -> str:
    """Write the ARN of a user."""
    return f"arn:aws:iam::{account}:user{path}{name}"


def fold_name(name: str) -> str:
    """Give the form of a name under which it is unique; names are ASCII when they get here."""
    return name.lower()
