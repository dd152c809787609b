"""STS, API 2011-06-15: who am I, and temporary credentials.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from strongroom.gateway.operation import QUERY_ERRORS, Operation, Service

_NOT_ON_THE_LIST: Final = "it is not among the operations that Strongroom means to serve."


@cache
def _operations() -> tuple[Operation[Any, Any], ...]:
    from strongroom.services.sts.assume_role import ASSUME_ROLE
    from strongroom.services.sts.assume_role_with_web_identity import ASSUME_ROLE_WITH_WEB_IDENTITY
    from strongroom.services.sts.decode_authorization_message import DECODE_AUTHORIZATION_MESSAGE
    from strongroom.services.sts.get_access_key_info import GET_ACCESS_KEY_INFO
    from strongroom.services.sts.get_caller_identity import GET_CALLER_IDENTITY
    from strongroom.services.sts.get_federation_token import GET_FEDERATION_TOKEN
    from strongroom.services.sts.get_session_token import GET_SESSION_TOKEN

    return (
        ASSUME_ROLE,
        ASSUME_ROLE_WITH_WEB_IDENTITY,
        DECODE_AUTHORIZATION_MESSAGE,
        GET_ACCESS_KEY_INFO,
        GET_CALLER_IDENTITY,
        GET_FEDERATION_TOKEN,
        GET_SESSION_TOKEN,
    )


SERVICE = Service(
    name="sts",
    event_source="sts.amazonaws.com",
    protocol="query",
    target_prefix="",
    version="2011-06-15",
    namespace="https://sts.amazonaws.com/doc/2011-06-15/",
    # Older SDKs sign calls of the global endpoint for us-east-1, wherever they run.
    regions_also=("us-east-1",),
    errors=QUERY_ERRORS,
    load=_operations,
    unserved={
        "AssumeRoleWithSAML": _NOT_ON_THE_LIST,
        "AssumeRoot": _NOT_ON_THE_LIST,
        "GetDelegatedAccessToken": _NOT_ON_THE_LIST,
        "GetWebIdentityToken": _NOT_ON_THE_LIST,
    },
)
