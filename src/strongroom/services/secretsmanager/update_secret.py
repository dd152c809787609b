"""UpdateSecret: change a secret's description, key or value.

With a value it stores a new version, as PutSecretValue without labels does. What the call does not name stays
as it is; an empty description removes it, an empty key goes back to the default key.

With another key (KmsKeyId) the versions labelled AWSCURRENT, AWSPENDING and AWSPREVIOUS can be opened with it
and with the key before: their data keys are encrypted again, not their values. Without the right to decrypt
with the old key or to encrypt with the new one they stay as they are. Partner types (``Type``) are not served
yet.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecret.html; Secrets Manager
reference 3.2, 4.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from strongroom.gateway.context import Context, refuse_unserved
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.secretsmanager import errors
from strongroom.services.secretsmanager.lookup import find_target, live
from strongroom.services.secretsmanager.model import AWSCURRENT, AWSPENDING, AWSPREVIOUS, Secret
from strongroom.services.secretsmanager.shapes import (
    ClientRequestToken,
    Description,
    KmsKeyId,
    SecretARN,
    SecretBinary,
    SecretId,
    SecretString,
    SecretType,
    ShownName,
    VersionId,
)
from strongroom.services.secretsmanager.tables import find_version, update_secret, update_version
from strongroom.services.secretsmanager.values import (
    check_key_access,
    key_conditions,
    read_key,
    read_value,
    under_new_key,
)
from strongroom.services.secretsmanager.writing import check_token, write_version
from strongroom.wire.shapes import Shape, renamed


class Request(Shape):
    """What is to be changed."""

    secret_id: SecretId
    client_request_token: ClientRequestToken | None = None
    description: Description | None = None
    kms_key_id: KmsKeyId | None = None
    secret_binary: SecretBinary | None = None
    secret_string: SecretString | None = None
    type: SecretType | None = None


class Response(Shape):
    """The secret; ``VersionId`` only when a value was given."""

    arn: SecretARN | None = renamed("ARN", default=None)
    name: ShownName | None = None
    version_id: VersionId | None = None


def target(context: Context, request: Request) -> Target:
    """Name the secret. That a token is missing comes before whether the secret exists (recorded)."""
    check_token(request.client_request_token)
    conditions: dict[str, tuple[str, ...]] = {}
    if request.description is not None:
        conditions["secretsmanager:description"] = (request.description,)
    if request.type is not None:
        conditions["secretsmanager:type"] = (request.type,)
    target = find_target(context, request.secret_id, conditions)
    # A key's name is one in the account of the secret, whoever asks.
    of_key = key_conditions(context, target.account, request.kms_key_id)
    return msgspec.structs.replace(target, conditions={**target.conditions, **of_key}) if of_key else target


def handle(context: Context, request: Request, target: Target) -> Response:
    """Change the metadata, then write the version."""
    secret = live(target)
    if request.type:
        raise refuse_unserved("UpdateSecret with Type", "this version has no partner secrets yet.")
    token = check_token(request.client_request_token)
    value = read_value(request.secret_string, request.secret_binary)
    changed = _with_metadata(context, secret, request)
    if changed is not secret:
        update_secret(context.transaction, changed)
    if request.kms_key_id is not None:
        _change_key(context, changed)
    if value is None:
        return Response(arn=changed.arn, name=changed.name)
    if changed.account != context.account and not changed.attributes.key:
        raise errors.default_key_across_accounts()
    changed, version = write_version(context, changed, token, value, None)
    return Response(arn=changed.arn, name=changed.name, version_id=version.version_id)


def _change_key(context: Context, secret: Secret) -> None:
    """Try the key that a secret has now, then let its labelled versions be opened with it."""
    if secret.account != context.account and not secret.attributes.key:
        raise errors.default_key_across_accounts()
    check_key_access(context, secret)
    holders = {secret.labels.get(label, "") for label in (AWSCURRENT, AWSPENDING, AWSPREVIOUS)} - {""}
    for version_id in sorted(holders):
        version = find_version(context.rows, secret.secret_id, version_id)
        if version is not None and version.has_value:
            rewrapped = under_new_key(context, secret, version)
            if rewrapped is not None:
                update_version(context.transaction, rewrapped)


def _with_metadata(context: Context, secret: Secret, request: Request) -> Secret:
    """Give the secret with the description and the key of the request; the same one when it names neither."""
    if request.description is None and request.kms_key_id is None:
        return secret
    attributes = secret.attributes
    if request.description is not None:
        attributes = msgspec.structs.replace(attributes, description=request.description or None)
    if request.kms_key_id is not None:
        key = read_key(context, secret.account, request.kms_key_id)
        attributes = msgspec.structs.replace(attributes, key=key)
    return msgspec.structs.replace(secret, changed_ms=context.now_ms, attributes=attributes)


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the ARN, the name and the version; never the value."""
    shown = {"arn": response.arn, "name": response.name, "versionId": response.version_id}
    return {name: value for name, value in shown.items() if value is not None}


UPDATE_SECRET = Operation(
    name="UpdateSecret",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="secretsmanager:UpdateSecret",
    target=target,
    handle=handle,
    recorded_request=("secret_id", "client_request_token", "description", "kms_key_id", "type"),
    recorded_response=recorded_response,
)
