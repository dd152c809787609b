"""From an access key id to a credential: the opened secret, the user behind it, and its compiled policies.

Rules:
 - Key, user and policies are read together and kept in the row cache under one key, which every change of any
   of them names: what was changed holds from the next request on (S-09).
 - Absent, inactive and deleted are the same: no credential.
 - A stored policy that cannot be compiled denies everything; it never vanishes. A key whose user is gone, or
   belongs to another account, is no credential.
 - The secret is sealed for its account and key id; what does not open is a tampered store, and the request
   is refused.

Not done here: groups, roles, boundaries and sessions; they do not exist yet.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Final

from strongroom.clock import Instant
from strongroom.crypto.associated_data import RecordType
from strongroom.crypto.errors import CryptoError
from strongroom.crypto.keyring import Keyring
from strongroom.crypto.material import Plaintext
from strongroom.crypto.record import open_record, seal_record
from strongroom.gateway.caller import Caller, Credential
from strongroom.ids import new_access_key_id, new_secret_access_key
from strongroom.policy.compile import CompiledPolicy, compile_policy
from strongroom.policy.document import MalformedPolicy, PolicyKind
from strongroom.policy.managed import find_managed_policy
from strongroom.policy.question import Principal
from strongroom.services.iam.model import ACTIVE, AccessKey, InlinePolicy, User
from strongroom.services.iam.tables import (
    check_key,
    credential_key,
    find_access_key,
    find_user_by_id,
    list_user_policies,
)
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows

log = logging.getLogger(__name__)

_DENY_ALL: Final = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'
_WEIGHT_BYTES: Final = 2_500
"""A credential with the derived signing keys of a few services, without its inline policies."""
_WEIGHT_PER_CHARACTER: Final = 6
"""What a policy weighs once it is compiled and has been asked, for each character of its text."""


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
        found = rows.cached(
            credential_key(access_key_id), lambda fresh: self._load(fresh, access_key_id), _weigh
        )
        return None if found is None else found[0]

    def _load(self, rows: Rows, access_key_id: str) -> tuple[Credential, int] | None:
        with rows.snapshot():
            key = find_access_key(rows, access_key_id)
            if key is None or key.status != ACTIVE:
                return None
            user = find_user_by_id(rows, key.user_id)
            if user is None or user.account != key.account:
                return None
            check_key(user, key)
            inline = list_user_policies(rows, user.user_id)
        caller = Caller(
            principal=Principal("User", user.arn, user.account, user.user_id),
            kind="IAMUser",
            user_name=user.name,
            access_key_id=access_key_id,
            identity=identity_policies(user, inline),
        )
        size = sum(len(policy.document) for policy in inline)
        return Credential(secret=open_secret(self._keyring, key).reveal(), caller=caller), size


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


def identity_policies(user: User, inline: list[InlinePolicy]) -> tuple[CompiledPolicy, ...]:
    """Compile the policies of a user: attached ones, then inline ones.

    One that cannot be compiled is replaced by one that denies everything.
    """
    policies = [_attached(arn) for arn in user.attributes.attached]
    for policy in inline:
        try:
            compiled = compile_policy(policy.document, PolicyKind.IDENTITY, source_id=policy.name)
        except MalformedPolicy as problem:
            # Leaving it out could drop a Deny.
            log.error("an inline policy of %s cannot be read (%s): it denies", user.user_id, problem.rule)
            compiled = _deny_all(policy.name)
        policies.append(compiled)
    return tuple(policies)


@cache
def _attached(arn: str) -> CompiledPolicy:
    """Compile an AWS managed policy, once for the process: it never changes and may be shared."""
    managed = find_managed_policy(arn)
    if managed is None:
        log.error("an attached managed policy is not known: it denies")
        return _deny_all(arn)
    return compile_policy(managed.document, PolicyKind.IDENTITY, source_id=arn)


def _deny_all(source_id: str) -> CompiledPolicy:
    return compile_policy(_DENY_ALL, PolicyKind.IDENTITY, source_id=source_id)


def _weigh(entry: tuple[Credential, int]) -> int:
    return _WEIGHT_BYTES + _WEIGHT_PER_CHARACTER * entry[1]
