"""The condition keys of a request, built when a policy first looks at one.

Most policies have no conditions, so most requests never build them. The keys are in lower case.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html;
identity reference 3.5.
A key that does not apply is absent: ``aws:MultiFactorAuthPresent`` and ``aws:TokenIssueTime`` for long-term keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from strongroom.clock import render_iso
from strongroom.policy.question import principal_keys

if TYPE_CHECKING:
    from strongroom.gateway.context import Context

Conditions = Mapping[str, tuple[str, ...]]


class BuiltOnDemand(Mapping[str, tuple[str, ...]]):
    """A mapping that is built when it is first looked at."""

    __slots__ = ("_build", "_built")

    def __init__(self, build: Callable[[], Conditions]) -> None:
        self._build = build
        self._built: Conditions | None = None

    @property
    def was_looked_at(self) -> bool:
        """Whether anybody looked at it."""
        return self._built is not None

    def __getitem__(self, key: str) -> tuple[str, ...]:
        return self._all()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> Conditions:
        if self._built is None:
            self._built = self._build()
        return self._built


def request_conditions(context: Context, of_target: Conditions, resource_account: str) -> BuiltOnDemand:
    """Give all keys of a request: the global ones, those of its principal, those of its target."""
    return BuiltOnDemand(lambda: _build(context, of_target, resource_account))


def _build(context: Context, of_target: Conditions, resource_account: str) -> Conditions:
    keys = {
        "aws:currenttime": (render_iso(context.now_ms),),
        "aws:epochtime": (str(context.now_ms // 1000),),
        "aws:securetransport": ("true" if context.is_secure else "false",),
        "aws:sourceip": (context.source_ip,),
        "aws:requestedregion": (context.region,),
        "aws:viaawsservice": ("false",),
        "aws:principalisawsservice": ("false",),
        "aws:resourceaccount": (resource_account,),
    }
    organization = context.deployment.settings.organization_id
    if organization:
        # All accounts of a deployment are of one organization; without an id there is none.
        keys["aws:resourceorgid"] = (organization,)
        if context.caller.principal.account:  # the bearer of a web identity belongs to none
            keys["aws:principalorgid"] = (organization,)
    if context.user_agent:
        keys["aws:useragent"] = (context.user_agent,)
    if context.via:
        # A service calls with the caller's rights: where the caller was is not known to the service that is called.
        del keys["aws:sourceip"]
        keys["aws:viaawsservice"] = ("true",)
        for key in ("aws:calledvia", "aws:calledviafirst", "aws:calledvialast"):
            keys[key] = (f"{context.via}.amazonaws.com",)
    caller = context.caller
    if caller.temporary is not None and caller.temporary.mfa_ms is not None:
        age_s = (context.now_ms - caller.temporary.mfa_ms) // 1000
        keys["aws:multifactorauthage"] = (str(age_s),)
    return {**keys, **principal_keys(caller.principal), **caller.own_keys, **of_target}
