"""Whether a resource's policy is public: whether it lets in callers that nobody has chosen.

AWS's published meaning (Amazon S3, "The meaning of public"; Secrets Manager and IAM Access Analyzer refer to
it), by reasoning over the whole policy:

::

    for each action: an Allow that names it, names the public, and that nothing narrows
      names the public    "*", NotPrincipal, a web identity provider of no account
      is narrowed by      one of its conditions that fixes the caller or its source,
                          or a Deny of the same action and resource that leaves nobody but such callers

    a condition fixes     accounts, organizations, ARNs with a literal account or no wildcard at all, VPCs,
                          endpoints, unique ids, service principals, and networks that are not very wide;
                          if it is false whenever its key is absent or another
    a Deny leaves         whom its negated conditions fix, and whom its NotPrincipal names

Rules:
 - What is not proved to be narrow is public: wildcards, variables, IfExists and ForAllValues without a Null
   that asks for the key, negations, keys that a caller chooses.
 - Actions are those of the resource, one by one, so that NotAction and wildcards are exact. Resources are
   compared as patterns, and a Deny that may miss the Allow's resource does not count.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-resources.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Final

from strongroom.policy.compile import ActionNames
from strongroom.policy.conditions import Operator, find_operator
from strongroom.policy.conditions.boolean import parse_boolean
from strongroom.policy.conditions.ip_address import parse_network
from strongroom.policy.conditions.operators import SetOperator
from strongroom.policy.match import ARN_PARTS, fold
from strongroom.policy.model import ConditionLine, Document, PrincipalName, Statement
from strongroom.policy.question import MULTIVALUED_KEYS
from strongroom.policy.variables import plain_glob

_LITERAL_KEYS: Final = frozenset(
    {
        "aws:principalaccount",
        "aws:principalorgid",
        "aws:principalservicename",
        "aws:principalservicenameslist",
        "aws:sourceaccount",
        "aws:sourceorgid",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "kms:calleraccount",
    }
)
"""Keys that a caller cannot choose, and whose values mean one account, organization, network or principal."""

_PATH_KEYS: Final = frozenset({"aws:principalorgpaths", "aws:sourceorgpaths"})
_ARN_KEYS: Final = frozenset({"aws:principalarn", "aws:sourcearn"})
_ADDRESS_KEYS: Final = frozenset({"aws:sourceip", "aws:vpcsourceip"})

_TEXT_FAMILIES: Final = frozenset({"StringEquals", "StringEqualsIgnoreCase", "StringLike"})
_ARN_FAMILIES: Final = frozenset({"ArnEquals", "ArnLike"})
_POSITIVE: Final = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NotIpAddress": "IpAddress",
}

WIDEST_PREFIX: Final = {4: 8, 6: 32}
"""Networks with a shorter prefix are the public (S3, "The meaning of public")."""

WIDEST_SHARE: Final = 16
"""All networks of a condition together must be less than this part of the addresses: many /8 are the public, too."""

COMPARISONS_MOST: Final = 10_000
"""Pairs of resources that are compared; a policy that needs more is not proved to be narrow."""

_PRIVATE: Final = tuple(ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


def is_public(document: Document, actions: Collection[str]) -> bool:
    """Whether the policy grants one of the actions to callers whom it does not fix.

    Args:
        document: The policy of a resource.
        actions: All actions that exist for such a resource, as ``service:Operation``.
    """
    open_grants = [one for one in document.statements if not one.denies and _is_open(one)]
    if not open_grants:
        return False
    limits = [one for one in document.statements if one.denies and _leaves_only_the_fixed(one)]
    limits.sort(key=_names_everything, reverse=True)  # those are compared at no cost
    named_by = {one.index: ActionNames(one) for one in (*open_grants, *limits)}
    covered: dict[tuple[int, int], bool] = {}
    comparisons = 0

    def is_covered(grant: Statement, limit: Statement) -> bool:
        nonlocal comparisons
        if _names_everything(limit):
            return True
        pair = (grant.index, limit.index)
        if pair not in covered:
            comparisons += len(grant.resources or ()) * len(limit.resources or ())
            covered[pair] = comparisons <= COMPARISONS_MOST and _covers(limit, grant)
        return covered[pair]

    for action in map(fold, actions):
        of_action = [limit for limit in limits if named_by[limit.index].match(action)]
        for grant in open_grants:
            if named_by[grant.index].match(action) and not any(
                is_covered(grant, limit) for limit in of_action
            ):
                return True
    return False


def _is_open(statement: Statement) -> bool:
    """Whether an Allow names the public and none of its conditions fixes the caller."""
    named = statement.principals or ()
    if not (statement.is_not_principal or any(map(_is_anyone, named))):
        return False
    present = frozenset(_keys_that_must_exist(statement.conditions))
    return not any(_fixes(line, present) for line in statement.conditions)


def _is_anyone(principal: PrincipalName) -> bool:
    """Whether a name means callers of any account."""
    if principal.type == "Federated":
        # Whoever has an account at a web identity provider comes with its token.
        return not principal.name.startswith("arn:")
    return principal.name == "*"


def _leaves_only_the_fixed(statement: Statement) -> bool:
    """Whether all whom a Deny does not reach are fixed: by its NotPrincipal, or by each negated condition."""
    named = statement.principals or ()
    if statement.is_not_principal:
        if any(map(_is_anyone, named)):
            return False
    elif not any(principal.name == "*" for principal in named):
        return False
    # A Deny holds if all its conditions do: each of them, where it does not hold, must have fixed the caller.
    return all(map(_spares_only_the_fixed, statement.conditions))


def _spares_only_the_fixed(line: ConditionLine) -> bool:
    operator = find_operator(line.operator)
    if operator is None or line.key is None:
        return True  # always holds, or cannot be evaluated, which denies
    if operator.name not in _POSITIVE or operator.set_operator is SetOperator.ANY:
        return False  # does not hold for callers without the key, or for callers of a kind
    if operator.set_operator is None and fold(line.key) in MULTIVALUED_KEYS:
        return False  # a list without a set operator: never holds where the key is present
    return _are_fixed(_POSITIVE[operator.name], fold(line.key), line.values)


def _fixes(line: ConditionLine, present: Collection[str]) -> bool:
    """Whether a condition of an Allow holds for nobody but fixed callers."""
    operator = find_operator(line.operator)
    if operator is None:
        return True  # cannot be evaluated: the Allow never applies
    if line.key is None or operator.family.is_negated:
        return False
    key = fold(line.key)
    if _holds_for_absent(operator) and key not in present:
        return False
    return _are_fixed(operator.name, key, line.values)


def _holds_for_absent(operator: Operator) -> bool:
    return operator.if_exists or operator.set_operator is SetOperator.ALL


def _keys_that_must_exist(lines: Iterable[ConditionLine]) -> Iterable[str]:
    for line in lines:
        if line.operator == "Null" and line.key is not None:
            wanted = [parse_boolean(value) for value in line.values]
            if wanted and all(value is False for value in wanted):
                yield fold(line.key)


def _are_fixed(family: str, key: str, values: Sequence[str]) -> bool:
    """Whether every value means a fixed caller or source. True for no values: they match nobody."""
    if key in _ADDRESS_KEYS:
        return family == "IpAddress" and _are_narrow(values)
    if key in _ARN_KEYS:
        if family in _ARN_FAMILIES:
            return all(_is_fixed_arn(value, by_parts=True) for value in values)
        return family in _TEXT_FAMILIES and all(_is_fixed_arn(value, by_parts=False) for value in values)
    if family not in _TEXT_FAMILIES:
        return False
    if key in _PATH_KEYS:
        # The first part of a path is the organization; what follows may be open.
        return all("/" in value and _is_literal(value.partition("/")[0]) for value in values)
    return key in _LITERAL_KEYS and all(map(_is_literal, values))


def _is_literal(text: str) -> bool:
    return text != "" and not any(sign in text for sign in ("*", "?", "${"))


def _is_fixed_arn(text: str, *, by_parts: bool) -> bool:
    """Whether an ARN is literal, or its account is, so that a star cannot leave that account.

    Args:
        text: The pattern.
        by_parts: Whether its parts are matched one by one. Elsewhere a wildcard before the account could take
            up colons, and another part would be the account.
    """
    if _is_literal(text):
        return True
    if "${" in text:
        return False
    parts = text.split(":", ARN_PARTS - 1)
    if len(parts) < ARN_PARTS or not _is_literal(parts[ARN_PARTS - 2]):
        return False
    return by_parts or all(part == "" or _is_literal(part) for part in parts[: ARN_PARTS - 1])


def _are_narrow(values: Iterable[str]) -> bool:
    """Whether networks are private or small, each and all together."""
    networks = [network for value in values if (network := parse_network(value)) is not None]
    fours = [one for one in networks if isinstance(one, IPv4Network) and not _is_private(one)]
    sixes = [one for one in networks if isinstance(one, IPv6Network)]
    return _are_small(list(collapse_addresses(fours))) and _are_small(list(collapse_addresses(sixes)))


def _is_private(network: IPv4Network) -> bool:
    return any(isinstance(one, IPv4Network) and network.subnet_of(one) for one in _PRIVATE)


def _are_small(networks: Sequence[IPv4Network] | Sequence[IPv6Network]) -> bool:
    total = sum(network.num_addresses for network in networks)
    return all(
        network.prefixlen >= WIDEST_PREFIX[network.version]
        and total * WIDEST_SHARE < 1 << network.max_prefixlen
        for network in networks
    )


def _covers(limit: Statement, grant: Statement) -> bool:
    """Whether a Deny of some resources reaches every resource of an Allow."""
    if limit.resources is None or limit.is_not_resource or grant.is_not_resource or grant.resources is None:
        return False
    return all(any(_contains(wide, narrow) for wide in limit.resources) for narrow in grant.resources)


def _names_everything(statement: Statement) -> bool:
    """Whether a statement names every resource; one that names none means the resource that carries the policy."""
    resources = statement.resources
    return resources is None or ("*" in resources and not statement.is_not_resource)


def _contains(wide: str, narrow: str) -> bool:
    """Whether one pattern surely matches whatever another does."""
    if wide == narrow:
        return "${" not in wide
    if "${" in wide or "${" in narrow or ("?" in wide and "*" in narrow):
        return False  # a variable may be anything, and a question mark is no star
    if wide.count(":") < ARN_PARTS - 1 or narrow.count(":") < ARN_PARTS - 1:
        return False
    # Parts before the last are matched one by one; a star of the narrow pattern needs a star of the wide one.
    pairs = zip(wide.split(":", ARN_PARTS - 1), narrow.split(":", ARN_PARTS - 1), strict=True)
    return all(_glob(left).matches(right) for left, right in pairs)


_glob = lru_cache(maxsize=1_024)(plain_glob)
