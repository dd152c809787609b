"""``iam:PassRole``: whether a caller may give a role to a service. It is a permission, not an operation.

Rules:
 - Who configures something that acts with a role needs the permission on that role, or anybody could act with the
   rights of any role (P-08). ``iam:PassedToService`` is a condition key.
 - An absent role and a forbidden one look alike: the refusal repeats what the caller sent (P-09).

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
"""

from __future__ import annotations

import msgspec

from strongroom.gateway.authorisation import authorise
from strongroom.gateway.context import Context
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.model import Role


def find_role_to_pass(context: Context, name: str, service: str) -> Role | None:
    """Return a role of the caller's account that the caller may give to a service, or None when there is none.

    Raises:
        Fault: The caller may not.
    """
    found = find_target(context, ROLES, name, {"iam:passedtoservice": (service,)})
    label = ROLES.arn(context.account, "/", name)
    authorise(context, "iam:PassRole", msgspec.structs.replace(found, label=label))
    role = found.found
    assert role is None or isinstance(role, Role)
    return role


def pass_role(context: Context, name: str, service: str) -> Role:
    """Return a role of the caller's account that the caller may give to a service.

    Args:
        context: Who gives it.
        name: Of the role.
        service: For example ``ec2.amazonaws.com``.

    Raises:
        Fault: The caller may not, or there is no such role.
    """
    found = find_target(context, ROLES, name, {"iam:passedtoservice": (service,)})
    label = ROLES.arn(context.account, "/", name)
    authorise(context, "iam:PassRole", msgspec.structs.replace(found, label=label))
    return existing(ROLES, found)
