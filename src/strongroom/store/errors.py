"""What can go wrong in the store.

::

    StoreError
    ├── StoreRefused       the set-up is unsafe; the sentence says what to do
    ├── StoreUnavailable   a commit, a read or the disk failed; nothing of the change stands
    ├── StoreTampered      a row does not carry the authentication code it was written with
    │   └── GroupBroken    so that nothing of a group of changes can be committed
    └── StoreRolledBack    the store is older than what this machine has already acknowledged
"""

from __future__ import annotations

from strongroom.errors import StrongroomError


class StoreError(StrongroomError):
    """Root of the store's errors."""


class StoreRefused(StoreError):
    """The store cannot be opened safely as it is set up."""


class StoreUnavailable(StoreError):
    """The store could not read or commit; a change that was under way is whole or absent."""


class StoreTampered(StoreError):
    """A row was changed, moved or swapped by something other than Strongroom (K-03)."""


class GroupBroken(StoreTampered):
    """What a change wrote that stands already does not fit the store: the group that it belongs to fails."""


class StoreRolledBack(StoreError):
    """The store has a lower revision than its anchor: an old copy was put back (D-05)."""
