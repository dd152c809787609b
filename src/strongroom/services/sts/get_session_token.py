"""GetSessionToken: temporary credentials of the calling user itself.

No permission is needed and no policy takes it away. Only a long-term key may ask. The credentials have the rights of
the user, but without a second factor they open no operation of IAM, and of STS only AssumeRole and GetCallerIdentity.
They live for 900 to 129,600 seconds (12 hours by default) and end with the user, and with the access key that asked.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html; identity reference 5.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.sts import errors, issuing, model
from strongroom.services.sts.second_factor import factor_conditions, shown_at_s, shows_factor
from strongroom.services.sts.session_token import expiry_s, issue, new_seed
from strongroom.services.sts.shapes import (
    Credentials,
    LeastTokenBytes,
    SerialNumber,
    Size,
    TokenCode,
    UserDuration,
)
from strongroom.store.revision import session_epoch
from strongroom.wire.shapes import Shape


class Request(Shape):
    """How long, and the second factor."""

    duration_seconds: UserDuration | None = None
    serial_number: SerialNumber | None = None
    token_code: TokenCode | None = None
    minimum_session_token_size: LeastTokenBytes | None = None


class Response(Shape):
    """The credentials."""

    credentials: Credentials | None = None
    session_token_utilization: Size | None = None
    session_token_size: Size | None = None


def target(context: Context, request: Request) -> Target:
    """Name no resource.

    Raises:
        Fault: The caller has temporary credentials, or is no user.
    """
    if context.caller.temporary is not None or context.caller.principal.type != "User":
        raise errors.session_credentials("GetSessionToken")
    return Target("*", context.account, conditions=factor_conditions(context, request))


def handle(context: Context, request: Request, target: Target) -> Response:
    """Issue the credentials."""
    caller = context.caller
    issued_s, expires_s = expiry_s(context.now_ms, request.duration_seconds or model.USER_DEFAULT_S)
    credentials = issue(
        context.deployment.keyring,
        model.Claims(
            layout=1,
            kind="user",
            account=caller.account,
            principal_id=caller.principal.unique_id,
            name=caller.user_name or "",
            issued_s=issued_s,
            expires_s=expires_s,
            epoch=session_epoch(context.rows),
            seed=new_seed(),
            packed=model.pack_limits(model.NO_LIMITS),
            key_id=caller.access_key_id,
            mfa_s=shown_at_s(context, target),
        ),
        request.minimum_session_token_size or 0,
    )
    return Response(
        credentials=credentials,
        session_token_utilization=issuing.token_utilization(credentials),
        session_token_size=len(credentials.session_token),
    )


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show until when they live."""
    assert response.credentials is not None
    return {"credentials": issuing.record_credentials(response.credentials)}


GET_SESSION_TOKEN = Operation(
    name="GetSessionToken",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="sts:GetSessionToken",
    target=target,
    handle=handle,
    recorded_request=("duration_seconds", "serial_number"),
    recorded_response=recorded_response,
    changes=shows_factor,
    is_unbuffered=True,
)
