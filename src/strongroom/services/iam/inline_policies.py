"""What the operations on inline policies do, the same for users, groups and roles.

Rules:
 - The text is kept byte for byte, and shown URL-encoded as RFC 3986 says.
 - Names of policies are told apart by case; they are checked before the owner is looked up.
 - A change holds from the next request on, on every worker (S-09): ``identity_rows`` sees to that.

Source: identity reference 4.2 to 4.4.
"""

from __future__ import annotations

from urllib.parse import quote

from strongroom.gateway.compiling import COMPILED
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Target
from strongroom.policy.document import MalformedPolicy, PolicyKind, parse_policy, policy_size
from strongroom.services.iam import errors
from strongroom.services.iam.identity_rows import IdentityRows, inline_source_id
from strongroom.services.iam.lookup import I, check_name, existing, find_target
from strongroom.services.iam.marker import cut_page, open_marker
from strongroom.services.iam.model import Identity, InlinePolicy
from strongroom.services.iam.shapes import MAX_ITEMS_DEFAULT


def inline_policy_target(
    context: Context, kind: IdentityRows[I], owner: str, name: str, *, is_change: bool
) -> Target:
    """Name the owner of an inline policy; for a change its boundary is a condition key.

    Raises:
        Fault: Characters that no name has.
    """
    check_name("policyName", name)
    return find_target(context, kind, owner, with_boundary=is_change)


def put_inline_policy(
    context: Context, kind: IdentityRows[I], target: Target, name: str, document: str
) -> None:
    """Add an inline policy, or replace the one of the same name.

    Raises:
        Fault: NoSuchEntity, MalformedPolicyDocument (in the order of identity reference 2.2), LimitExceeded.
    """
    owner = existing(kind, target)
    try:
        parsed = parse_policy(document, PolicyKind.IDENTITY)
    except MalformedPolicy as problem:
        raise errors.malformed_policy(problem.message) from problem
    policy = InlinePolicy(name, document)
    held = kind.list_policies(context.rows, owner.unique_id)
    others = [other for other in held if other.name != name]
    if sum(policy_size(each.document) for each in (*others, policy)) > kind.inline_most:
        raise errors.inline_policies_too_long(kind.word, owner.name, kind.inline_most)
    kind.put_policy(context.transaction, owner.unique_id, policy)
    COMPILED.leave(parsed, document, source_id=inline_source_id(owner.unique_id, name))


def get_inline_policy(
    context: Context, kind: IdentityRows[I], target: Target, name: str
) -> tuple[I, InlinePolicy]:
    """Read an inline policy with its owner.

    Raises:
        Fault: There is no such owner, or it has no such policy.
    """
    owner = existing(kind, target)
    policy = kind.find_policy(context.rows, owner.unique_id, name)
    if policy is None:
        raise errors.inline_policy_not_found(kind.word, name)
    return owner, policy


def delete_inline_policy(context: Context, kind: IdentityRows[I], target: Target, name: str) -> None:
    """Remove an inline policy.

    Raises:
        Fault: There is no such owner, or it has no such policy.
    """
    owner, policy = get_inline_policy(context, kind, target, name)
    kind.remove_policy(context.transaction, owner.unique_id, policy.name)


def page_of_inline_policies(
    context: Context,
    operation: str,
    kind: IdentityRows[I],
    owner: Identity,
    marker: str | None,
    most: int | None,
) -> tuple[list[str], str | None]:
    """Read a page of names; their sum of characters keeps policies so few that all are read.

    Raises:
        Fault: A marker of another listing.
    """
    after = open_marker(context, operation, owner.unique_id, marker)
    held = kind.list_policies(context.rows, owner.unique_id)
    names = [policy.name for policy in held if policy.name > after]
    return cut_page(context, operation, owner.unique_id, names, most or MAX_ITEMS_DEFAULT, lambda name: name)


def show_document(policy: InlinePolicy) -> str:
    """Write the text as the API shows it."""
    return quote(policy.document, safe="")
