"""``Code.Location``: an address that gives the code of a function or layer for ten minutes, to whoever has it.

Rules:
 - The address holds a sealed token that says which archive, for whom it was made, and until when; nothing is stored.
 - What is fetched is recorded in the name of the principal that asked for the address (L-02).
"""

from __future__ import annotations

from typing import Final

import msgspec

from strongroom.audit.record import UserIdentity
from strongroom.crypto.errors import TokenRefused
from strongroom.crypto.keyring import Keyring
from strongroom.crypto.sealed_token import open_token, seal_token
from strongroom.gateway.caller import Caller
from strongroom.gateway.context import Context
from strongroom.gateway.recording import identity_of

LIFE_MS: Final = 600_000
PATH: Final = "/2015-03-31/code/"
_BINDING: Final = b"lambda code location"


class Claims(msgspec.Struct, frozen=True, array_like=True):
    """What the token says."""

    account: str
    arn: str
    archive_id: str
    sha256: bytes
    size: int
    expires_ms: int
    identity: UserIdentity


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Claims).decode


def make_location(
    context: Context, host: str, account: str, arn: str, archive_id: str, sha256: bytes, size: int
) -> str:
    """Make the address of an archive.

    Args:
        context: Of the request; its caller is the one for whom it is made.
        host: The name and port by which the client reached the server.
        account: Whose code it is.
        arn: Of the function or layer version.
        archive_id: The archive.
        sha256: Its digest.
        size: Its length in bytes.
    """
    identity = identity_of(context.caller)
    claims = Claims(account, arn, archive_id, sha256, size, context.now_ms + LIFE_MS, identity)
    token = seal_token(context.deployment.keyring, _encode(claims), _BINDING)
    return f"{'https' if context.is_secure else 'http'}://{host}{PATH}{token}"


def open_location(keyring: Keyring, token: str, now_ms: int) -> Claims | None:
    """Read a token; None when it is not one of ours, or its time is over."""
    try:
        claims = _decode(open_token(keyring, token, _BINDING))
    except (TokenRefused, msgspec.MsgspecError):
        return None
    return None if now_ms >= claims.expires_ms else claims


def bearer_of(claims: Claims, nobody: Caller) -> Caller:
    """Give the principal for whom an address was made, for the record; it has no rights by that."""
    return msgspec.structs.replace(
        nobody,
        in_account=claims.identity.account_id or claims.account,
        bearer=claims,
        identity_memo={"identity": claims.identity},
    )
