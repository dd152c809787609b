"""Managed policies and their versions as operations and audit records show them.

Source: the service model ``iam`` 2010-05-08; identity reference 4.3 (recorded).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, Final, Literal

from strongroom.policy.managed import ManagedPolicy
from strongroom.services.iam.model import CustomerPolicy
from strongroom.services.iam.policy_rows import attached_ids
from strongroom.services.iam.recorded import render_date
from strongroom.services.iam.shapes import Arn, PolicyDocument, PolicyName, Tags, UniqueId
from strongroom.services.iam.tags import show_tags
from strongroom.store.rows import Rows
from strongroom.wire.shapes import Shape, Timestamp, limits, timestamp

PolicyPath = Annotated[str, limits(1, 512, pattern=r"((/[A-Za-z0-9\.,\+@=_-]+)*)/")]
PolicyDescription = Annotated[str, limits(None, 1000)]
VersionId = Annotated[str, limits(pattern=r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?")]
PolicyUsage = Literal["PermissionsPolicy", "PermissionsBoundary"]

Display = Literal["new", "whole", "listed"]
"""CreatePolicy omits the description, and the tags when there are none; listings omit both (recorded)."""

_ID_CHARACTERS: Final = 17
_NO_TAGS: Final[tuple[tuple[str, str], ...]] = ()


class PolicyDetail(Shape):
    """A managed policy without its text."""

    policy_name: PolicyName | None = None
    policy_id: UniqueId | None = None
    arn: Arn | None = None
    path: PolicyPath | None = None
    default_version_id: VersionId | None = None
    attachment_count: int | None = None
    permissions_boundary_usage_count: int | None = None
    is_attachable: bool | None = None
    description: PolicyDescription | None = None
    create_date: Timestamp | None = None
    update_date: Timestamp | None = None
    tags: Tags | None = None


class PolicyVersionDetail(Shape):
    """A version of a managed policy; only GetPolicyVersion shows the text."""

    document: PolicyDocument | None = None
    version_id: VersionId | None = None
    is_default_version: bool | None = None
    create_date: Timestamp | None = None


def show_managed(
    rows: Rows, account: str, policy: CustomerPolicy | ManagedPolicy, display: Display
) -> PolicyDetail:
    """Show a managed policy; what it is attached to is counted in one account."""
    if isinstance(policy, ManagedPolicy):
        unique_id, version_id = managed_policy_id(policy.arn), policy.version_id
        created, updated = read_date(policy.created), read_date(policy.updated)
        description, tags = None, _NO_TAGS
        attached = len(attached_ids(rows, account, policy.arn, "policy"))
        bounding = len(attached_ids(rows, account, policy.arn, "boundary"))
    else:
        attributes = policy.attributes
        unique_id, version_id = policy.policy_id, f"v{attributes.default}"
        created, updated = timestamp(policy.created_ms), timestamp(attributes.updated_ms)
        description, tags = attributes.description, attributes.tags
        attached, bounding = attributes.attached, attributes.bounding
    shows_tags = display == "whole" or (display == "new" and tags)
    return PolicyDetail(
        policy_name=policy.name,
        policy_id=unique_id,
        arn=policy.arn,
        path=policy.path,
        default_version_id=version_id,
        attachment_count=attached,
        permissions_boundary_usage_count=bounding,
        is_attachable=True,
        description=description if display == "whole" else None,
        create_date=created,
        update_date=updated,
        tags=show_tags(sorted(tags)) if shows_tags else None,
    )


def managed_policy_id(arn: str) -> str:
    """Give the unique id of a policy of AWS: always the same one, made of its ARN."""
    return "ANPA" + base64.b32encode(sha256(arn.encode()).digest()).decode()[:_ID_CHARACTERS]


def read_date(text: str) -> float:
    """Turn a date of AWS's reference into the seconds that shapes carry."""
    return datetime.fromisoformat(text).timestamp()


def record_policy(policy: PolicyDetail) -> Mapping[str, Any]:
    """Show a managed policy in an audit record."""
    assert policy.create_date is not None
    assert policy.update_date is not None
    shown: dict[str, Any] = {
        "policyName": policy.policy_name,
        "policyId": policy.policy_id,
        "arn": policy.arn,
        "path": policy.path,
        "defaultVersionId": policy.default_version_id,
        "attachmentCount": policy.attachment_count,
        "permissionsBoundaryUsageCount": policy.permissions_boundary_usage_count,
        "isAttachable": policy.is_attachable,
        "createDate": render_date(policy.create_date),
        "updateDate": render_date(policy.update_date),
    }
    if policy.tags is not None:
        shown["tags"] = [{"key": tag.key, "value": tag.value} for tag in policy.tags]
    return shown
