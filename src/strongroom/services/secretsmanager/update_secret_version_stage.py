"""UpdateSecretVersionStage: attach a staging label to a version, move it, or take it away.

Moving AWSCURRENT moves AWSPREVIOUS to the version that loses it; other labels stay where they are. AWSCURRENT
is never without a version. A version that loses its last label is deprecated, not deleted.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html;
Secrets Manager reference 3.1, 4.9.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.secretsmanager import errors
from strongroom.services.secretsmanager.lookup import find_target, live
from strongroom.services.secretsmanager.model import AWSCURRENT, LABELS_MOST, Secret, move_current
from strongroom.services.secretsmanager.rotation_rows import after_labels
from strongroom.services.secretsmanager.shapes import (
    SecretARN,
    SecretId,
    ShownName,
    VersionId,
    VersionStage,
)
from strongroom.services.secretsmanager.tables import find_version, update_secret
from strongroom.wire.shapes import Shape, renamed


class Request(Shape):
    """The label, where it is and where it shall be."""

    secret_id: SecretId
    version_stage: VersionStage
    remove_from_version_id: VersionId | None = None
    move_to_version_id: VersionId | None = None


class Response(Shape):
    """The secret."""

    arn: SecretARN | None = renamed("ARN", default=None)
    name: ShownName | None = None


def target(context: Context, request: Request) -> Target:
    """Name the secret; the label is a condition key."""
    return find_target(context, request.secret_id, {"secretsmanager:versionstage": (request.version_stage,)})


def handle(context: Context, request: Request, target: Target) -> Response:
    """Move the label."""
    secret = live(target)
    labels = moved_labels(
        secret, request.version_stage, request.remove_from_version_id, request.move_to_version_id
    )
    receiver = request.move_to_version_id
    if receiver is not None and find_version(context.rows, secret.secret_id, receiver) is None:
        raise errors.version_not_found(receiver)
    if labels != secret.labels:
        changed = msgspec.structs.replace(
            secret,
            changed_ms=context.now_ms,
            attributes=msgspec.structs.replace(secret.attributes, labels=labels),
        )
        changed = after_labels(context.transaction, secret, changed, context.now_ms)
        update_secret(context.transaction, changed)
    return Response(arn=secret.arn, name=secret.name)


def moved_labels(secret: Secret, stage: str, giver: str | None, receiver: str | None) -> dict[str, str]:
    """Give the labels of a secret after the move of one.

    Args:
        secret: The secret as it is stored.
        stage: The label.
        giver: ``RemoveFromVersionId``; must be the version that has the label.
        receiver: ``MoveToVersionId``.

    Raises:
        Fault: The caller is wrong about where the label is, or AWSCURRENT would be lost, or there would be
            more than 20 labels.
    """
    holder = secret.labels.get(stage)
    labels = dict(secret.labels)
    if giver is None and receiver is None:
        raise errors.no_version_named()
    if giver is not None and giver != holder:
        raise errors.not_the_holder(stage)
    if receiver is None:
        if stage == AWSCURRENT:
            raise errors.current_must_stay(stage)
        del labels[stage]
        return labels
    if giver is None and holder is not None and holder != receiver:
        raise errors.holder_not_named(stage, holder)
    if stage == AWSCURRENT:
        move_current(labels, receiver)
    else:
        labels[stage] = receiver
    if len(labels) > LABELS_MOST:
        raise errors.too_many_labels()
    return labels


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the ARN and the name."""
    return {"arn": response.arn, "name": response.name}


UPDATE_SECRET_VERSION_STAGE = Operation(
    name="UpdateSecretVersionStage",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="secretsmanager:UpdateSecretVersionStage",
    target=target,
    handle=handle,
    recorded_request=("secret_id", "version_stage", "remove_from_version_id", "move_to_version_id"),
    recorded_response=recorded_response,
)
