"""GetRandomPassword: draw a random password; nothing is stored.

1 to 4,096 characters (32 by default) from capitals, small letters, digits and the 32 ASCII symbols, with the
space when asked for. At least one of each type that is not left out, unless RequireEachIncludedType is false;
the space is never required.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html; Secrets
Manager reference 11.
"""

from __future__ import annotations

from typing import Annotated

from strongroom.crypto.errors import EverythingExcluded, PasswordTooShort, RequiredTypeExcluded
from strongroom.crypto.randomness import PasswordWishes, random_password
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.secretsmanager import errors
from strongroom.wire.shapes import SENSITIVE, Shape, limits, within


class Request(Shape):
    """What the password is made of."""

    password_length: Annotated[int, within(1, 4096)] | None = None
    exclude_characters: Annotated[str, limits(0, 4096)] | None = None
    exclude_numbers: bool | None = None
    exclude_punctuation: bool | None = None
    exclude_uppercase: bool | None = None
    exclude_lowercase: bool | None = None
    include_space: bool | None = None
    require_each_included_type: bool | None = None


class Response(Shape):
    """The password."""

    random_password: Annotated[str, limits(0, 4096), SENSITIVE] | None = None


def target(context: Context, _request: Request) -> Target:
    """Name no resource: the action has none (reference 16)."""
    return Target("*", context.account)


def handle(_context: Context, request: Request, _target: Target) -> Response:
    """Draw it."""
    wishes = PasswordWishes(
        length=32 if request.password_length is None else request.password_length,
        exclude_characters=request.exclude_characters or "",
        exclude_numbers=request.exclude_numbers is True,
        exclude_punctuation=request.exclude_punctuation is True,
        exclude_uppercase=request.exclude_uppercase is True,
        exclude_lowercase=request.exclude_lowercase is True,
        include_space=request.include_space is True,
        require_each_included_type=request.require_each_included_type is not False,
    )
    try:
        return Response(random_password=random_password(wishes))
    except PasswordTooShort as problem:
        raise errors.password_too_short() from problem
    except RequiredTypeExcluded as problem:
        raise errors.required_type_excluded() from problem
    except EverythingExcluded as problem:
        raise errors.every_character_excluded() from problem


GET_RANDOM_PASSWORD = Operation(
    name="GetRandomPassword",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="secretsmanager:GetRandomPassword",
    target=target,
    handle=handle,
    recorded_request=(
        "password_length",
        "exclude_characters",
        "exclude_numbers",
        "exclude_punctuation",
        "exclude_uppercase",
        "exclude_lowercase",
        "include_space",
        "require_each_included_type",
    ),
    is_unbuffered=True,
)
