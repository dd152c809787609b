"""Rotation by a function: AWS's four steps, crashes between them, errors, and people who interfere.

Tried by hand: with a step whose intent is not recorded, an attempt that goes on after a failed step, or a rotation
that succeeds though AWSCURRENT was not moved, one of these fails.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from strongroom.crypto.material import Plaintext
from strongroom.rotation.function_rights import hosts_of, scrubbed_of, session_policy
from strongroom.rotation.rotator import Cause, TargetFailed
from strongroom.services.secretsmanager.model import AWSCURRENT, AWSPENDING, AWSPREVIOUS
from tests.rotation.stand import ACCOUNT, REGION, Stand
from tests.support.rotation_function import RotationFunction

STEPS = ["createSecret", "setSecret", "testSecret", "finishSecret"]
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:my-rotation"
OLD = {"engine": "postgres", "host": "db.example.com", "username": "app", "password": "old-password"}


@pytest.fixture
def function(stand: Stand) -> RotationFunction:
    """A function that rotates a secret."""
    made = RotationFunction(stand)
    made.secret_id = stand.add(OLD, function=ARN)
    stand.parts = msgspec.structs.replace(stand.parts, invoke=made)
    return made


def outcomes(stand: Stand, function: RotationFunction) -> list[str]:
    """List what the history says."""
    return [entry.outcome for entry in stand.history(function.secret_id)]


def assert_rotated(stand: Stand, function: RotationFunction, token: str) -> None:
    """The version is current, the label is gone, the history says so."""
    labels = stand.secret(function.secret_id).labels
    assert labels[AWSCURRENT] == token
    assert AWSPENDING not in labels
    assert AWSPREVIOUS in labels
    assert stand.row(function.secret_id).work.token == ""
    assert outcomes(stand, function)[-1] == "succeeded"


def test_the_four_steps(stand: Stand, function: RotationFunction) -> None:
    """The events are AWS's to the letter, with one RotationToken for all."""
    token = stand.begin(function.secret_id)
    stand.run(function.secret_id)
    assert_rotated(stand, function, token)
    arn = stand.secret(function.secret_id).arn
    proof = function.events[0]["RotationToken"]
    assert function.events == [
        {"Step": step, "SecretId": arn, "ClientRequestToken": token, "RotationToken": proof} for step in STEPS
    ]
    assert 36 <= len(proof) <= 256
    assert set(proof) <= set("0123456789abcdef-")
    assert {(call.function_arn, call.secret_arn, call.account) for call in function.calls} == {
        (ARN, arn, ACCOUNT)
    }
    stand.begin(function.secret_id)
    stand.run(function.secret_id)
    assert function.events[-1]["RotationToken"] != proof, "each rotation has its own"


@pytest.mark.parametrize("boundary", range(10))
def test_a_crash_at_every_boundary(stand: Stand, function: RotationFunction, boundary: int) -> None:
    """The step that was interrupted is invoked again, and none before it; the rotation ends well."""
    token = stand.begin(function.secret_id)
    crashed = stand.run_until_crash(function.secret_id, boundary)
    before = list(function.steps)
    stand.run(function.secret_id)
    assert_rotated(stand, function, token)
    again = function.steps[len(before) :]
    assert again == STEPS[STEPS.index(again[0]) :] if again else not crashed
    assert len(before) + len(again) <= len(STEPS) + 1
    assert stand.versions(function.secret_id) == 2


@pytest.mark.parametrize("step", STEPS)
def test_an_error_of_the_function(stand: Stand, function: RotationFunction, step: str) -> None:
    """The attempt ends, and the next one begins anew a little later; the words of the function are not shown."""
    function.fails_at.append(step)
    token = stand.begin(function.secret_id)
    stand.run(function.secret_id)
    assert function.steps == STEPS[: STEPS.index(step) + 1]
    row = stand.row(function.secret_id)
    assert (row.work.token, row.work.step) == (token, step)
    assert row.work.cause == "the function ended with an error: ValueError"
    assert row.due_ms is not None
    assert 0 < row.due_ms - stand.keys.clock() <= 3_000
    assert stand.secret(function.secret_id).labels[AWSPENDING] == token
    last = stand.history(function.secret_id)[-1]
    assert last.outcome == "failed"
    assert "made-by-function" not in str(last)
    function.calls.clear()
    stand.run(function.secret_id)
    assert function.steps == STEPS
    assert_rotated(stand, function, token)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ({"errorType": "Sandbox.Timedout", "errorMessage": "RequestId: x Error: Task timed out after 1.00 seconds"},
         "Sandbox.Timedout: RequestId: x Error: Task timed out after 1.00 seconds"),
        ({"errorType": "psycopg2.errors.Odd", "errorMessage": "secret"}, "psycopg2.errors.Odd"),
        ({"errorType": "password=hunter22", "errorMessage": "secret"}, "an error of a type that is not told"),
        ("secret", "an error of a type that is not told"),
    ],
)  # fmt: skip
def test_what_is_shown_of_an_error(stand: Stand, function: RotationFunction, error: Any, said: str) -> None:
    """Types are names; messages are shown where they are ours."""
    function.fails_at.append("setSecret")
    function.error = error
    stand.begin(function.secret_id)
    stand.run(function.secret_id)
    assert stand.row(function.secret_id).work.cause == f"the function ended with an error: {said}"


def test_a_function_that_cannot_be_invoked(stand: Stand, function: RotationFunction) -> None:
    """The reason is on record; it is tried again."""
    function.breaks_at["setSecret"] = TargetFailed(Cause.OVERLOADED, "no room")
    token = stand.begin(function.secret_id)
    stand.run(function.secret_id)
    assert stand.row(function.secret_id).work.cause == "the target takes no more connections: no room"
    stand.run(function.secret_id)
    assert_rotated(stand, function, token)


def test_a_function_that_forgets_to_move_the_label(stand: Stand, function: RotationFunction) -> None:
    """That it ended well is not enough."""
    function.finishes = False
    token = stand.begin(function.secret_id)
    stand.run(function.secret_id)
    assert "without moving AWSCURRENT" in stand.row(function.secret_id).work.cause
    assert stand.row(function.secret_id).work.step == "finishSecret"
    function.finishes = True
    stand.run(function.secret_id)
    assert_rotated(stand, function, token)


@pytest.mark.parametrize("step", STEPS)
def test_a_value_put_by_hand_ends_the_rotation(stand: Stand, function: RotationFunction, step: str) -> None:
    """No further step is invoked, and the label of the rotation goes."""
    function.finishes = step != "finishSecret"

    def put(at: str) -> None:
        if at == step:
            stand.put(function.secret_id, {"password": "by hand"})

    function.meanwhile = put
    stand.begin(function.secret_id)
    stand.run(function.secret_id)
    assert function.steps == STEPS[: STEPS.index(step) + 1]
    assert outcomes(stand, function) == ["abandoned"]
    assert stand.value(function.secret_id) == {"password": "by hand"}
    assert AWSPENDING not in stand.secret(function.secret_id).labels
    assert stand.row(function.secret_id).work.token == ""


def turn_off(stand: Stand, function: RotationFunction) -> None:
    """Do what CancelRotateSecret does."""

    def off(secret: Any) -> Any:
        rotation = msgspec.structs.replace(secret.attributes.rotation, is_enabled=False)
        return msgspec.structs.replace(
            secret, attributes=msgspec.structs.replace(secret.attributes, rotation=rotation)
        )

    stand.change(function.secret_id, off)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fails", [False, True])
def test_cancelled_at_every_step(stand: Stand, function: RotationFunction, step: str, fails: bool) -> None:
    """Before setSecret it ends; after that the rest is tried, because the target may have the new value."""

    def cancel(at: str) -> None:
        if at == step:
            turn_off(stand, function)

    function.meanwhile = cancel
    if fails:
        function.fails_at.extend(STEPS[STEPS.index(step) :][:1])
    token = stand.begin(function.secret_id)
    stand.run(function.secret_id)
    assert stand.row(function.secret_id).work.token == ""
    if fails or step == "createSecret":
        assert outcomes(stand, function) == ["cancelled"]
        assert function.steps == STEPS[: STEPS.index(step) + 1]
        assert stand.secret(function.secret_id).labels[AWSPENDING] == token
    else:
        assert function.steps == STEPS
        assert_rotated(stand, function, token)


def test_a_second_process_that_takes_over(stand: Stand, function: RotationFunction) -> None:
    """The first one commits nothing more."""
    token = stand.begin(function.secret_id)
    stand.at("invoked setSecret", lambda: stand.run(function.secret_id))
    stand.run(function.secret_id)
    assert_rotated(stand, function, token)
    assert outcomes(stand, function) == ["succeeded"]


def test_a_lease_lasts_as_long_as_a_function_may(stand: Stand, function: RotationFunction) -> None:
    """Another process does not take the rotation up while a step runs for a quarter of an hour."""
    left: list[int] = []
    function.meanwhile = lambda _step: left.append(
        stand.row(function.secret_id).lease_until_ms - stand.keys.clock()
    )
    stand.begin(function.secret_id)
    stand.run(function.secret_id)
    assert len(left) == 4
    assert min(left) > 16 * 60 * 1000


# What a function may do, reach and show


def test_f04_the_credentials_are_cut_down_to_this_rotation(stand: Stand, function: RotationFunction) -> None:
    """The rotating secret, the secret of its masterarn, passwords; keys through the service for these two alone."""
    boss = stand.add({"username": "boss", "password": "boss-password"})
    boss_arn = stand.secret(boss).arn
    stand.put(function.secret_id, {**OLD, "masterarn": boss_arn})
    stand.begin(function.secret_id)
    stand.run(function.secret_id)
    secret = stand.secret(function.secret_id)
    policy = json.loads(function.calls[0].policy)
    granted = {
        (action, resource)
        for statement in policy["Statement"]
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    }
    assert granted == {
        *((f"secretsmanager:{name}", secret.arn) for name in
          ("DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage")),
        *((f"secretsmanager:{name}", boss_arn) for name in ("DescribeSecret", "GetSecretValue")),
        ("secretsmanager:GetRandomPassword", "*"), ("kms:Decrypt", "*"), ("kms:GenerateDataKey", "*"),
    }  # fmt: skip
    keys = next(statement for statement in policy["Statement"] if "kms:Decrypt" in statement["Action"])
    assert keys["Condition"]["StringEquals"] == {
        "kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com",
        "kms:EncryptionContext:SecretARN": [secret.arn, boss_arn],
    }
    scrubbed = {value.reveal() for value in function.calls[0].scrubbed}
    assert {b"old-password", b"boss-password"} <= scrubbed
    assert {value.reveal() for value in function.calls[1].scrubbed} >= {b"made-by-function"}
    assert b"db.example.com" not in scrubbed
    assert function.calls[0].hosts == (("db.example.com", 5432),)
    assert len(session_policy(secret, boss_arn)) < 2048


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


@pytest.mark.parametrize(
    ("members", "hosts"),
    [
        ({"host": "a", "port": 1}, (("a", 1),)),
        ({"host": "a", "port": "77"}, (("a", 77),)),
        ({"host": "a", "engine": "mysql"}, (("a", 3306),)),
        ({"host": "a"}, ()),
        ({"host": "a", "port": True}, ()),
        ({"host": "a", "port": 70_000}, ()),
        ({"host": ["a"], "port": 1}, ()),
        ({}, ()),
    ],
)
def test_f03_it_reaches_what_its_secret_names(members: dict[str, Any], hosts: Any) -> None:
    """What cannot be read is nothing."""
    assert hosts_of(members) == hosts


def test_f04_what_must_not_stand_in_a_log() -> None:
    """The whole value, and the texts in it; what is short or public is left."""
    values = [
        Plaintext(b'{"a": {"b": ["inner-text"]}, "host": "somewhere", "pin": "1234"}'),
        Plaintext(b"-----KEY-----"),
    ]
    assert {value.reveal() for value in scrubbed_of(values)} == {
        values[0].reveal(),
        b"inner-text",
        b"-----KEY-----",
    }
