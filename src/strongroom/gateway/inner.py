"""Steps 5 to 8 for a call made inside another one, or by a process of ours: decided on and recorded as its own.

Rule: authorising, handling and recording stand together, here, for whoever calls an operation without a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strongroom.gateway.authorisation import authorise_and_handle
from strongroom.gateway.context import Context
from strongroom.gateway.failures import as_fault
from strongroom.gateway.operation import Operation, Service
from strongroom.gateway.recording import events_of_call


def call_inside(
    services: Mapping[str, Service], context: Context, operation: Operation[Any, Any], request: Any
) -> Any:
    """Run an operation for the caller of a context, and leave its record with the context.

    Raises:
        Fault: As the operation raises it, or because the caller may not use it; it is recorded as well.
    """
    response = fault = None
    named = len(context.resources)
    try:
        response = authorise_and_handle(context, operation, request)
    except Exception as problem:  # noqa: BLE001 - recorded, then raised as the fault it is
        fault = as_fault(problem)
    context.inner_records.extend(
        events_of_call(
            service=services[(operation.action or "").partition(":")[0]],
            name=operation.name,
            operation=operation,
            request=request,
            response=response,
            fault=fault,
            caller=context.caller,
            region=context.region,
            request_id=context.request_id,
            now_ms=context.now_ms,
            source_ip=context.source_ip,
            user_agent=context.user_agent,
            resources=context.resources[named:],
            via=context.via,
        )
    )
    del context.resources[named:]
    if fault is not None:
        raise fault
    return response
