"""What other services may ask of IAM: roles, providers, second factors, principals in force and named ones.

Rules:
 - What is "in force" comes with the cache keys of all rows behind it: whatever a service makes of it and keeps
   depends on those (S-09).
 - A policy that names users and roles by their ARNs is bound to their unique ids when it is put: who is made anew
   under an old name is not meant (P-07). When it is shown, the id stands where the principal is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from strongroom.errors import StrongroomError
from strongroom.gateway.context import Context
from strongroom.policy.compile import CompiledPolicy
from strongroom.policy.document import Document, PolicyKind
from strongroom.policy.managed import find_managed_policy
from strongroom.policy.principals import is_principal_arn, is_unique_id
from strongroom.services.iam.identity_rows import ROLES, USERS, identity_key
from strongroom.services.iam.model import ACTIVE, Role, User
from strongroom.services.iam.oidc_providers import OIDCProvider, find_provider
from strongroom.services.iam.pass_role import find_role_to_pass
from strongroom.services.iam.policy_rows import find_policy_by_arn, policy_key
from strongroom.services.iam.principals import (
    PoliciesInForce,
    compile_or_deny,
    limiting_policy,
    policies_of_role,
    policies_of_user,
)
from strongroom.services.iam.second_factors import is_right_code
from strongroom.services.iam.tables import check_key, credential_key, find_access_key, find_account
from strongroom.store.rows import Rows

__all__ = [
    "MFARefused",
    "OIDCProvider",
    "Role",
    "UnknownPrincipal",
    "compile_or_deny",
    "find_oidc_provider",
    "find_role",
    "has_managed_policy",
    "pass_role",
    "replaced_principals",
    "resolve_principals",
    "role_in_force",
    "session_policy",
    "trust_policy",
    "user_in_force",
    "verify_mfa",
]


class MFARefused(StrongroomError):
    """A second factor was not shown.

    Attributes:
        is_unknown: Whether the user has no such device; otherwise the code is not right, was used, or the device
            takes none for a while because somebody guesses.
    """

    def __init__(self, *, is_unknown: bool) -> None:
        super().__init__("the second factor was not shown")
        self.is_unknown = is_unknown


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


def role_in_force(rows: Rows, role_id: str) -> tuple[Role, PoliciesInForce] | None:
    """Give a role and its policies by its unique id; None when it is gone, whoever has its name now (P-07).

    Raises:
        StoreTampered: A row is not what Strongroom wrote.
    """
    with rows.snapshot():
        role = ROLES.find_by_id(rows, role_id)
        policies = None if role is None else policies_of_role(rows, role_id)
    return None if role is None or policies is None else (role, policies)


def user_in_force(
    rows: Rows, user_id: str, access_key_id: str
) -> tuple[User, PoliciesInForce, tuple[str, ...]] | None:
    """Give a user, its policies and the cache keys of both, by its unique id and one of its access keys.

    Returns:
        None when the user is gone or the key is not active: credentials that were issued for a key end with it.

    Raises:
        StoreTampered: A row is not what Strongroom wrote.
    """
    with rows.snapshot():
        user = USERS.find_by_id(rows, user_id)
        key = find_access_key(rows, access_key_id)
        if user is None or key is None or key.user_id != user_id or key.status != ACTIVE:
            return None
        check_key(user, key)
        policies = policies_of_user(rows, user)
    return user, policies, (*policies.depends_on, credential_key(access_key_id))


def pass_role(context: Context, name: str, service: str) -> Role | None:
    """Return a role of the caller's account that the caller may give to a service (``iam:PassRole``).

    Args:
        context: Who gives it.
        name: Of the role.
        service: For example ``lambda.amazonaws.com``.

    Returns:
        None when the caller might, but there is no such role.

    Raises:
        Fault: The caller may not.
    """
    return find_role_to_pass(context, name, service)


def trust_policy(rows: Rows, role: Role) -> CompiledPolicy:
    """Give the trust policy of a role, compiled, bound to the principals that it named when it was put (P-07)."""
    found = rows.cached(
        f"iam-trust:{role.unique_id}",
        lambda _: compile_or_deny(
            role.attributes.trust, PolicyKind.TRUST, role.arn, role.attributes.trusted_ids
        ),
        lambda _: 1_000 + 6 * len(role.attributes.trust),
        lambda _: (identity_key(role.unique_id),),
    )
    assert found is not None
    return found


def session_policy(rows: Rows, arn: str) -> tuple[CompiledPolicy, str]:
    """Give a managed policy as it limits a session, and the cache key it depends on.

    One that is gone denies everything.

    Raises:
        StoreTampered: A row is not what Strongroom wrote.
    """
    return limiting_policy(rows, arn, PolicyKind.SESSION), policy_key(arn)


def has_managed_policy(rows: Rows, arn: str, account: str) -> bool:
    """Whether there is a managed policy of AWS's or of this account with this ARN."""
    if find_managed_policy(arn) is not None:
        return True
    policy = find_policy_by_arn(rows, arn)
    return policy is not None and policy.account == account


def find_oidc_provider(rows: Rows, account: str, issuer_url: str) -> OIDCProvider | None:
    """Read the OpenID Connect provider of an account by the URL of its issuer, or None.

    Args:
        rows: The store.
        account: Whose provider: that of the role that is to be assumed.
        issuer_url: ``https://...``, as a token says it; compared exactly (E-04).
    """
    scheme, separator, url = issuer_url.partition("://")
    return find_provider(rows, account, url) if scheme == "https" and separator else None


def verify_mfa(context: Context, user_id: str, serial_number: str, token_code: str) -> None:
    """Use up one code of an MFA device of a user (W-03).

    The step of the code is remembered, so this changes the store: the operation has mode CHANGE for such a request.
    An operation of mode READ says so with ``Operation.changes``, for example
    ``changes=lambda request: request.token_code is not None``.

    Args:
        context: Of the operation that wants the second factor.
        user_id: The unique id of the user, usually ``context.caller.principal.unique_id``.
        serial_number: The serial number of the device as the caller sent it: the ARN of a virtual one.
        token_code: Six digits, as the caller sent them; spaces around and inside them are left out.

    Raises:
        MFARefused: The user has no such device, or the code is not right, or was used before.
        StoreTampered: A row is not what Strongroom wrote.
    """
    user = USERS.find_by_id(context.rows, user_id)
    if user is None or serial_number not in user.attributes.second_factors:
        raise MFARefused(is_unknown=True)
    if not is_right_code(context, user, serial_number, token_code.replace(" ", "")):
        raise MFARefused(is_unknown=False)


def resolve_principals(rows: Rows, document: Document) -> dict[str, str]:
    """Give the unique id of every user and role that a policy names by its ARN.

    Sessions and federated users are known by what they come from and are not looked up; their accounts, account ids
    and unique ids must exist.

    Raises:
        UnknownPrincipal: One of them does not exist.
    """
    resolved: dict[str, str] = {}
    for name in dict.fromkeys(_named(document)):  # statements often name the same ones
        if is_unique_id(name):
            if USERS.find_by_id(rows, name) is None and ROLES.find_by_id(rows, name) is None:
                raise UnknownPrincipal(name)
        elif name.startswith(("arn:aws:iam::", "arn:aws:sts::")) and is_principal_arn(name):
            account, resource = name.split(":", 5)[4:]
            if find_account(rows, account) is None:
                raise UnknownPrincipal(name)
            if name.startswith("arn:aws:iam::") and resource != "root":
                found = _find_principal(rows, name)
                if found is None:
                    raise UnknownPrincipal(name)
                resolved[name] = found.unique_id
        elif name != "*" and find_account(rows, name) is None:
            raise UnknownPrincipal(name)
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
