"""What every operation that writes a value does: token rules, labels, limits, the new version.

Rules (reference 3.1 and 3.2):
 - The version id is the caller's token. A token that names an existing version succeeds with the same content
   and changes nothing; with other content it is refused.
 - At most 20 labels on a secret. A secret that has 100 versions gets a new one only when one without a label
   and older than a day can go; the collector in the background removes surplus ones besides.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from strongroom.clock import DAY_MS
from strongroom.gateway.context import Context
from strongroom.services.secretsmanager import errors
from strongroom.services.secretsmanager.model import (
    AWSCURRENT,
    LABELS_MOST,
    VERSIONS_MOST,
    Secret,
    Version,
    expendable,
    put_labels,
)
from strongroom.services.secretsmanager.rotation_rows import after_labels
from strongroom.services.secretsmanager.service_events import removal_events
from strongroom.services.secretsmanager.tables import (
    count_versions,
    find_new_version,
    insert_version_later,
    is_far_from_full,
    list_version_ids,
    remove_version,
    update_secret,
    update_version,
)
from strongroom.services.secretsmanager.values import Value, has_same_value, seal_version_later


def check_token(token: str | None) -> str:
    """Return the token.

    Raises:
        Fault: There is none; the SDKs always send one.
    """
    if token is None:
        raise errors.token_missing()
    return token


def write_version(
    context: Context, secret: Secret, token: str, value: Value, stages: list[str] | None
) -> tuple[Secret, Version]:
    """Put a value as a new version of a secret, or find that the same was put before.

    Args:
        context: The request.
        secret: The secret as it is stored.
        token: The version id to be.
        value: The value.
        stages: The labels that the caller listed; None when it listed none.

    Returns:
        The secret and the version as they are afterwards; the version may be without its sealed value.

    Raises:
        Fault: The token is in use for other content, or a limit is reached.
    """
    held = find_new_version(context.transaction, secret.secret_id, token)
    if held is not None and held.has_value:
        if not has_same_value(context, secret, held, value):
            raise errors.token_reused(token, secret.arn)
        return secret, held
    labels = put_labels(secret.labels, token, stages)
    if len(labels) > LABELS_MOST:
        raise errors.too_many_labels()
    version, seal = seal_version_later(context, secret, token, value)
    gone: list[str] = []
    if held is not None:  # a rotation made the version without a value; this fills it, once
        filled = msgspec.structs.replace(version, created_ms=held.created_ms, sealed=seal())
        update_version(context.transaction, filled)
    else:
        gone = _make_room(context, secret, labels)
        insert_version_later(context.transaction, version, seal)
    changed = msgspec.structs.replace(
        secret,
        changed_ms=context.now_ms,
        attributes=msgspec.structs.replace(secret.attributes, labels=labels),
    )
    changed = after_labels(
        context.transaction, secret, changed, context.now_ms, is_new_value=labels.get(AWSCURRENT) == token
    )
    update_secret(context.transaction, changed)
    events = removal_events(secret, gone, context.now_ms)
    context.inner_records.extend(record for _, record in events)
    return changed, version


def _make_room(context: Context, secret: Secret, labels: Mapping[str, str]) -> list[str]:
    """Remove as many old versions as there must be fewer for one more; return their ids."""
    if is_far_from_full(context.transaction, secret.secret_id):
        return []
    surplus = count_versions(context.rows, secret.secret_id) + 1 - VERSIONS_MOST
    if surplus <= 0:
        return []
    old = list_version_ids(context.rows, secret.secret_id, context.now_ms - DAY_MS)
    gone = expendable(old, labels, surplus)
    if len(gone) < surplus:
        raise errors.too_many_versions()
    for version_id in gone:
        remove_version(context.transaction, secret.secret_id, version_id)
    return gone
