"""How many roles, managed policies, instance profiles and providers an account may have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from strongroom.errors import Fault
from strongroom.gateway.context import Context
from strongroom.services.iam.create_instance_profile import CREATE_INSTANCE_PROFILE
from strongroom.services.iam.create_open_id_connect_provider import CREATE_OPEN_ID_CONNECT_PROVIDER
from strongroom.services.iam.create_policy import CREATE_POLICY
from strongroom.services.iam.create_role import CREATE_ROLE
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.instance_profiles import InstanceProfile, insert_profile
from strongroom.services.iam.model import CustomerPolicy, PolicyAttributes, Role, RoleAttributes
from strongroom.services.iam.oidc_providers import OIDCProvider, ProviderAttributes, insert_provider
from strongroom.services.iam.policy_rows import insert_policy
from strongroom.store.transaction import Transaction
from tests.services.iam.answers import policy
from tests.services.iam.store import ACCOUNT, NOW_MS, IAMStore
from tests.services.iam.test_roles import SERVICE_TRUST

TRUSTED = {"assume_role_policy_document": SERVICE_TRUST}


def add_role(transaction: Transaction, number: int) -> None:
    """Add a role."""
    ROLES.insert(
        transaction,
        Role(ACCOUNT, f"AROA{number}", f"n{number}", "/", NOW_MS, RoleAttributes(SERVICE_TRUST)),
    )


def add_policy(transaction: Transaction, number: int) -> None:
    """Add a managed policy."""
    attributes = PolicyAttributes(default=1, versions={}, latest=1, updated_ms=NOW_MS)
    insert_policy(
        transaction, CustomerPolicy(ACCOUNT, f"ANPA{number}", f"n{number}", "/", NOW_MS, attributes)
    )


def add_profile(transaction: Transaction, number: int) -> None:
    """Add an instance profile."""
    insert_profile(transaction, InstanceProfile(ACCOUNT, f"AIPA{number}", f"n{number}", "/", NOW_MS))


def add_provider(transaction: Transaction, number: int) -> None:
    """Add an OpenID Connect provider."""
    insert_provider(transaction, OIDCProvider(ACCOUNT, f"n{number}.example", NOW_MS, ProviderAttributes()))


@pytest.mark.parametrize(
    ("add", "operation", "members", "name", "quota", "most"),
    [
        (add_role, CREATE_ROLE, TRUSTED, "role_name", "RolesPerAccount", 1_000),
        (add_policy, CREATE_POLICY, {"policy_document": policy("s3:*")}, "policy_name", "PoliciesPerAccount", 1_500),
        (add_profile, CREATE_INSTANCE_PROFILE, {}, "instance_profile_name", "InstanceProfilesPerAccount", 1_000),
        (add_provider, CREATE_OPEN_ID_CONNECT_PROVIDER, {}, "url", "OpenIdConnectProvidersPerAccount", 100),
    ],
    ids=["roles", "policies", "profiles", "providers"],
)  # fmt: skip
def test_an_account_has_at_most_so_many(
    store: IAMStore,
    add: Callable[[Transaction, int], None],
    operation: Any,
    members: dict[str, Any],
    name: str,
    quota: str,
    most: int,
) -> None:
    """The last one is made, the next one is refused."""
    with store.change() as transaction:
        for number in range(most - 1):
            add(transaction, number)
    credential = store.find(store.admin.access_key_id)
    assert credential is not None
    context = Context(
        caller=credential.caller,
        now_ms=NOW_MS,
        region="us-east-1",
        request_id="",
        source_ip="",
        user_agent="",
        is_secure=False,
        rows=store.transaction,
        deployment=None,
        inner=None,  # type: ignore[arg-type]  # the handlers call no other operation
    )

    def create(word: str) -> None:
        value = f"https://{word}.example" if name == "url" else word
        request = operation.request(**{name: value}, **members)
        operation.handle(context, request, operation.target(context, request))

    with store.change():
        create("last")
    with pytest.raises(Fault) as caught:
        create("too-many")
    assert (caught.value.code, caught.value.status) == ("LimitExceeded", 409)
    assert caught.value.message == f"Cannot exceed quota for {quota}: {most}"
