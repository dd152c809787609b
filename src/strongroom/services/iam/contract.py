"""What other services may ask of IAM: roles, and the principals that a policy of theirs names.

Rules:
 - A policy that names users and roles by their ARNs is bound to their unique ids when it is put: who is made anew
   under an old name is not meant (P-07). When it is shown, the id stands where the principal is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from strongroom.errors import StrongroomError
from strongroom.policy.document import Document
from strongroom.policy.principals import is_principal_arn, is_unique_id
from strongroom.services.iam.identity_rows import ROLES, USERS
from strongroom.services.iam.model import Role, User
from strongroom.services.iam.tables import find_account
from strongroom.store.rows import Rows


class UnknownPrincipal(StrongroomError):
    """A policy names a principal that does not exist.

    Attributes:
        name: As the policy writes it.
    """

    def __init__(self, name: str) -> None:
        super().__init__("a policy names a principal that does not exist")
        self.name = name


def find_role(rows: Rows, arn: str) -> Role | None:
    """Read a role by its ARN, path included, or None."""
    found = _find_principal(rows, arn)
    return found if isinstance(found, Role) else None


def resolve_principals(rows: Rows, document: Document) -> dict[str, str]:
    """Give the unique id of every user and role that a policy names by its ARN.

    Sessions and federated users are known by what they come from and are not looked up; account ids and unique ids
    must exist.

    Raises:
        UnknownPrincipal: One of them does not exist.
    """
    resolved: dict[str, str] = {}
    for name in _named(document):
        if is_unique_id(name):
            if USERS.find_by_id(rows, name) is None and ROLES.find_by_id(rows, name) is None:
                raise UnknownPrincipal(name)
        elif not is_principal_arn(name) or name.endswith(":root"):
            account = name.partition("::")[2].partition(":")[0] or name
            if account != "*" and find_account(rows, account) is None:
                raise UnknownPrincipal(name)
        elif name.startswith("arn:aws:iam:"):
            found = _find_principal(rows, name)
            if found is None:
                raise UnknownPrincipal(name)
            resolved[name] = found.unique_id
    return resolved


def replaced_principals(rows: Rows, principal_ids: Mapping[str, str]) -> dict[str, str]:
    """Give what a policy shows in place of the ARNs it was put with, where that is something else.

    Args:
        rows: The store.
        principal_ids: What ``resolve_principals`` gave when the policy was put.

    Returns:
        By the ARN as it was written: the present ARN of a principal that was renamed, the unique id of one that
        is gone.
    """
    replaced: dict[str, str] = {}
    for arn, unique_id in principal_ids.items():
        found: User | Role | None = USERS.find_by_id(rows, unique_id) or ROLES.find_by_id(rows, unique_id)
        present = unique_id if found is None else found.arn
        if present != arn:
            replaced[arn] = present
    return replaced


def _named(document: Document) -> Iterator[str]:
    for statement in document.statements:
        for principal in statement.principals or ():
            if principal.type == "AWS":
                yield principal.name


def _find_principal(rows: Rows, arn: str) -> User | Role | None:
    """Read the user or role with this ARN, path and case included, or None."""
    account, _, resource = arn.removeprefix("arn:aws:iam::").partition(":")
    kind, _, path = resource.partition("/")
    name = path.rpartition("/")[2]
    found: User | Role | None = None
    if kind == "user":
        found = USERS.find(rows, account, name)
    elif kind == "role":
        found = ROLES.find(rows, account, name)
    return found if found is not None and found.arn == arn else None
