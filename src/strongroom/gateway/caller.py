"""Who makes a request: the credential that signed it and the principal behind it.

Rules:
 - A ``Credential`` is loaded with the rows of its user and policies for every request, through the cache that
   is valid by the store's change log: key, user and policy changes hold from the next request on (S-09).
 - The secret is needed in clear to verify (S-11); it is sealed in the store, and the derived signing keys live
   and die with the cached credential.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from strongroom.audit.record import UserIdentity
from strongroom.policy.compile import CompiledPolicy
from strongroom.policy.question import Principal
from strongroom.store.rows import Rows


class Caller(msgspec.Struct, frozen=True):
    """The principal of an authenticated request.

    Attributes:
        principal: As the evaluator sees it: type, ARN, account, unique id.
        kind: ``userIdentity.type`` of the audit record: ``IAMUser``, ``Root``, ``AssumedRole`` ...
        user_name: The IAM user's name; None for others.
        access_key_id: The key that signed.
        identity: Its identity policies.
        boundary: Its permissions boundary.
        session: Its session policy.
        identity_memo: How records show the caller, once they did.
    """

    principal: Principal
    kind: str
    user_name: str | None
    access_key_id: str
    identity: tuple[CompiledPolicy, ...]
    boundary: CompiledPolicy | None = None
    session: CompiledPolicy | None = None
    identity_memo: dict[str, UserIdentity] = msgspec.field(default_factory=dict)

    @property
    def account(self) -> str:
        """The account that the principal belongs to."""
        return self.principal.account

    @property
    def arn(self) -> str:
        """The principal's ARN."""
        return self.principal.arn


class Credential(msgspec.Struct, frozen=True):
    """An access key that is in force, with its principal.

    Attributes:
        secret: The secret access key.
        caller: Who uses it.
        session_token: The token that must come with it; None for long-term keys.
        signing_keys: Derived keys by (date, Region, service).
    """

    secret: bytes
    caller: Caller
    session_token: str | None = None
    signing_keys: dict[tuple[str, str, str], bytes] = msgspec.field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Credential {self.caller.access_key_id}>"  # never the secret


class CredentialSource(Protocol):
    """Finds credentials; ``services/iam/credentials.py`` is the real one."""

    def find(self, rows: Rows, access_key_id: str) -> Credential | None:
        """Return the credential, or None when it is unknown, inactive or deleted."""
        ...
