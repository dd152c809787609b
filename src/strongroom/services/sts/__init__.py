"""STS, API 2011-06-15: who am I. Sessions and roles come later.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from strongroom.gateway.operation import QUERY_ERRORS, Operation, Service

_NO_SESSIONS: Final = (
    "this version has no roles and no temporary credentials yet; use access keys of IAM users."
)
_NOT_ON_THE_LIST: Final = "it is not among the operations that Strongroom means to serve."


@cache
def _operations() -> tuple[Operation[Any, Any], ...]:
    from strongroom.services.sts.get_caller_identity import GET_CALLER_IDENTITY

    return (GET_CALLER_IDENTITY,)


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
        "AssumeRole": _NO_SESSIONS,
        "AssumeRoleWithSAML": _NOT_ON_THE_LIST,
        "AssumeRoleWithWebIdentity": _NO_SESSIONS,
        "AssumeRoot": _NOT_ON_THE_LIST,
        "DecodeAuthorizationMessage": "Strongroom never writes encoded authorization messages.",
        "GetAccessKeyInfo": "this version does not answer it yet.",
        "GetDelegatedAccessToken": _NOT_ON_THE_LIST,
        "GetFederationToken": _NOT_ON_THE_LIST,
        "GetSessionToken": _NO_SESSIONS,
        "GetWebIdentityToken": _NOT_ON_THE_LIST,
    },
)
