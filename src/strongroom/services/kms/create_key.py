"""CreateKey: make a symmetric encryption key.

Without Policy the key gets one that hands all decisions on to the account. With one, its principals must exist
and the caller must be able to change it again, unless BypassPolicyLockoutSafetyCheck is given. Tags need
kms:TagResource too.

Asymmetric and HMAC keys, imported material, custom key stores and multi-Region keys are not served.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html; identity reference 6.1, 6.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strongroom.audit.record import Resource
from strongroom.crypto import envelope
from strongroom.gateway.authorisation import authorise
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.ids import new_uuid
from strongroom.services.kms import errors
from strongroom.services.kms.keys import RESOURCE_TYPE
from strongroom.services.kms.lookup import account_target
from strongroom.services.kms.metadata import record_key, show_key
from strongroom.services.kms.model import (
    CUSTOMER,
    ENABLED,
    KEYS_MOST,
    SYMMETRIC,
    KeyAttributes,
    KeyRow,
    key_arn,
)
from strongroom.services.kms.policies import default_policy, read_policy
from strongroom.services.kms.shapes import (
    CustomKeyStoreId,
    Description,
    KeyMetadata,
    KeySpec,
    KeyUsage,
    MasterKeySpec,
    Origin,
    Policy,
    Tag,
    XksKeyId,
)
from strongroom.services.kms.tables import count_keys, insert_key, insert_material, put_policy
from strongroom.services.kms.tags import put_tags, tag_conditions
from strongroom.wire.shapes import Shape


class Request(Shape):
    """What the key is to be."""

    policy: Policy | None = None
    description: Description | None = None
    key_usage: KeyUsage | None = None
    customer_master_key_spec: MasterKeySpec | None = None
    key_spec: KeySpec | None = None
    origin: Origin | None = None
    custom_key_store_id: CustomKeyStoreId | None = None
    bypass_policy_lockout_safety_check: bool | None = None
    tags: list[Tag] | None = None
    multi_region: bool | None = None
    xks_key_id: XksKeyId | None = None


class Response(Shape):
    """The key."""

    key_metadata: KeyMetadata | None = None


def target(context: Context, request: Request) -> Target:
    """Name no resource; what the key is to be stands in condition keys."""
    conditions: dict[str, tuple[str, ...]] = {
        "kms:keyspec": (request.key_spec or request.customer_master_key_spec or SYMMETRIC,),
        "kms:keyusage": (request.key_usage or "ENCRYPT_DECRYPT",),
        "kms:keyorigin": (request.origin or "AWS_KMS",),
        "kms:multiregion": ("true" if request.multi_region else "false",),
        **tag_conditions(request.tags),
    }
    if request.bypass_policy_lockout_safety_check is not None:
        given = "true" if request.bypass_policy_lockout_safety_check else "false"
        conditions["kms:bypasspolicylockoutsafetycheck"] = (given,)
    return account_target(context, conditions)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Draw the key's id and its first material."""
    _refuse_unserved(request)
    if request.tags:
        authorise(context, "kms:TagResource", target)
    tags = put_tags((), request.tags or ())
    if count_keys(context.rows, context.account, context.region) >= KEYS_MOST:
        raise errors.limit_exceeded(f"An account can have at most {KEYS_MOST} KMS keys in a Region.")
    key_id = new_uuid()
    arn = key_arn(context.region, context.account, key_id)
    document = request.policy or default_policy(context.account)
    _, principal_ids = read_policy(
        context,
        document,
        arn,
        bypass_lockout=request.policy is None or bool(request.bypass_policy_lockout_safety_check),
    )
    material = envelope.new_key_material(arn)
    attributes = KeyAttributes(ENABLED, CUSTOMER, request.description or "", material.material_id, tags=tags)
    key = KeyRow(key_id, context.account, context.region, context.now_ms, attributes)
    key = put_policy(context.transaction, key, document, principal_ids)
    insert_key(context.transaction, key)
    sealed = envelope.seal_key_material(context.deployment.keyring, material, context.account)
    insert_material(context.transaction, key_id, material.material_id, context.now_ms, sealed)
    context.resources.append(Resource(context.account, RESOURCE_TYPE, arn))
    return Response(key_metadata=show_key(key))


def _refuse_unserved(request: Request) -> None:
    spec = request.key_spec or request.customer_master_key_spec or SYMMETRIC
    if request.key_spec and request.customer_master_key_spec:
        raise errors.validation("You cannot specify KeySpec and CustomerMasterKeySpec in the same request.")
    if spec != SYMMETRIC:
        if request.key_usage is None:
            raise errors.key_usage_missing()
        raise errors.unsupported(f"Strongroom serves symmetric encryption keys only, not {spec}.")
    if request.key_usage not in (None, "ENCRYPT_DECRYPT"):
        raise errors.validation(f"KeyUsage {request.key_usage} is not compatible with KeySpec {SYMMETRIC}")
    if request.origin not in (None, "AWS_KMS") or request.custom_key_store_id or request.xks_key_id:
        raise errors.unsupported("Strongroom makes key material itself: it neither imports nor links it.")
    if request.multi_region:
        raise errors.unsupported("Strongroom does not serve multi-Region keys.")


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the key."""
    assert response.key_metadata is not None
    return {"keyMetadata": record_key(response.key_metadata)}


CREATE_KEY = Operation(
    name="CreateKey",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="kms:CreateKey",
    target=target,
    handle=handle,
    recorded_request=(
        "policy",
        "description",
        "key_usage",
        "customer_master_key_spec",
        "key_spec",
        "origin",
        "custom_key_store_id",
        "bypass_policy_lockout_safety_check",
        "tags",
        "multi_region",
        "xks_key_id",
    ),
    recorded_response=recorded_response,
)
