"""Rotation of key material: a new one encrypts from now on, the old ones stay for what they encrypted.

A rotation changes neither the key's id nor its policy, its aliases or any ciphertext. A key that is not enabled does
not rotate; what is overdue then happens when it is enabled again.

Source: identity reference 6.6.
"""

from __future__ import annotations

from strongroom.clock import Instant
from strongroom.crypto import envelope
from strongroom.crypto.keyring import Keyring
from strongroom.services.kms.model import KeyRow, Rotation, RotationType
from strongroom.services.kms.service_events import rotation_event
from strongroom.services.kms.tables import insert_material, update_key
from strongroom.store.transaction import Transaction


def rotate(
    transaction: Transaction, keyring: Keyring, key: KeyRow, kind: RotationType, now_ms: Instant
) -> tuple[str, bytes]:
    """Give a key new material.

    An automatic rotation begins the next period; one on demand leaves the schedule as it is.

    Returns:
        The request id of the audit record of the service event, and the record.
    """
    material = envelope.new_key_material(key.arn)
    sealed = envelope.seal_key_material(keyring, material, key.account)
    insert_material(transaction, key.key_id, material.material_id, now_ms, sealed)
    rotation = Rotation(material.material_id, now_ms, kind)
    changed = key.with_attributes(
        current_material=material.material_id, rotations=(*key.attributes.rotations, rotation)
    )
    if kind == "AUTOMATIC":
        changed = changed.with_attributes(rotates_from_ms=now_ms)
    update_key(transaction, changed)
    return rotation_event(key, rotation, key.attributes.current_material, now_ms)
