"""The role of a function: given by who may, trusting Lambda.

Rules (P-08):
 - Who configures a function needs ``iam:PassRole`` on its role, or anybody could act with the rights of any role.
 - A role that is not there and one that does not trust ``lambda.amazonaws.com`` look alike. The function remembers
   the unique id of its role (P-07).

Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html; audit reference 5.2.
"""

from __future__ import annotations

from typing import Final

from strongroom.arn import parse_arn
from strongroom.errors import Fault
from strongroom.gateway.conditions import request_conditions
from strongroom.gateway.context import Context
from strongroom.policy.evaluate import evaluate
from strongroom.policy.question import Question
from strongroom.services.iam import contract as iam
from strongroom.services.iam.contract import Role
from strongroom.services.lambda_ import errors
from strongroom.services.sts.contract import as_service

SERVICE: Final = "lambda.amazonaws.com"


def check_role(context: Context, arn: str, function_arn: str) -> Role:
    """Return the role that a caller gives to a function.

    Raises:
        Fault: The caller may not give it, it is not there, or it does not trust Lambda.
    """
    parts = parse_arn(arn)
    if parts.account != context.account:
        raise Fault("AccessDeniedException", "Cross-account pass role is not allowed.", status=403)
    role = iam.pass_role(context, arn.rpartition("/")[2], SERVICE)
    if role is None or role.arn != arn or not _trusts(context, role, function_arn):
        raise errors.role_not_assumable()
    return role


def _trusts(context: Context, role: Role, function_arn: str) -> bool:
    acting = as_service(context, "lambda", role.account, function_arn, role.account)
    decision = evaluate(
        Question(
            principal=acting.caller.principal,
            action="sts:AssumeRole",
            resource=role.arn,
            resource_account=role.account,
            context=request_conditions(acting, {}, role.account),
        ),
        identity=(),
        resource=iam.trust_policy(context.rows, role),
    )
    return decision.allowed
