"""Signing keys of today, kept so that a request costs one HMAC instead of five and no unsealing.

Rules:
 - Bounded: the oldest entry goes when the cache is full.
 - An entry belongs to one generation of a secret. A secret that is replaced has another generation, so its
   old keys are never found again; whether a key is active is asked on every request, elsewhere.
 - ``drop`` empties it at seal. A derivation that is under way at that moment leaves nothing behind.

Not here: zeroing memory, which Python cannot promise.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

from strongroom.sigv4.canonical import derive_signing_key


class SigningKeyCache:
    """Derived signing keys by (access key id, generation of its secret, date, region, service).

    Args:
        limit: Most entries to hold; one is about 500 bytes.

    Ask it only after ``check_scope`` and ``check_time``: before, a client could fill it with made-up scopes.
    """

    __slots__ = ("_entries", "_limit", "_lock")

    def __init__(self, limit: int = 4096) -> None:
        if limit < 1:
            raise ValueError("limit must be at least 1")
        self._limit = limit
        self._lock = threading.Lock()
        self._entries: dict[tuple[str, Hashable, str, str, str], bytes] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"SigningKeyCache(entries={len(self._entries)}, limit={self._limit})"

    def get_key(
        self,
        access_key_id: str,
        generation: Hashable,
        date: str,
        region: str,
        service: str,
        open_secret: Callable[[], bytes],
    ) -> bytes:
        """Return the signing key, deriving it if it is not held.

        Args:
            access_key_id: The key that signed.
            generation: Tells one secret of this key id from the next, for example its row version.
            date: ``YYYYMMDD`` of the credential scope.
            region: Region of the credential scope.
            service: Service of the credential scope.
            open_secret: Unseals the secret access key; called only when the key is not held.
        """
        entries = self._entries
        entry = (access_key_id, generation, date, region, service)
        key = entries.get(entry)
        if key is None:
            key = derive_signing_key(open_secret(), date, region, service)
            with self._lock:
                # `entries`, not `self._entries`: after a drop in between this writes into the dropped one.
                while len(entries) >= self._limit:
                    del entries[next(iter(entries))]
                entries[entry] = key
        return key

    def drop(self) -> None:
        """Forget every key. The store is being sealed."""
        with self._lock:
            self._entries.clear()
            self._entries = {}
