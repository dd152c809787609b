"""OpenID Connect providers: whose tokens the roles of an account may trust. Values, rows, and step 5 of their
operations.

Rules:
 - A provider is known by the URL of its issuer, exactly as it was written; an account has one for each URL.
 - The URL has the scheme ``https``, a host, perhaps a port and a path; nothing else. AWS advises against ports,
   clusters
   of one's own have them.
 - Whether a token is good is not decided here; ``contract.find_oidc_provider`` says what a provider was made with.
 - Tag keys are told apart by case.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html; identity reference
4.3, 4.4, 5.2.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from strongroom.clock import Instant
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Target
from strongroom.services.iam import errors
from strongroom.services.iam.lookup import NO_CONDITIONS, Conditions
from strongroom.services.iam.tags import resource_conditions
from strongroom.store.rows import Rows
from strongroom.store.table import Row, Table
from strongroom.store.transaction import Transaction

PROVIDERS: Final = Table(
    "iam_oidc_providers",
    columns=("account_id", "url", "created_ms", "attributes"),
    key=("account_id", "url"),
)
PROVIDERS_MOST: Final = 100
CLIENT_IDS_MOST: Final = 100
THUMBPRINTS_MOST: Final = 5

_SCHEME: Final = "https://"
_URL: Final = re.compile(
    r"https://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~!$&'()+,;=:@%-]*)*",
    re.ASCII,
)
_ARN: Final = re.compile(r"arn:aws:iam::([0-9]{12}):oidc-provider/(.+)", re.ASCII)
_THUMBPRINT: Final = re.compile(r"[0-9A-Fa-f]{40}", re.ASCII)


class ProviderAttributes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a provider has besides its identity; one column of its row.

    Attributes:
        client_ids: The audiences that its tokens may be for, in the order of their coming.
        thumbprints: SHA-1 of certificates, 40 hexadecimal digits each; the host's must be signed by one of them.
            Empty when the usual authorities are trusted.
        tags: In the order given.
    """

    client_ids: tuple[str, ...] = ()
    thumbprints: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()


class OIDCProvider(msgspec.Struct, frozen=True):
    """One OpenID Connect provider of an account.

    Attributes:
        url: Of the issuer, without ``https://``.
    """

    account: str
    url: str
    created_ms: Instant
    attributes: ProviderAttributes

    @property
    def arn(self) -> str:
        """``arn:aws:iam::A:oidc-provider/host/path``."""
        return provider_arn(self.account, self.url)


_decode_attributes = msgspec.msgpack.Decoder(ProviderAttributes).decode
_encode_attributes = msgspec.msgpack.Encoder().encode


def provider_arn(account: str, url: str) -> str:
    """Write the ARN of a provider; the URL is without its scheme."""
    return f"arn:aws:iam::{account}:oidc-provider/{url}"


def find_provider(rows: Rows, account: str, url: str) -> OIDCProvider | None:
    """Read a provider by its URL without the scheme, or None."""
    row = rows.find(PROVIDERS, account, url)
    return None if row is None else _of_row(row)


def list_providers(rows: Rows, account: str) -> list[OIDCProvider]:
    """Read the providers of an account, by URL."""
    found = rows.select(PROVIDERS, "WHERE account_id = ? ORDER BY url", (account,))
    return [_of_row(row) for row in found]


def insert_provider(transaction: Transaction, provider: OIDCProvider) -> None:
    """Add a provider."""
    transaction.insert(PROVIDERS, _row_of(provider))


def change_provider(transaction: Transaction, provider: OIDCProvider, **changes: Any) -> None:
    """Replace some attributes of a provider."""
    attributes = msgspec.structs.replace(provider.attributes, **changes)
    transaction.update(PROVIDERS, _row_of(msgspec.structs.replace(provider, attributes=attributes)))


def remove_provider(transaction: Transaction, provider: OIDCProvider) -> None:
    """Remove a provider."""
    transaction.delete(PROVIDERS, provider.account, provider.url)


def bare_url(url: str) -> str:
    """Return a URL without its scheme.

    Raises:
        Fault: It is not the URL of an issuer.
    """
    if _URL.fullmatch(url) is None:
        raise errors.invalid_provider_url()
    return url.removeprefix(_SCHEME)


def provider_target(context: Context, arn: str, conditions: Conditions = NO_CONDITIONS) -> Target:
    """Resolve the ARN of a provider.

    Returns:
        The target; ``found`` is the provider, or None when there is none.

    Raises:
        Fault: It is not the ARN of a provider.
    """
    matched = _ARN.fullmatch(arn)
    if matched is None:
        raise errors.invalid_arn(arn) if arn.startswith("arn:") else errors.unparsable_arn()
    provider = find_provider(context.rows, matched[1], matched[2])
    if provider is None:
        return Target(arn, matched[1], arn, conditions=conditions)
    own = resource_conditions(provider.attributes.tags)
    return Target(provider.arn, provider.account, arn, provider, {**own, **conditions})


def existing_provider(target: Target) -> OIDCProvider:
    """Return the provider of a target.

    Raises:
        Fault: There is none.
    """
    provider = target.found
    if provider is None:
        raise errors.provider_not_found(target.label)
    assert isinstance(provider, OIDCProvider)
    return provider


def check_client_ids(client_ids: list[str]) -> tuple[str, ...]:
    """Return client ids, each once.

    Raises:
        Fault: There are too many.
    """
    once = tuple(dict.fromkeys(client_ids))
    if len(once) > CLIENT_IDS_MOST:
        raise errors.quota_exceeded("ClientIdsPerOpenIdConnectProvider", CLIENT_IDS_MOST)
    return once


def check_thumbprints(thumbprints: list[str]) -> tuple[str, ...]:
    """Return thumbprints as they were given.

    Raises:
        Fault: There are too many, or one is not 40 hexadecimal digits.
    """
    if len(thumbprints) > THUMBPRINTS_MOST:
        raise errors.too_many_thumbprints()
    if not all(map(_THUMBPRINT.fullmatch, thumbprints)):
        raise errors.invalid_thumbprint()
    return tuple(thumbprints)


def _of_row(row: Row) -> OIDCProvider:
    values: Any = row
    account, url, created_ms, attributes = values
    return OIDCProvider(account, url, created_ms, _decode_attributes(attributes))


def _row_of(provider: OIDCProvider) -> Row:
    return (provider.account, provider.url, provider.created_ms, _encode_attributes(provider.attributes))
