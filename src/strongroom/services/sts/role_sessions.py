"""Sessions of roles: what is decided about one before it is issued, and what its bearer gets.

The operations that assume roles differ in who asks and in what they ask policies; what they issue is made here.
"""

from __future__ import annotations

import msgspec

from strongroom.gateway.context import Context
from strongroom.services.iam.contract import Role
from strongroom.services.sts import model
from strongroom.services.sts.issuing import Packed
from strongroom.services.sts.session_token import expiry_s, issue, new_seed
from strongroom.services.sts.shapes import AssumedRoleUser, Credentials
from strongroom.store.revision import session_epoch


class RoleSession(msgspec.Struct, frozen=True):
    """A session that is to be issued.

    Attributes:
        role: Whose rights it has.
        name: Of the session.
        duration_s: How long it lives.
        packed: What limits and describes it.
        source_identity: None for none.
        mfa_s: When a second factor was shown; None when none was.
        web_provider: ARN of the provider of the web identity; None for none.
        web_keys: Condition keys of the web identity.
    """

    role: Role
    name: str
    duration_s: int
    packed: Packed
    source_identity: str | None = None
    mfa_s: int | None = None
    web_provider: str | None = None
    web_keys: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def bearer(self) -> AssumedRoleUser:
        """Say who the credentials make their bearer."""
        return AssumedRoleUser(
            assumed_role_id=f"{self.role.unique_id}:{self.name}",
            arn=model.session_arn(self.role.account, self.role.name, self.name),
        )

    def issue(self, context: Context, least_token_bytes: int | None) -> Credentials:
        """Make the credentials.

        Args:
            context: Of the request.
            least_token_bytes: How long the token is at least; None for as long as it comes.
        """
        issued_s, expires_s = expiry_s(context.now_ms, self.duration_s)
        claims = model.Claims(
            layout=1,
            kind="role",
            account=self.role.account,
            principal_id=self.role.unique_id,
            name=self.name,
            issued_s=issued_s,
            expires_s=expires_s,
            epoch=session_epoch(context.rows),
            seed=new_seed(),
            packed=self.packed.packed,
            source_identity=self.source_identity,
            mfa_s=self.mfa_s,
            web_provider=self.web_provider,
            web_keys=self.web_keys,
        )
        return issue(context.deployment.keyring, claims, least_token_bytes or 0)
