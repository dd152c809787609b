"""Keys, aliases and grants as values, and the rules of key states and rotation. No I/O.

Source: identity reference 6.1, 6.2, 6.6; https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from strongroom.clock import DAY_MS, Instant

ENABLED: Final = "Enabled"
DISABLED: Final = "Disabled"
PENDING_DELETION: Final = "PendingDeletion"
CUSTOMER: Final = "CUSTOMER"
AWS: Final = "AWS"
SYMMETRIC: Final = "SYMMETRIC_DEFAULT"

AWS_ALIASES: Final = "alias/aws/"
"""How the aliases of keys that services made begin; customers cannot have one."""

ALIASES_MOST: Final = 50
GRANTS_MOST: Final = 2_500
"""AWS has 50,000. All grants of a key are read and kept together, so as many would stall every other request."""
KEYS_MOST: Final = 100_000
TAGS_MOST: Final = 50
ON_DEMAND_MOST: Final = 25
CONTEXT_BYTES_MOST: Final = 8_192
WINDOW_DAYS: Final = range(7, 31)
YEAR_DAYS: Final = 365

UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
MULTI_REGION_ID: Final = re.compile(r"mrk-[0-9a-f]{32}", re.ASCII)
ALIAS: Final = re.compile(r"alias/[a-zA-Z0-9/_-]+", re.ASCII)

RotationType = Literal["AUTOMATIC", "ON_DEMAND"]


class Rotation(msgspec.Struct, frozen=True, array_like=True):
    """One rotation of a key.

    Attributes:
        material_id: The material that it brought.
        at_ms: When.
        type: Whether it was due or asked for.
    """

    material_id: str
    at_ms: Instant
    type: RotationType


class AliasNote(msgspec.Struct, frozen=True, array_like=True):
    """An alias, as the key that it stands for remembers it."""

    name: str
    updated_ms: Instant


class KeyAttributes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a key is, besides its identity; one column of its row.

    Attributes:
        state: ``Enabled``, ``Disabled`` or ``PendingDeletion``.
        manager: ``AWS`` for the keys that services make, ``CUSTOMER`` for others.
        description: As DescribeKey shows it.
        current_material: The material that encrypts now; the others decrypt only.
        policy: SHA-256 of the key policy and of whom it was bound to; empty for the keys of services, whose policy is
            fixed.
        grants: The sum of the digests of its grants; empty when it has none.
        aliases: In order of creation.
        tags: In order of insertion.
        deletion_ms: When it may be deleted; None unless it is pending deletion.
        window_days: How long it waits for that.
        rotation_days: How often it is rotated; 0 for never. Keys of services rotate yearly whatever stands here.
        rotates_from_ms: The instant from which the present period counts.
        rotations: All rotations so far, the first of them first.
    """

    state: str
    manager: str
    description: str
    current_material: str
    policy: bytes = b""
    grants: bytes = b""
    aliases: tuple[AliasNote, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    deletion_ms: Instant | None = None
    window_days: int = 0
    rotation_days: int = 0
    rotates_from_ms: Instant = 0
    rotations: tuple[Rotation, ...] = ()


class KeyRow(msgspec.Struct, frozen=True):
    """One KMS key."""

    key_id: str
    account: str
    region: str
    created_ms: Instant
    attributes: KeyAttributes

    @property
    def arn(self) -> str:
        """The key's ARN."""
        return key_arn(self.region, self.account, self.key_id)

    @property
    def is_managed(self) -> bool:
        """Whether a service made the key."""
        return self.attributes.manager == AWS

    @property
    def rotation_days(self) -> int:
        """The rotation period in force; 0 for none."""
        return YEAR_DAYS if self.is_managed else self.attributes.rotation_days

    @property
    def next_rotation_ms(self) -> Instant | None:
        """When the next automatic rotation is due, or None."""
        if not self.rotation_days:
            return None
        return (self.attributes.rotates_from_ms or self.created_ms) + self.rotation_days * DAY_MS

    @property
    def due_ms(self) -> Instant | None:
        """When something is to be done about the key without anybody asking: a rotation or its deletion."""
        if self.attributes.state == PENDING_DELETION:
            return self.attributes.deletion_ms
        return self.next_rotation_ms if self.attributes.state == ENABLED else None

    def with_attributes(self, **changes: object) -> KeyRow:
        """Give the key with other attributes."""
        return msgspec.structs.replace(self, attributes=msgspec.structs.replace(self.attributes, **changes))


class Grant(msgspec.Struct, frozen=True):
    """One grant on a key.

    Attributes:
        account: Of the key.
        grantee: As the request named it.
        grantee_id: The unique id that the grantee had then; empty where it has none.
        retiring: Who may retire it; empty for nobody in particular.
        retiring_id: The unique id of that principal.
        issuer: The account of who made it.
        operations: What it allows.
        subset: Pairs that an encryption context must have; None for no such constraint.
        equals: The pairs that it must have and no others; None for no such constraint.
        name: Makes CreateGrant repeatable; empty for none.
    """

    grant_id: str
    key_id: str
    account: str
    region: str
    retiring: str
    created_ms: Instant
    grantee: str
    issuer: str
    operations: tuple[str, ...]
    grantee_id: str = ""
    retiring_id: str = ""
    subset: Mapping[str, str] | None = None
    equals: Mapping[str, str] | None = None
    name: str = ""


def key_arn(region: str, account: str, key_id: str) -> str:
    """Build a key's ARN."""
    return f"arn:aws:kms:{region}:{account}:key/{key_id}"


def alias_arn(region: str, account: str, name: str) -> str:
    """Build an alias's ARN; ``name`` begins with ``alias/``."""
    return f"arn:aws:kms:{region}:{account}:{name}"


def key_id_of_digits(digits: str) -> str:
    """Write the 32 hexadecimal digits of a ciphertext's head as a key id."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def allows_context(grant: Grant, context: Mapping[str, str]) -> bool:
    """Whether the constraints of a grant let an encryption context pass; exact and case-sensitive."""
    if grant.equals is not None and dict(grant.equals) != dict(context):
        return False
    return grant.subset is None or all(context.get(key) == value for key, value in grant.subset.items())
