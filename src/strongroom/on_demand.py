"""What most requests do without: it is imported, opened or made when it is first asked for.

A start of the server waits for none of it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Lock, local
from typing import TYPE_CHECKING, Any

from strongroom.clock import system_clock
from strongroom.config import Settings
from strongroom.store.rows import Rows

if TYPE_CHECKING:
    from strongroom.audit.trail import Trail
    from strongroom.crypto.keyring import Keyring
    from strongroom.functions.invocation import FunctionSpec, Invocation, Outcome
    from strongroom.gateway.caller import Credential, SessionSource
    from strongroom.services.sts.provider_keys import ProviderKeys


class ThreadTrails:
    """A trail for each thread that asks for one."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._own = local()

    def own(self) -> Trail:
        """Give the calling thread's trail, opened at its first call."""
        trail: Trail | None = getattr(self._own, "trail", None)
        if trail is None:
            from strongroom.audit.trail import Trail  # few requests ask for it; a start does not wait for it

            trail = self._own.trail = Trail(self._directory)
        return trail


class SessionsOnDemand:
    """The temporary credentials; what reads them is imported with the first token, for a start does not wait for it.

    Args:
        keyring: Opens the tokens.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._source: SessionSource | None = None

    def find(self, rows: Rows, access_key_id: str, token: str) -> Credential | None:
        """Return the credential, expired or not; None when the token is not the key's or its principal is gone."""
        if self._source is None:
            from strongroom.services.sts.sessions import SessionCredentials

            self._source = SessionCredentials(self._keyring)
        return self._source.find(rows, access_key_id, token)


class RunnerOnDemand:
    """The runner of functions; what reaches it is imported with the first invocation.

    Args:
        settings: What is in force.
        listening: Gives host and port of the server; an empty host while it does not listen.
    """

    def __init__(self, settings: Settings, listening: Callable[[], tuple[str, int]]) -> None:
        self._settings = settings
        self._listening = listening

    def invoke(self, spec: FunctionSpec, invocation: Invocation) -> Outcome:
        """Run a function once and wait for its end; raises as ``FunctionRunner`` says."""
        from strongroom.functions.client import RunnerClient
        from strongroom.functions.endpoint import endpoint_of

        settings = self._settings
        client = RunnerClient(
            settings.data_dir, lambda: endpoint_of(settings, *self._listening()), system_clock
        )
        return client.invoke(spec, invocation)


class OnFirstUse:
    """Makes something when it is first asked for, once for all threads."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: Any = None
        self._lock = Lock()

    def get(self) -> Any:
        """Give it."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made


def provider_keys_of(settings: Settings, own_port: Callable[[], int]) -> ProviderKeys:
    """Make what fetches the keys of identity providers; most deployments never ask for it."""
    from strongroom.egress.addresses import parse_networks
    from strongroom.egress.fetch import Egress
    from strongroom.services.sts.provider_keys import ProviderKeys, read_pinned

    pinned = {} if settings.oidc_keys is None else read_pinned(settings.oidc_keys)
    egress = Egress(parse_networks(settings.egress_allow), settings.egress_ca, own_port)
    return ProviderKeys(egress, pinned, system_clock)
