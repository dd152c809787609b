"""From settings to a running server: what ``dev`` and ``serve`` have in common.

Rules:
 - The claim on the directory comes first and is held until the last process ends.
 - What is unsafe is refused before the root key is opened.
"""

from __future__ import annotations

import errno
import ipaddress
import logging
import os
import re
import ssl
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from strongroom.clock import Clock
from strongroom.config import Settings
from strongroom.errors import StrongroomError
from strongroom.functions.launching import start_keeper
from strongroom.opening import check_exists, open_deployment
from strongroom.patterns import pattern_of
from strongroom.seal import parse_seal, provider_of
from strongroom.seal.file import FileSeal
from strongroom.seal.passphrase_source import PassphraseSource
from strongroom.seal.process import harden_process
from strongroom.seal.provider import SealProvider
from strongroom.seal.settings import load_settings as load_seal_settings
from strongroom.services.table import SERVICES
from strongroom.store.engine import StoreLock, check_sqlite_version, prepare_directory

log = logging.getLogger(__name__)

_ORGANIZATION = pattern_of(r"o-[a-z0-9]{10,32}", re.ASCII)


class SetUpRefused(StrongroomError):
    """The server is not started as it is set up; the sentence says what to do."""


class Address(msgspec.Struct, frozen=True):
    """Where to listen."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        if self.host in ("localhost", "127.0.0.1", "::1"):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def url(self, port: int, *, is_tls: bool) -> str:
        """Write the endpoint for clients on this machine; ``port`` is the one that the system gave."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - only compared
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if is_tls else 'http'}://{shown}:{port}"


def parse_address(text: str) -> Address:
    """Read ``host:port``; an IPv6 address stands in brackets.

    Raises:
        SetUpRefused: It is not of this form.
    """
    host, colon, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        colon = ""
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise SetUpRefused(
            f"{text!r} is no address to listen on; write HOST:PORT, for example 127.0.0.1:7327 or [::1]:7327."
        )
    return Address(host, int(port))


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Load the certificate, or return None when there is none.

    Raises:
        SetUpRefused: Only one of the two files is named, or they cannot be used.
    """
    if settings.tls_cert is None and settings.tls_key is None:
        return None
    if settings.tls_cert is None or settings.tls_key is None:
        raise SetUpRefused("TLS needs both --tls-cert and --tls-key.")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # An encrypted key would make OpenSSL ask at the terminal; a server refuses it instead.
        context.load_cert_chain(settings.tls_cert, settings.tls_key, password=lambda: "")
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "reason", None) or getattr(problem, "strerror", None) or "not usable"
        raise SetUpRefused(
            f"The certificate {settings.tls_cert} and the key {settings.tls_key} cannot be used: {reason}. "
            "Both are PEM files, the key is not encrypted, and the two belong together."
        ) from problem
    return context


def check_transport(settings: Settings, address: Address, *, has_tls: bool) -> None:
    """Refuse plain HTTP where others could read it (design section 6).

    Raises:
        SetUpRefused: The address is not loopback, and nothing encrypts.
    """
    if has_tls or settings.behind_proxy or address.is_loopback:
        return
    raise SetUpRefused(
        f"Plain HTTP on {address.host} would send secrets in clear over the network. Name a certificate with "
        "--tls-cert and --tls-key, or say --behind-proxy when a proxy ends TLS, or listen on 127.0.0.1."
    )


def check_organization(settings: Settings) -> None:
    """Refuse an id of an organization that no policy could name.

    Raises:
        SetUpRefused: It does not have the form of AWS's ids.
    """
    if settings.organization_id and _ORGANIZATION.fullmatch(settings.organization_id) is None:
        raise SetUpRefused(
            f"{settings.organization_id!r} is no id of an organization: o- and 10 to 32 small letters and digits."
        )


def check_egress(settings: Settings) -> None:
    """Refuse settings for fetching that cannot be read, before the first request needs them.

    Raises:
        StrongroomError: One of them; the message says what is wrong.
    """
    if settings.egress_allow:
        from strongroom.egress.addresses import parse_networks

        parse_networks(settings.egress_allow)
    if settings.functions_egress:
        from strongroom.functions.reach import parse_listed

        parse_listed(settings.functions_egress)
    if settings.functions_endpoint:
        _check_endpoint(settings.functions_endpoint)
    if settings.egress_ca is not None:
        try:
            ssl.create_default_context(cafile=settings.egress_ca)
        except OSError as problem:
            raise SetUpRefused(
                f"The certificates of egress_ca, {settings.egress_ca}, cannot be read. It is a file in PEM."
            ) from problem
    if settings.oidc_keys is not None:
        from strongroom.services.sts.provider_keys import read_pinned

        read_pinned(settings.oidc_keys)


def _check_endpoint(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_good = (
            parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not parts.query
        )
    except ValueError:
        is_good = False
    if not is_good:
        raise SetUpRefused(
            f"functions_endpoint, {url!r}, is no URL of http or https, for example https://sr.example.com."
        )


def find_seal(settings: Settings, source: PassphraseSource) -> SealProvider:
    """Make the seal that opens the deployment: what was kept at init, if need be at the place that is set.

    Raises:
        SealError: There is none, or the setting names another kind.
    """
    kept = provider_of(load_seal_settings(settings.data_dir), source)
    if not settings.seal:
        return kept
    wanted = parse_seal(settings.seal, source)
    if wanted.kind != kept.kind:
        raise SetUpRefused(
            f"The deployment is sealed with a {kept.kind}, not with a {wanted.kind}; leave --seal out."
        )
    if isinstance(wanted, FileSeal) and isinstance(kept, FileSeal):
        # The file may lie elsewhere than at init; what it holds is checked against what was kept.
        return FileSeal(wanted.path, kept.to_settings().verification)
    return kept


def check_key_place(settings: Settings, seal: SealProvider) -> None:
    """Refuse a key file beside the store: who takes one directory has both (design section 5).

    Raises:
        SetUpRefused: The key file lies in the data directory or below it, links followed.
    """
    if not isinstance(seal, FileSeal):
        return
    if seal.lies_in(settings.data_dir):
        raise SetUpRefused(
            f"The key file {seal.path} lies beside the store: whoever copies the one has the other. Move it to "
            "a place that is not backed up with the store, for example /etc/strongroom/root.key, and say "
            "--seal file:PATH. (A store made by strongroom dev is not for real secrets: make one with init.)"
        )


def _load_what_serves() -> None:
    import strongroom.supervisor  # noqa: F401


def serve_until_stopped(
    settings: Settings,
    address: Address,
    *,
    seal: SealProvider,
    clock: Clock,
    workers: int,
    announce: Callable[[str], None],
    is_dev: bool,
    acknowledge_rollback: bool = False,
) -> int:
    """Open the deployment and serve it until a signal ends the server.

    Args:
        announce: Hears the endpoint once requests are answered.

    Returns:
        The exit status.

    Raises:
        StrongroomError: It is not started; the message says why.
    """
    check_sqlite_version()
    check_organization(settings)
    check_egress(settings)
    tls = tls_context(settings)
    check_transport(settings, address, has_tls=tls is not None)
    check_exists(settings.data_dir)
    prepare_directory(settings.data_dir)
    lock = StoreLock(settings.data_dir)
    keeper = None
    try:
        # Before the root key is opened: it holds nothing that a function must not see, nor did it ever (F-01).
        keeper = kept = start_keeper(settings, is_dev=is_dev)
        for warning in harden_process().warnings:
            log.warning("%s", warning)
        # Opening waits for the disk; what serves is loaded meanwhile.
        loading = threading.Thread(target=_load_what_serves, name="load", daemon=True)
        loading.start()
        try:
            opened = open_deployment(settings, seal, acknowledge_rollback=acknowledge_rollback)
        finally:
            loading.join()  # nothing may run beside a fork
        from strongroom.supervisor import Plan, Supervisor, run_folded

        plan = Plan(
            *(opened, SERVICES, address.host, address.port, workers, clock, tls, is_dev),
            functions_are_kept=lambda: kept.is_alive,
        )

        def ready(port: int) -> None:
            kept.begin()
            announce(address.url(port, is_tls=tls is not None))

        try:
            if is_dev and workers == 1:
                run_folded(plan, ready)
                return 0
            return Supervisor(plan).run(ready)
        except OSError as problem:
            if problem.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES):
                raise
            raise SetUpRefused(
                f"{address.host}:{address.port} cannot be listened on: {os.strerror(problem.errno)}. "
                "Name another address with --listen."
            ) from problem
    finally:
        if keeper is not None:
            keeper.stop()
        lock.release()
