"""Step 5 for functions: from what the caller sent to the row and the ARN we build.

Rules (audit reference 5.1; threat model P-01, P-09):
 - A name, a partial ARN and the full ARN of one function, percent-encoded or not, give one target and one decision.
 - The policy is evaluated on the ARN of the function; that an invocation names a version or an alias is part of it.
 - Built-in functions are found like others; they are nobody's to change.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Target
from strongroom.policy.compile import CompiledPolicy, compile_policy
from strongroom.policy.document import PolicyKind
from strongroom.policy.question import tag_keys
from strongroom.services.lambda_ import errors
from strongroom.services.lambda_.model import LATEST, Alias, Configuration, Function, Policy, function_arn
from strongroom.services.lambda_.tables import find_function, find_version, function_key
from strongroom.services.secretsmanager.contract import is_built_in
from strongroom.store.rows import Rows

_NAME: Final = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:)?(?:([a-z]{2,}(?:-[a-z]+)+-\d{1,2}):)?(?:(\d{12}):)?(?:function:)?"
    r"([a-zA-Z0-9_-]+)(?::(\$LATEST|[a-zA-Z0-9_-]+))?",
    re.ASCII,
)
NAME_MOST: Final = 64
_NO_CONDITIONS: Mapping[str, tuple[str, ...]] = {}


class Place(msgspec.Struct, frozen=True):
    """What the name of a function says.

    Attributes:
        qualifier: Empty for none.
    """

    account: str
    region: str
    name: str
    qualifier: str = ""

    @property
    def arn(self) -> str:
        """The ARN of the function, without the qualifier."""
        return function_arn(self.region, self.account, self.name)

    @property
    def qualified_arn(self) -> str:
        """The ARN with the qualifier."""
        return function_arn(self.region, self.account, self.name, self.qualifier)


class Found(msgspec.Struct, frozen=True):
    """What a target holds.

    Attributes:
        function: None when there is none.
    """

    place: Place
    function: Function | None


def read_place(context: Context, name: str, qualifier: str | None = None) -> Place:
    """Read the name of a function, in whatever form.

    Raises:
        Fault: It has none of the forms, is of another Region, or there are two qualifiers.
    """
    match = _NAME.fullmatch(name)
    if match is None or len(match[3]) > NAME_MOST:
        raise errors.invalid("The function name is not valid: it has at most 64 letters, digits, - and _.")
    region, account, bare, derived = match.groups()
    if region is not None and region != context.region:
        raise errors.other_region(region, context.region)
    if derived is not None and qualifier is not None and derived != qualifier:
        raise errors.qualifiers_differ()
    return Place(account or context.account, context.region, bare, derived or qualifier or "")


def read_tagged(context: Context, arn: str) -> Place:
    """Read the ARN of something that has tags; only functions do.

    Raises:
        Fault: It is the ARN of something else, of another Region, or of a version or alias.
    """
    match = _NAME.fullmatch(arn)
    if match is None or not arn.startswith("arn:") or ":function:" not in arn:
        raise errors.not_served("Tags on anything but functions")
    if match[4] is not None:
        raise errors.invalid(
            "Tags on function aliases and versions are not supported. Please specify a function ARN."
        )
    return read_place(context, arn)


def find_target(
    context: Context,
    place: Place,
    conditions: Mapping[str, tuple[str, ...]] = _NO_CONDITIONS,
    *,
    is_invoked: bool = False,
) -> Target:
    """Name a function for the evaluator; ``found`` is a ``Found``.

    Args:
        context: Of the request.
        place: Which.
        conditions: Condition keys of the request.
        is_invoked: Whether the version or alias counts.
    """
    function = find_function(context.rows, place.account, place.region, place.name)
    arn = place.qualified_arn if is_invoked else place.arn
    if function is None:
        return Target(arn, place.account, arn, Found(place, None), conditions)
    keys = {**tag_keys(function.attributes.tags, "aws:resourcetag/"), **conditions}
    qualifier = place.qualifier if is_invoked else ""
    policy = resource_policy(context.rows, function, qualifier)
    return Target(arn, place.account, arn, Found(place, function), keys, policy)


def place_of(target: Target) -> Place:
    """Give the place of a target."""
    found = target.found
    assert isinstance(found, Found)
    return found.place


def existing(target: Target, *, qualified: bool = False) -> Function:
    """Return the function of a target.

    Args:
        target: Of ``find_target``.
        qualified: Whether the words of the refusal name the qualifier.

    Raises:
        Fault: There is none.
    """
    found = target.found
    assert isinstance(found, Found)
    if found.function is None:
        raise errors.function_not_found(found.place.qualified_arn if qualified else found.place.arn)
    return found.function


def changeable(target: Target) -> Function:
    """Return the function of a target that is to be changed.

    Raises:
        Fault: There is none, or it is built in.
    """
    found = target.found
    assert isinstance(found, Found)
    refuse_built_in(found.place)
    return existing(target)


def refuse_built_in(place: Place) -> None:
    """Refuse to change what belongs to Strongroom.

    Raises:
        Fault: It is a built-in function.
    """
    if is_built_in(place.name):
        raise errors.built_in(place.name)


def version_of(rows: Rows, function: Function, qualifier: str) -> Configuration:
    """Give the version that a qualifier names; that of an alias is its first.

    Raises:
        Fault: There is no such version or alias.
    """
    if qualifier in ("", LATEST):
        return function.attributes.latest
    alias = function.attributes.aliases.get(qualifier)
    number = qualifier if alias is None else alias.version
    if number == LATEST:
        return function.attributes.latest
    found = find_version(rows, function.function_id, int(number)) if is_number(number) else None
    if found is None:
        raise errors.function_not_found(
            function_arn(function.region, function.account, function.name, qualifier)
        )
    return found


def is_number(text: str) -> bool:
    """Whether a text is the number of a version."""
    return text.isascii() and text.isdigit() and len(text) <= 9


def alias_of(function: Function, name: str) -> Alias:
    """Return an alias.

    Raises:
        Fault: There is none of this name.
    """
    found = function.attributes.aliases.get(name)
    if found is None:
        raise errors.alias_not_found(function_arn(function.region, function.account, function.name, name))
    return found


def resource_policy(rows: Rows, function: Function, qualifier: str) -> CompiledPolicy | None:
    """Return the compiled policy of a function, or of one version or alias of it; None for none."""
    policy = function.attributes.policies.get("" if qualifier == LATEST else qualifier)
    if policy is None or not policy.statements:
        return None
    key = function_key(function.account, function.region, function.name)
    return rows.cached(
        f"function-policy:{function.function_id}:{qualifier}:{policy.revision_id}",
        lambda _: _compile(policy, function.arn),
        lambda _: 8_000 + 6 * len(policy.document),
        lambda _: (key,),
    )


def _compile(policy: Policy, source_id: str) -> CompiledPolicy:
    return compile_policy(
        policy.document, PolicyKind.RESOURCE, source_id=source_id, principal_ids=policy.principal_ids
    )
