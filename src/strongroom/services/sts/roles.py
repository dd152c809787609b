"""The role that somebody wants to assume: found by its ARN, named for the evaluator.

Rules:
 - A role that is absent, of an account that is not here, or that does not trust the caller: one answer (P-09). The
   absent one is judged by a trust policy that names nobody.
 - The resource is the stored ARN, path and case included (P-01).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from strongroom.errors import Fault
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Target
from strongroom.policy.compile import CompiledPolicy, compile_policy
from strongroom.policy.document import PolicyKind
from strongroom.policy.question import tag_keys
from strongroom.services.iam import contract as iam
from strongroom.services.iam.contract import Role
from strongroom.services.sts import errors

_ROLE_ARN: Final = re.compile(r"arn:aws:iam::([0-9]{12}):role/(?:[\x21-\x7e]+/)?[\w+=,.@-]+", re.ASCII)
_NOBODY: Final = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"nobody.amazonaws.com"},'
    '"Action":"sts:AssumeRole"}]}'
)


def role_target(context: Context, arn: str, conditions: Mapping[str, tuple[str, ...]]) -> Target:
    """Name a role for the evaluator; ``found`` is the role, or None.

    Args:
        context: Of the request.
        arn: As the caller sent it.
        conditions: Condition keys of the request.

    Raises:
        Fault: It is not the ARN of a role.
    """
    account = account_of_role(arn)
    if account is None:
        raise errors.invalid_arn(arn)
    role = iam.find_role(context.rows, arn)
    if role is None:
        return Target(arn, account, arn, None, conditions, _trust_of_nobody(), explains=False)
    tags = role.attributes.tags or ()
    keys = {**tag_keys(tags, "aws:resourcetag/"), **tag_keys(tags, "iam:resourcetag/"), **conditions}
    trust = iam.trust_policy(context.rows, role)
    return Target(role.arn, role.account, arn, role, keys, trust, explains=False)


def account_of_role(arn: str) -> str | None:
    """Read the account out of the ARN of a role; None when it is the ARN of none."""
    match = _ROLE_ARN.fullmatch(arn)
    return None if match is None else match[1]


def duration(
    role: Role, wanted_s: int | None, default_s: int, *, is_chained: bool, most_chained_s: int
) -> int:
    """Decide how long a session lives, in seconds.

    Raises:
        Fault: Longer than the role lets sessions live, or than a session may that assumes a role.
    """
    duration_s = default_s if wanted_s is None else wanted_s
    problem: Fault | None = None
    if is_chained and duration_s > most_chained_s:
        problem = errors.longer_than_chained()
    elif duration_s > role.attributes.session_most_s:
        problem = errors.longer_than_role_allows()
    if problem is not None:
        raise problem
    return duration_s


@cache
def _trust_of_nobody() -> CompiledPolicy:
    return compile_policy(_NOBODY, PolicyKind.TRUST, source_id="no role")
