"""RotateSecret: configure the rotation of a secret, and begin one.

The call answers at once; the rotation process does the work. Nothing is kept when the function is not there or may
not be invoked. With RotateImmediately false only the configuration is tested, and the first rotation is that of the
next window.

Built-in functions need no permission statement; the policy of any other must let ``secretsmanager.amazonaws.com``
invoke it. A secret whose JSON has a known ``engine`` needs no function at all. Whoever names a function must be
allowed ``lambda:InvokeFunction`` on it; whoever configures alternating users must be allowed to read the
administrator's secret, because the rotation will use it (P-08, R-02). A function of the Lambda service reads it with
the rights of its own role.

While an earlier rotation is not complete the call is refused, and that rotation is tried again at once.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html; Secrets Manager
reference 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from strongroom.errors import StrongroomError
from strongroom.gateway.authorisation import authorise
from strongroom.gateway.context import Context, refuse_unserved
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.ids import new_uuid
from strongroom.services.lambda_.contract import NotInvocable, check_invocable, invocation_target
from strongroom.services.secretsmanager import errors
from strongroom.services.secretsmanager.lookup import existing, find_target, live
from strongroom.services.secretsmanager.model import AWSCURRENT, AWSPENDING, Rotation, Secret, Version
from strongroom.services.secretsmanager.rotation_functions import (
    BuiltIn,
    built_in_for,
    find_built_in,
    parse_function_arn,
    what_is_missing,
)
from strongroom.services.secretsmanager.rotation_rows import (
    IMMEDIATE_WINDOW_MS,
    RotationRow,
    find_rotation,
    is_unfinished,
    scheduled,
    wake,
)
from strongroom.services.secretsmanager.rotation_rules import with_rules
from strongroom.services.secretsmanager.rotation_start import give_up_displaced, start_rotation
from strongroom.services.secretsmanager.shapes import (
    ClientRequestToken,
    ExternalSecretRotationMetadataItem,
    RoleARN,
    RotationRules,
    SecretARN,
    SecretId,
    ShownName,
    VersionId,
)
from strongroom.services.secretsmanager.tables import find_version
from strongroom.services.secretsmanager.values import Value, open_version, seal_version
from strongroom.strict_json import load_json
from strongroom.wire.shapes import Shape, limits, renamed


class Request(Shape):
    """Which secret, with which function, and when."""

    secret_id: SecretId
    client_request_token: ClientRequestToken | None = None
    rotation_lambda_arn: Annotated[str, limits(0, 2048)] | None = renamed("RotationLambdaARN", default=None)
    rotation_rules: RotationRules | None = None
    external_secret_rotation_metadata: list[ExternalSecretRotationMetadataItem] | None = None
    external_secret_rotation_role_arn: RoleARN | None = None
    rotate_immediately: bool | None = None


class Response(Shape):
    """The secret, and the version that is rotated in."""

    arn: SecretARN | None = renamed("ARN", default=None)
    name: ShownName | None = None
    version_id: VersionId | None = None


def target(context: Context, request: Request) -> Target:
    """Name the secret. That a token is missing comes before whether the secret exists (recorded)."""
    if request.client_request_token is None:
        raise errors.rotation_token_missing()
    conditions = {
        "secretsmanager:modifyrotationrules": ("true" if request.rotation_rules is not None else "false",)
    }
    if request.rotation_lambda_arn:
        conditions["secretsmanager:rotationlambdaarn"] = (request.rotation_lambda_arn,)
    if request.rotate_immediately is not None:
        conditions["secretsmanager:rotateimmediately"] = ("true" if request.rotate_immediately else "false",)
    if request.external_secret_rotation_role_arn is not None:
        conditions["secretsmanager:externalsecretrotationrolearn"] = (
            request.external_secret_rotation_role_arn,
        )
    return find_target(context, request.secret_id, conditions)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Check everything, keep the configuration, and begin."""
    secret = live(target)
    token = request.client_request_token
    assert token is not None, "checked when the target was named"
    if request.external_secret_rotation_metadata or request.external_secret_rotation_role_arn:
        raise refuse_unserved(
            "RotateSecret with an external role", "this version has no partner secrets yet."
        )
    kept = secret.attributes.rotation or Rotation(is_enabled=False)
    function_arn = request.rotation_lambda_arn or kept.function
    rotation = with_rules(
        msgspec.structs.replace(
            kept,
            is_enabled=True,
            function=function_arn,
            configured_by=(context.caller.principal.arn, context.caller.principal.unique_id),
        ),
        request.rotation_rules,
    )
    current = _current(context, secret)
    if function_arn and find_built_in(function_arn, secret.account, secret.region) is None:
        _check_lambda(context, secret, function_arn)
        if current is None:
            raise errors.not_fit_for_rotation("the secret has no value")
        # What the value is like is the function's matter: it is opened only to be copied for a test.
        value = _open(context, secret, current) if request.rotate_immediately is False else None
        rotation = msgspec.structs.replace(rotation, administrators=())
    else:
        value = _open(context, secret, current)
        function = _choose_function(context, secret, function_arn, value)
        rotation = _with_administrators(context, rotation, function, value)
    row = find_rotation(context.rows, secret.secret_id)
    if row is not None and row.work.token == token and secret.labels.get(AWSPENDING) == token:
        wake(context.transaction, secret.secret_id, context.now_ms)  # the same call again: it is driven on
        return Response(arn=secret.arn, name=secret.name, version_id=token)
    if secret.labels.get(AWSCURRENT) == token and current is not None and row is not None:
        return Response(arn=secret.arn, name=secret.name, version_id=token)  # and this one has succeeded
    if find_version(context.rows, secret.secret_id, token) is not None:
        raise errors.rotation_token_reused(token, secret.arn)
    _refuse_while_incomplete(context, secret, row)
    rotation, _ = scheduled(secret, rotation, context.now_ms)
    configured = msgspec.structs.replace(
        secret,
        changed_ms=context.now_ms,
        attributes=msgspec.structs.replace(secret.attributes, rotation=rotation),
    )
    if request.rotate_immediately is False:
        _test(context, configured, current, value)
        return Response(arn=secret.arn, name=secret.name)
    closes_ms = context.now_ms + IMMEDIATE_WINDOW_MS
    _, event = start_rotation(context.transaction, configured, token, context.now_ms, closes_ms)
    context.inner_records.append(event[1])
    return Response(arn=secret.arn, name=secret.name, version_id=token)


def _current(context: Context, secret: Secret) -> Version | None:
    """Give the current version; None where none has a value."""
    holder = secret.labels.get(AWSCURRENT)
    version = find_version(context.rows, secret.secret_id, holder) if holder is not None else None
    return version if version is not None and version.has_value else None


def _open(context: Context, secret: Secret, version: Version | None) -> Value | None:
    return None if version is None else open_version(context, secret, version)


def _check_lambda(context: Context, secret: Secret, arn: str) -> None:
    """Check that the caller, and the service for this secret, may invoke a function of the Lambda service.

    Raises:
        Fault: One of them may not, or it is no function of this Region, or not there.
    """
    parts = parse_function_arn(arn)
    if parts is None or parts.region != secret.region:
        raise errors.invalid_rotation_function()
    # The owner of a function in another account lets the service in, for this account's secrets; whether its callers
    # may name it is a matter of their own policies.
    is_ours = parts.account == secret.account
    named = invocation_target(context, arn) if is_ours else Target(arn, secret.account, label=arn)
    authorise(context, "lambda:InvokeFunction", named)
    try:
        check_invocable(context, arn, "secretsmanager", secret.arn, secret.account)
    except NotInvocable as problem:
        raise errors.rotation_function_refused() from problem


def _choose_function(context: Context, secret: Secret, arn: str, value: Value | None) -> BuiltIn:
    """Find the built-in function that rotates the secret, and check that it can.

    Raises:
        Fault: There is none, it may not be invoked, or the value is not as it needs it.
    """
    members = _members(value)
    if not arn:
        chosen = built_in_for(members)
        if chosen is None:
            raise errors.no_rotation_function()
    else:
        found = find_built_in(arn, secret.account, secret.region)
        assert found is not None, "any other is a function of the Lambda service"
        authorise(context, "lambda:InvokeFunction", Target(arn, secret.account, label=arn))
        chosen = found
    if value is None:
        raise errors.not_fit_for_rotation("the secret has no value")
    missing = what_is_missing(chosen, members)
    if missing:
        raise errors.not_fit_for_rotation(missing)
    return chosen


def _with_administrators(
    context: Context, rotation: Rotation, function: BuiltIn, value: Value | None
) -> Rotation:
    """Remember which administrator's secret the caller may lend to the rotation.

    Raises:
        Fault: There is no such secret, or the caller may not read it.
    """
    if not function.needs_administrator:
        return msgspec.structs.replace(rotation, administrators=())
    lent = find_target(context, str(_members(value)["masterarn"]))
    authorise(context, "secretsmanager:GetSecretValue", lent)
    administrator = existing(lent)
    if administrator.account != context.account and not administrator.attributes.key:
        raise errors.default_key_across_accounts()
    return msgspec.structs.replace(rotation, administrators=(administrator.arn,))


def _members(value: Value | None) -> dict[str, Any]:
    """Read the value as a JSON object; what is none has no members."""
    if value is None or value.field != "SecretString":
        return {}
    try:
        members = load_json(value.plaintext.reveal())
    except StrongroomError:
        return {}
    return members if isinstance(members, dict) else {}


def _refuse_while_incomplete(context: Context, secret: Secret, row: RotationRow | None) -> None:
    """Refuse a rotation beside another one.

    Raises:
        Fault: AWSPENDING is on a version other than the current one, or a rotation is still being settled.
    """
    is_under_way = row is not None and bool(row.work.token)
    if not is_unfinished(secret):
        if row is None or not is_under_way:
            return
        event = give_up_displaced(context.transaction, secret, row, context.now_ms)
        if event is not None:
            context.inner_records.append(event[1])
            return
    if is_under_way:
        wake(context.transaction, secret.secret_id, context.now_ms)
    raise errors.rotation_not_complete(is_driven=is_under_way)


def _test(context: Context, secret: Secret, current: Version | None, value: Value | None) -> None:
    """Begin the test of the configuration: AWSPENDING, for a while, on a copy of the current value (recorded)."""
    assert current is not None, "a secret without a value was refused"
    assert value is not None
    token = new_uuid()
    closes_ms = context.now_ms + IMMEDIATE_WINDOW_MS
    copy = seal_version(context, secret, token, value)
    _, event = start_rotation(context.transaction, secret, token, context.now_ms, closes_ms, tested=copy)
    context.inner_records.append(event[1])


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the ARN, the name and the version."""
    shown = {"arn": response.arn, "name": response.name, "versionId": response.version_id}
    return {name: value for name, value in shown.items() if value is not None}


ROTATE_SECRET = Operation(
    name="RotateSecret",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="secretsmanager:RotateSecret",
    target=target,
    handle=handle,
    recorded_request=(
        "secret_id",
        "client_request_token",
        "rotation_lambda_arn",
        "rotation_rules",
        "external_secret_rotation_metadata",
        "external_secret_rotation_role_arn",
        "rotate_immediately",
    ),
    recorded_response=recorded_response,
)
