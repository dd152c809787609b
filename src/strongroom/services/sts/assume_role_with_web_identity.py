"""AssumeRoleWithWebIdentity: temporary credentials of a role, for the bearer of an OpenID Connect provider's token.

The request is not signed: the token says who asks. The role's account must have the provider
(``CreateOpenIDConnectProvider``), and the role's trust policy must let it (``Principal: {"Federated": its ARN}``), on
the conditions ``<issuer>:aud`` and ``<issuer>:sub`` where it asks for any. Tags and source identity that the provider
puts into the token need ``sts:TagSession`` and ``sts:SetSourceIdentity``. A request whose bearer is not proved leaves
no record.

Errors: AccessDenied, ExpiredTokenException, IDPCommunicationError, InvalidIdentityToken, MalformedPolicyDocument,
PackedPolicyTooLarge, ValidationError.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html;
identity reference 5.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from strongroom.audit.record import Resource, UserIdentity
from strongroom.gateway.authorisation import authorise
from strongroom.gateway.caller import Caller
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.policy.question import Principal, tag_keys
from strongroom.services.iam import contract as iam
from strongroom.services.iam.contract import Role
from strongroom.services.sts import errors, issuing, model
from strongroom.services.sts.role_sessions import RoleSession
from strongroom.services.sts.roles import account_of_role, duration, role_target
from strongroom.services.sts.shapes import (
    Arn,
    AssumedRoleUser,
    Credentials,
    LeastTokenBytes,
    PolicyDescriptor,
    RoleDuration,
    RoleSessionName,
    SessionPolicy,
    Size,
    SourceIdentity,
    Tag,
)
from strongroom.services.sts.web_identity import Bearer, check_signature, fits, prove, read_token
from strongroom.wire.shapes import SENSITIVE, Shape, limits


class Request(Shape):
    """The role, the name of the session, the token, and what limits the session."""

    role_arn: Arn
    role_session_name: RoleSessionName
    web_identity_token: Annotated[str, limits(4, 20_000), SENSITIVE]
    provider_id: Annotated[str, limits(4, 2_048)] | None = None
    policy_arns: list[PolicyDescriptor] | None = None
    policy: SessionPolicy | None = None
    duration_seconds: RoleDuration | None = None
    minimum_session_token_size: LeastTokenBytes | None = None


class Response(Shape):
    """The credentials, who they make their bearer, and whom the token was about."""

    credentials: Credentials | None = None
    subject_from_web_identity_token: Annotated[str, limits(6, 255)] | None = None
    assumed_role_user: AssumedRoleUser | None = None
    packed_policy_size: Size | None = None
    provider: str | None = None
    audience: str | None = None
    source_identity: SourceIdentity | None = None
    session_token_utilization: Size | None = None
    session_token_size: Size | None = None


def identify(context: Context, request: Request) -> Caller:
    """Find out who bears the token.

    What is cheap comes first: nobody makes us fetch keys for a role that does not exist or names no such provider.

    Raises:
        Fault: The token proves nothing.
    """
    account = account_of_role(request.role_arn)
    if account is None:
        raise errors.invalid_web_identity_arn()
    role = iam.find_role(context.rows, request.role_arn)
    if role is None or ":oidc-provider/" not in role.attributes.trust:
        raise errors.not_authorised_web_identity()
    token = read_token(request.web_identity_token)
    if not token.issuer:
        raise errors.claim_missing("iss")
    provider = iam.find_oidc_provider(context.rows, account, token.issuer)
    if provider is None:
        raise errors.no_provider(token.issuer[:256])
    if provider.arn not in role.attributes.trust:  # spares the fetch; the decision is the evaluator's
        raise errors.not_authorised_web_identity()
    from strongroom.services.sts.provider_keys import NoKeys  # with what fetches: most deployments never do

    source = context.deployment.provider_keys()
    try:
        keys = source.find(token.issuer, token.key_id)
    except NoKeys as problem:
        raise (errors.provider_silent() if problem.may_pass else errors.keys_unavailable()) from problem
    check_signature(
        token,
        [key.members for key in keys if fits(token.algorithm, key.type, key.curve, key.algorithm)],
    )
    bearer = prove(token, provider.attributes.client_ids, source.wall_clock())
    return Caller(
        principal=Principal("Federated", provider.arn, ""),
        kind="WebIdentityUser",
        user_name=bearer.subject,
        access_key_id="",
        identity=(),
        own_keys={**dict(bearer.keys), "aws:federatedprovider": (provider.arn,)},
        in_account=account,
        bearer=bearer,
        identity_memo={
            "identity": UserIdentity(
                type="WebIdentityUser",
                principal_id=f"{provider.arn}:{bearer.audiences[0]}:{bearer.subject}",
                user_name=bearer.subject,
                identity_provider=provider.arn,
            )
        },
    )


def target(context: Context, request: Request) -> Target:
    """Name the role; what the request and the token say of the session are condition keys."""
    bearer = _bearer(context)
    conditions = tag_keys(bearer.tags, "aws:requesttag/")
    if bearer.tags:
        conditions["aws:tagkeys"] = tuple(key for key, _ in bearer.tags)
    if bearer.transitive:
        conditions["sts:transitivetagkeys"] = bearer.transitive
    if bearer.source_identity is not None:
        conditions["sts:sourceidentity"] = (bearer.source_identity,)
    conditions["sts:rolesessionname"] = (request.role_session_name,)
    if request.duration_seconds is not None:
        conditions["sts:durationseconds"] = (str(request.duration_seconds),)
    return role_target(context, request.role_arn, conditions)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Issue the credentials."""
    role, bearer = target.found, _bearer(context)
    assert isinstance(role, Role)  # nobody is trusted by a role that is absent
    context.resources.append(Resource(role.account, "AWS::IAM::Role", role.arn))
    tags = issuing.read_tags([Tag(key=key, value=value) for key, value in bearer.tags])
    transitive = issuing.read_transitive(bearer.transitive, tags)
    if tags:
        authorise(context, "sts:TagSession", target)
    if bearer.source_identity is not None:
        authorise(context, "sts:SetSourceIdentity", target)
    duration_s = duration(
        role,
        request.duration_seconds,
        model.ROLE_DEFAULT_S,
        is_chained=False,
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
        source_identity=bearer.source_identity,
        web_provider=context.caller.principal.arn,
        web_keys=bearer.keys,
    )
    credentials = issued.issue(context, request.minimum_session_token_size)
    return Response(
        credentials=credentials,
        subject_from_web_identity_token=bearer.subject,
        assumed_role_user=issued.bearer,
        packed_policy_size=packed.percent,
        provider=bearer.issuer,
        audience=bearer.audiences[0],
        source_identity=bearer.source_identity,
        session_token_utilization=issuing.token_utilization(credentials),
        session_token_size=len(credentials.session_token),
    )


def _bearer(context: Context) -> Bearer:
    bearer = context.caller.bearer
    assert isinstance(bearer, Bearer)  # only ``identify`` makes callers of this operation
    return bearer


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show whom the token was about, whose credentials they are and until when."""
    assert response.credentials is not None
    assert response.assumed_role_user is not None
    return {
        "credentials": issuing.record_credentials(response.credentials),
        "subjectFromWebIdentityToken": response.subject_from_web_identity_token,
        "assumedRoleUser": issuing.record_bearer(response.assumed_role_user),
        "provider": response.provider,
        "audience": response.audience,
    }


ASSUME_ROLE_WITH_WEB_IDENTITY = Operation(
    name="AssumeRoleWithWebIdentity",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="sts:AssumeRoleWithWebIdentity",
    target=target,
    handle=handle,
    recorded_request=("role_arn", "role_session_name", "policy_arns", "policy", "duration_seconds"),
    recorded_response=recorded_response,
    is_unbuffered=True,
    identify=identify,
)
