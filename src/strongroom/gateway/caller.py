"""Who makes a request: the credential that signed it and the principal behind it.

Rules:
 - A ``Credential`` is loaded with the rows of its user and policies for every request, through the cache that
   is valid by the store's change log: key, user and policy changes hold from the next request on (S-09).
 - The secret is needed in clear to verify (S-11); it is sealed in the store, and the derived signing keys live
   and die with the cached credential.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from strongroom.audit.record import SessionIssuer, UserIdentity
from strongroom.clock import Instant
from strongroom.gateway.permissions import Permissions
from strongroom.policy.compile import CompiledPolicy
from strongroom.policy.question import Principal
from strongroom.sigv4.canonical import SigningKey
from strongroom.store.rows import Rows


class Temporary(msgspec.Struct, frozen=True):
    """What is known of temporary credentials besides the principal that they are of.

    Attributes:
        issued_ms: When they were issued.
        expires_ms: From this instant on they are expired.
        issuer: The role, or the user of a federated user, as audit records name it; None for a user's own.
        tags: Session tags, inherited ones included.
        transitive: Keys of those that go on into the next role.
        source_identity: Who stands behind them, once that was said; None when it was not.
        mfa_ms: When a second factor was shown; None when none was.
        web_provider: The provider of the web identity that they were issued for; None for none.
        only: By service, the only operations that they may be used for; a service that is not named has no limit.
    """

    issued_ms: Instant
    expires_ms: Instant
    issuer: SessionIssuer | None = None
    tags: tuple[tuple[str, str], ...] = ()
    transitive: tuple[str, ...] = ()
    source_identity: str | None = None
    mfa_ms: Instant | None = None
    web_provider: str | None = None
    only: Mapping[str, frozenset[str]] = {}


class Caller(msgspec.Struct, frozen=True):
    """The principal of an authenticated request.

    Attributes:
        principal: As the evaluator sees it: type, ARN, account, unique id.
        kind: ``userIdentity.type`` of the audit record: ``IAMUser``, ``Root``, ``AssumedRole`` ...
        user_name: The IAM user's name; None for others.
        access_key_id: The key that signed.
        identity: Its identity policies.
        boundary: Its permissions boundary.
        session: Its session policies; None for no limit.
        own_keys: Condition keys of the principal that do not follow from its name: its tags, facts of its session.
        temporary: What is known of temporary credentials; None for long-term keys.
        in_account: The account in which somebody asks who belongs to none; None for the principal's own.
        bearer: What was proved of a caller without a key, for the operation that proved it.
        identity_memo: How records show the caller, once they did.
        written_identity: The same as JSON, by the service that calls for the caller.
        permissions: What the caller was allowed whatever the request.
    """

    principal: Principal
    kind: str
    user_name: str | None
    access_key_id: str
    identity: tuple[CompiledPolicy, ...]
    boundary: CompiledPolicy | None = None
    session: CompiledPolicy | tuple[CompiledPolicy, ...] | None = None
    own_keys: Mapping[str, tuple[str, ...]] = {}
    temporary: Temporary | None = None
    in_account: str | None = None
    bearer: object = None
    identity_memo: dict[str, UserIdentity] = msgspec.field(default_factory=dict)
    written_identity: dict[str, bytes] = msgspec.field(default_factory=dict)
    permissions: Permissions = msgspec.field(default_factory=Permissions)

    @property
    def account(self) -> str:
        """The account that the principal belongs to, or asks in."""
        return self.in_account or self.principal.account

    @property
    def arn(self) -> str:
        """The principal's ARN."""
        return self.principal.arn


NOBODY = Caller(Principal("Anonymous", "", ""), "Unknown", None, "", ())
"""Who sent a request without a signature, until that is found out."""


class Use(msgspec.Struct):
    """The last use of a credential that this worker marked; lies on the cached credential.

    Attributes:
        marked_ms: When.
        again_ms: From when on the same use is marked again.
    """

    marked_ms: Instant = 0
    again_ms: Instant = 0
    service: str = ""
    region: str = ""


class Credential(msgspec.Struct, frozen=True):
    """An access key that is in force, with its principal.

    Attributes:
        secret: The secret access key.
        caller: Who uses it.
        session_token: The token that came with it; None for long-term keys.
        signing_keys: Derived keys by (date, Region, service).
        use: What this worker marked of its use.
    """

    secret: bytes
    caller: Caller
    session_token: str | None = None
    signing_keys: dict[tuple[str, str, str], SigningKey] = msgspec.field(default_factory=dict)
    use: Use = msgspec.field(default_factory=Use)

    def __repr__(self) -> str:
        return f"<Credential {self.caller.access_key_id}>"  # never the secret


class CredentialSource(Protocol):
    """Finds credentials of long-term keys; ``services/iam/credentials.py`` is the real one."""

    def find(self, rows: Rows, access_key_id: str) -> Credential | None:
        """Return the credential, or None when it is unknown, inactive or deleted."""
        ...


class SessionSource(Protocol):
    """Finds temporary credentials; ``services/sts/sessions.py`` is the real one."""

    def find(self, rows: Rows, access_key_id: str, token: str) -> Credential | None:
        """Return the credential, expired or not; None when the token is not the key's or its principal is gone."""
        ...
