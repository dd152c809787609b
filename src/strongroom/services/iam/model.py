"""Users and access keys as values, and the rules of their names. No I/O.

Rules:
 - Names are unique without regard to case and kept as they were written (identity reference 4.2); ASCII only.
 - Policies and keys hang on the user's unique id, never on its name: a user that is made anew under an old
   name inherits nothing (P-07).

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

Status = Literal["Active", "Inactive", "Expired"]
ACTIVE: Final = "Active"
USERS_MOST: Final = 5_000
KEYS_PER_USER_MOST: Final = 2
INLINE_POLICY_CHARACTERS_MOST: Final = 2_048
"""Sum over all inline policies of one user, without white space."""

NAME: Final = re.compile(r"[\w+=,.@-]+", re.ASCII)
PATH: Final = re.compile(r"/|/[\x21-\x7e]+/", re.ASCII)


class UserAttributes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a user has besides its identity; one column of its row.

    Attributes:
        tags: In the order given; None when it was made without any.
        attached: ARNs of attached managed policies, in order of attachment.
        policies: SHA-256 of each inline policy, by name. A policy row that was removed, added or put back to
            an older state behind our back is noticed (K-03).
        keys: Status of each access key, by its id; for the same reason.
    """

    tags: tuple[tuple[str, str], ...] | None = None
    attached: tuple[str, ...] = ()
    policies: Mapping[str, bytes] = {}
    keys: Mapping[str, str] = {}


class User(msgspec.Struct, frozen=True):
    """One IAM user.

    Attributes:
        user_id: ``AIDA`` and 17 characters; never used again for another user.
        name: As it was written.
        path: ``/`` or ``/.../``.
    """

    account: str
    user_id: str
    name: str
    path: str
    created_ms: Instant
    attributes: UserAttributes = UserAttributes()

    @property
    def arn(self) -> str:
        """The ARN, path included."""
        return user_arn(self.account, self.path, self.name)


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


class InlinePolicy(msgspec.Struct, frozen=True):
    """A policy that belongs to one user; the text is kept byte for byte."""

    name: str
    document: str

    @property
    def digest(self) -> bytes:
        """What the user's row remembers of the text."""
        return sha256(self.document.encode()).digest()


def user_arn(account: str, path: str, name: str) -> str:
    """Write the ARN of a user."""
    return f"arn:aws:iam::{account}:user{path}{name}"


def fold_name(name: str) -> str:
    """Give the form of a name under which it is unique; names are ASCII when they get here."""
    return name.lower()
