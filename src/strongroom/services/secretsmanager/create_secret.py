"""CreateSecret: make a secret, with or without a first version.

The ARN ends in six characters drawn anew, so that grants on an earlier secret of the same name do not carry
over. With a value the secret gets a version labelled AWSCURRENT, whose id is the token. Repeating a call with
the same token and value succeeds and changes nothing.

A customer's key (KmsKeyId) is used as the caller, who needs kms:GenerateDataKey and kms:Decrypt on it; whether
that is so is tried even without a value. Replicas and partner types (``Type``) are not served yet.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html; Secrets Manager
reference 2.1, 3.2, 4.1, 8, 9.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from strongroom.gateway.authorisation import authorise
from strongroom.gateway.context import Context, refuse_unserved
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.ids import new_secret_suffix
from strongroom.services.secretsmanager import errors
from strongroom.services.secretsmanager.model import AWSCURRENT, NAME, Attributes, Secret, secret_arn
from strongroom.services.secretsmanager.shapes import (
    ClientRequestToken,
    Description,
    KmsKeyId,
    ReplicaRegion,
    ReplicationStatus,
    SecretARN,
    SecretBinary,
    SecretName,
    SecretString,
    SecretType,
    ShownName,
    Tag,
    VersionId,
)
from strongroom.services.secretsmanager.tables import (
    find_secret,
    find_version,
    insert_secret,
    insert_version,
    new_secret_id,
)
from strongroom.services.secretsmanager.tags import put_tags, read_tags, request_tag_conditions
from strongroom.services.secretsmanager.values import (
    Value,
    check_key_access,
    has_same_value,
    key_conditions,
    read_key,
    read_value,
    seal_version,
)
from strongroom.services.secretsmanager.writing import check_token
from strongroom.wire.shapes import Shape, limits, renamed


class Request(Shape):
    """The name, and what the secret begins with."""

    name: SecretName
    client_request_token: ClientRequestToken | None = None
    description: Description | None = None
    kms_key_id: KmsKeyId | None = None
    secret_binary: SecretBinary | None = None
    secret_string: SecretString | None = None
    tags: list[Tag] | None = None
    add_replica_regions: Annotated[list[ReplicaRegion], limits(1, None)] | None = None
    force_overwrite_replica_secret: bool | None = None
    type: SecretType | None = None
    cross_account_primary_arn: SecretARN | None = renamed("CrossAccountPrimaryARN", default=None)


class Response(Shape):
    """The new secret; ``VersionId`` only when a value was given."""

    arn: SecretARN | None = renamed("ARN", default=None)
    name: ShownName | None = None
    version_id: VersionId | None = None
    replication_status: list[ReplicationStatus] | None = None


def target(context: Context, request: Request) -> Target:
    """Draw the suffix: the decision is on the ARN that the secret will have. ``found`` is the suffix.

    The suffix is drawn for a name that is taken too, so that the decision tells nothing about it (P-09).
    """
    check_token(request.client_request_token)
    if NAME.fullmatch(request.name) is None:
        raise errors.invalid_name()
    suffix = new_secret_suffix()
    conditions = {
        "secretsmanager:name": (request.name,),
        **key_conditions(context, context.account, request.kms_key_id),
        **request_tag_conditions(request.tags),
    }
    if request.description is not None:
        conditions["secretsmanager:description"] = (request.description,)
    if request.type is not None:
        conditions["secretsmanager:type"] = (request.type,)
    arn = secret_arn(context.region, context.account, request.name, suffix)
    return Target(arn, context.account, request.name, suffix, conditions)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Make the secret, or find that the same call made it before."""
    _refuse_unserved(request)
    if request.tags:
        authorise(context, "secretsmanager:TagResource", target)
    token = check_token(request.client_request_token)
    value = read_value(request.secret_string, request.secret_binary)
    tags = put_tags(None, read_tags(request.tags or ()))
    key = read_key(context, context.account, request.kms_key_id or "")
    taken = find_secret(context.rows, context.account, context.region, request.name)
    if taken is not None:
        return _made_before(context, taken, token, value)
    secret = Secret(
        secret_id=new_secret_id(context.transaction, context.now_ms),
        account=context.account,
        region=context.region,
        name=request.name,
        suffix=target.found,
        created_ms=context.now_ms,
        changed_ms=context.now_ms,
        accessed_ms=0,
        deleted_ms=None,
        purge_ms=None,
        attributes=Attributes(
            labels={} if value is None else {AWSCURRENT: token},
            description=request.description or None,
            key=key,
            tags=tags,
        ),
    )
    check_key_access(context, secret)
    insert_secret(context.transaction, secret)
    if value is None:
        return Response(arn=secret.arn, name=secret.name)
    insert_version(context.transaction, seal_version(context, secret, token, value))
    return Response(arn=secret.arn, name=secret.name, version_id=token)


def _refuse_unserved(request: Request) -> None:
    if request.add_replica_regions is not None or request.cross_account_primary_arn is not None:
        raise refuse_unserved("CreateSecret with replicas", "this version does not replicate secrets yet.")
    if request.type:
        raise refuse_unserved("CreateSecret with Type", "this version has no partner secrets yet.")


def _made_before(context: Context, secret: Secret, token: str, value: Value | None) -> Response:
    """Answer a call for a name that is taken: only a repetition of the call that made it succeeds."""
    if secret.deleted_ms is not None:
        raise errors.name_is_being_deleted()
    version = find_version(context.rows, secret.secret_id, token)
    if version is None:
        raise errors.name_exists(secret.name)
    if value is None or not has_same_value(context, secret, version, value):
        raise errors.token_reused(token, secret.arn)
    return Response(arn=secret.arn, name=secret.name, version_id=token)


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the ARN, the name and the version; never the value."""
    shown = {"arn": response.arn, "name": response.name, "versionId": response.version_id}
    return {name: value for name, value in shown.items() if value is not None}


CREATE_SECRET = Operation(
    name="CreateSecret",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="secretsmanager:CreateSecret",
    target=target,
    handle=handle,
    recorded_request=(
        "name",
        "client_request_token",
        "description",
        "kms_key_id",
        "tags",
        "add_replica_regions",
        "force_overwrite_replica_secret",
        "type",
        "cross_account_primary_arn",
    ),
    recorded_response=recorded_response,
)
