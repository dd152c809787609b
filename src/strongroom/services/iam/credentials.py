"""From an access key id to a credential: the opened secret, the user behind it, and its compiled policies.

Rules:
 - Key, user and policies are read together and kept in the row cache under one key, which depends on all rows
   behind it: what was changed holds from the next request on (S-09).
 - Absent, inactive and deleted are the same: no credential. So is a key whose user is gone or belongs to another
   account.
 - The secret is sealed for its account and key id; what does not open is a tampered store, and the request
   is refused.
"""

from __future__ import annotations

from typing import Final

from strongroom.clock import Instant
from strongroom.crypto.associated_data import RecordType
from strongroom.crypto.errors import CryptoError
from strongroom.crypto.keyring import Keyring
from strongroom.crypto.material import Plaintext
from strongroom.crypto.record import open_record, seal_record
from strongroom.gateway.caller import Caller, Credential
from strongroom.ids import new_access_key_id, new_secret_access_key
from strongroom.policy.question import Principal, tag_keys
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.model import ACTIVE, AccessKey
from strongroom.services.iam.principals import PoliciesInForce, policies_of_user
from strongroom.services.iam.tables import check_key, credential_key, find_access_key
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows

_WEIGHT_BYTES: Final = 2_500
"""A credential with the derived signing keys of a few services, without its policies."""


class StoredCredentials:
    """The credentials of the store; the gateway's ``CredentialSource``.

    Args:
        keyring: Opens the sealed secrets.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def find(self, rows: Rows, access_key_id: str) -> Credential | None:
        """Return the credential of an access key that is in force, or None.

        Raises:
            StoreTampered: A row or the sealed secret is not what Strongroom wrote.
            StoreUnavailable: The store does not answer.
        """
        key = credential_key(access_key_id)
        found: tuple[Credential, PoliciesInForce] | None = rows.cache.get(key)
        if found is not None:
            return found[0]
        found = rows.load(
            key,
            lambda fresh: self._load(fresh, access_key_id),
            lambda held: _WEIGHT_BYTES + held[1].weight,
            lambda held: held[1].depends_on,
        )
        return None if found is None else found[0]

    def _load(self, rows: Rows, access_key_id: str) -> tuple[Credential, PoliciesInForce] | None:
        with rows.snapshot():
            key = find_access_key(rows, access_key_id)
            if key is None or key.status != ACTIVE:
                return None
            user = USERS.find_by_id(rows, key.user_id)
            if user is None or user.account != key.account:
                return None
            check_key(user, key)
            in_force = policies_of_user(rows, user)
        caller = Caller(
            principal=Principal("User", user.arn, user.account, user.unique_id),
            kind="IAMUser",
            user_name=user.name,
            access_key_id=access_key_id,
            identity=in_force.identity,
            boundary=in_force.boundary,
            own_keys=tag_keys(user.attributes.tags or ()),
        )
        return Credential(secret=open_secret(self._keyring, key).reveal(), caller=caller), in_force


def new_access_key(
    keyring: Keyring, account: str, user_id: str, now_ms: Instant
) -> tuple[AccessKey, Plaintext]:
    """Draw an active access key for a user.

    Returns:
        The key as it is stored, and its secret, which is shown once and never again.
    """
    access_key_id = new_access_key_id("AKIA", account)
    secret = Plaintext(new_secret_access_key().encode("ascii"))
    sealed = seal_record(keyring, RecordType.CREDENTIAL, secret, account, access_key_id)
    return AccessKey(access_key_id, account, user_id, ACTIVE, now_ms, sealed), secret


def open_secret(keyring: Keyring, key: AccessKey) -> Plaintext:
    """Open the secret of an access key.

    Raises:
        StoreTampered: It was not sealed for this account and key id, or was changed.
    """
    try:
        return open_record(keyring, RecordType.CREDENTIAL, key.sealed_secret, key.account, key.access_key_id)
    except CryptoError as problem:
        raise StoreTampered("the secret of an access key does not open in its place") from problem
