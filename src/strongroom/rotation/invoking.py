"""Invokes functions in the name of Secrets Manager, through the contract of the Lambda service (P-08)."""

from __future__ import annotations

from strongroom.errors import Fault
from strongroom.functions.invocation import Outcome
from strongroom.rotation.function_call import FunctionCall, Invoke
from strongroom.rotation.rotator import Cause, TargetFailed
from strongroom.services.lambda_.contract import (
    NotInvocable,
    Parts,
    RunnerUnavailable,
    ServiceEvent,
    TooManyInvocations,
    invoke_as_service,
)


def invoke_by(parts: Parts) -> Invoke:
    """Make what invokes functions, of what a process needs for that."""

    def invoke(call: FunctionCall) -> Outcome:
        event = ServiceEvent(
            arn=call.function_arn,
            service="secretsmanager",
            source_arn=call.secret_arn,
            source_account=call.account,
            payload=call.event,
            session_policy=call.policy,
            scope=call.secret_arn,
            hosts=call.hosts,
            scrub=call.scrubbed,
        )
        try:
            return invoke_as_service(parts, event)
        except NotInvocable:
            detail = "the function is not there, or its policy does not let Secrets Manager in"
            raise TargetFailed(Cause.PRIVILEGE, detail) from None
        except TooManyInvocations as problem:
            raise TargetFailed(Cause.OVERLOADED, str(problem)) from problem
        except RunnerUnavailable as problem:
            detail = f"the function cannot be run: {problem}"
            raise TargetFailed(Cause.UNREACHABLE, detail, is_certain=False) from problem
        except Fault as problem:
            raise TargetFailed(
                Cause.CONFIGURATION, f"the function cannot be run: {problem.code}"
            ) from problem

    return invoke
