"""What the operations that issue credentials have in common: the limits of a session, and the pieces of an answer.

Rules:
 - Policies and tags are checked and packed before anything is issued; what does not fit is refused.
 - Managed session policies are named in the token and looked up whenever they are needed.
 - A record shows the access key id and the expiration of what was issued, never the secret key or the token (L-03).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from strongroom.clock import render_text
from strongroom.gateway.caller import Temporary
from strongroom.gateway.context import Context
from strongroom.policy.document import MalformedPolicy, PolicyKind, parse_policy
from strongroom.policy.match import fold
from strongroom.policy.question import tag_keys
from strongroom.services.iam import contract as iam
from strongroom.services.sts import errors
from strongroom.services.sts.model import (
    PACKED_BYTES_MOST,
    PLAIN_POLICY_CHARACTERS_MOST,
    TOKEN_BYTES_MOST,
    SessionLimits,
    Tags,
    pack_limits,
    packed_percent,
)
from strongroom.services.sts.shapes import AssumedRoleUser, Credentials, FederatedUser, PolicyDescriptor, Tag

POLICY_ARNS_MOST: Final = 10


class Packed(msgspec.Struct, frozen=True):
    """The limits of a session as they go into its token.

    Attributes:
        packed: Their bytes.
        percent: The share of the room that they use; None where there are none, and nothing is shown.
    """

    packed: bytes
    percent: int | None


def read_tags(given: Sequence[Tag] | None) -> Tags:
    """Check the tags of a request.

    Raises:
        Fault: Two keys that differ by case only, or a key with the prefix ``aws:``.
    """
    folded = [fold(tag.key) for tag in given or ()]
    if len(set(folded)) < len(folded):
        raise errors.duplicate_tag_keys()
    if any(key.startswith("aws:") for key in folded):
        raise errors.reserved_tag_key()
    return tuple((tag.key, tag.value) for tag in given or ())


def read_transitive(keys: Sequence[str] | None, tags: Tags) -> tuple[str, ...]:
    """Check the keys that are to go on into the next role.

    Raises:
        Fault: A key that no tag of the request has.
    """
    passed = {fold(key) for key, _ in tags}
    if any(fold(key) not in passed for key in keys or ()):
        raise errors.unknown_transitive_key()
    return tuple(dict.fromkeys(keys or ()))


def inherit_tags(
    session: Temporary | None, tags: Tags, transitive: tuple[str, ...]
) -> tuple[Tags, tuple[str, ...]]:
    """Add the tags of the calling session that go on.

    Raises:
        Fault: The request sets one of them anew.
    """
    if session is None or not session.transitive:
        return tags, transitive
    going_on = {fold(key) for key in session.transitive}
    if any(fold(key) in going_on for key, _ in tags):
        raise errors.inherited_tag_key()
    inherited = tuple(tag for tag in session.tags if fold(tag[0]) in going_on)
    return (*inherited, *tags), (*session.transitive, *transitive)


def pack(
    context: Context,
    account: str,
    *,
    policy: str | None,
    policy_arns: Sequence[PolicyDescriptor] | None,
    tags: Tags = (),
    transitive: tuple[str, ...] = (),
) -> Packed:
    """Check session policies and pack them with the tags.

    Raises:
        Fault: A policy is malformed, too long or not there, or it does not fit.
    """
    if policy is not None:
        if len(policy) > PLAIN_POLICY_CHARACTERS_MOST:
            raise errors.policy_too_long()
        try:
            parse_policy(policy, PolicyKind.SESSION)
        except MalformedPolicy as problem:
            raise errors.malformed_policy(problem.message) from problem
    arns = tuple(
        dict.fromkeys(descriptor.arn for descriptor in policy_arns or () if descriptor.arn is not None)
    )
    if len(arns) > POLICY_ARNS_MOST:
        raise errors.too_many_policies()
    for arn in arns:
        if not iam.has_managed_policy(context.rows, arn, account):
            raise errors.policy_not_found(arn)
    has_policy = policy is not None or bool(arns)
    packed = pack_limits(SessionLimits(policy, arns, tags, transitive))
    percent = packed_percent(packed)
    if len(packed) > PACKED_BYTES_MOST:
        raise errors.packed_too_large(percent, has_policy=has_policy)
    return Packed(packed, percent if has_policy or tags else None)


def request_tag_keys(given: Sequence[Tag] | None) -> dict[str, tuple[str, ...]]:
    """Give the condition keys of tags in a request: ``aws:RequestTag/...`` and ``aws:TagKeys``."""
    keys = tag_keys([(tag.key, tag.value) for tag in given or ()], "aws:requesttag/")
    if given:
        keys["aws:tagkeys"] = tuple(tag.key for tag in given)
    return keys


def token_utilization(credentials: Credentials) -> int:
    """Give the share of the longest token that this one uses, in percent."""
    return -(-100 * len(credentials.session_token) // TOKEN_BYTES_MOST)


def record_credentials(credentials: Credentials) -> Mapping[str, Any]:
    """Show what a record says of credentials."""
    return {
        "accessKeyId": credentials.access_key_id,
        "expiration": render_text(int(credentials.expiration * 1000)),
    }


def record_bearer(bearer: AssumedRoleUser | FederatedUser) -> Mapping[str, Any]:
    """Show who the credentials make their bearer."""
    if isinstance(bearer, AssumedRoleUser):
        return {"assumedRoleId": bearer.assumed_role_id, "arn": bearer.arn}
    return {"federatedUserId": bearer.federated_user_id, "arn": bearer.arn}
