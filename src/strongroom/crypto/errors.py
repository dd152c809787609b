"""What the cryptographic engines refuse, as errors of their own.

::

    CryptoError
    ├── AuthenticationFailed     bytes do not open under this key and this place
    ├── MalformedSealed          bytes that are no record of a known format
    ├── UnknownTerm              a header names a keyring term that is not there
    ├── WrongKeyMaterial         a ciphertext names another KMS key or other key material
    ├── InvalidKeySize           a key of a length that its algorithm does not have
    ├── KeyWiped                 use of a root key after ``RootKey.wipe``
    ├── MalformedContext         an encryption context that has no canonical form
    ├── RowTampered              a row and its authentication tag disagree
    ├── SignatureRefused         a signature that the public key did not make
    ├── TokenRefused             an opaque token that we did not make, or not for this caller
    └── PasswordRefused          no password satisfies the wishes
        ├── PasswordTooShort
        ├── RequiredTypeExcluded
        └── EverythingExcluded

No message holds key or value bytes. A caller that answers over the network maps the first four to one
answer, so that nobody learns which check failed.
"""

from __future__ import annotations

from strongroom.errors import StrongroomError


class CryptoError(StrongroomError):
    """Root of what the cryptographic engines raise."""


class AuthenticationFailed(CryptoError):
    """Sealed bytes were changed, moved, cut, or belong to another key."""


class MalformedSealed(CryptoError):
    """Bytes are too short for a sealed record, or of an unknown version or type."""


class UnknownTerm(CryptoError):
    """A header names a keyring term that this keyring does not hold."""


class WrongKeyMaterial(CryptoError):
    """A KMS ciphertext names another key, or other material of the key, than the one it was given."""


class InvalidKeySize(CryptoError):
    """A key does not have the length that its use needs."""


class KeyWiped(CryptoError):
    """A root key was asked for after it had been overwritten."""


class MalformedContext(CryptoError):
    """An encryption context or a place holds text that UTF-8 cannot write (a lone surrogate)."""


class RowTampered(CryptoError):
    """A stored row is not the one that was authenticated."""


class SignatureRefused(CryptoError):
    """A signature does not belong to this message and public key."""


class TokenRefused(CryptoError):
    """An opaque token is not ours, was changed, or was made for another caller or question."""


class PasswordRefused(CryptoError):
    """No password satisfies what was asked for."""


class PasswordTooShort(PasswordRefused):
    """Fewer characters were asked for than there are required types."""


class RequiredTypeExcluded(PasswordRefused):
    """The excluded characters leave nothing of a required type."""


class EverythingExcluded(PasswordRefused):
    """No character at all is left to choose from."""
