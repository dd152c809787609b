"""How the labels of a secret stand to its rotation."""

from __future__ import annotations

from strongroom.rotation.machine import Standing
from strongroom.services.secretsmanager.model import AWSCURRENT, AWSPENDING, Secret
from strongroom.services.secretsmanager.rotation_rows import RotationRow
from strongroom.services.secretsmanager.tables import find_version
from strongroom.store.rows import Rows


def standing_of(rows: Rows, secret: Secret, row: RotationRow) -> Standing:
    """Say how the labels of a secret stand to its rotation."""
    work = row.work
    if find_version(rows, secret.secret_id, work.token) is None:
        return Standing.GONE
    current = secret.labels.get(AWSCURRENT, "")
    if current == work.token:
        return Standing.PROMOTED
    if secret.labels.get(AWSPENDING) != work.token or current != work.base:
        return Standing.DISPLACED
    rotation = secret.attributes.rotation
    if secret.deleted_ms is not None or rotation is None or not rotation.is_enabled:
        return Standing.CANCELLED
    return Standing.PENDING
