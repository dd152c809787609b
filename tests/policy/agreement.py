"""Put a case of the generator to the product."""

from __future__ import annotations

from functools import lru_cache

from strongroom.policy.compile import CompiledPolicy, PolicySet, compile_policy
from strongroom.policy.evaluate import Decision, evaluate
from strongroom.policy.model import PolicyKind
from strongroom.policy.question import Principal, Question
from tests.policy.naive import Caller, Case


@lru_cache(maxsize=64)
def _compile(text: str, kind: PolicyKind, bound: tuple[tuple[str, str], ...] = ()) -> CompiledPolicy:
    return compile_policy(text, kind, source_id="case", principal_ids=dict(bound))


def principal(caller: Caller) -> Principal:
    """Make the product's value of a caller."""
    return Principal(
        type=caller.type,  # type: ignore[arg-type]
        arn=caller.arn,
        account=caller.account,
        unique_id=caller.id,
        role_arn=caller.role or None,
        issuer_arn=caller.issuer or None,
        issuer_id=caller.owner_id if caller.issuer else "",
    )


def answer(case: Case, *, is_merged: bool = True, sets: int = 0) -> Decision:
    """Decide a case with the product.

    Args:
        case: The case.
        is_merged: Whether the identity policies are asked as one ``PolicySet``.
        sets: How many of them are in a set of their own first, which was asked before, and the rest in another.
    """
    resource = None
    if case.resource_policy is not None:
        bound = tuple(case.bound.items())
        resource = _compile(case.resource_policy, PolicyKind[case.resource_kind], bound)
    sessions = case.sessions
    identity = [_compile(text, PolicyKind.IDENTITY) for text in case.identity]
    whole = PolicySet(identity)
    if sets:
        first, second = PolicySet(identity[:sets]), PolicySet(identity[sets:])
        first.table(case.action)
        whole = PolicySet([first, PolicySet([second])])
    return evaluate(
        Question(
            principal=principal(case.caller),
            action=case.action,
            resource=case.resource,
            resource_account=case.owner,
            context={key: tuple(values) for key, values in case.context.items()},
        ),
        identity=whole if is_merged else identity,
        resource=resource,
        boundary=None if case.boundary is None else _compile(case.boundary, PolicyKind.BOUNDARY),
        session=None if sessions is None else [_compile(text, PolicyKind.SESSION) for text in sessions],
    )
