"""Aliases: names that move between keys."""

from __future__ import annotations

from typing import Any

from tests.services.kms.answers import User, arn_of, denied, refusal, statement
from tests.support.accounts import Account
from tests.support.server import MovedServer, Server


def test_an_alias_is_made_moved_listed_and_removed(moved_server: MovedServer) -> None:
    """Its creation date stays, LastUpdatedDate follows; what was encrypted under the first key stays so."""
    kms = moved_server.client("kms")
    one, two = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    kms.create_alias(AliasName="alias/app", TargetKeyId=one)
    blob = kms.encrypt(KeyId="alias/app", Plaintext=b"x")["CiphertextBlob"]
    moved_server.advance(hours=1)
    kms.update_alias(AliasName="alias/app", TargetKeyId=two)
    assert kms.encrypt(KeyId="alias/app", Plaintext=b"x")["KeyId"].endswith(two)
    assert kms.decrypt(CiphertextBlob=blob)["KeyId"].endswith(one)
    [entry] = kms.list_aliases(KeyId=two)["Aliases"]
    assert (entry["AliasName"], entry["TargetKeyId"]) == ("alias/app", two)
    assert entry["AliasArn"].endswith(":alias/app")
    assert (entry["LastUpdatedDate"] - entry["CreationDate"]).total_seconds() > 3_500
    assert kms.list_aliases(KeyId=one)["Aliases"] == []
    assert [alias["AliasName"] for alias in kms.list_aliases()["Aliases"]] == ["alias/app"]
    kms.delete_alias(AliasName="alias/app")
    assert refusal(kms.describe_key, KeyId="alias/app")[0] == "NotFoundException"
    assert kms.list_aliases()["Aliases"] == []


def test_names_that_cannot_be_are_refused(kms: Any, account: Account, key_id: str) -> None:
    """Prefix, characters, taken, absent."""
    head = f"arn:aws:kms:us-east-1:{account.account_id}"
    code, text = refusal(kms.create_alias, AliasName="mine", TargetKeyId=key_id)
    assert code == "ValidationException"
    assert text.startswith('Alias must start with the prefix "alias/". Please see ')
    assert (
        refusal(kms.create_alias, AliasName="alias/a:b", TargetKeyId=key_id)[0] == "InvalidAliasNameException"
    )
    kms.create_alias(AliasName="alias/a", TargetKeyId=key_id)
    taken = ("AlreadyExistsException", f"An alias with the name {head}:alias/a already exists")
    assert refusal(kms.create_alias, AliasName="alias/a", TargetKeyId=key_id) == taken
    absent = ("NotFoundException", f"Alias {head}:alias/b is not found.")
    assert refusal(kms.update_alias, AliasName="alias/b", TargetKeyId=key_id) == absent
    assert refusal(kms.delete_alias, AliasName="alias/b") == absent


def test_a_key_has_at_most_50_aliases(kms: Any, key_id: str) -> None:
    """And they are listed by pages."""
    for number in range(50):
        kms.create_alias(AliasName=f"alias/n{number:02}", TargetKeyId=key_id)
    code, _ = refusal(kms.create_alias, AliasName="alias/more", TargetKeyId=key_id)
    assert code == "LimitExceededException"
    first = kms.list_aliases(KeyId=key_id, Limit=30)
    second = kms.list_aliases(KeyId=key_id, Marker=first["NextMarker"])
    names = [alias["AliasName"] for page in (first, second) for alias in page["Aliases"]]
    assert names == [f"alias/n{number:02}" for number in range(50)]
    assert not second["Truncated"]


def test_p02_an_alias_needs_the_right_on_itself_and_on_every_key(
    kms: Any, server: Server, account: Account, key_id: str
) -> None:
    """UpdateAlias: the alias, the key before and the key after."""
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    alias = f"arn:aws:kms:us-east-1:{account.account_id}:alias/a"
    old, new = arn_of(account, key_id), arn_of(account, other)
    kms.create_alias(AliasName="alias/a", TargetKeyId=key_id)
    user = User(server, account)
    update = user.client().update_alias
    for rights, missing in (((), alias), ((alias,), old), ((alias, old), new), ((alias, new), old)):
        if rights:
            user.may(*(statement("UpdateAlias", resource=resource) for resource in rights))
        found = refusal(update, AliasName="alias/a", TargetKeyId=other)
        assert found == denied(user.arn, "UpdateAlias", missing)
    user.may(*(statement("UpdateAlias", resource=resource) for resource in (alias, old, new)))
    update(AliasName="alias/a", TargetKeyId=other)


def test_an_alias_leaves_a_key_that_waits_for_its_deletion(kms: Any, account: Account, key_id: str) -> None:
    """The key that it leaves may be pending, the one that it goes to may not."""
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/a", TargetKeyId=key_id)
    kms.schedule_key_deletion(KeyId=key_id)
    kms.update_alias(AliasName="alias/a", TargetKeyId=other)
    pending = ("KMSInvalidStateException", f"{arn_of(account, key_id)} is pending deletion.")
    assert refusal(kms.update_alias, AliasName="alias/a", TargetKeyId=key_id) == pending
