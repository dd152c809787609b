"""AssumeRole: temporary credentials of a role, for who is trusted by it.

The role's trust policy must let the caller; where it names the caller's account, or the role is of another account,
an identity policy must too. Passing tags, or having inherited some, needs ``sts:TagSession`` besides, a source
identity ``sts:SetSourceIdentity``. Session policies can only take away. A session lives for 900 s up to what the
role allows (an hour by default), at most one hour when the caller is a role's session itself; it ends at once when
the role is deleted. A role that is absent and one that does not trust the caller are refused with the same words.

``ProvidedContexts`` are refused. Errors: AccessDenied, MalformedPolicyDocument, PackedPolicyTooLarge,
InvalidParameterValue, ValidationError.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html; identity reference 5.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from strongroom.audit.record import Resource
from strongroom.gateway.authorisation import authorise
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.contract import Role
from strongroom.services.sts import errors, issuing, model
from strongroom.services.sts.role_sessions import RoleSession
from strongroom.services.sts.roles import duration, role_target
from strongroom.services.sts.second_factor import factor_conditions, shown_at_s, shows_factor
from strongroom.services.sts.shapes import (
    Arn,
    AssumedRoleUser,
    Credentials,
    LeastTokenBytes,
    PolicyDescriptor,
    RoleDuration,
    RoleSessionName,
    SerialNumber,
    Size,
    SourceIdentity,
    TagKeys,
    Tags,
    TokenCode,
)
from strongroom.wire.shapes import Shape, limits


class ProvidedContext(Shape):
    """A signed context of an identity provider."""

    provider_arn: Arn | None = None
    context_assertion: Annotated[str, limits(4, 2048)] | None = None


class Request(Shape):
    """The role, the name of the session, and what limits and describes it."""

    role_arn: Arn
    role_session_name: RoleSessionName
    policy_arns: list[PolicyDescriptor] | None = None
    policy: Annotated[str, limits(1, pattern=r"[\u0009\u000A\u000D\u0020-\u00FF]+")] | None = None
    duration_seconds: RoleDuration | None = None
    tags: Tags | None = None
    transitive_tag_keys: TagKeys | None = None
    external_id: Annotated[str, limits(2, 1224, pattern=r"[\w+=,.@:\/-]*")] | None = None
    serial_number: SerialNumber | None = None
    token_code: TokenCode | None = None
    source_identity: SourceIdentity | None = None
    provided_contexts: Annotated[list[ProvidedContext], limits(1, 5)] | None = None
    minimum_session_token_size: LeastTokenBytes | None = None


class Response(Shape):
    """The credentials, and who they make their bearer."""

    credentials: Credentials | None = None
    assumed_role_user: AssumedRoleUser | None = None
    packed_policy_size: Size | None = None
    source_identity: SourceIdentity | None = None
    session_token_utilization: Size | None = None
    session_token_size: Size | None = None


def target(context: Context, request: Request) -> Target:
    """Name the role; what the request says of the session are condition keys.

    Raises:
        Fault: It is not the ARN of a role, or the caller is the root of an account.
    """
    conditions = issuing.request_tag_keys(request.tags)
    conditions["sts:rolesessionname"] = (request.role_session_name,)
    if request.external_id is not None:
        conditions["sts:externalid"] = (request.external_id,)
    if request.source_identity is not None:
        conditions["sts:sourceidentity"] = (request.source_identity,)
    if request.transitive_tag_keys:
        conditions["sts:transitivetagkeys"] = tuple(request.transitive_tag_keys)
    if request.duration_seconds is not None:
        conditions["sts:durationseconds"] = (str(request.duration_seconds),)
    if context.caller.principal.type == "Account":
        raise errors.root_may_not_assume()
    return role_target(context, request.role_arn, {**conditions, **factor_conditions(context, request)})


def handle(context: Context, request: Request, target: Target) -> Response:
    """Issue the credentials."""
    role = target.found
    assert isinstance(role, Role)  # nobody is trusted by a role that is absent
    context.resources.append(Resource(role.account, "AWS::IAM::Role", role.arn))
    session = context.caller.temporary
    passed = issuing.read_tags(request.tags)
    tags, transitive = issuing.inherit_tags(
        session, passed, issuing.read_transitive(request.transitive_tag_keys, passed)
    )
    if tags:
        authorise(context, "sts:TagSession", target)
    source_identity = _source_identity(context, request)
    if source_identity is not None:
        authorise(context, "sts:SetSourceIdentity", target)
    if request.provided_contexts:
        raise errors.contexts_not_served()
    duration_s = duration(
        role,
        request.duration_seconds,
        model.ROLE_DEFAULT_S,
        is_chained=context.caller.principal.type == "AssumedRole",
        most_chained_s=model.CHAINED_MOST_S,
    )
    packed = issuing.pack(
        context,
        role.account,
        policy=request.policy,
        policy_arns=request.policy_arns,
        tags=tags,
        transitive=transitive,
    )
    issued = RoleSession(
        role,
        request.role_session_name,
        duration_s,
        packed,
        source_identity=source_identity,
        mfa_s=shown_at_s(context, target),
    )
    credentials = issued.issue(context, request.minimum_session_token_size)
    return Response(
        credentials=credentials,
        assumed_role_user=issued.bearer,
        packed_policy_size=packed.percent,
        source_identity=source_identity,
        session_token_utilization=issuing.token_utilization(credentials),
        session_token_size=len(credentials.session_token),
    )


def _source_identity(context: Context, request: Request) -> str | None:
    """Give the source identity of the new session: once it is set it goes on and does not change."""
    session = context.caller.temporary
    inherited = None if session is None else session.source_identity
    if inherited is not None and request.source_identity not in (None, inherited):
        raise errors.other_source_identity()
    return inherited or request.source_identity


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show whose credentials they are and until when."""
    assert response.credentials is not None
    assert response.assumed_role_user is not None
    shown: dict[str, Any] = {
        "credentials": issuing.record_credentials(response.credentials),
        "assumedRoleUser": issuing.record_bearer(response.assumed_role_user),
    }
    if response.packed_policy_size is not None:
        shown["packedPolicySize"] = response.packed_policy_size
    if response.source_identity is not None:
        shown["sourceIdentity"] = response.source_identity
    return shown


ASSUME_ROLE = Operation(
    name="AssumeRole",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="sts:AssumeRole",
    target=target,
    handle=handle,
    recorded_request=(
        "role_arn",
        "role_session_name",
        "policy_arns",
        "policy",
        "duration_seconds",
        "tags",
        "transitive_tag_keys",
        "external_id",
        "serial_number",
        "source_identity",
    ),
    recorded_response=recorded_response,
    changes=shows_factor,
    is_unbuffered=True,
)
