"""Where a command that asks for credentials has its own from: the AWS environment, a profile, or a dev store.

Order: what the command line names, a profile or the directory of a dev store; the variables ``AWS_ACCESS_KEY_ID`` and
``AWS_SECRET_ACCESS_KEY``; the profile of ``AWS_PROFILE``, or ``default``; a dev store in the usual place. A profile
without a key of its own is passed over: it may be the one that runs this command. Endpoint and Region are looked for
in the environment, then where the key was found; for a dev store there first.

Rules:
 - Without an endpoint nothing is sent: the request would go to AWS itself.
 - The answer holds credentials, so plain HTTP is for loopback only.

What it does not do: profiles that get their credentials from elsewhere (``role_arn``, ``sso``,
``credential_process``).

Source: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from configparser import ConfigParser
from configparser import Error as ConfigError
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from strongroom.cli.dev_credentials import DevCredentials, is_dev_store, load_credentials
from strongroom.errors import StrongroomError
from strongroom.sigv4.signing import ClientKey

DEFAULT_REGION: Final = "us-east-1"
_DEFAULT_PROFILE: Final = "default"


class NoOwnCredentials(StrongroomError):
    """A command has nothing to sign with, or does not know where to send; the sentence says what to do."""


class OwnCredentials(msgspec.Struct, frozen=True):
    """What a command signs with, and where it sends.

    Attributes:
        key: The key.
        endpoint: For example ``https://secrets.example.com:7327``.
        region: Of the scope.
        ca_file: Certificates in PEM to trust instead of the system's; None for the system's.
    """

    key: ClientKey
    endpoint: str
    region: str
    ca_file: str | None = None


def find_own_credentials(
    environment: Mapping[str, str],
    *,
    profile: str | None,
    endpoint: str | None,
    data_dir: Path,
    is_dir_named: bool,
) -> OwnCredentials:
    """Look for them.

    Args:
        environment: Of the process.
        profile: The profile that was named on the command line.
        endpoint: The endpoint that was named there.
        data_dir: Where a dev store may lie.
        is_dir_named: Whether the command line says so.

    Raises:
        NoOwnCredentials: They are not to be had.
    """
    named = profile or environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE")
    section: Mapping[str, str] = {}
    found: ClientKey | None = None
    dev: DevCredentials | None = None
    if profile is None and is_dir_named and is_dev_store(data_dir):
        dev = load_credentials(data_dir)
    elif (
        profile is None and environment.get("AWS_ACCESS_KEY_ID") and environment.get("AWS_SECRET_ACCESS_KEY")
    ):
        found = ClientKey(
            environment["AWS_ACCESS_KEY_ID"],
            environment["AWS_SECRET_ACCESS_KEY"],
            environment.get("AWS_SESSION_TOKEN") or None,
        )
    else:
        section = _read_profile(environment, named or _DEFAULT_PROFILE)
        if section.get("aws_access_key_id") and section.get("aws_secret_access_key"):
            found = ClientKey(
                section["aws_access_key_id"],
                section["aws_secret_access_key"],
                section.get("aws_session_token") or None,
            )
        elif profile is None and is_dev_store(data_dir):
            dev = load_credentials(data_dir)
    if dev is not None:
        return OwnCredentials(
            key=ClientKey(dev.access_key_id, dev.secret_access_key),
            endpoint=_checked(endpoint or dev.endpoint),
            region=environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or dev.region,
        )
    if found is None:
        raise NoOwnCredentials(
            f"There is no key to sign with: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, nor a key in the "
            f"profile {named or _DEFAULT_PROFILE}, nor a dev server's in {data_dir}."
        )
    where = (
        endpoint
        or environment.get("AWS_ENDPOINT_URL_STS")
        or environment.get("AWS_ENDPOINT_URL")
        or section.get("endpoint_url")
    )
    if not where:
        raise NoOwnCredentials(
            "It is not said where the server is. Set AWS_ENDPOINT_URL, or name it with --endpoint."
        )
    return OwnCredentials(
        key=found,
        endpoint=_checked(where),
        region=environment.get("AWS_REGION")
        or environment.get("AWS_DEFAULT_REGION")
        or section.get("region")
        or DEFAULT_REGION,
        ca_file=environment.get("AWS_CA_BUNDLE") or section.get("ca_bundle"),
    )


def _read_profile(environment: Mapping[str, str], name: str) -> dict[str, str]:
    """Read a profile out of both files; the credentials file wins."""
    home = Path(environment.get("HOME", "~")).expanduser() / ".aws"
    config_file = environment.get("AWS_CONFIG_FILE") or str(home / "config")
    credentials_file = environment.get("AWS_SHARED_CREDENTIALS_FILE") or str(home / "credentials")
    in_config = name if name == _DEFAULT_PROFILE else f"profile {name}"
    return {**_read_section(config_file, in_config), **_read_section(credentials_file, name)}


def _read_section(path: str, section: str) -> dict[str, str]:
    parser = ConfigParser(interpolation=None, default_section="\0", strict=False)
    try:
        parser.read(Path(path).expanduser(), encoding="utf-8")
    except (ConfigError, UnicodeDecodeError):
        raise NoOwnCredentials(f"{path} is not a file of AWS profiles.") from None  # its text may hold a key
    return dict(parser[section]) if parser.has_section(section) else {}


def _checked(endpoint: str) -> str:
    """Return an endpoint without its last slash.

    Raises:
        NoOwnCredentials: It is none, or others could read what is sent there.
    """
    try:
        parts = urlsplit(endpoint)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise NoOwnCredentials(
            f"{endpoint!r} is no endpoint; write for example https://secrets.example.com:7327."
        )
    if parts.scheme == "http" and not _is_loopback(host):
        raise NoOwnCredentials(
            f"Plain HTTP to {host} would send credentials in clear over the network. Use an https endpoint."
        )
    return endpoint.rstrip("/")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
