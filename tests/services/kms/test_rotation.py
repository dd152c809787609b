"""Rotation: new material encrypts, old material decrypts, by the clock and on demand."""

from __future__ import annotations

from typing import Any

from tests.services.kms.answers import arn_of, refusal
from tests.support.accounts import Account
from tests.support.server import MovedServer, Server

YEAR = 365


def test_a_due_key_gets_new_material_and_keeps_the_old(moved_server: MovedServer) -> None:
    """Id, policy and ciphertexts stay; the event says which material came and which went."""
    kms = moved_server.client("kms")
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"]
    first = kms.describe_key(KeyId=key_id)["KeyMetadata"]["CurrentKeyMaterialId"]
    assert kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key_id, RotationPeriodInDays=90)
    status = kms.get_key_rotation_status(KeyId=key_id)
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 90)
    moved_server.advance(days=89)
    moved_server.run_background()
    assert kms.list_key_rotations(KeyId=key_id)["Rotations"] == []
    moved_server.advance(days=2)
    moved_server.run_background()
    second = kms.describe_key(KeyId=key_id)["KeyMetadata"]["CurrentKeyMaterialId"]
    assert second != first
    assert kms.decrypt(CiphertextBlob=blob)["KeyMaterialId"] == first
    new = kms.encrypt(KeyId=key_id, Plaintext=b"y")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=new)["KeyMaterialId"] == second
    [rotation] = kms.list_key_rotations(KeyId=key_id)["Rotations"]
    assert (rotation["KeyMaterialId"], rotation["RotationType"]) == (second, "AUTOMATIC")
    [event] = moved_server.records("RotateKey")
    assert event["serviceEventDetails"]["rotationType"] == "AUTOMATIC"
    assert event["serviceEventDetails"]["previousKeyMaterialId"] == first
    assert event["serviceEventDetails"]["currentKeyMaterialId"] == second
    later = kms.get_key_rotation_status(KeyId=key_id)["NextRotationDate"]
    assert (later - rotation["RotationDate"]).days == 90


def test_a_disabled_key_rotates_when_it_is_enabled_again(moved_server: MovedServer) -> None:
    """What was missed meanwhile happens then, once."""
    kms = moved_server.client("kms")
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=key_id)
    kms.disable_key(KeyId=key_id)
    moved_server.advance(days=3 * YEAR)
    moved_server.run_background()
    assert kms.list_key_rotations(KeyId=key_id)["Rotations"] == []
    kms.enable_key(KeyId=key_id)
    moved_server.run_background()
    moved_server.run_background()
    assert len(kms.list_key_rotations(KeyId=key_id)["Rotations"]) == 1


def test_the_key_of_a_service_rotates_every_year_and_its_values_stay(moved_server: MovedServer) -> None:
    """Nobody asked for it."""
    secrets, kms = moved_server.client("secretsmanager"), moved_server.client("kms")
    secrets.create_secret(Name="a", SecretString="before")
    moved_server.advance(days=YEAR + 1)
    moved_server.run_background()
    key_id = kms.describe_key(KeyId="alias/aws/secretsmanager")["KeyMetadata"]["KeyId"]
    assert len(kms.list_key_rotations(KeyId=key_id)["Rotations"]) == 1
    assert secrets.get_secret_value(SecretId="a")["SecretString"] == "before"
    secrets.put_secret_value(SecretId="a", SecretString="after")
    assert secrets.get_secret_value(SecretId="a")["SecretString"] == "after"
    assert secrets.get_secret_value(SecretId="a", VersionStage="AWSPREVIOUS")["SecretString"] == "before"


def test_rotation_on_demand_is_counted_and_leaves_the_schedule(
    kms: Any, server: Server, account: Account, key_id: str
) -> None:
    """25 in the life of a key; all materials go on decrypting."""
    kms.enable_key_rotation(KeyId=key_id)
    due = kms.get_key_rotation_status(KeyId=key_id)["NextRotationDate"]
    blobs = []
    for _ in range(25):
        blobs.append(kms.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"])
        answer = kms.rotate_key_on_demand(KeyId=key_id)
        assert answer["KeyId"] == arn_of(account, key_id)
    names = [
        record["eventName"] for record in server.records(request_id=answer["ResponseMetadata"]["RequestId"])
    ]
    assert names == ["RotateKeyOnDemand"]
    assert len(server.records("RotateKey", account=account)) == 25
    assert kms.get_key_rotation_status(KeyId=key_id)["NextRotationDate"] == due
    text = (
        "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be "
        f"performed for this key: {arn_of(account, key_id)}"
    )
    assert refusal(kms.rotate_key_on_demand, KeyId=key_id) == ("LimitExceededException", text)
    assert len({kms.decrypt(CiphertextBlob=blob)["KeyMaterialId"] for blob in blobs}) == 25
    everything = kms.list_key_rotations(KeyId=key_id, IncludeKeyMaterial="ALL_KEY_MATERIAL", Limit=20)
    rest = kms.list_key_rotations(
        KeyId=key_id, IncludeKeyMaterial="ALL_KEY_MATERIAL", Marker=everything["NextMarker"]
    )
    entries = everything["Rotations"] + rest["Rotations"]
    assert len(entries) == 26
    assert "RotationType" not in entries[0]
    assert [entry["KeyMaterialState"] for entry in entries] == ["NON_CURRENT"] * 25 + ["CURRENT"]
    only = kms.list_key_rotations(KeyId=key_id)["Rotations"]
    assert [entry["RotationType"] for entry in only] == ["ON_DEMAND"] * 25


def test_rotation_can_be_turned_off(kms: Any, key_id: str) -> None:
    """And is off for a key that waits for its deletion."""
    kms.enable_key_rotation(KeyId=key_id)
    kms.disable_key_rotation(KeyId=key_id)
    status = kms.get_key_rotation_status(KeyId=key_id)
    assert (status["KeyRotationEnabled"], "NextRotationDate" in status) == (False, False)
    kms.enable_key_rotation(KeyId=key_id)
    kms.schedule_key_deletion(KeyId=key_id)
    assert kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"] is False
