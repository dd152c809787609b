"""Steps 5 to 7 for one operation and one request: name the target, decide, handle.

The one evaluator is called here and nowhere else: for every operation, for every item of a batch, and for the
further permissions that some operations need (P-02). What it allowed without a look at the request is not asked
again (``permissions.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from strongroom.errors import Fault
from strongroom.gateway.conditions import request_conditions
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Operation, Target
from strongroom.policy.evaluate import evaluate
from strongroom.policy.question import Principal, Question


def authorise_and_handle(context: Context, operation: Operation[Any, Any], request: Any) -> Any:
    """Walk steps 5 to 7.

    Raises:
        Fault: The caller may not, or the operation says so.
    """
    target, _ = authorised(context, operation, request)
    return operation.handle(context, request, target)  # 7


def authorise_and_prepare(context: Context, operation: Operation[Any, Any], request: Any) -> Any:
    """Walk steps 5 and 6, then do the part of a change that must not hold up the writer.

    Raises:
        Fault: The caller may not, or the operation says so.
    """
    assert operation.prepare is not None
    target, _ = authorised(context, operation, request)
    return operation.prepare(context, request, target)


def authorise_and_stand_apart(
    context: Context, operation: Operation[Any, Any], request: Any
) -> tuple[Target, Callable[[], Any] | None]:
    """Walk steps 5 and 6, then find out what is to be waited for without the store.

    Raises:
        Fault: The caller may not, or the operation says so.
    """
    assert operation.apart is not None
    target, _ = authorised(context, operation, request)
    return target, operation.apart(context, request, target)


def authorised(context: Context, operation: Operation[Any, Any], request: Any) -> tuple[Target, bool]:
    """Walk steps 5 and 6.

    Returns:
        The target, and whether the caller may do this whatever the request; see ``authorise``.

    Raises:
        Fault: The caller may not, or the operation says so.
    """
    target = operation.target(context, request)  # 5
    if operation.action is None:
        return target, False
    return target, authorise(context, operation.action, target)  # 6


def authorise(context: Context, action: str, target: Target) -> bool:
    """Walk step 6; a handler does it again where AWS asks for a second permission.

    Returns:
        Whether the caller may do this whatever the request: no condition was looked at, and no grant.

    Raises:
        AccessDenied: The caller may not do this.
    """
    caller = context.caller
    stamp = target.stamp
    if stamp is not None and caller.permissions.include(caller, action, stamp):
        return True
    conditions = request_conditions(context, target.conditions, target.account)
    decision = evaluate(
        Question(
            principal=caller.principal,
            action=action,
            resource=target.arn,
            resource_account=target.account,
            context=conditions,
        ),
        identity=caller.identity,
        resource=target.policy,
        boundary=caller.boundary,
        session=caller.session,
        granted=target.granted,
    )
    if not decision.allowed:
        raise AccessDenied(
            caller.principal, action, target.label, decision.reason() if target.explains else ""
        )
    # Allowed without a grant it is allowed with any: whether one covers a request hangs on the request.
    is_plain = target.granted is None and not conditions.was_looked_at
    if is_plain and stamp is not None:
        caller.permissions.keep(caller, action, stamp)
    return is_plain


class AccessDenied(Fault):
    """The caller may not do this; the service's own code for it is put in when it is written.

    Source: identity reference 1.7.
    """

    def __init__(self, principal: Principal, action: str, resource: str, reason: str) -> None:
        if principal.type == "Federated":  # the bearer of a web identity token has no name of ours
            text = f"Not authorized to perform {action}"
        else:
            where = "" if resource == "*" else f" on resource: {resource}"
            text = f"User: {principal.arn} is not authorized to perform: {action}{where} {reason}".rstrip(" ")
        super().__init__("AccessDeniedException", text)
