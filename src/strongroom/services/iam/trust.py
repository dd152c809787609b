"""Trust policies of roles: checked and bound when they are put, and shown.

Rules:
 - A trust policy has at most 2,048 characters, white space not counted, and is kept byte for byte.
 - Users, roles and accounts that it names must exist. Users and roles are bound by their unique ids (P-07); what is
   shown later is the present ARN of one that was renamed, and the unique id of one that is gone.
 - Service principals and identity providers are taken by their form alone: nobody but the service or the provider can
   act as one.

Source: identity reference 2.1, 2.2, 2.5.
"""

from __future__ import annotations

from strongroom.policy.document import SIZE_LIMITS, MalformedPolicy, PolicyKind, parse_policy, policy_size
from strongroom.policy.shown import show_policy
from strongroom.services.iam import errors
from strongroom.services.iam.contract import UnknownPrincipal, replaced_principals, resolve_principals
from strongroom.services.iam.model import Role
from strongroom.store.rows import Rows

TRUST_CHARACTERS_MOST = SIZE_LIMITS[PolicyKind.TRUST]


def bind_trust(rows: Rows, text: str) -> dict[str, str]:
    """Check a trust policy.

    Returns:
        The unique ids of the users and roles that it names, by their ARNs.

    Raises:
        Fault: It is too long, is no trust policy, or names somebody who does not exist.
    """
    if policy_size(text) > TRUST_CHARACTERS_MOST:
        raise errors.quota_exceeded("ACLSizePerRole", TRUST_CHARACTERS_MOST)
    try:
        return resolve_principals(rows, parse_policy(text, PolicyKind.TRUST))
    except MalformedPolicy as problem:
        raise errors.malformed_policy(problem.message) from problem
    except UnknownPrincipal as problem:
        raise errors.malformed_policy(f'Invalid principal in policy: "AWS":"{problem.name}"') from problem


def show_trust(rows: Rows, role: Role) -> str:
    """Write the trust policy of a role as it is to be read now."""
    attributes = role.attributes
    return show_policy(attributes.trust, replaced_principals(rows, attributes.trusted_ids))
