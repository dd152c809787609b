"""``KeyMetadata``: a key as CreateKey and DescribeKey show it.

Source: identity reference 6.1 (recorded).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strongroom.clock import render_text
from strongroom.services.kms.model import AWS, ENABLED, SYMMETRIC, KeyRow
from strongroom.services.kms.shapes import KeyMetadata
from strongroom.wire.shapes import timestamp


def show_key(key: KeyRow) -> KeyMetadata:
    """Show a key."""
    attributes = key.attributes
    state: Any = attributes.state
    return KeyMetadata(
        aws_account_id=key.account,
        key_id=key.key_id,
        arn=key.arn,
        creation_date=timestamp(key.created_ms),
        enabled=state == ENABLED,
        description=attributes.description,
        key_usage="ENCRYPT_DECRYPT",
        key_state=state,
        deletion_date=None if attributes.deletion_ms is None else timestamp(attributes.deletion_ms),
        origin="AWS_KMS",
        key_manager="AWS" if attributes.manager == AWS else "CUSTOMER",
        customer_master_key_spec=SYMMETRIC,
        key_spec=SYMMETRIC,
        encryption_algorithms=[SYMMETRIC],
        multi_region=False,
        current_key_material_id=attributes.current_material,
    )


def record_key(metadata: KeyMetadata) -> Mapping[str, Any]:
    """Show key metadata in an audit record, with CloudTrail's names."""
    return {
        "aWSAccountId": metadata.aws_account_id,
        "keyId": metadata.key_id,
        "arn": metadata.arn,
        "creationDate": render_text(int((metadata.creation_date or 0) * 1000)),
        "enabled": metadata.enabled,
        "description": metadata.description,
        "keyUsage": metadata.key_usage,
        "keyState": metadata.key_state,
        "origin": metadata.origin,
        "keyManager": metadata.key_manager,
        "customerMasterKeySpec": metadata.customer_master_key_spec,
        "keySpec": metadata.key_spec,
        "encryptionAlgorithms": list(metadata.encryption_algorithms or ()),
        "multiRegion": metadata.multi_region,
        "currentKeyMaterialId": metadata.current_key_material_id,
    }
