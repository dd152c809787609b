"""The users and roles that a secret's resource policy names: bound when it is put, and shown.

Rules:
 - Who is named must exist: users and roles by their ARNs, path and case included, accounts by their ids.
   Secrets Manager has one text for all of them that do not.
 - Users and roles are bound by their unique ids (P-07). What is shown later is the present ARN of one that was
   renamed, and the unique id of one that is gone.

Source: Secrets Manager reference 12.
"""

from __future__ import annotations

from strongroom.policy.document import Document
from strongroom.policy.shown import show_policy
from strongroom.services.iam.contract import UnknownPrincipal, replaced_principals, resolve_principals
from strongroom.services.secretsmanager import errors
from strongroom.services.secretsmanager.model import BoundPolicy
from strongroom.store.rows import Rows


def bind_principals(rows: Rows, document: Document) -> dict[str, str]:
    """Give the unique ids of the users and roles that a policy names, by their ARNs.

    Raises:
        Fault: One of them, or an account, does not exist.
    """
    try:
        return resolve_principals(rows, document)
    except UnknownPrincipal as problem:
        raise errors.malformed_policy("This resource policy contains an unsupported principal.") from problem


def show_resource_policy(rows: Rows, policy: BoundPolicy) -> str:
    """Write a policy as it is to be read now."""
    return show_policy(policy.document, replaced_principals(rows, policy.principal_ids))
