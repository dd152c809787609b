"""Credentials: what an access key id stands for, and how fast changes of it hold."""

from __future__ import annotations

import logging

import msgspec
import pytest

from strongroom.gateway.caller import Credential
from strongroom.policy.compile import PolicySet
from strongroom.policy.evaluate import evaluate
from strongroom.policy.question import Question
from strongroom.services.iam.credentials import new_access_key
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.model import InlinePolicy, User
from strongroom.services.iam.tables import (
    ACCESS_KEYS,
    find_access_key,
    insert_access_key,
    remove_access_key,
    update_access_key,
)
from strongroom.store.errors import StoreTampered
from tests.services.iam.store import ACCOUNT, NOW_MS, IAMStore

ALLOW_ALL = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'


def without_policies(user: User) -> User:
    """Give a user from whom every managed policy was detached."""
    return msgspec.structs.replace(user, attributes=msgspec.structs.replace(user.attributes, attached=()))


def may(credential: Credential | None, action: str = "iam:GetUser") -> bool:
    """Whether the evaluator lets the caller act on some resource of its account."""
    assert credential is not None
    caller = credential.caller
    question = Question(
        principal=caller.principal,
        action=action,
        resource=f"arn:aws:iam::{ACCOUNT}:user/alice",
        resource_account=ACCOUNT,
        context={},
    )
    return evaluate(question, identity=caller.identity).allowed


def test_a_key_stands_for_its_user(store: IAMStore) -> None:
    """Secret, ARN, unique id and name come from the rows."""
    user = store.make_user()
    key, secret = store.make_key(user)
    credential = store.find(key.access_key_id)
    assert credential is not None
    assert credential.secret == secret.encode()
    assert credential.session_token is None
    caller = credential.caller
    assert (caller.kind, caller.user_name, caller.access_key_id) == (
        "IAMUser",
        "alice",
        key.access_key_id,
    )
    assert (caller.principal.type, caller.principal.unique_id) == ("User", user.unique_id)
    assert not may(credential)


def test_an_unknown_key_is_no_credential(store: IAMStore) -> None:
    """Nothing is found, and nothing is kept for it."""
    assert store.find("AKIAAAAAAAAAAAAAAAAA") is None
    assert len(store.rows.cache) == 0


def test_a_second_look_comes_from_the_cache_with_its_signing_keys(store: IAMStore) -> None:
    """The same object is given until something changes, so derived keys live as long as it."""
    first = store.find(store.admin.access_key_id)
    assert store.find(store.admin.access_key_id) is first


def test_s09_an_inactive_key_ends_with_the_next_request_and_comes_back(store: IAMStore) -> None:
    """Status changes drop the cached credential of every worker."""
    key, _ = store.make_key(store.make_user())
    assert store.find(key.access_key_id) is not None
    with store.change() as transaction:
        update_access_key(transaction, msgspec.structs.replace(key, status="Inactive"))
    assert store.find(key.access_key_id) is None
    with store.change() as transaction:
        update_access_key(transaction, key)
    assert store.find(key.access_key_id) is not None


def test_s09_a_deleted_key_ends_with_the_next_request(store: IAMStore) -> None:
    """Deletion drops the cached credential of every worker."""
    key, _ = store.make_key(store.make_user())
    assert store.find(key.access_key_id) is not None
    with store.change() as transaction:
        remove_access_key(transaction, key.user_id, key.access_key_id)
    assert store.find(key.access_key_id) is None


def test_s09_policies_hold_from_the_next_request_for_every_key_of_the_user(store: IAMStore) -> None:
    """Put, replace and delete reach both keys."""
    user = store.make_user()
    keys = [store.make_key(user)[0].access_key_id for _ in range(2)]
    assert [may(store.find(key)) for key in keys] == [False, False]
    with store.change() as transaction:
        USERS.put_policy(transaction, user.unique_id, InlinePolicy("all", ALLOW_ALL))
    assert [may(store.find(key)) for key in keys] == [True, True]
    with store.change() as transaction:
        USERS.put_policy(transaction, user.unique_id, InlinePolicy("all", ALLOW_ALL.replace("Allow", "Deny")))
    assert [may(store.find(key)) for key in keys] == [False, False]
    with store.change() as transaction:
        USERS.put_policy(transaction, user.unique_id, InlinePolicy("all", ALLOW_ALL))
        USERS.remove_policy(transaction, user.unique_id, "all")
    assert [may(store.find(key)) for key in keys] == [False, False]


def test_s09_a_change_of_the_user_holds_from_the_next_request(store: IAMStore) -> None:
    """What is detached from a user no longer counts, and a user that is gone has no credential."""
    admin = store.administrator()
    assert may(store.find(store.admin.access_key_id))
    with store.change() as transaction:
        USERS.update(transaction, without_policies(admin))
    assert not may(store.find(store.admin.access_key_id))
    with store.change() as transaction:
        USERS.remove(transaction, admin)
    assert store.find(store.admin.access_key_id) is None


def test_s09_managed_policies_are_merged_once_and_hold_no_longer_than_they_are_attached(
    store: IAMStore,
) -> None:
    """Inline policies change without them; whatever changes about themselves makes another set."""
    user = store.make_user()
    key, _ = store.make_key(user)

    def put(effect: str) -> PolicySet:
        text = ALLOW_ALL.replace("Allow", effect)
        with store.change() as transaction:
            USERS.put_policy(transaction, user.unique_id, InlinePolicy("all", text))
        credential = store.find(key.access_key_id)
        assert may(credential) is (effect == "Allow")
        assert credential is not None
        identity = credential.caller.identity
        assert isinstance(identity, PolicySet)
        [own] = identity.parts
        assert isinstance(own, PolicySet)
        [attached, _] = own.parts
        assert isinstance(attached, PolicySet)
        return attached

    def attach(*names: str) -> None:
        with store.change() as transaction:
            held = USERS.find(transaction, ACCOUNT, "alice")
            assert held is not None
            arns = tuple(f"arn:aws:iam::aws:policy/{name}" for name in names)
            USERS.change_attributes(transaction, held, attached=arns)

    attach("AdministratorAccess", "SecretsManagerReadWrite")
    first = put("Allow")
    assert put("Deny") is put("Allow") is first
    for names in (
        ("SecretsManagerReadWrite", "AdministratorAccess"),
        ("AdministratorAccess",),
        ("AdministratorAccess", "IAMFullAccess"),
        (),
    ):
        attach(*names)
        changed = put("Deny")
        assert [policy.source_id.rpartition("/")[2] for policy in changed] == list(names)
    with store.change() as transaction:
        USERS.remove_policy(transaction, user.unique_id, "all")
    assert not may(store.find(key.access_key_id))


def test_p07_a_user_made_anew_under_an_old_name_inherits_nothing(store: IAMStore) -> None:
    """Keys and policies hang on the unique id: the successor has neither."""
    user = store.make_user()
    key, _ = store.make_key(user)
    with store.change() as transaction:
        USERS.put_policy(transaction, user.unique_id, InlinePolicy("all", ALLOW_ALL))
    assert may(store.find(key.access_key_id))
    with store.change() as transaction:
        USERS.remove(transaction, user)
        USERS.insert(transaction, User(ACCOUNT, "AIDABBBBBBBBBBBBBBBBB", "alice", "/", NOW_MS))
    assert store.find(key.access_key_id) is None
    successor, _ = store.make_key(User(ACCOUNT, "AIDABBBBBBBBBBBBBBBBB", "alice", "/", NOW_MS))
    assert not may(store.find(successor.access_key_id))


def test_a_key_of_another_account_than_its_users_is_no_credential(store: IAMStore) -> None:
    """A key stands for a user of its own account, or for nobody."""
    key, _ = new_access_key(store.keyring, "999999999999", store.administrator().unique_id, NOW_MS)
    with store.change() as transaction:
        insert_access_key(transaction, key)
    assert store.find(key.access_key_id) is None


@pytest.mark.parametrize("document", ["{", '{"Version":"2099-01-01","Statement":[]}', ""])
def test_a_stored_policy_that_cannot_be_read_denies_everything(
    store: IAMStore, caplog: pytest.LogCaptureFixture, document: str
) -> None:
    """It never vanishes: even with another policy that allows all, nothing is allowed, and operators hear of it."""
    user = store.make_user()
    key, _ = store.make_key(user)
    with store.change() as transaction:
        USERS.put_policy(transaction, user.unique_id, InlinePolicy("all", ALLOW_ALL))
        USERS.put_policy(transaction, user.unique_id, InlinePolicy("broken", document))
    with caplog.at_level(logging.ERROR):
        assert not may(store.find(key.access_key_id))
    assert user.unique_id in caplog.text


def test_an_attached_policy_that_is_not_known_denies_everything(store: IAMStore) -> None:
    """A managed policy that this version does not ship is not skipped."""
    attached = (*store.administrator().attributes.attached, "arn:aws:iam::aws:policy/Unheard")
    with store.change() as transaction:
        admin = store.administrator()
        attributes = msgspec.structs.replace(admin.attributes, attached=attached)
        USERS.update(transaction, msgspec.structs.replace(admin, attributes=attributes))
    assert not may(store.find(store.admin.access_key_id))


def test_s11_the_secret_is_not_in_the_store_in_clear(store: IAMStore) -> None:
    """Neither the database nor its write-ahead log holds it."""
    written = b"".join(path.read_bytes() for path in store.path.parent.iterdir())
    assert store.admin.access_key_id.encode() in written
    assert store.admin.secret_access_key.encode() not in written


def test_k02_a_secret_sealed_for_one_key_does_not_open_for_another(store: IAMStore) -> None:
    """Whoever can write rows with true codes, but not seal, cannot give a known secret to another's key."""
    known, _ = store.make_key(store.make_user())
    admin_key = store.transaction.find(ACCESS_KEYS, store.admin.access_key_id)
    assert admin_key is not None
    with store.change() as transaction:
        transaction.update(ACCESS_KEYS, (*admin_key[:-1], known.sealed_secret))
    with pytest.raises(StoreTampered, match="does not open in its place"):
        store.find(store.admin.access_key_id)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE iam_access_keys SET user_id = 'AIDAAAAAAAAAAAAAAAAAA'",
        "UPDATE iam_access_keys SET status = 'Inactive'",
        "UPDATE iam_users SET path = '/boss/'",
        "UPDATE iam_users SET attributes = x'80'",
        "UPDATE iam_user_policies SET document = replace(document, 'Deny', 'Allow')",
        "UPDATE iam_user_policies SET name = 'other'",
        "DELETE FROM iam_user_policies",
    ],
)
def test_k03_rows_changed_outside_of_strongroom_are_refused(store: IAMStore, statement: str) -> None:
    """Editing a key, a user or a policy in the file is noticed; the request fails closed."""
    with store.change() as transaction:
        deny = InlinePolicy("deny", ALLOW_ALL.replace("Allow", "Deny"))
        USERS.put_policy(transaction, store.administrator().unique_id, deny)
    store.connection.execute(statement)
    with pytest.raises(StoreTampered):
        store.find(store.admin.access_key_id)


@pytest.mark.parametrize("table", ["iam_access_keys", "iam_user_policies"])
def test_k03_a_row_put_back_to_an_older_state_is_refused(store: IAMStore, table: str) -> None:
    """A deactivated key and a replaced policy do not come back with their old, truly coded rows."""
    admin = store.administrator()
    with store.change() as transaction:
        USERS.put_policy(transaction, admin.unique_id, InlinePolicy("p", ALLOW_ALL))
    old = store.connection.execute(f"SELECT * FROM {table}").fetchall()
    key = find_access_key(store.transaction, store.admin.access_key_id)
    assert key is not None
    with store.change() as transaction:
        USERS.put_policy(transaction, admin.unique_id, InlinePolicy("p", ALLOW_ALL.replace("Allow", "Deny")))
        if table == "iam_access_keys":
            update_access_key(transaction, msgspec.structs.replace(key, status="Inactive"))
    marks = ", ".join("?" * len(old[0]))
    store.connection.execute(f"DELETE FROM {table}")
    store.connection.executemany(f"INSERT INTO {table} VALUES ({marks})", old)
    with pytest.raises(StoreTampered):
        store.find(store.admin.access_key_id)


def test_x01_a_credential_hides_its_secret(store: IAMStore) -> None:
    """Its representation shows the caller but not the secret."""
    credential = store.find(store.admin.access_key_id)
    assert credential is not None
    assert credential.caller.access_key_id in repr(credential)
    assert store.admin.secret_access_key not in repr(credential)
