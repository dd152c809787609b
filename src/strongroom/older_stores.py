"""Brings a store up to date that was written before there was a record of live rows.

It is done once, at the first start, inside a transaction of whoever opens the store. What there is then is taken for
the newest, if its code is right: whoever wrote to the store before that moment is not noticed.
"""

from __future__ import annotations

import logging
from typing import Final

from strongroom.services.iam.accounts import ADMINISTRATOR_NAME, list_accounts
from strongroom.services.iam.device_rows import DEVICES
from strongroom.services.iam.identity_rows import GROUPS, ROLES, USERS
from strongroom.services.iam.instance_profiles import PROFILES
from strongroom.services.iam.memberships import MEMBERSHIPS
from strongroom.services.iam.oidc_providers import PROVIDERS
from strongroom.services.iam.policy_rows import ATTACHMENTS, insert_attachment
from strongroom.services.iam.policy_rows import POLICIES as CUSTOMER_POLICIES
from strongroom.services.iam.policy_rows import VERSIONS as POLICY_VERSIONS
from strongroom.services.iam.tables import ACCESS_KEYS, ACCOUNTS, REGIONS
from strongroom.services.kms.tables import ALIASES, GRANTS, KEYS, MATERIALS
from strongroom.services.kms.tables import POLICIES as KEY_POLICIES
from strongroom.services.secretsmanager.tables import POLICIES, SECRETS, VERSIONS
from strongroom.store.revision import META
from strongroom.store.table import Table
from strongroom.store.transaction import Transaction

TABLES_BEFORE_LEAVES: Final[tuple[Table, ...]] = (
    META, ACCOUNTS, REGIONS, USERS.table, USERS.policy_table, ACCESS_KEYS, GROUPS.table, GROUPS.policy_table,
    ROLES.table, ROLES.policy_table, MEMBERSHIPS, CUSTOMER_POLICIES, POLICY_VERSIONS, ATTACHMENTS, PROVIDERS,
    PROFILES, DEVICES, KEYS, MATERIALS, ALIASES, KEY_POLICIES, GRANTS, SECRETS, VERSIONS, POLICIES,
)  # fmt: skip
"""What such a store may hold: the tables of schemas 1 to 5. Later tables do not belong here."""

log = logging.getLogger(__name__)


def record_live_rows(transaction: Transaction) -> None:
    """Begin the group of ``transaction`` with every row of the store in the record of live rows.

    Raises:
        StoreTampered: A row does not carry its code.
    """
    log.warning(
        "the store is brought up to date: from now on an old state of a single row is noticed as well"
    )
    transaction.begin_empty()
    adopted = sum(transaction.adopt(table) for table in TABLES_BEFORE_LEAVES)
    log.warning("the record of live rows was made, of %d rows", adopted)
    _note_first_administrators(transaction)


def _note_first_administrators(transaction: Transaction) -> None:
    """Enter what first administrators have: before there were attachments it stood in their rows alone."""
    for account in list_accounts(transaction):
        administrator = USERS.find(transaction, account, ADMINISTRATOR_NAME)
        for arn in () if administrator is None else administrator.attributes.attached:
            assert administrator is not None, "there is one to have it"
            if transaction.find(ATTACHMENTS, account, arn, "policy", administrator.unique_id) is None:
                insert_attachment(transaction, account, arn, "policy", administrator.unique_id)
