"""Somebody writes into the store behind our back (K-02, K-03): every attempt is caught, and fails closed.

The attacker has the files, live or not, and not the root key. He can make the server look again at what it has
in memory, because the change log carries no code: so each attack here is one that the server has to read.

Tried by hand: with ``RowMAC.verify`` that accepts everything most of these tests fail; with associated data that
leaves out the place the one on values that were swapped with true codes; without the check before the commit the
ones on the revision.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import apsw
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strongroom.control import ControlRefused, ask
from strongroom.opening import run_alone
from strongroom.services.iam.last_used import LAST_USED
from strongroom.services.lambda_.tables import find_event
from strongroom.store.errors import StoreTampered
from strongroom.store.table import Table
from strongroom.store.transaction import Transaction
from tests.faults.attacked import ALLOW, CODE, DENY, VALUES, Target, standing_target
from tests.faults.client import Answer, KeptConnection
from tests.faults.intact import AUTHENTICATED, check_store, open_stopped
from tests.faults.polling import until
from tests.gateway.every_operation import make_zip
from tests.support.accounts import Key
from tests.support.scale import rounds
from tests.support.server import Server

APP_KEY = (
    "(SELECT access_key_id FROM iam_access_keys WHERE user_id = "
    "(SELECT user_id FROM iam_users WHERE name = 'app'))"
)
ADMIN_ID = "(SELECT user_id FROM iam_users WHERE name = 'admin')"


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The server under attack."""
    with standing_target(tmp_path_factory.mktemp("attacked")) as standing:
        yield standing


def attributes(target: Target, name: str) -> dict[str, Any]:
    """Read what a secret's row says besides its dates."""
    found: Any = target.store.execute("SELECT attributes FROM secrets WHERE name = ?", (name,)).fetchall()
    return dict(msgspec.msgpack.decode(found[0][0]))


def test_k03_a_moved_label_is_caught(target: Target) -> None:
    """AWSCURRENT on another version, for every way of reading the secret."""
    changed = attributes(target, "a")
    labels = changed["labels"]
    labels["AWSCURRENT"], labels["AWSPREVIOUS"] = labels["AWSPREVIOUS"], labels["AWSCURRENT"]
    edit = "UPDATE secrets SET attributes = ? WHERE name = 'a'"
    with target.attacked("secrets", edit, bindings=(msgspec.msgpack.encode(changed),)):
        target.assert_spoilt(target.ask("GetSecretValue", {"SecretId": "a"}))
        target.assert_spoilt(target.ask("DescribeSecret", {"SecretId": "a"}))
        put = {"SecretId": "a", "ClientRequestToken": "9" * 32, "SecretString": "x"}
        target.assert_spoilt(target.ask("PutSecretValue", put))
        # Others are not harmed.
        assert target.ask("GetSecretValue", {"SecretId": "b"}).status == 200


@pytest.mark.parametrize("columns", ["sealed", "sealed, mac", "sealed, mac, key_ids, field, created_ms"])
@pytest.mark.parametrize("other", ["1" * 31 + "a", "2" * 31 + "b"], ids=["same secret", "other secret"])
def test_k02_swapped_values_are_caught(target: Target, columns: str, other: str) -> None:
    """Of two versions, of two secrets, with and without the codes of their rows."""
    mine = "2" * 31 + "a"
    swap = (
        f"UPDATE secret_versions SET ({columns}) = (SELECT {columns} FROM temp.saved s WHERE s.version_id = "
        "CASE secret_versions.version_id WHEN ?1 THEN ?2 ELSE ?1 END) WHERE version_id IN (?1, ?2)"
    )
    with target.attacked("secret_versions", swap, bindings=(mine, other)):
        target.assert_spoilt(target.ask("GetSecretValue", {"SecretId": "a"}))


@pytest.mark.parametrize("columns", ["attributes", "attributes, mac"])
def test_k03_swapped_attributes_are_caught(target: Target, columns: str) -> None:
    """Of two secrets: labels, tags and the note of the policy among them."""
    swap = (
        f"UPDATE secrets SET ({columns}) = (SELECT {columns} FROM temp.saved s WHERE s.name = "
        "CASE secrets.name WHEN 'a' THEN 'b' ELSE 'a' END) WHERE name IN ('a', 'b')"
    )
    with target.attacked("secrets", swap):
        for name in VALUES:
            target.assert_spoilt(target.ask("GetSecretValue", {"SecretId": name}))


def test_k03_a_row_copied_to_another_key_is_caught(target: Target) -> None:
    """A version under an id that is not its own, with its code."""
    copy = (
        "INSERT INTO secret_versions SELECT secret_id, ?, created_ms, accessed_ms, key_ids, field, sealed, mac "
        "FROM temp.saved WHERE version_id = ?"
    )
    with target.attacked("secret_versions", copy, bindings=("3" * 32, "1" * 31 + "a")):
        target.assert_spoilt(target.ask("GetSecretValue", {"SecretId": "a", "VersionId": "3" * 32}))


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE secret_policies SET document = replace(document, 'Deny', 'Allow')",
        "UPDATE secret_policies SET document = '{}'",
        "UPDATE secret_policies SET secret_id = secret_id + 1",
        "DELETE FROM secret_policies",
    ],
)
def test_k03_an_edited_resource_policy_is_caught(target: Target, attack: str) -> None:
    """A policy that denies: edited, moved away, removed. Nobody gets the value meanwhile."""
    with target.attacked("secret_policies", attack):
        for key in (None, target.app):
            target.assert_spoilt(target.ask("GetSecretValue", {"SecretId": "b"}, key))
        target.assert_spoilt(target.ask("GetResourcePolicy", {"SecretId": "b"}))
        assert target.ask("GetSecretValue", {"SecretId": "a"}, target.app).status == 200


def test_k03_an_old_resource_policy_is_caught(target: Target) -> None:
    """A row that was true once, with its code, put back after the policy was replaced."""
    put = {"SecretId": "a", "ResourcePolicy": ALLOW}
    assert target.ask("PutResourcePolicy", put).status == 200
    old = target.store.execute("SELECT * FROM secret_policies WHERE document = ?", (ALLOW,)).fetchall()[0]
    assert target.ask("PutResourcePolicy", {**put, "ResourcePolicy": DENY}).status == 200
    assert target.ask("GetSecretValue", {"SecretId": "a"}, target.app).code == "AccessDeniedException"
    with target.attacked("secret_policies", "REPLACE INTO secret_policies VALUES (?, ?, ?)", bindings=old):
        target.assert_spoilt(target.ask("GetSecretValue", {"SecretId": "a"}, target.app))
    assert target.ask("DeleteResourcePolicy", {"SecretId": "a"}).status == 200
    with target.attacked("secret_policies", "INSERT INTO secret_policies VALUES (?, ?, ?)", bindings=old):
        # The owner remembers that it has none: what lies there is not looked at.
        assert target.ask("GetSecretValue", {"SecretId": "a"}, target.app).status == 200
        answer = target.ask("GetResourcePolicy", {"SecretId": "a"})
        assert answer.status == 500 or "ResourcePolicy" not in answer.says


@pytest.mark.parametrize(
    ("table", "attack"),
    [
        ("iam_user_policies", "UPDATE iam_user_policies SET document = replace(document, 'Deny', 'Allow')"),
        ("iam_user_policies", "UPDATE iam_user_policies SET user_id = 'AIDAOTHER' WHERE name = 'must-not'"),
        ("iam_user_policies", "UPDATE iam_user_policies SET name = 'other' WHERE name = 'must-not'"),
        ("iam_user_policies", "DELETE FROM iam_user_policies WHERE name = 'must-not'"),
        ("iam_users", "UPDATE iam_users SET path = '/admins/' WHERE name = 'app'"),
        ("iam_users", "UPDATE iam_users SET user_id = 'AIDAOTHER' WHERE name = 'app'"),
        ("iam_users", "UPDATE iam_users SET attributes = (SELECT attributes FROM temp.saved WHERE name = 'admin')"),
        ("iam_users", "DELETE FROM iam_users WHERE name = 'app'"),
        ("iam_group_policies", "UPDATE iam_group_policies SET document = replace(document, 'Deny', 'Allow')"),
        ("iam_group_policies", "UPDATE iam_group_policies SET name = 'other'"),
        ("iam_group_policies", "DELETE FROM iam_group_policies"),
        ("iam_groups", "UPDATE iam_groups SET attributes = zeroblob(3)"),
        ("iam_groups", "UPDATE iam_groups SET group_id = 'AGPAOTHER'"),
        ("iam_groups", "DELETE FROM iam_groups"),
        ("iam_access_keys", "UPDATE iam_access_keys SET user_id = " + ADMIN_ID),
        ("iam_policies", "UPDATE iam_policies SET path = '/other/'"),
        ("iam_policy_versions", "UPDATE iam_policy_versions SET document = replace(document, 'Deny', 'Allow')"),
        ("iam_policy_versions", "DELETE FROM iam_policy_versions"),
        ("iam_access_keys", "UPDATE iam_access_keys SET created_ms = created_ms + 1"),
    ],
)  # fmt: skip
def test_k03_an_edited_principal_is_caught(target: Target, table: str, attack: str) -> None:
    """A key, its user or a policy of it: nobody is let in on its strength."""
    with target.attacked(table, attack):
        for name in ("GetSecretValue", "DescribeSecret"):
            target.assert_locked_out(target.ask(name, {"SecretId": "a"}, target.app))


def test_k03_a_key_cannot_be_made_active_again(target: Target) -> None:
    """Neither by editing its status, nor by putting the row back that was true before."""
    iam = target.server.client("iam")
    made = iam.create_access_key(UserName="app")["AccessKey"]
    key = Key(made["AccessKeyId"], made["SecretAccessKey"])
    assert target.ask("GetSecretValue", {"SecretId": "a"}, key).status == 200
    find = "SELECT * FROM iam_access_keys WHERE access_key_id = ?"
    old = target.store.execute(find, (key.access_key_id,)).fetchall()[0]
    iam.update_access_key(UserName="app", AccessKeyId=key.access_key_id, Status="Inactive")
    with target.attacked(
        "iam_access_keys",
        "UPDATE iam_access_keys SET status = 'Active' WHERE access_key_id = ?",
        bindings=(key.access_key_id,),
    ):
        target.assert_locked_out(target.ask("GetSecretValue", {"SecretId": "a"}, key))
    put_back = f"REPLACE INTO iam_access_keys VALUES ({', '.join('?' * len(old))})"
    with target.attacked("iam_access_keys", put_back, bindings=old):
        target.assert_locked_out(target.ask("GetSecretValue", {"SecretId": "a"}, key))
    iam.delete_access_key(UserName="app", AccessKeyId=key.access_key_id)
    with target.attacked("iam_access_keys", put_back, bindings=old):
        target.assert_locked_out(target.ask("GetSecretValue", {"SecretId": "a"}, key))


@pytest.mark.parametrize(
    "attack", ["UPDATE store_meta SET value = zeroblob(8)", "DELETE FROM store_meta", "old"]
)
def test_d05_whoever_edits_the_head_stops_everything(target: Target, attack: str) -> None:
    """The head that notices old copies: edited, removed, or put back to what it was. What is read fails as well."""
    bindings: Sequence[Any] = ()
    if attack == "old":
        bindings = target.store.execute("SELECT * FROM store_meta").fetchall()[0]
        assert (
            target.ask("TagResource", {"SecretId": "a", "Tags": [{"Key": "k", "Value": "v"}]}).status == 200
        )
        attack = "REPLACE INTO store_meta VALUES (?, ?, ?)"
    with target.attacked("store_meta", attack, bindings=bindings):
        put = {"SecretId": "a", "ClientRequestToken": "8" * 32, "SecretString": "x"}
        assert target.ask("PutSecretValue", put).status == 500
        assert target.ask("GetSecretValue", {"SecretId": "a"}).status == 500
    assert target.ask("GetSecretValue", {"SecretId": "a", "VersionId": "8" * 32}).status == 400


def test_k03_a_change_log_full_of_rubbish_harms_nothing(target: Target) -> None:
    """The log carries no code: it may only make the server look again."""
    for rubbish in ("CAST(X'ff41fe' AS TEXT)", "1", "X'00'"):
        target.store.execute(f"INSERT INTO changes (cache_key) VALUES ({rubbish})")
        target.store.execute("INSERT INTO changes (cache_key) VALUES ('behind it')")
        for _ in range(3):
            assert target.ask("GetSecretValue", {"SecretId": "a"}).status == 200
        target.forget()
        assert target.ask("GetSecretValue", {"SecretId": "a"}).status == 200


def test_k03_what_hangs_on_a_key_cannot_be_put_back(target: Target) -> None:
    """A revoked grant, an alias that was moved and an older policy carry good codes; the key's row knows better."""
    kms = target.server.client("kms")
    account = target.server.first.account_id
    one, two = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    root = f"arn:aws:iam::{account}:root"

    def row(table: str, where: str) -> tuple[Any, ...]:
        [found] = target.store.execute(f"SELECT * FROM {table} WHERE {where}").fetchall()
        return found

    grant = kms.create_grant(KeyId=one, GranteePrincipal=root, Operations=["Decrypt"])["GrantId"]
    old_grant = row("kms_grants", f"grant_id = '{grant}'")
    kms.revoke_grant(KeyId=one, GrantId=grant)
    old_policy = row("kms_key_policies", f"key_id = '{one}'")
    closed = {"Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*"}
    policy = json.loads(kms.get_key_policy(KeyId=one)["Policy"])
    policy["Statement"].append(closed)
    kms.put_key_policy(KeyId=one, Policy=json.dumps(policy))
    kms.create_alias(AliasName="alias/moved", TargetKeyId=one)
    old_alias = row("kms_aliases", "name = 'alias/moved'")
    kms.update_alias(AliasName="alias/moved", TargetKeyId=two)
    for table, old, name in (
        ("kms_grants", old_grant, one),
        ("kms_key_policies", old_policy, one),
        ("kms_aliases", old_alias, "alias/moved"),
    ):
        assert target.ask("DescribeKey", {"KeyId": name}, service="kms").status == 200
        marks = ", ".join("?" * len(old))
        with target.attacked(table, f"INSERT OR REPLACE INTO {table} VALUES ({marks})", bindings=old):
            target.assert_spoilt(target.ask("DescribeKey", {"KeyId": name}, service="kms"))


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE function_code SET sealed = zeroblob(length(sealed)) WHERE part = 1",
        "UPDATE function_code SET sealed = substr(sealed, 1, length(sealed) - 1) WHERE part = 1",
        "UPDATE function_code SET part = 7 WHERE part = 0",
        "UPDATE function_code SET part = 2 WHERE part = 1",
        "UPDATE function_code SET archive_id = 'other' || archive_id",
        "DELETE FROM function_code WHERE part = 1",
        "DELETE FROM function_code",
        "UPDATE function_code SET (sealed, mac) = (SELECT s.sealed, s.mac FROM temp.saved s "
        "WHERE s.archive_id = function_code.archive_id AND s.part = 1 - function_code.part)",
        "UPDATE function_code SET (sealed, mac) = (SELECT s.sealed, s.mac FROM temp.saved s "
        "WHERE s.archive_id <> function_code.archive_id AND s.part = function_code.part)",
    ],
)
def test_f06_altered_code_is_neither_given_nor_run(target: Target, attack: str) -> None:
    """A part of it edited, cut, moved, removed, or exchanged with that of another place or archive."""
    assert target.download().body == CODE
    with target.attacked("function_code", attack):
        assert target.download().status == 500
        assert target.ask("Invoke", {"FunctionName": "made"}, service="lambda").status == 500


def test_f06_older_code_that_is_put_back_is_neither_given_nor_run(target: Target) -> None:
    """The rows of an archive that was replaced, under the names of the one that is there, with their codes."""
    functions = target.server.client("lambda")
    settings = functions.get_function_configuration(FunctionName="made")
    of_replaced = {"FunctionName": "replaced", "Code": {"ZipFile": make_zip(index="old = 1")}}
    functions.create_function(
        Runtime="python3.12", Handler="index.handler", Role=settings["Role"], **of_replaced
    )
    known = {row[0] for row in target.store.execute("SELECT archive_id FROM function_code")}
    replace = "SELECT attributes FROM functions WHERE name = 'replaced'"
    was: Any = target.store.execute(replace).fetchall()[0][0]
    old = msgspec.msgpack.decode(was)["latest"]["archive_id"]
    row = target.store.execute(
        "SELECT sealed, mac FROM function_code WHERE archive_id = ?", (old,)
    ).fetchall()[0]
    functions.update_function_code(FunctionName="replaced", ZipFile=make_zip(index="new = 1"))
    [(new,)] = [
        each for each in target.store.execute("SELECT archive_id FROM function_code") if each[0] not in known
    ]
    edit = "UPDATE function_code SET sealed = ?, mac = ? WHERE archive_id = ?"
    with target.attacked("function_code", edit, bindings=(*row, new)):
        found = target.ask("GetFunction", {"FunctionName": "replaced"}, service="lambda")
        path = urlsplit(found.says["Code"]["Location"]).path
        assert target.server.get(path).status == 500
        assert target.ask("Invoke", {"FunctionName": "replaced"}, service="lambda").status == 500
    present: Any = target.store.execute(replace).fetchall()[0][0]
    assert present != was
    with target.attacked(
        "functions", "UPDATE functions SET attributes = ? WHERE name = 'replaced'", bindings=(was,)
    ):
        target.assert_spoilt(target.ask("GetFunction", {"FunctionName": "replaced"}, service="lambda"))
    functions.delete_function(FunctionName="replaced")


@pytest.mark.parametrize(
    "edit",
    [
        "due_ms = 1",
        "due_ms = 1, function_id = 'other'",
        "due_ms = 1, event_id = 'other'",
        "due_ms = 1, sealed = zeroblob(length(sealed))",
        "due_ms = 1, attributes = zeroblob(length(attributes))",
    ],
)
def test_k03_an_event_that_was_made_due_is_not_run(target: Target, edit: str) -> None:
    """The loop that runs events takes none that it did not write: the row stays, and the log says why."""
    said = "an event of a function failed: StoreTampered"
    before = target.server.log.count(said)
    runs = len(target.server.records("AssumeRole"))
    with target.attacked("function_events", f"UPDATE function_events SET {edit}"):
        until(lambda: target.server.log.count(said) > before)
        [(left,)] = target.store.execute("SELECT count(*) FROM function_events").fetchall()
        assert left == 1
    assert len(target.server.records("AssumeRole")) == runs


# Any byte of any column

Probe = Callable[[Target], Answer | None]
OF_THE_CUSTOMERS_KEY = "key_id = (SELECT key_id FROM kms_aliases WHERE name = 'alias/customer')"
OF_THE_DEFAULT_KEY = "key_id = (SELECT key_id FROM kms_aliases WHERE name = 'alias/aws/secretsmanager')"


def read_a(target: Target) -> Answer:
    """Read a value."""
    return target.ask("GetSecretValue", {"SecretId": "a"}, target.app)


def read_b(target: Target) -> Answer:
    """Read a value that only the administrator may."""
    return target.ask("GetSecretValue", {"SecretId": "b"})


def create(target: Target) -> Answer:
    """Make a secret, another one each time."""
    name = str(uuid4())
    return target.ask("CreateSecret", {"Name": name, "ClientRequestToken": name, "SecretString": "x"})


def list_accounts(target: Target) -> Answer | None:
    """Ask for the accounts over the local socket."""
    try:
        ask(target.server.data_dir, "account-list")
    except ControlRefused:
        return None
    raise AssertionError("an account that nobody made was listed")


def get_role(target: Target) -> Answer:
    """Describe a role."""
    return target.ask("GetRole", {"RoleName": "role"}, service="iam")


def get_group(target: Target) -> Answer:
    """List the users of a group."""
    return target.ask("GetGroup", {"GroupName": "team"}, service="iam")


def describe_key(target: Target) -> Answer:
    """Describe the customer's key."""
    return target.ask("DescribeKey", {"KeyId": "alias/customer"}, service="kms")


def get_role_policies(target: Target) -> Answer:
    """List the inline policies of a role."""
    return target.ask("ListRolePolicies", {"RoleName": "role"}, service="iam")


def get_attachments(target: Target) -> Answer:
    """List what has a managed policy."""
    arn = f"arn:aws:iam::{target.server.first.account_id}:policy/managed"
    return target.ask("ListEntitiesForPolicy", {"PolicyArn": arn}, service="iam")


def get_provider(target: Target) -> Answer:
    """Describe an OpenID Connect provider."""
    arn = f"arn:aws:iam::{target.server.first.account_id}:oidc-provider/issuer.example"
    return target.ask("GetOpenIDConnectProvider", {"OpenIDConnectProviderArn": arn}, service="iam")


def get_profile(target: Target) -> Answer:
    """Describe an instance profile."""
    return target.ask("GetInstanceProfile", {"InstanceProfileName": "profile"}, service="iam")


def get_alias(target: Target) -> Answer:
    """Ask what the account has set."""
    return target.ask("ListAccountAliases", {}, service="iam")


def get_report(target: Target) -> Answer:
    """Read the credential report."""
    return target.ask("GetCredentialReport", {}, service="iam")


def get_last_use(target: Target) -> Answer:
    """Ask when a key was last used."""
    return target.ask("GetAccessKeyLastUsed", {"AccessKeyId": target.app.access_key_id}, service="iam")


def get_device(target: Target) -> Answer:
    """Describe the MFA device of a user."""
    serial = f"arn:aws:iam::{target.server.first.account_id}:mfa/phone"
    return target.ask("GetMFADevice", {"UserName": "app", "SerialNumber": serial}, service="iam")


def rotate(target: Target) -> Answer:
    """Ask for a rotation."""
    token = str(uuid4())
    return target.ask(
        "RotateSecret", {"SecretId": "r", "ClientRequestToken": token, "RotateImmediately": False}
    )


def read_history(target: Target) -> Answer | None:
    """Ask for the history of a rotation over the local socket."""
    try:
        ask(target.server.data_dir, "rotation-history", secret="r")
    except ControlRefused:
        return None
    raise AssertionError("a history that nobody wrote was listed")


def read_log(target: Target) -> Answer:
    """Read the events of a stream."""
    members = {"logGroupName": "events", "logStreamName": "one"}
    return target.ask("GetLogEvents", members, service="logs")


def get_function(target: Target) -> Answer:
    """Describe a function."""
    return target.ask("GetFunctionConfiguration", {"FunctionName": "made"}, service="lambda")


def get_function_version(target: Target) -> Answer:
    """Describe a published version of a function."""
    members = {"FunctionName": "made", "Qualifier": "1"}
    return target.ask("GetFunctionConfiguration", members, service="lambda")


def get_layer(target: Target) -> Answer:
    """Describe a layer version."""
    return target.ask("GetLayerVersion", {"LayerName": "layer", "VersionNumber": 1}, service="lambda")


def read_event(target: Target) -> Answer | None:
    """Read an event as the loop does that runs it."""
    rows = target.opened.open_rows(65_536)
    try:
        find_event(rows, target.event_id)
    except StoreTampered:
        return None
    finally:
        rows.connection.close(True)
    raise AssertionError("an event that nobody kept was read")


ORDER = "SELECT target, is_urgent, trouble FROM rotations"


@pytest.mark.parametrize(
    "edit", ["is_urgent = 7", "is_urgent = 1 - is_urgent", "target = 'full'", "trouble = ''", "trouble = 'x'"]
)
def test_k03_a_rotation_that_is_moved_in_the_order_is_put_back(target: Target, edit: str) -> None:
    """The columns that the order hangs on have no code: they are compared with what has one, and it is told."""
    before = target.store.execute(ORDER).fetchall()
    told = target.server.log.count("was moved in the order")
    with target.writing():
        target.store.execute(f"UPDATE rotations SET {edit}")
    is_changed = target.store.execute(ORDER).fetchall() != before
    until(lambda: target.store.execute(ORDER).fetchall() == before)
    until(lambda: target.server.log.count("was moved in the order") == told + is_changed)


@pytest.mark.parametrize("attack", ["UPDATE rotations SET due_ms = NULL", "DELETE FROM rotations"])
def test_k03_a_rotation_that_nobody_would_look_at_any_more_is_told(
    tmp_path_factory: pytest.TempPathFactory, attack: str
) -> None:
    """What is not due is read by nobody who rotates; the rows of all secrets are looked at all the same."""
    with standing_target(tmp_path_factory.mktemp("unread")) as target, target.attacked("rotations", attack):
        until(lambda: "a row of the rotation of secret number" in target.server.log)


PROBES: dict[str, tuple[Probe, str]] = {
    "accounts": (list_accounts, ""),
    "regions": (read_a, ""),
    "iam_users": (read_a, "name = 'app'"),
    "iam_user_policies": (read_a, ""),
    "iam_access_keys": (read_a, "user_id = (SELECT user_id FROM iam_users WHERE name = 'app')"),
    "iam_roles": (get_role, ""),
    "iam_role_policies": (get_role_policies, ""),
    "iam_policies": (read_a, ""),
    "iam_policy_versions": (read_a, ""),
    "iam_attachments": (get_attachments, "policy_arn LIKE '%:policy/managed'"),
    "iam_oidc_providers": (get_provider, ""),
    "iam_instance_profiles": (get_profile, ""),
    "iam_groups": (read_a, ""),
    "iam_group_policies": (read_a, ""),
    "iam_account_settings": (get_alias, ""),
    "iam_credential_reports": (get_report, ""),
    "iam_last_used": (get_last_use, f"id = {APP_KEY}"),
    "iam_mfa_devices": (get_device, ""),
    "iam_memberships": (get_group, ""),
    "kms_keys": (read_a, OF_THE_DEFAULT_KEY),
    "kms_key_materials": (read_a, OF_THE_DEFAULT_KEY),
    "kms_aliases": (read_a, "name = 'alias/aws/secretsmanager'"),
    "kms_key_policies": (describe_key, OF_THE_CUSTOMERS_KEY),
    "kms_grants": (describe_key, OF_THE_CUSTOMERS_KEY),
    "secrets": (read_a, "name = 'a'"),
    "secret_versions": (read_a, f"version_id = '{'2' * 31}a'"),
    "secret_policies": (read_b, ""),
    "rotations": (rotate, ""),
    "rotation_history": (read_history, ""),
    "log_groups": (read_log, ""),
    "log_streams": (read_log, ""),
    "log_leaves": (read_log, ""),
    "log_batches": (read_log, ""),
    "functions": (get_function, "name = 'made'"),
    "function_versions": (get_function_version, ""),
    "function_layers": (get_layer, "version = 1"),
    "function_events": (read_event, ""),
    "function_code": (
        Target.download,
        "part = 1 AND archive_id = (SELECT archive_id FROM function_versions)",
    ),
    "store_meta": (create, ""),
}
"""What reads a row of each table, and which row."""


@st.composite
def spoilings(draw: st.DrawFn) -> tuple[Table, str, int, str]:
    """Draw a table, one of its columns or its code, a place in it, and what to do there.

    A mark of a last use that is moved away is a mark that is gone: it decides nothing, and nobody misses it.
    """
    table = draw(st.sampled_from(AUTHENTICATED))
    columns = [column for column in table.columns if table is not LAST_USED or column not in table.key]
    column = draw(st.sampled_from((*columns, "mac")))
    return (
        table,
        column,
        draw(st.integers(0, 1 << 16)),
        draw(st.sampled_from(("flip", "cut", "null", "type"))),
    )


def spoil(value: Any, place: int, how: str) -> Any:
    """Change a value, and not into itself."""
    if how == "null" and value is not None:
        return None
    if how == "type":
        return (
            value.encode()
            if isinstance(value, str)
            else str(value).encode()
            if isinstance(value, int)
            else 1.5
        )
    if value is None:
        return 0
    if isinstance(value, int):
        return value ^ 1 << place % 62
    data = bytearray(value.encode() if isinstance(value, str) else value)
    if how == "cut" or not data:
        data = data[:-1] if data else bytearray(b"x")
    else:
        data[place // 8 % len(data)] ^= 1 << place % 8
    return bytes(data)


def test_every_table_has_a_probe() -> None:
    """A new table cannot be forgotten."""
    assert PROBES.keys() == {table.name for table in AUTHENTICATED}


@pytest.mark.soak
def test_k03_any_change_of_any_column_is_caught(target: Target) -> None:
    """No call that has to read the row succeeds, and none tells a value."""
    tried: dict[tuple[str, str], int] = {}

    @settings(
        max_examples=rounds(300, 20_000),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(spoilings())
    def attack(spoiling: tuple[Table, str, int, str]) -> None:
        table, column, place, how = spoiling
        probe, where = PROBES[table.name]
        key = ", ".join(table.key)
        clause = f"WHERE {where}" if where else ""
        row = target.store.execute(f"SELECT {key}, {column} FROM {table.name} {clause} LIMIT 1").fetchall()[0]
        *keys, value = row
        spoilt = spoil(value, place, how)
        is_text = isinstance(value, str) and isinstance(spoilt, bytes) and how != "type"
        mark = "CAST(? AS TEXT)" if is_text else "?"
        found = " AND ".join(f"{name} = ?" for name in table.key)
        try:
            with target.attacked(
                table.name,
                f"UPDATE {table.name} SET {column} = {mark} WHERE {found}",
                bindings=(spoilt, *keys),
            ):
                answer = probe(target)
                assert answer is None or answer.status in (400, 403, 404, 410, 500), (spoiling, answer)
                assert answer is None or not any(v.encode() in answer.body for v in VALUES.values())
        except (apsw.ConstraintError, apsw.MismatchError):
            return  # SQLite itself does not take it
        tried[table.name, column] = tried.get((table.name, column), 0) + 1

    attack()
    assert len(tried) > 40


def test_k02_a_value_that_was_swapped_with_the_key_of_the_codes_is_caught_as_well(tmp_path: Path) -> None:
    """Rows with true codes whose sealed values were exchanged: the values know where they belong."""
    server = Server(tmp_path / "data")
    try:
        server.start()
        client = KeptConnection(server.endpoint, server.first)
        for name in VALUES:
            made = {"Name": name, "ClientRequestToken": name * 32, "SecretString": VALUES[name]}
            assert client.ask("CreateSecret", made).status == 200
        client.close()
        assert server.stop() == 0
        table = next(table for table in AUTHENTICATED if table.name == "secret_versions")

        def exchange(transaction: Transaction) -> None:
            first, second = transaction.select(table, "")
            transaction.update(table, (*first[:-1], second[-1]))
            transaction.update(table, (*second[:-1], first[-1]))

        run_alone(open_stopped(server.data_dir), exchange)
        check_store(server.data_dir)
        server.start()
        client = KeptConnection(server.endpoint, server.first)
        for name in VALUES:
            answer = client.ask("GetSecretValue", {"SecretId": name})
            assert answer.status >= 400
            assert not any(value.encode() in answer.body for value in VALUES.values())
            [record] = server.records(request_id=answer.request_id)
            assert record["errorCode"]
        client.close()
    finally:
        server.close()
