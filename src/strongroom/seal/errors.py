"""What seals refuse, as errors that tell the operator what to do.

::

    SealError
    ├── UnknownSeal              a kind that does not exist, or parameters it does not take
    ├── SealNotServed            a kind that exists and is not served yet
    ├── SealNotCreated           parameters asked for before ``create`` or ``open``
    ├── MalformedSealSettings    ``seal.json`` is missing, unreadable or out of bounds
    ├── SealFileMissing          there is no key file
    ├── SealFileExists           a key file that would be overwritten
    ├── SealFileUnsafe           a key file that others can reach, or that is no key file
    ├── PassphraseMissing        nothing to read a passphrase from, or an empty one
    ├── PassphraseUnsafe         too short, too long, or typed differently the second time
    └── WrongRootKey             a key, but not the one of this deployment
"""

from __future__ import annotations

from strongroom.errors import StrongroomError


class SealError(StrongroomError):
    """Root of what seals raise."""


class UnknownSeal(SealError):
    """There is no such kind of seal, or it does not take this parameter."""


class SealNotServed(SealError):
    """The kind of seal is known and not served."""


class SealNotCreated(SealError):
    """The seal has no parameters yet: neither ``create`` nor ``open`` was called."""


class MalformedSealSettings(SealError):
    """``seal.json`` is missing, is no such file, or holds parameters out of bounds."""


class SealFileMissing(SealError):
    """There is no key file at the path, or no way to reach it."""


class SealFileExists(SealError):
    """A key file is there already; it is never overwritten."""


class SealFileUnsafe(SealError):
    """The key file can be read or changed by others, or is no key file of ours."""


class PassphraseMissing(SealError):
    """There is no passphrase to read."""


class PassphraseUnsafe(SealError):
    """The passphrase is too short or too long, or was typed differently the second time."""


class WrongRootKey(SealError):
    """The file or passphrase gives a key, but not the root key of this deployment."""
