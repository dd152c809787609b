"""What a session is: who it is of, what limits it, how long it lives. No I/O.

Rules:
 - Tag keys are the same when they differ by case only; a key that goes on into the next role (transitive) is never
   overridden there.
 - Seconds, not milliseconds: an expiration that is shown is the one that holds.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html and
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html; identity reference 5.
"""

from __future__ import annotations

import zlib
from typing import Final, Literal

import msgspec

from strongroom.policy.match import fold

Tags = tuple[tuple[str, str], ...]
Kind = Literal["role", "user", "federated"]
"""How a session came about: AssumeRole and AssumeRoleWithWebIdentity, GetSessionToken, GetFederationToken."""

PLAIN_POLICY_CHARACTERS_MOST: Final = 2_048
PACKED_BYTES_MOST: Final = 2_400
"""Room for session policies and tags in a token, packed: with it every token stays under 4 KiB."""
TOKEN_BYTES_MOST: Final = 4_096
CHAINED_MOST_S: Final = 3_600
ROLE_DEFAULT_S: Final = 3_600
USER_DEFAULT_S: Final = 43_200

STS_FOR_ROLES: Final = frozenset(
    {
        "AssumeRole",
        "AssumeRoleWithWebIdentity",
        "DecodeAuthorizationMessage",
        "GetAccessKeyInfo",
        "GetCallerIdentity",
    }
)
STS_FOR_USERS: Final = frozenset({"AssumeRole", "GetCallerIdentity"})
STS_FOR_FEDERATED: Final = frozenset({"GetCallerIdentity"})


class SessionLimits(msgspec.Struct, frozen=True, array_like=True):
    """What the caller gave its session: policies that limit it, and tags.

    Attributes:
        policy: The inline session policy, as it was given; None for none.
        policy_arns: Managed policies that are session policies, looked up whenever they are needed.
        tags: Those that were passed and those that were inherited.
        transitive: Keys of the tags that go on into the next role.
    """

    policy: str | None = None
    policy_arns: tuple[str, ...] = ()
    tags: Tags = ()
    transitive: tuple[str, ...] = ()


NO_LIMITS: Final = SessionLimits()


class Claims(msgspec.Struct, frozen=True, array_like=True):
    """What a session token says; sealed, so nobody but us reads or writes it.

    Attributes:
        layout: 1; another one is not read.
        kind: How the session came about.
        account: The account that it is in.
        principal_id: Unique id of the role or the user: what is made anew under an old name is another (P-07).
        name: The session name, or the name of the federated user.
        issued_s: When it was issued.
        expires_s: When it expires; nothing moves it (S-09).
        epoch: Of the store's history that it belongs to.
        seed: 32 random bytes that the secret key is derived from.
        packed: ``SessionLimits``, packed.
        source_identity: None for none.
        mfa_s: When a second factor was shown; None when none was.
        key_id: The access key that a user asked with; the session ends with it. None for roles.
        web_provider: ARN of the provider of the web identity; None for none.
        web_keys: Condition keys of the web identity: ``issuer:sub`` and others.
        padding: Nothing; makes a token as long as was asked for.
    """

    layout: int
    kind: Kind
    account: str
    principal_id: str
    name: str
    issued_s: int
    expires_s: int
    epoch: int
    seed: bytes
    packed: bytes
    source_identity: str | None = None
    mfa_s: int | None = None
    key_id: str | None = None
    web_provider: str | None = None
    web_keys: tuple[tuple[str, tuple[str, ...]], ...] = ()
    padding: bytes = b""

    def __repr__(self) -> str:
        return f"<Claims of {self.principal_id}>"  # never the seed


_encode = msgspec.msgpack.Encoder().encode
_decode_limits = msgspec.msgpack.Decoder(SessionLimits).decode
_UNPACKED_BYTES_MOST: Final = 262_144


def pack_limits(limits: SessionLimits) -> bytes:
    """Pack policies and tags; the length counts against ``PACKED_BYTES_MOST``."""
    return zlib.compress(_encode(limits), 9)


def unpack_limits(packed: bytes) -> SessionLimits:
    """Read what ``pack_limits`` wrote; only ever called on what was sealed by us."""
    return _decode_limits(zlib.decompressobj().decompress(packed, _UNPACKED_BYTES_MOST))


def packed_percent(packed: bytes) -> int:
    """Give the share of the room that is used, in percent, rounded up: ``PackedPolicySize``."""
    return -(-100 * len(packed) // PACKED_BYTES_MOST)


def effective_tags(of_principal: Tags, of_session: Tags) -> Tags:
    """Give the tags of a session: its own instead of the role's or user's with the same key, whatever its case."""
    own = {fold(key) for key, _ in of_session}
    return (*(tag for tag in of_principal if fold(tag[0]) not in own), *of_session)


def session_arn(account: str, role_name: str, session_name: str) -> str:
    """Write the ARN of a role's session; it has no path."""
    return f"arn:aws:sts::{account}:assumed-role/{role_name}/{session_name}"


def federated_arn(account: str, name: str) -> str:
    """Write the ARN of a federated user."""
    return f"arn:aws:sts::{account}:federated-user/{name}"
