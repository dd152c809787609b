"""ListSecretVersionIds: the versions of a secret, oldest first, without their values.

Versions without a label are listed only with IncludeDeprecated. It works on a secret that is marked for
deletion too. A page has at most 100 versions; the token of the next one is sealed for the caller, the secret
and the choice of versions (J-08).

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecretVersionIds.html; Secrets
Manager reference 3.1, 4.8.
"""

from __future__ import annotations

from typing import Annotated, Final

from strongroom.clock import Instant
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.secretsmanager.lookup import existing, find_target
from strongroom.services.secretsmanager.model import Secret, Version
from strongroom.services.secretsmanager.page_token import TOKENS
from strongroom.services.secretsmanager.shapes import (
    KmsKeyId,
    NextToken,
    SecretARN,
    SecretId,
    ShownName,
    VersionId,
    VersionStages,
)
from strongroom.services.secretsmanager.tables import find_version, page_versions
from strongroom.store.rows import Rows
from strongroom.wire.shapes import Shape, Timestamp, renamed, timestamp, within

DEFAULT_KEY: Final = "DefaultEncryptionKey"
_PAGE_MOST: Final = 100
_NAME: Final = "ListSecretVersionIds"
_START: Final = (-1, "")  # comes before the position of every version


class Request(Shape):
    """Which versions of which secret."""

    secret_id: SecretId
    max_results: Annotated[int, within(1, _PAGE_MOST)] | None = None
    next_token: NextToken | None = None
    include_deprecated: bool | None = None


class Entry(Shape):
    """One version."""

    version_id: VersionId | None = None
    version_stages: VersionStages | None = None
    last_accessed_date: Timestamp | None = None
    created_date: Timestamp | None = None
    kms_key_ids: list[KmsKeyId] | None = None


class Response(Shape):
    """A page of versions."""

    versions: list[Entry] | None = None
    next_token: NextToken | None = None
    arn: SecretARN | None = renamed("ARN", default=None)
    name: ShownName | None = None


def target(context: Context, request: Request) -> Target:
    """Name the secret."""
    return find_target(context, request.secret_id)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read one page, and one version more to know whether another page follows."""
    secret = existing(target)
    question = (secret.arn, bool(request.include_deprecated))
    after = TOKENS.open(context, _NAME, question, request.next_token) or _START
    most = request.max_results or _PAGE_MOST
    if request.include_deprecated:
        found = page_versions(context.rows, secret.secret_id, after, most + 1)
    else:
        labelled = _labelled_versions(context.rows, secret)
        found = [version for version in labelled if _position(version) > after]
    page = found[:most]
    last = _position(page[-1]) if len(found) > most else None
    return Response(
        versions=[_entry(secret, version) for version in page],
        next_token=TOKENS.seal_next(context, _NAME, question, last),
        arn=secret.arn,
        name=secret.name,
    )


def _labelled_versions(rows: Rows, secret: Secret) -> list[Version]:
    found = [find_version(rows, secret.secret_id, holder) for holder in set(secret.labels.values())]
    return sorted((version for version in found if version is not None), key=_position)


def _position(version: Version) -> tuple[Instant, str]:
    """When a version was created, and its id: the order of the list."""
    return (version.created_ms, version.version_id)


def _entry(secret: Secret, version: Version) -> Entry:
    return Entry(
        version_id=version.version_id,
        version_stages=secret.stages_of(version.version_id) or None,
        last_accessed_date=timestamp(version.accessed_ms) if version.accessed_ms else None,
        created_date=timestamp(version.created_ms),
        kms_key_ids=[key or DEFAULT_KEY for key in version.keys] or [DEFAULT_KEY],
    )


LIST_SECRET_VERSION_IDS = Operation(
    name=_NAME,
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="secretsmanager:ListSecretVersionIds",
    target=target,
    handle=handle,
    recorded_request=("secret_id", "max_results", "next_token", "include_deprecated"),
)
