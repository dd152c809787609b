"""BatchGetSecretValue: retrieve the current values of up to 20 secrets, listed or found by filters.

Each secret is read by GetSecretValue for the same caller: authorised, recorded and marked as read by itself.
What fails stands in Errors and the others are answered all the same; a secret that is absent and one that
the caller may not read look alike. With Filters the caller needs ListSecrets too, and a page may be short or
empty and still carry a NextToken.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_BatchGetSecretValue.html; Secrets
Manager reference 4.5.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from strongroom.errors import Fault
from strongroom.gateway.authorisation import authorise, authorise_and_handle
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.secretsmanager import errors, get_secret_value
from strongroom.services.secretsmanager.filters import SecretFilters
from strongroom.services.secretsmanager.get_secret_value import GET_SECRET_VALUE
from strongroom.services.secretsmanager.listing import Listing, find_page
from strongroom.services.secretsmanager.page_token import TOKENS
from strongroom.services.secretsmanager.shapes import (
    Filters,
    NextToken,
    SecretARN,
    SecretBinary,
    SecretId,
    SecretString,
    ShownName,
    VersionId,
    VersionStages,
)
from strongroom.wire.shapes import Shape, Timestamp, limits, renamed, within

RESULTS_MOST: Final = 20


class Request(Shape):
    """Either which secrets, or what to look for."""

    secret_id_list: Annotated[list[SecretId], limits(1, RESULTS_MOST)] | None = None
    filters: Filters | None = None
    max_results: Annotated[int, within(1, RESULTS_MOST)] | None = None
    next_token: NextToken | None = None


class SecretValueEntry(Shape):
    """One value, as GetSecretValue gives it."""

    arn: SecretARN | None = renamed("ARN", default=None)
    name: ShownName | None = None
    version_id: VersionId | None = None
    secret_binary: SecretBinary | None = None
    secret_string: SecretString | None = None
    version_stages: VersionStages | None = None
    created_date: Timestamp | None = None


class APIError(Shape):
    """Why one secret is not among the values."""

    secret_id: SecretId | None = None
    error_code: str | None = None
    message: str | None = None


class Response(Shape):
    """The values, and what could not be read."""

    secret_values: list[SecretValueEntry] | None = None
    next_token: NextToken | None = None
    errors: list[APIError] | None = None


def target(context: Context, _request: Request) -> Target:
    """Name no resource: the action has none (reference 16); each secret is decided on by itself."""
    return Target("*", context.account)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read the secrets one by one."""
    secret_ids, next_token = _choose(context, request, target)
    values: list[SecretValueEntry] = []
    refusals: list[APIError] = []
    for secret_id in secret_ids:
        try:
            values.append(_read(context, secret_id))
        except Fault as fault:
            if fault.is_server_fault:
                raise  # the store or the keyring failed, not this secret: a part would pass for the whole
            refusals.append(APIError(secret_id=secret_id, error_code=fault.code, message=fault.message))
    return Response(secret_values=values, next_token=next_token, errors=refusals)


def _choose(context: Context, request: Request, target: Target) -> tuple[list[str], str | None]:
    """Give the secret ids to read, and the token of the next page."""
    if bool(request.secret_id_list) == bool(request.filters):
        raise errors.invalid_parameter("Either 'SecretIdList' or 'Filters' must be provided, but not both.")
    if request.secret_id_list:
        if request.max_results is not None:
            raise errors.invalid_parameter(
                "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided."
            )
        if request.next_token is not None:
            raise errors.invalid_next_token()  # a list has no pages
        return request.secret_id_list, None
    authorise(context, "secretsmanager:ListSecrets", target)
    listing = Listing(account=context.account, region=context.region, filters=SecretFilters(request.filters))
    question = msgspec.structs.replace(request, next_token=None, max_results=None)
    after = TOKENS.open(context, "BatchGetSecretValue", question, request.next_token)
    page = find_page(context.rows, listing, after, request.max_results or RESULTS_MOST)
    token = TOKENS.seal_next(context, "BatchGetSecretValue", question, page.next_position)
    return [secret.arn for secret in page.secrets], token


def _read(context: Context, secret_id: str) -> SecretValueEntry:
    request = get_secret_value.Request(secret_id=secret_id)
    if context.deployment.settings.batch_get_records_each:
        read = context.call(GET_SECRET_VALUE, request)
    else:
        read = authorise_and_handle(
            context, GET_SECRET_VALUE, request
        )  # as call, without a record of its own
    return SecretValueEntry(
        arn=read.arn,
        name=read.name,
        version_id=read.version_id,
        secret_binary=read.secret_binary,
        secret_string=read.secret_string,
        version_stages=read.version_stages,
        created_date=read.created_date,
    )


BATCH_GET_SECRET_VALUE = Operation(
    name="BatchGetSecretValue",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="secretsmanager:BatchGetSecretValue",
    target=target,
    handle=handle,
    recorded_request=("secret_id_list", "filters", "max_results", "next_token"),
    is_unbuffered=True,
)
