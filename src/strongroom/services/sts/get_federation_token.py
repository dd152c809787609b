"""GetFederationToken: temporary credentials for somebody on whose behalf the calling user asks.

Only the long-term key of a user may ask. The rights are those that both the user and the session policies have;
without session policies there are none but what a resource's policy gives. The credentials open no operation of IAM,
and of STS only GetCallerIdentity. They end with the user, and with the access key that asked. Passing tags needs
``sts:TagSession`` besides.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html; identity reference 5.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from strongroom.gateway.authorisation import authorise
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.sts import errors, issuing, model
from strongroom.services.sts.session_token import expiry_s, issue, new_seed
from strongroom.services.sts.shapes import (
    Credentials,
    FederatedUser,
    LeastTokenBytes,
    PolicyDescriptor,
    SessionPolicy,
    Size,
    Tags,
    UserDuration,
)
from strongroom.store.revision import session_epoch
from strongroom.wire.shapes import Shape, limits


class Request(Shape):
    """A name for the bearer, and what limits and describes the session."""

    name: Annotated[str, limits(2, 32, pattern=r"[\w+=,.@-]*")]
    policy: SessionPolicy | None = None
    policy_arns: list[PolicyDescriptor] | None = None
    duration_seconds: UserDuration | None = None
    tags: Tags | None = None
    minimum_session_token_size: LeastTokenBytes | None = None


class Response(Shape):
    """The credentials, and who they make their bearer."""

    credentials: Credentials | None = None
    federated_user: FederatedUser | None = None
    packed_policy_size: Size | None = None
    session_token_utilization: Size | None = None
    session_token_size: Size | None = None


def target(context: Context, request: Request) -> Target:
    """Name the federated user.

    Raises:
        Fault: The caller has temporary credentials, or is no user.
    """
    if context.caller.temporary is not None or context.caller.principal.type != "User":
        raise errors.session_credentials("GetFederationToken")
    arn = model.federated_arn(context.account, request.name)
    return Target(arn, context.account, arn, conditions=issuing.request_tag_keys(request.tags))


def handle(context: Context, request: Request, target: Target) -> Response:
    """Issue the credentials."""
    caller = context.caller
    tags = issuing.read_tags(request.tags)
    if tags:
        authorise(context, "sts:TagSession", target)
    packed = issuing.pack(
        context, caller.account, policy=request.policy, policy_arns=request.policy_arns, tags=tags
    )
    issued_s, expires_s = expiry_s(context.now_ms, request.duration_seconds or model.USER_DEFAULT_S)
    credentials = issue(
        context.deployment.keyring,
        model.Claims(
            layout=1,
            kind="federated",
            account=caller.account,
            principal_id=caller.principal.unique_id,
            name=request.name,
            issued_s=issued_s,
            expires_s=expires_s,
            epoch=session_epoch(context.rows),
            seed=new_seed(),
            packed=packed.packed,
            key_id=caller.access_key_id,
        ),
        request.minimum_session_token_size or 0,
    )
    return Response(
        credentials=credentials,
        federated_user=FederatedUser(federated_user_id=f"{caller.account}:{request.name}", arn=target.arn),
        packed_policy_size=packed.percent,
        session_token_utilization=issuing.token_utilization(credentials),
        session_token_size=len(credentials.session_token),
    )


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show whose credentials they are and until when."""
    assert response.credentials is not None
    assert response.federated_user is not None
    return {
        "credentials": issuing.record_credentials(response.credentials),
        "federatedUser": issuing.record_bearer(response.federated_user),
    }


GET_FEDERATION_TOKEN = Operation(
    name="GetFederationToken",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="sts:GetFederationToken",
    target=target,
    handle=handle,
    recorded_request=("name", "policy", "policy_arns", "duration_seconds", "tags"),
    recorded_response=recorded_response,
    is_unbuffered=True,
)
