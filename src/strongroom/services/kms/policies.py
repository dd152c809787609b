"""Key policies: the one that a key begins with, the one of keys of services, and what is checked of a new one.

Rules:
 - A key policy is the root of trust of its key: without a statement for the account no identity policy allows
   anything, not even for the root user.
 - The principals that it names must exist, and are bound to their unique ids (P-07).
 - A policy that would not let its author change it again is refused unless the request asks for it (P-10). Only the
   policy is looked at: what it hands on to the account counts as given.

Source: identity reference 6.3, 6.4; https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from strongroom.gateway.conditions import request_conditions
from strongroom.gateway.context import Context
from strongroom.policy.compile import compile_policy
from strongroom.policy.document import (
    SIZE_LIMITS,
    Document,
    MalformedPolicy,
    PolicyKind,
    parse_policy,
)
from strongroom.policy.evaluate import evaluate
from strongroom.policy.question import Question
from strongroom.services.iam.contract import UnknownPrincipal, replaced_principals, resolve_principals
from strongroom.services.kms import errors
from strongroom.store.rows import Rows

POLICY_NAME: Final = "default"
"""The one policy that a key has."""

_ALLOW_ALL: Final = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'


def default_policy(account: str) -> str:
    """Write the policy of a key that was made without one: it hands everything on to the account."""
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Id": "key-default-1",
            "Statement": [
                {
                    "Sid": "Enable IAM User Permissions",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        },
        indent=2,
    )


@lru_cache(maxsize=64)
def managed_policy(account: str, region: str) -> str:
    """Write the policy of the key that Secrets Manager makes: AWS's, word for word.

    The service may use the key for everybody of the account who may use the service; nobody may change it.
    """
    through = (
        "Allow access through AWS Secrets Manager for all principals in the account that are authorized to use AWS "
        "Secrets Manager"
    )
    statements = [
        {
            "Sid": through,
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:CreateGrant", "kms:DescribeKey"],
            "Resource": "*",
            "Condition": {
                "StringEquals": {
                    "kms:CallerAccount": account,
                    "kms:ViaService": f"secretsmanager.{region}.amazonaws.com",
                }
            },
        },
        {
            "Sid": through,
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "kms:GenerateDataKey*",
            "Resource": "*",
            "Condition": {
                "StringEquals": {"kms:CallerAccount": account},
                "StringLike": {"kms:ViaService": "secretsmanager.*.amazonaws.com"},
            },
        },
        {
            "Sid": "Allow direct access to key metadata to the account",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
            "Resource": "*",
        },
    ]
    return json.dumps(
        {"Version": "2012-10-17", "Id": "auto-secretsmanager-2", "Statement": statements}, indent=2
    )


def read_policy(
    context: Context, text: str, arn: str, *, bypass_lockout: bool
) -> tuple[Document, dict[str, str]]:
    """Check a policy that a request brings.

    Args:
        context: Who brings it.
        text: The policy.
        arn: The key that it is for.
        bypass_lockout: Whether the caller may lose the right to change it.

    Returns:
        The document, and the unique ids of the principals that it names by ARN.

    Raises:
        Fault: It is no key policy, names somebody who does not exist, or shuts its author out.
    """
    if len(text) > SIZE_LIMITS[PolicyKind.KEY]:
        raise errors.limit_exceeded(
            f"The key policy is longer than {SIZE_LIMITS[PolicyKind.KEY]} characters."
        )
    try:
        document = parse_policy(text, PolicyKind.KEY)
    except MalformedPolicy as problem:
        raise errors.malformed_policy(problem.message) from problem
    try:
        principal_ids = resolve_principals(context.rows, document)
    except UnknownPrincipal as problem:
        raise errors.invalid_principals() from problem
    if not bypass_lockout and _locks_out(context, document, principal_ids, arn):
        raise errors.locked_out()
    return document, principal_ids


def shown_policy(rows: Rows, document: str, principal_ids: Mapping[str, str]) -> str:
    """Give the text of a policy as GetKeyPolicy shows it: the id stands in place of a principal that is gone."""
    replaced = replaced_principals(rows, principal_ids)
    return document if not replaced else json.dumps(_with_names(json.loads(document), replaced), indent=2)


def _with_names(part: Any, replaced: Mapping[str, str]) -> Any:
    """Write other names for principals, wherever an element of principals stands."""
    if isinstance(part, list):
        return [_with_names(item, replaced) for item in part]
    if not isinstance(part, dict):
        return part
    return {
        key: _renamed(value, replaced)
        if key in ("Principal", "NotPrincipal")
        else _with_names(value, replaced)
        for key, value in part.items()
    }


def _renamed(part: Any, replaced: Mapping[str, str]) -> Any:
    if isinstance(part, dict):
        return {key: _renamed(value, replaced) for key, value in part.items()}
    if isinstance(part, list):
        return [_renamed(item, replaced) for item in part]
    return replaced.get(part, part)


def bind_principal(context: Context, name: str) -> str | None:
    """Give the unique id of a principal that a grant names.

    Returns:
        The id; empty where there is none (an account, a session); None when the principal does not exist.
    """
    named = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": name}, "Action": "kms:*", "Resource": "*"}
            ],
        }
    )
    try:
        document = parse_policy(named, PolicyKind.KEY)
        return resolve_principals(context.rows, document).get(name, "")
    except (MalformedPolicy, UnknownPrincipal):
        return None


def _locks_out(context: Context, document: Document, principal_ids: dict[str, str], arn: str) -> bool:
    account = arn.split(":")[4]
    decision = evaluate(
        Question(
            principal=context.caller.principal,
            action="kms:PutKeyPolicy",
            resource=arn,
            resource_account=account,
            context=request_conditions(context, {"kms:calleraccount": (context.account,)}, account),
        ),
        identity=(compile_policy(_ALLOW_ALL, PolicyKind.IDENTITY, source_id="account"),),
        resource=compile_policy(document, PolicyKind.KEY, source_id=arn, principal_ids=principal_ids),
    )
    return not decision.allowed
