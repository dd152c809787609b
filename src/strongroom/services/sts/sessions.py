"""From an access key id and a session token to a credential: the gateway's source of temporary ones.

Rules:
 - Whoever brings a token brings the same bytes as were issued: they are compared, in constant time, on every
   request, with those that were opened.
 - What was opened is kept in the row cache and depends on the rows behind it: the role or the user with its
   policies, boundary and tags, the user's access key, managed session policies. A role that is deleted, a policy
   that is changed, a key that is switched off hold on the next request (S-09).
 - A role or user that was made anew under the old name is another one (P-07).
 - An expired token still says whose it was, so that its use is recorded; the gateway refuses it.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Final

import msgspec

from strongroom.audit.record import SessionIssuer
from strongroom.clock import render_iso
from strongroom.crypto.keyring import Keyring
from strongroom.gateway.caller import Caller, Credential, Temporary
from strongroom.policy.compile import CompiledPolicy
from strongroom.policy.document import PolicyKind
from strongroom.policy.question import Principal, tag_keys
from strongroom.services.iam import contract as iam
from strongroom.services.sts import model
from strongroom.services.sts.model import Claims, SessionLimits, Tags
from strongroom.services.sts.session_token import derive_secret, read
from strongroom.store.revision import session_epoch
from strongroom.store.rows import Rows

_WEIGHT_BYTES: Final = 4_000
_WEIGHT_PER_CHARACTER: Final = 6
_SESSION_POLICY: Final = "session-policy"


class _Held(msgspec.Struct, frozen=True):
    """A session in the cache."""

    credential: Credential
    depends_on: tuple[str, ...]
    weight: int


class _Origin(msgspec.Struct, frozen=True):
    """Whom a session is of.

    Attributes:
        principal: The session's.
        kind: ``userIdentity.type``.
        user_name: Of a user.
        policies: Of the role or the user.
        tags: Of the role or the user.
        issuer: See ``Temporary``.
        only: See ``Temporary``.
        depends_on: Cache keys of the rows.
    """

    principal: Principal
    kind: str
    user_name: str | None
    identity: tuple[CompiledPolicy, ...]
    boundary: CompiledPolicy | None
    tags: Tags
    issuer: SessionIssuer | None
    only: Mapping[str, frozenset[str]]
    depends_on: tuple[str, ...]


class SessionCredentials:
    """The temporary credentials of a deployment; the gateway's ``SessionSource``.

    Args:
        keyring: Opens the tokens.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def find(self, rows: Rows, access_key_id: str, token: str) -> Credential | None:
        """Return the credential, expired or not; None when the token is not the key's or its principal is gone.

        Raises:
            StoreTampered: A row is not what Strongroom wrote.
            StoreUnavailable: The store does not answer.
        """
        held = rows.cached(
            f"session:{access_key_id}",
            lambda fresh: self._load(fresh, access_key_id, token),
            lambda found: found.weight,
            lambda found: found.depends_on,
        )
        # Tokens are ASCII, whoever sends them: the signature's parser refuses others.
        if held is None or not hmac.compare_digest(held.credential.session_token or "", token):
            return None
        return held.credential

    def _load(self, rows: Rows, access_key_id: str, token: str) -> _Held | None:
        claims = read(self._keyring, token, access_key_id)
        if claims is None:
            return None
        with rows.snapshot():
            if claims.epoch != session_epoch(rows):
                return None
            origin = _role_session(rows, claims) if claims.kind == "role" else _user_session(rows, claims)
            if origin is None:
                return None
            limits = model.unpack_limits(claims.packed)
            session, depends_on = _session_policies(rows, limits)
        caller = Caller(
            principal=origin.principal,
            kind=origin.kind,
            user_name=origin.user_name,
            access_key_id=access_key_id,
            identity=origin.identity,
            boundary=origin.boundary,
            session=session,
            own_keys=_own_keys(claims, limits, origin),
            temporary=Temporary(
                issued_ms=claims.issued_s * 1000,
                expires_ms=claims.expires_s * 1000,
                issuer=origin.issuer,
                tags=limits.tags,
                transitive=limits.transitive,
                source_identity=claims.source_identity,
                mfa_ms=None if claims.mfa_s is None else claims.mfa_s * 1000,
                web_provider=claims.web_provider,
                only=origin.only,
            ),
        )
        secret = derive_secret(claims.seed, access_key_id).encode("ascii")
        return _Held(
            credential=Credential(secret=secret, caller=caller, session_token=token),
            depends_on=(*origin.depends_on, *depends_on),
            weight=_WEIGHT_BYTES + 2 * len(token) + _WEIGHT_PER_CHARACTER * len(limits.policy or ""),
        )


def _role_session(rows: Rows, claims: Claims) -> _Origin | None:
    found = iam.role_in_force(rows, claims.principal_id)
    if found is None or found[0].account != claims.account:
        return None
    role, policies = found
    return _Origin(
        principal=Principal(
            "AssumedRole",
            model.session_arn(role.account, role.name, claims.name),
            role.account,
            f"{role.unique_id}:{claims.name}",
            role_arn=role.arn,
        ),
        kind="AssumedRole",
        user_name=None,
        identity=policies.identity,
        boundary=policies.boundary,
        tags=role.attributes.tags or (),
        issuer=SessionIssuer("Role", role.unique_id, role.arn, role.account, role.name),
        only={"sts": model.STS_FOR_ROLES},
        depends_on=policies.depends_on,
    )


def _user_session(rows: Rows, claims: Claims) -> _Origin | None:
    found = iam.user_in_force(rows, claims.principal_id, claims.key_id or "")
    if found is None or found[0].account != claims.account:
        return None
    user, policies, depends_on = found
    if claims.kind == "federated":
        return _Origin(
            principal=Principal(
                "FederatedUser",
                model.federated_arn(user.account, claims.name),
                user.account,
                f"{user.account}:{claims.name}",
                issuer_arn=user.arn,
                issuer_id=user.unique_id,
            ),
            kind="FederatedUser",
            user_name=None,
            identity=policies.identity,
            boundary=policies.boundary,
            tags=user.attributes.tags or (),
            issuer=SessionIssuer("IAMUser", user.unique_id, user.arn, user.account, user.name),
            only={"iam": frozenset(), "sts": model.STS_FOR_FEDERATED},
            depends_on=depends_on,
        )
    only = {"sts": model.STS_FOR_USERS}
    return _Origin(
        principal=Principal("User", user.arn, user.account, user.unique_id),
        kind="IAMUser",
        user_name=user.name,
        identity=policies.identity,
        boundary=policies.boundary,
        tags=user.attributes.tags or (),
        issuer=None,
        only=only if claims.mfa_s is not None else {**only, "iam": frozenset()},
        depends_on=depends_on,
    )


def _session_policies(
    rows: Rows, limits: SessionLimits
) -> tuple[tuple[CompiledPolicy, ...] | None, tuple[str, ...]]:
    if limits.policy is None and not limits.policy_arns:
        return None, ()
    policies = [iam.session_policy(rows, arn) for arn in limits.policy_arns]
    compiled = [policy for policy, _ in policies]
    if limits.policy is not None:
        compiled.append(iam.compile_or_deny(limits.policy, PolicyKind.SESSION, _SESSION_POLICY))
    return tuple(compiled), tuple(key for _, key in policies)


def _own_keys(claims: Claims, limits: SessionLimits, origin: _Origin) -> dict[str, tuple[str, ...]]:
    """Give the condition keys of a session.

    ``aws:MultiFactorAuthPresent`` and ``aws:TokenIssueTime`` exist for temporary credentials only.
    """
    keys = tag_keys(model.effective_tags(origin.tags, limits.tags))
    keys["aws:tokenissuetime"] = (render_iso(claims.issued_s * 1000),)
    keys["aws:multifactorauthpresent"] = ("false" if claims.mfa_s is None else "true",)
    if claims.source_identity is not None:
        keys["aws:sourceidentity"] = (claims.source_identity,)
    if claims.web_provider is not None:
        keys["aws:federatedprovider"] = (claims.web_provider,)
        keys.update(claims.web_keys)
    return keys
