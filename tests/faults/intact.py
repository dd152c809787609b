"""Whether a stopped deployment is intact: the file, every row's code, the audit record."""

from __future__ import annotations

from pathlib import Path

from strongroom.cli.running import find_seal
from strongroom.config import Settings
from strongroom.opening import Opened, open_deployment
from strongroom.seal.passphrase_source import PassphraseSource
from strongroom.services.iam.account_settings import REPORTS, SETTINGS
from strongroom.services.iam.device_rows import DEVICES
from strongroom.services.iam.identity_rows import GROUPS, ROLES, USERS
from strongroom.services.iam.instance_profiles import PROFILES
from strongroom.services.iam.last_used import LAST_USED
from strongroom.services.iam.memberships import MEMBERSHIPS
from strongroom.services.iam.oidc_providers import PROVIDERS
from strongroom.services.iam.policy_rows import ATTACHMENTS
from strongroom.services.iam.policy_rows import POLICIES as CUSTOMER_POLICIES
from strongroom.services.iam.policy_rows import VERSIONS as POLICY_VERSIONS
from strongroom.services.iam.tables import ACCESS_KEYS, ACCOUNTS, REGIONS
from strongroom.services.kms.tables import ALIASES, GRANTS, KEYS, MATERIALS
from strongroom.services.kms.tables import POLICIES as KEY_POLICIES
from strongroom.services.lambda_.code import CODE as FUNCTION_CODE
from strongroom.services.lambda_.tables import EVENTS as FUNCTION_EVENTS
from strongroom.services.lambda_.tables import FUNCTIONS
from strongroom.services.lambda_.tables import LAYERS as FUNCTION_LAYERS
from strongroom.services.lambda_.tables import VERSIONS as FUNCTION_VERSIONS
from strongroom.services.logs.batches import BATCHES as LOG_BATCHES
from strongroom.services.logs.leaves import LEAVES as LOG_LEAVES
from strongroom.services.logs.tables import GROUPS as LOG_GROUPS
from strongroom.services.logs.tables import STREAMS as LOG_STREAMS
from strongroom.services.secretsmanager.tables import HISTORY, POLICIES, ROTATIONS, SECRETS, VERSIONS
from strongroom.store.revision import META
from strongroom.store.table import Table
from tests.support.server import run_program

AUTHENTICATED: tuple[Table, ...] = (
    META, ACCOUNTS, REGIONS, USERS.table, USERS.policy_table, ACCESS_KEYS, KEYS, MATERIALS,
    ALIASES, SECRETS, VERSIONS, POLICIES, ROLES.table, GROUPS.table, GROUPS.policy_table, MEMBERSHIPS, DEVICES,
    SETTINGS, REPORTS, LAST_USED,
    KEY_POLICIES, GRANTS, ROTATIONS, HISTORY,
    ROLES.policy_table, CUSTOMER_POLICIES, POLICY_VERSIONS, ATTACHMENTS, PROVIDERS, PROFILES,
    LOG_GROUPS, LOG_STREAMS, LOG_LEAVES, LOG_BATCHES,
    FUNCTIONS, FUNCTION_VERSIONS, FUNCTION_LAYERS, FUNCTION_EVENTS, FUNCTION_CODE,
)  # fmt: skip
WITHOUT_OPERATIONS: tuple[Table, ...] = ()
"""Tables that no operation reads yet. The operation that does moves its table to the others, with a probe."""
UNAUTHENTICATED = {
    "keyring", "changes", "audit_outbox", "audit_outbox_head", "kms_key_dues", "store_leaves", "store_pages",
    "log_dues",
}  # fmt: skip
"""As the schema says: the keyring is sealed, the outbox is chained; log, leaves and pages hang on the head; the due
times say nothing that is believed."""


def open_stopped(data_dir: Path) -> Opened:
    """Open the deployment as a server would."""
    settings = Settings(data_dir=data_dir)
    return open_deployment(settings, find_seal(settings, PassphraseSource()))


def check_store(data_dir: Path) -> None:
    """Check the file and verify every row of every table."""
    rows = open_stopped(data_dir).open_rows(65_536)
    assert rows.connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    for table in (*AUTHENTICATED, *WITHOUT_OPERATIONS):
        rows.select(table, "")
    rows.connection.close(True)


def check_audit(data_dir: Path) -> None:
    """Let the program verify the audit record."""
    run = run_program("audit", "verify", "--data-dir", data_dir)
    assert run.returncode == 0, run.stdout + run.stderr
