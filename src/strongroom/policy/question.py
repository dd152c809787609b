"""What is asked of the evaluator: who wants to do what to which resource, and what is known besides.

Rules:
 - ARNs, account ids and unique ids are compared exactly; account ids are texts of twelve digits (P-04).
 - A resource is the ARN that the service built from the stored row, or ``*`` (threat model P-01).
 - Condition keys are in lower case. Values are asked for only when a condition or a variable looks at
   them, so the context may be a mapping that computes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from strongroom.policy.match import fold

PrincipalType = Literal[
    "Account", "User", "AssumedRole", "FederatedUser", "Service", "Federated", "Anonymous"
]
"""The values of ``aws:PrincipalType``, and ``Federated`` for the bearer of a web identity token."""

MULTIVALUED_KEYS = frozenset(
    {
        "aws:calledvia",
        "aws:principalorgpaths",
        "aws:principalservicenameslist",
        "aws:resourceorgpaths",
        "aws:sourceorgpaths",
        "aws:tagkeys",
        "kms:encryptioncontextkeys",
        "kms:grantoperations",
        "kms:resourcealiases",
        "secretsmanager:addreplicaregions",
        "sts:identitytokenaudience",
        "sts:transitivetagkeys",
    }
)
"""Condition keys that hold a list; all others hold one value.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""


class Principal(msgspec.Struct, frozen=True):
    """Who asks.

    Attributes:
        type: What sort of principal it is; ``Account`` is the root user.
        arn: ``arn:aws:iam::A:root``, the user's ARN, the session's ARN; for ``Service`` the service principal
            such as ``secretsmanager.amazonaws.com``; for ``Federated`` the provider's ARN or name.
        account: Twelve digits; empty for ``Service``, ``Federated`` and ``Anonymous``.
        unique_id: ``AIDA...``, ``AROA...:session``, ``A:name`` for a federated user, the account id for root.
        role_arn: The role of a session, path and all; None for others.
        issuer_arn: The user who asked for a federated session; None for others.
        issuer_id: That user's unique id; empty for others.
    """

    type: PrincipalType
    arn: str
    account: str
    unique_id: str = ""
    role_arn: str | None = None
    issuer_arn: str | None = None
    issuer_id: str = ""

    @property
    def role_id(self) -> str:
        """The unique id of the role of a session: ``AROA...``."""
        return self.unique_id.partition(":")[0]


class Question(msgspec.Struct, frozen=True):
    """One thing to decide.

    Attributes:
        principal: Who asks.
        action: ``service:Operation``, for example ``secretsmanager:GetSecretValue``.
        resource: The ARN, or ``*`` for an action without resources.
        resource_account: The account that owns the resource; the caller's own for ``*``.
        context: Condition keys in lower case with their values; an absent key may be left out or be empty.
        multivalued: Which keys of the context are lists. A key outside it with several values is ambiguous
            (tags that differ by case only): a condition on it decides only where all its values agree.
    """

    principal: Principal
    action: str
    resource: str
    resource_account: str
    context: Mapping[str, tuple[str, ...]] = {}
    multivalued: frozenset[str] = MULTIVALUED_KEYS

    def values_of(self, key: str) -> tuple[str, ...]:
        """Return the values of a condition key (in lower case); empty when it is absent."""
        try:
            return self.context[key]
        except KeyError:
            return ()


class LazyContext(Mapping[str, tuple[str, ...]]):
    """A context whose dearer values are computed when a condition first looks at them.

    Args:
        values: What is known already.
        computed: Functions for the rest; each is called at most once.
    """

    __slots__ = ("_computed", "_values")

    def __init__(
        self,
        values: Mapping[str, tuple[str, ...]],
        computed: Mapping[str, Callable[[], tuple[str, ...]]],
    ) -> None:
        self._values = dict(values)
        self._computed = computed

    def __getitem__(self, key: str) -> tuple[str, ...]:
        values = self._values.get(key)
        if values is None:
            values = self._values[key] = self._computed[key]()
        return values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values.keys() | self._computed.keys())

    def __len__(self) -> int:
        return len(self._values.keys() | self._computed.keys())

    def __repr__(self) -> str:
        return f"LazyContext({sorted(self)})"  # request values may be private: names only


def tag_keys(
    tags: Iterable[tuple[str, str]], prefix: str = "aws:principaltag/"
) -> dict[str, tuple[str, ...]]:
    """Return the condition keys of tags; tags whose keys differ by case only are one key with several values."""
    keys: dict[str, tuple[str, ...]] = {}
    for name, value in tags:
        key = prefix + fold(name)
        keys[key] = (*keys.get(key, ()), value)
    return keys


def principal_keys(principal: Principal) -> dict[str, tuple[str, ...]]:
    """Return the condition keys that follow from the principal alone.

    ``aws:PrincipalArn`` of a session is the ARN of its role; ``aws:username`` exists for users only.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    if principal.type == "Service":
        return {"aws:principalisawsservice": ("true",), "aws:principalservicename": (principal.arn,)}
    keys: dict[str, tuple[str, ...]] = {"aws:principalisawsservice": ("false",)}
    if principal.type in ("Federated", "Anonymous"):
        if principal.type == "Anonymous":
            keys["aws:principaltype"] = ("Anonymous",)
        return keys
    keys["aws:principalarn"] = (principal.role_arn or principal.arn,)
    keys["aws:principalaccount"] = (principal.account,)
    keys["aws:principaltype"] = (principal.type,)
    if principal.unique_id:
        keys["aws:userid"] = (principal.unique_id,)
    if principal.type == "User":
        keys["aws:username"] = (principal.arn.rpartition("/")[2],)
    return keys
