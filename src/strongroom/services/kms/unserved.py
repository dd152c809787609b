"""The operations of KMS that are not served, each with the reason that its callers are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_ASYMMETRIC: Final = "its keys are symmetric encryption keys; keep key pairs as secrets."
_MAC: Final = "its keys are symmetric encryption keys; keep HMAC keys as secrets."
_IMPORT: Final = "it makes all key material itself and imports none."
_STORES: Final = "it keeps its keys itself; the root key may be in a module, see the seals."
_REGIONS: Final = "its keys belong to one Region; secrets that are replicated have a key in each."

UNSERVED: Final[Mapping[str, str]] = {
    "ConnectCustomKeyStore": _STORES,
    "CreateCustomKeyStore": _STORES,
    "Decapsulate": _ASYMMETRIC,
    "DeleteCustomKeyStore": _STORES,
    "DeleteImportedKeyMaterial": _IMPORT,
    "DeriveSharedSecret": _ASYMMETRIC,
    "DescribeCustomKeyStores": _STORES,
    "DisconnectCustomKeyStore": _STORES,
    "Encapsulate": _ASYMMETRIC,
    "GenerateDataKeyPair": _ASYMMETRIC,
    "GenerateDataKeyPairWithoutPlaintext": _ASYMMETRIC,
    "GenerateMac": _MAC,
    "GetKeyLastUsage": "it would write to the store at every use of a key; the audit trail tells every use.",
    "GetParametersForImport": _IMPORT,
    "GetPublicKey": _ASYMMETRIC,
    "ImportKeyMaterial": _IMPORT,
    "ReplicateKey": _REGIONS,
    "Sign": _ASYMMETRIC,
    "UpdateCustomKeyStore": _STORES,
    "UpdatePrimaryRegion": _REGIONS,
    "Verify": _ASYMMETRIC,
    "VerifyMac": _MAC,
}
