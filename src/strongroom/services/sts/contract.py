"""What other services may ask of STS: sessions of roles that trust a service.

Rules:
 - The service assumes the role like anybody else: its trust policy decides, and the record shows it (L-02).
 - The role is the one that was given to the service, by its unique id: one that was made anew is another (P-07).
 - ``aws:SourceArn`` and ``aws:SourceAccount`` say for which resource the service acts (P-08).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from strongroom.audit.record import UserIdentity
from strongroom.errors import StrongroomError
from strongroom.gateway.caller import Caller
from strongroom.gateway.context import Context
from strongroom.policy.question import Principal
from strongroom.services.iam import contract as iam
from strongroom.services.sts.assume_role import ASSUME_ROLE, Request, Response
from strongroom.services.sts.shapes import Credentials

__all__ = ["Credentials", "RoleNotAssumable", "as_service", "assume_for_service"]


class RoleNotAssumable(StrongroomError):
    """The role is gone, is another one, or does not trust the service."""


def _service_caller(service: str, account: str, keys: Mapping[str, tuple[str, ...]]) -> Caller:
    """Give a service as a caller.

    Args:
        service: For example ``lambda``.
        account: In which it acts.
        keys: Condition keys: for which resource.
    """
    principal = f"{service}.amazonaws.com"
    return Caller(
        Principal("Service", principal, ""),
        "AWSService",
        None,
        "",
        (),
        own_keys=keys,
        in_account=account,
        identity_memo={"identity": UserIdentity(type="AWSService", invoked_by=principal)},
    )


def as_service(context: Context, service: str, account: str, source_arn: str, source_account: str) -> Context:
    """Give the context in which a service acts for a resource; what it does is recorded with the original."""
    principal = f"{service}.amazonaws.com"
    keys = {"aws:sourcearn": (source_arn,), "aws:sourceaccount": (source_account,)}
    return msgspec.structs.replace(
        context,
        caller=_service_caller(service, account, keys),
        source_ip=principal,
        user_agent=principal,
        resources=[],
        via="",
    )


def assume_for_service(
    context: Context,
    service: str,
    *,
    role_arn: str,
    role_id: str,
    session_name: str,
    source_arn: str,
    duration_s: int,
    policy: str | None = None,
) -> Credentials:
    """Issue credentials of a role to a service.

    Args:
        context: Of the call for which it is done.
        service: For example ``lambda``.
        role_arn: Of the role.
        role_id: The unique id that it had when it was given to the service.
        session_name: Of the session.
        source_arn: The resource that the service acts for, in the account of the role.
        duration_s: How long they live.
        policy: What they are cut down to; None for the rights of the role.

    Raises:
        RoleNotAssumable: The role is gone, is another one, or does not trust the service.
        Fault: The policy is malformed or too long.
    """
    role = iam.find_role(context.rows, role_arn)
    if role is None or role.unique_id != role_id:
        raise RoleNotAssumable(role_arn)
    acting = as_service(context, service, role.account, source_arn, role.account)
    request = Request(
        role_arn=role_arn, role_session_name=session_name, duration_seconds=duration_s, policy=policy
    )
    answer = acting.call(ASSUME_ROLE, request)
    assert isinstance(answer, Response)
    assert answer.credentials is not None
    return answer.credentials
