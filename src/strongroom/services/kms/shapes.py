"""Members that several operations of KMS share, with their constraints.

Source: the service model ``kms`` 2014-11-01.
"""

from __future__ import annotations

from typing import Annotated, Literal

from strongroom.wire.shapes import SENSITIVE, Shape, Timestamp, limits, renamed, within

KeyId = Annotated[str, limits(1, 2048)]
ARN = Annotated[str, limits(20, 2048)]
AliasName = Annotated[str, limits(1, 256, pattern=r"^[a-zA-Z0-9:/_-]+$")]
Description = Annotated[str, limits(0, 8192)]
Policy = Annotated[str, limits(1, 131_072, pattern=r"[\u0009\u000A\u000D\u0020-\u00FF]+")]
PolicyName = Annotated[str, limits(1, 128, pattern=r"[\w]+")]
Plaintext = Annotated[bytes, limits(1, 4096), SENSITIVE]
Ciphertext = Annotated[bytes, limits(1, 6144)]
EncryptionContext = dict[str, str]
MaterialId = Annotated[str, limits(64, 64, pattern=r"^[a-f0-9]+$")]
NumberOfBytes = Annotated[int, within(1, 1024)]
GrantToken = Annotated[str, limits(1, 8192)]
GrantTokens = Annotated[list[GrantToken], limits(0, 10)]
GrantId = Annotated[str, limits(1, 128)]
GrantName = Annotated[str, limits(1, 256, pattern=r"^[a-zA-Z0-9:/_-]+$")]
PrincipalId = Annotated[str, limits(1, 256, pattern=r"^[\w+=,.@:/-]+$")]
ServicePrincipal = Annotated[
    str, limits(1, 128, pattern=r"^([A-Za-z0-9\-]+)\.([A-Za-z0-9\-]+)(\.[A-Za-z0-9\-]+)+$")
]
Limit = Annotated[int, within(1, 1000)]
Marker = Annotated[str, limits(1, 1024, pattern=r"[\u0020-\u00FF]*")]
PendingWindow = Annotated[int, within(1, 365)]
RotationPeriod = Annotated[int, within(90, 2560)]
CustomKeyStoreId = Annotated[str, limits(1, 64)]
XksKeyId = Annotated[str, limits(1, 128, pattern=r"^[a-zA-Z0-9-_.]+$")]
TagKey = Annotated[str, limits(1, 128)]

KeyUsage = Literal[
    "SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE"
]
MasterKeySpec = Literal[
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    "SYMMETRIC_DEFAULT",
    "HMAC_224",
    "HMAC_256",
    "HMAC_384",
    "HMAC_512",
    "SM2",
]
KeySpec = Literal[
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    "SYMMETRIC_DEFAULT",
    "HMAC_224",
    "HMAC_256",
    "HMAC_384",
    "HMAC_512",
    "SM2",
    "ML_DSA_44",
    "ML_DSA_65",
    "ML_DSA_87",
    "ECC_NIST_EDWARDS25519",
    "ML_KEM_512",
    "ML_KEM_768",
    "ML_KEM_1024",
]
Origin = Literal["AWS_KMS", "EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"]
KeyState = Literal[
    "Creating",
    "Enabled",
    "Disabled",
    "PendingDeletion",
    "PendingImport",
    "PendingReplicaDeletion",
    "Unavailable",
    "Updating",
]
DataKeySpec = Literal["AES_256", "AES_128"]
EncryptionAlgorithm = Literal["SYMMETRIC_DEFAULT", "RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "SM2PKE"]
ExpirationModel = Literal["KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_DOES_NOT_EXPIRE"]
DryRunModifiers = list[Literal["IGNORE_CIPHERTEXT"]]
GrantOperation = Literal[
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "Sign",
    "Verify",
    "GetPublicKey",
    "CreateGrant",
    "RetireGrant",
    "DescribeKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateMac",
    "VerifyMac",
    "DeriveSharedSecret",
    "Encapsulate",
    "Decapsulate",
]
GrantOperations = list[GrantOperation]


class Tag(Shape):
    """A key and a value."""

    tag_key: TagKey
    tag_value: Annotated[str, limits(0, 256)]


class RecipientInfo(Shape):
    """The enclave that a result is to be encrypted for; not served."""

    key_encryption_algorithm: Literal["RSAES_OAEP_SHA_256"] | None = None
    attestation_document: Annotated[bytes, limits(1, 262_144)] | None = None


class GrantConstraints(Shape):
    """What an encryption context must hold for a grant to count."""

    encryption_context_subset: EncryptionContext | None = None
    encryption_context_equals: EncryptionContext | None = None
    source_arn: (
        Annotated[
            str,
            limits(20, 512, pattern=r"^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9]{12}:.+$"),
        ]
        | None
    ) = None


class GrantListEntry(Shape):
    """A grant as listings show it."""

    key_id: KeyId | None = None
    grant_id: GrantId | None = None
    name: GrantName | None = None
    creation_date: Timestamp | None = None
    grantee_principal: PrincipalId | None = None
    retiring_principal: PrincipalId | None = None
    issuing_account: PrincipalId | None = None
    operations: GrantOperations | None = None
    constraints: GrantConstraints | None = None
    grantee_service_principal: ServicePrincipal | None = None
    retiring_service_principal: ServicePrincipal | None = None


class ListGrantsResponse(Shape):
    """A page of grants."""

    grants: list[GrantListEntry] | None = None
    next_marker: Marker | None = None
    truncated: bool | None = None


class MultiRegionKey(Shape):
    """A key of a multi-Region set; no key here is one."""

    arn: ARN | None = None
    region: Annotated[str, limits(1, 32, pattern=r"^([a-z]+-){2,3}\d+$")] | None = None


class MultiRegionConfiguration(Shape):
    """The set that a multi-Region key belongs to; no key here does."""

    multi_region_key_type: Literal["PRIMARY", "REPLICA"] | None = None
    primary_key: MultiRegionKey | None = None
    replica_keys: list[MultiRegionKey] | None = None


class XksKeyConfiguration(Shape):
    """A key in an external store; no key here is one."""

    id: XksKeyId | None = None


class KeyMetadata(Shape):
    """What a key is; CreateKey and DescribeKey answer with it."""

    aws_account_id: str | None = renamed("AWSAccountId", default=None)
    key_id: KeyId
    arn: ARN | None = None
    creation_date: Timestamp | None = None
    enabled: bool | None = None
    description: Description | None = None
    key_usage: KeyUsage | None = None
    key_state: KeyState | None = None
    deletion_date: Timestamp | None = None
    valid_to: Timestamp | None = None
    origin: Origin | None = None
    custom_key_store_id: CustomKeyStoreId | None = None
    cloud_hsm_cluster_id: Annotated[str, limits(19, 24, pattern=r"cluster-[2-7a-zA-Z]{11,16}")] | None = None
    expiration_model: ExpirationModel | None = None
    key_manager: Literal["AWS", "CUSTOMER"] | None = None
    customer_master_key_spec: MasterKeySpec | None = None
    key_spec: KeySpec | None = None
    encryption_algorithms: list[EncryptionAlgorithm] | None = None
    signing_algorithms: (
        list[
            Literal[
                "RSASSA_PSS_SHA_256",
                "RSASSA_PSS_SHA_384",
                "RSASSA_PSS_SHA_512",
                "RSASSA_PKCS1_V1_5_SHA_256",
                "RSASSA_PKCS1_V1_5_SHA_384",
                "RSASSA_PKCS1_V1_5_SHA_512",
                "ECDSA_SHA_256",
                "ECDSA_SHA_384",
                "ECDSA_SHA_512",
                "SM2DSA",
                "ML_DSA_SHAKE_256",
                "ED25519_SHA_512",
                "ED25519_PH_SHA_512",
            ]
        ]
        | None
    ) = None
    key_agreement_algorithms: list[Literal["ECDH"]] | None = None
    encapsulation_algorithms: list[Literal["ML_KEM"]] | None = None
    multi_region: bool | None = None
    multi_region_configuration: MultiRegionConfiguration | None = None
    pending_deletion_window_in_days: PendingWindow | None = None
    mac_algorithms: list[Literal["HMAC_SHA_224", "HMAC_SHA_256", "HMAC_SHA_384", "HMAC_SHA_512"]] | None = (
        None
    )
    xks_key_configuration: XksKeyConfiguration | None = None
    current_key_material_id: MaterialId | None = None
