"""The principals that a statement names, and whom they mean.

Rules:
 - ``*`` means everybody; an account id or ``arn:aws:iam::A:root`` means the account, which hands the decision
   on to its own identity policies; everything else means one principal and is compared exactly. There are no
   partial wildcards.
 - A role means all its sessions, a session's ARN that session alone.
 - A unique id (``AIDA...``, ``AROA...``) means what carries it and nothing that was recreated under the same
   name (threat model P-07). ``principal_ids`` turns the ARNs of a stored policy into such ids.
 - NotPrincipal spares only a caller who is named with everything it is part of: the account, and for a
   session the role and the session. It spares nobody with a permissions boundary.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import IntEnum

import msgspec

from strongroom.arn import is_account_id
from strongroom.patterns import pattern_of
from strongroom.policy.model import PrincipalName
from strongroom.policy.question import Principal

_UNIQUE_ID = pattern_of(r"(?:AIDA|AROA)[A-Z0-9]{12,124}", re.ASCII)
_ROOT = pattern_of(r"arn:aws:iam::([0-9]{12}):root", re.ASCII)
# The ranges are the printable characters without the two wildcards.
_IAM_PRINCIPAL = pattern_of(r"arn:aws:iam::[0-9]{12}:(?:root|(?:user|role)/[!-)+->@-~]+)", re.ASCII)
_PROVIDER = pattern_of(r"arn:aws:iam::[0-9]{12}:(?:saml|oidc)-provider/[!-)+->@-~]+", re.ASCII)
_STS_PRINCIPAL = pattern_of(
    r"arn:aws:sts::[0-9]{12}:(?:assumed-role/[\w+=,.@-]+/[\w+=,.@-]+|federated-user/[\w+=,.@-]+)", re.ASCII
)


class Grant(IntEnum):
    """How closely a resource's policy names a caller, the closest last.

    The closer, the fewer of the caller's own limits matter within one account (IAM User Guide, "Policy
    evaluation logic"): the account still needs an identity policy, a role still obeys boundary and session
    policy, a direct name needs nothing else.
    """

    NONE = 0
    ACCOUNT = 1
    ROLE = 2
    DIRECT = 3


class Granted(msgspec.Struct, frozen=True, gc=False):
    """A grant on a KMS key that covers what is asked; whether it does is for the service to find out.

    Attributes:
        grant_id: Its id, for explanations.
        closeness: How closely its grantee names the caller, as a principal of a key policy would.
    """

    grant_id: str
    closeness: Grant


def is_principal_arn(text: str) -> bool:
    """Whether ``text`` is the ARN of a root, user, role or session, without wildcards."""
    return _IAM_PRINCIPAL.fullmatch(text) is not None or _STS_PRINCIPAL.fullmatch(text) is not None


def is_provider_arn(text: str) -> bool:
    """Whether ``text`` is the ARN of a SAML or OpenID Connect provider, without wildcards."""
    return _PROVIDER.fullmatch(text) is not None


def is_unique_id(text: str) -> bool:
    """Whether ``text`` is the unique id of a user or a role."""
    return _UNIQUE_ID.fullmatch(text) is not None


class PrincipalSet:
    """The compiled names of one Principal or NotPrincipal element."""

    __slots__ = ("_accounts", "_arns", "_everybody", "_federated", "_ids", "_services")

    def __init__(self, names: Iterable[PrincipalName], principal_ids: Mapping[str, str]) -> None:
        accounts: set[str] = set()
        arns: set[str] = set()
        ids: set[str] = set()
        services: set[str] = set()
        federated: set[str] = set()
        self._everybody = False
        for name in names:
            text = name.name
            root = _ROOT.fullmatch(text)
            if name.type == "*" or (name.type == "AWS" and text == "*"):
                self._everybody = True
            elif name.type == "Service":
                services.add(text)
            elif name.type == "Federated":
                federated.add(text)
            elif name.type != "AWS":
                continue  # S3's canonical users: nobody here is one
            elif root is not None:
                accounts.add(root[1])
            elif is_account_id(text):
                accounts.add(text)
            elif is_unique_id(text):
                ids.add(text)
            elif text in principal_ids:
                ids.add(principal_ids[text])
            else:
                arns.add(text)
        self._accounts = frozenset(accounts)
        self._arns = frozenset(arns)
        self._ids = frozenset(ids)
        self._services = frozenset(services)
        self._federated = frozenset(federated)

    def grant(self, principal: Principal) -> Grant:
        """Say how closely the set names the caller."""
        if self._everybody:
            return Grant.DIRECT
        if principal.type == "Service":
            return Grant.DIRECT if principal.arn in self._services else Grant.NONE
        if principal.type == "Federated":
            return Grant.DIRECT if principal.arn in self._federated else Grant.NONE
        if principal.type == "Anonymous":
            return Grant.NONE
        if self._names_itself(principal):
            return Grant.DIRECT
        if self._names_origin(principal):
            return Grant.ROLE
        return Grant.ACCOUNT if principal.account in self._accounts else Grant.NONE

    def spares(self, principal: Principal, *, has_boundary: bool) -> bool:
        """Whether a NotPrincipal of these names exempts the caller."""
        if has_boundary:
            return False
        if self._everybody:
            return True
        if principal.type in ("Service", "Federated", "Anonymous"):
            return self.grant(principal) is Grant.DIRECT
        if principal.account not in self._accounts:
            return False
        if principal.type == "Account":
            return True
        if principal.type == "User":
            return self._names_itself(principal)
        return self._names_itself(principal) and self._names_origin(principal)

    def _names_itself(self, principal: Principal) -> bool:
        if principal.type == "User" and principal.unique_id in self._ids:
            return True
        return principal.arn in self._arns

    def _names_origin(self, principal: Principal) -> bool:
        """Whether the role of a session, or the user behind a federated one, is named."""
        if principal.type == "AssumedRole":
            return principal.role_arn in self._arns or principal.role_id in self._ids
        return principal.type == "FederatedUser" and (
            principal.issuer_arn in self._arns or principal.issuer_id in self._ids
        )
