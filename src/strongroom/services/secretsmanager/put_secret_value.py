"""PutSecretValue: store a new version of a secret's value.

Without VersionStages the new version becomes AWSCURRENT and the one before AWSPREVIOUS. The value has at most
65,536 bytes; a string may follow a binary value and the other way round. A RotationToken must be the one that the
rotation which is under way gave to its function.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html; Secrets Manager
reference 3.1, 3.2, 4.2.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Annotated, Any

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.secretsmanager import errors
from strongroom.services.secretsmanager.lookup import find_target, live
from strongroom.services.secretsmanager.model import Secret
from strongroom.services.secretsmanager.rotation_rows import find_rotation, rotation_token
from strongroom.services.secretsmanager.shapes import (
    ClientRequestToken,
    RotationToken,
    SecretARN,
    SecretBinary,
    SecretId,
    ShownName,
    VersionId,
    VersionStages,
)
from strongroom.services.secretsmanager.values import read_value
from strongroom.services.secretsmanager.writing import check_token, write_version
from strongroom.wire.shapes import SENSITIVE, Shape, limits, renamed


class Request(Shape):
    """The value, its token and the labels it is to carry."""

    secret_id: SecretId
    client_request_token: ClientRequestToken | None = None
    secret_binary: SecretBinary | None = None
    # The model asks for one character; AWS answers an empty string as if there were no value (reference 4.1).
    secret_string: Annotated[str, limits(0, 65_536), SENSITIVE] | None = None
    version_stages: VersionStages | None = None
    rotation_token: RotationToken | None = None


class Response(Shape):
    """The version that holds the value now, with its labels."""

    arn: SecretARN | None = renamed("ARN", default=None)
    name: ShownName | None = None
    version_id: VersionId | None = None
    version_stages: VersionStages | None = None


def target(context: Context, request: Request) -> Target:
    """Name the secret. That a token is missing comes before whether the secret exists (recorded)."""
    check_token(request.client_request_token)
    return find_target(context, request.secret_id)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Write the version."""
    secret = live(target)
    if secret.account != context.account and not secret.attributes.key:
        raise errors.default_key_across_accounts()
    value = read_value(request.secret_string or None, request.secret_binary)
    if value is None:
        raise errors.value_missing()
    token = check_token(request.client_request_token)
    if request.rotation_token is not None:
        _check_rotation(context, secret, token, request.rotation_token)
    secret, version = write_version(context, secret, token, value, request.version_stages)
    return Response(
        arn=secret.arn,
        name=secret.name,
        version_id=version.version_id,
        version_stages=secret.stages_of(version.version_id) or None,
    )


def _check_rotation(context: Context, secret: Secret, token: str, rotation_token_given: str) -> None:
    """Check that a write that says so is that of the rotation which is under way.

    Raises:
        Fault: No rotation to this version is under way, or the token is not the one its function was given.
    """
    row = find_rotation(context.rows, secret.secret_id)
    is_under_way = row is not None and row.work.token == token
    wanted = rotation_token(context.rows, secret, token)
    if not (hmac.compare_digest(wanted.encode(), rotation_token_given.encode()) and is_under_way):
        raise errors.rotation_token_refused()


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the ARN, the name and the version; never the value."""
    return {"arn": response.arn, "name": response.name, "versionId": response.version_id}


PUT_SECRET_VALUE = Operation(
    name="PutSecretValue",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="secretsmanager:PutSecretValue",
    target=target,
    handle=handle,
    recorded_request=("secret_id", "client_request_token", "version_stages"),
    recorded_response=recorded_response,
)
