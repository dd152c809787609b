"""Keys in force: a key with its opened materials, compiled policy and grants, kept in the row cache as one.

Rules:
 - Whatever is changed of a key changes its row, so one cache key stands for all of it, and what was changed
   holds from the next request on (K-05).
 - A ciphertext is opened with the material that its authenticated head names, never by trying (K-04).
 - A stored policy that cannot be compiled lets nobody in.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Final

from strongroom.audit.record import Resource
from strongroom.crypto import envelope
from strongroom.crypto.keyring import Keyring
from strongroom.gateway.compiling import COMPILED
from strongroom.policy.compile import CompiledPolicy, compile_policy
from strongroom.policy.document import MalformedPolicy, PolicyKind
from strongroom.policy.match import fold
from strongroom.policy.model import PrincipalName
from strongroom.policy.principals import PrincipalSet
from strongroom.services.kms import errors
from strongroom.services.kms.model import ENABLED, PENDING_DELETION, SYMMETRIC, Grant, KeyRow
from strongroom.services.kms.policies import managed_policy
from strongroom.services.kms.tables import (
    Alias,
    alias_key,
    find_alias,
    find_key,
    find_policy,
    key_key,
    list_grants,
    sealed_material,
)
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows

log = logging.getLogger(__name__)

RESOURCE_TYPE: Final = "AWS::KMS::Key"
GENERAL_CONDITIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "kms:keyspec": (SYMMETRIC,),
    "kms:keyusage": ("ENCRYPT_DECRYPT",),
    "kms:keyorigin": ("AWS_KMS",),
    "kms:multiregion": ("false",),
}
"""The condition keys that are the same for every key here."""
_ACCOUNT_ROOT: Final = re.compile(r"arn:aws:iam::([0-9]{12}):root", re.ASCII)
_DENY_ALL: Final = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}'
)


class HeldGrant:
    """A grant, with the names of its grantee made ready for comparison."""

    __slots__ = ("grant", "grantee")

    def __init__(self, grant: Grant) -> None:
        self.grant = grant
        ids = {grant.grantee: grant.grantee_id} if grant.grantee_id else {}
        self.grantee = PrincipalSet((PrincipalName("AWS", grant.grantee),), ids)


class KeyInForce:
    """A key and all that decides about it; lives in the row cache.

    Attributes:
        key: Its row.
        arn: Its ARN.
        policy: Its compiled policy.
        document: The policy's text.
        grants: Its grants, the first of them first.
        grants_by_name: The same, by what their grantees are known by: a unique id, an account id, or an ARN.
        resource: How audit records name it.
        conditions: The condition keys that follow from the key alone.
        stamp: Stands for all of this as long as it holds.
    """

    __slots__ = (
        "_materials",
        "arn",
        "conditions",
        "document",
        "grants",
        "grants_by_name",
        "key",
        "policy",
        "principal_ids",
        "resource",
        "stamp",
    )

    def __init__(
        self, key: KeyRow, document: str, principal_ids: Mapping[str, str], grants: list[Grant]
    ) -> None:
        self.key = key
        self.arn = key.arn
        self.document = document
        self.principal_ids = principal_ids
        self.policy = _compile(key, document, principal_ids)
        self.grants = tuple(HeldGrant(grant) for grant in grants)
        self.grants_by_name: dict[str, list[HeldGrant]] = {}
        for one in self.grants:
            self.grants_by_name.setdefault(_name_of_grantee(one.grant), []).append(one)
        self.resource = Resource(key.account, RESOURCE_TYPE, self.arn)
        self.conditions = _conditions(key)
        self.stamp = object()
        self._materials: dict[str, envelope.KeyMaterial] = {}

    def check_enabled(self) -> None:
        """Refuse a key that cannot be used now.

        Raises:
            Fault: It is disabled, or waits for its deletion.
        """
        state = self.key.attributes.state
        if state == ENABLED:
            return
        if state == PENDING_DELETION:
            raise errors.pending_deletion(self.key.arn)
        raise errors.disabled(self.key.arn)

    def check_not_pending(self) -> None:
        """Refuse a key that waits for its deletion.

        Raises:
            Fault: It does.
        """
        if self.key.attributes.state == PENDING_DELETION:
            raise errors.pending_deletion(self.key.arn)

    def current_material(self, rows: Rows, keyring: Keyring) -> envelope.KeyMaterial:
        """Return the material that encrypts now.

        Raises:
            StoreTampered: It is not there.
        """
        material = self.find_material(rows, keyring, self.key.attributes.current_material)
        if material is None:
            raise StoreTampered("a KMS key has lost its current material")
        return material

    def find_material(self, rows: Rows, keyring: Keyring, material_id: str) -> envelope.KeyMaterial | None:
        """Return the material with this id, or None when the key never had it."""
        material = self._materials.get(material_id)
        if material is None:
            sealed = sealed_material(rows, self.key.key_id, material_id)
            if sealed is None:
                return None
            key = self.key
            material = envelope.open_key_material(keyring, sealed, key.account, key.arn, material_id)
            self._materials[material_id] = material
        return material


def find_key_in_force(rows: Rows, key_id: str) -> KeyInForce | None:
    """Return a key, or None; from the cache when it can be.

    Raises:
        StoreTampered: A row of it was changed outside of Strongroom.
    """
    key = key_key(key_id)
    kept: KeyInForce | None = rows.cache.get(key)
    if kept is not None:
        return kept
    return rows.cached(key, lambda fresh: _load(fresh, key_id), _weigh)


def find_alias_target(rows: Rows, account: str, region: str, name: str) -> str | None:
    """Return the id of the key that an alias stands for, or None.

    Raises:
        StoreTampered: The key does not remember the alias.
    """
    # That there is none is kept as well, in a tuple: every reading asks an account without a default key for it.
    held = rows.cached(
        alias_key(account, region, name), lambda fresh: (_load_alias(fresh, account, region, name),)
    )
    return None if held is None else held[0]


def get_key_of_alias(rows: Rows, alias: Alias) -> KeyRow:
    """Return the key that an alias stands for.

    Raises:
        StoreTampered: There is none, or it does not remember the alias: the alias was moved outside of Strongroom.
    """
    key = find_key(rows, alias.key_id)
    if key is None or not (key.is_managed or any(note.name == alias.name for note in key.attributes.aliases)):
        raise StoreTampered("an alias of a KMS key was changed outside of Strongroom")
    return key


def _name_of_grantee(grant: Grant) -> str:
    if grant.grantee_id:
        return grant.grantee_id
    root = _ACCOUNT_ROOT.fullmatch(grant.grantee)
    return root[1] if root is not None else grant.grantee


def _load(rows: Rows, key_id: str) -> KeyInForce | None:
    with rows.snapshot():
        key = find_key(rows, key_id)
        if key is None:
            return None
        if key.is_managed:
            return KeyInForce(key, managed_policy(key.account, key.region), {}, list_grants(rows, key))
        document, principal_ids = find_policy(rows, key)
        return KeyInForce(key, document, principal_ids, list_grants(rows, key))


def _load_alias(rows: Rows, account: str, region: str, name: str) -> str | None:
    with rows.snapshot():
        alias = find_alias(rows, account, region, name)
        return None if alias is None else get_key_of_alias(rows, alias).key_id


def _compile(key: KeyRow, document: str, principal_ids: Mapping[str, str]) -> CompiledPolicy:
    try:
        return COMPILED.get(document, PolicyKind.KEY, source_id=key.arn, principal_ids=principal_ids)
    except MalformedPolicy:
        log.error("the policy of %s cannot be read; it lets nobody in", key.arn)
        return compile_policy(_DENY_ALL, PolicyKind.KEY, source_id=key.arn)


def _conditions(key: KeyRow) -> dict[str, tuple[str, ...]]:
    keys: dict[str, tuple[str, ...]] = dict(GENERAL_CONDITIONS)
    if key.attributes.aliases:
        keys["kms:resourcealiases"] = tuple(note.name for note in key.attributes.aliases)
    for name, value in key.attributes.tags:
        # Tags that differ by case only share a condition key: the evaluator gets all their values (P-04).
        folded = f"aws:resourcetag/{fold(name)}"
        keys[folded] = (*keys.get(folded, ()), value)
    return keys


def _weigh(held: KeyInForce) -> int:
    return 6_000 + 6 * len(held.document) + 1_500 * len(held.grants)
