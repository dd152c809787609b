"""What holds for every operation of every service: let in by a signature, let through by a policy, recorded once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from strongroom.policy.evaluate import UNGOVERNED_ACTIONS
from strongroom.services.table import SERVICES
from tests.gateway.answers import Refusal, read_refusal, without_ids
from tests.gateway.conftest import World
from tests.gateway.every_operation import (
    CANARY,
    EXAMPLES,
    FURTHER_ACTIONS,
    NOT_FOUND_WITH_ALL_RIGHTS,
    NOT_WITH_SESSIONS,
    OBJECT_MEMBERS,
    OPERATIONS,
    REFUSED_WITH_ALL_RIGHTS,
    THE_CALLER,
    UNEXPLAINED,
    WITHOUT_PERMISSION,
    WITHOUT_SIGNATURE,
    Entry,
    example_of,
    name_of,
    status_of,
)
from tests.support.accounts import Account, Key
from tests.support.server import MovedServer, Server
from tests.support.signed_http import TARGET_PREFIXES, query_form, rest_request

MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
    "Key and signing method. Consult the service documentation for details."
)
ALL_RIGHTS = {"Effect": "Allow", "Action": "*", "Resource": "*"}


every_operation = pytest.mark.parametrize("entry", OPERATIONS, ids=name_of)
governed = [entry for entry in OPERATIONS if (entry[0].name, entry[1].name) not in WITHOUT_PERMISSION]
every_governed_operation = pytest.mark.parametrize("entry", governed, ids=name_of)
every_operation_on_an_object = pytest.mark.parametrize(
    "entry",
    [entry for entry in governed if OBJECT_MEMBERS & set(example_of(entry).request("any"))],
    ids=name_of,
)


def test_every_operation_has_an_example() -> None:
    """A new operation is tried like all others, and no example outlives its operation."""
    assert {(service.name, operation.name) for service, operation in OPERATIONS} == set(EXAMPLES)
    unsigned = {
        (service.name, operation.name)
        for service in SERVICES
        for operation in service.operations
        if operation.identify is not None
    }
    assert (
        unsigned
        == WITHOUT_SIGNATURE
        == {
            ("lambda", "DownloadCode"),
            ("sts", "AssumeRoleWithWebIdentity"),
        }
    )


def test_p02_only_the_listed_operations_ask_for_no_permission() -> None:
    """The list of operations that any authenticated caller may use is AWS's, and may only shrink."""
    free = {
        (service.name, operation.name)
        for service, operation in OPERATIONS
        if operation.action is None or operation.action in UNGOVERNED_ACTIONS
    }
    assert free == WITHOUT_PERMISSION == {("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")}


@every_operation
def test_unsigned_is_refused_and_not_recorded(world: World, entry: Entry) -> None:
    """Without a signature there is a documented refusal and no record."""
    answer = world.ask(entry, "any", signed=False)
    if entry[0].protocol == "json":
        expected = Refusal(400, "MissingAuthenticationTokenException", "Missing Authentication Token")
    elif entry[0].protocol == "rest-json":
        expected = Refusal(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    else:
        expected = Refusal(403, "MissingAuthenticationToken", "Request is missing Authentication Token")
    assert read_refusal(entry[0], answer) == expected
    assert world.records_of(answer) == []


@every_operation
def test_wrong_signature_is_refused_and_not_recorded(world: World, entry: Entry) -> None:
    """A signature of another secret is refused and leaves no record."""
    wrong = Key(world.account.access_key_id, "x" * 40)
    answer = world.ask(entry, "any", key=wrong)
    code, status = entry[0].errors.mismatch
    assert read_refusal(entry[0], answer) == Refusal(status, code, MISMATCH)
    assert world.records_of(answer) == []


@every_operation
def test_s06_signature_for_another_service_opens_nothing(world: World, entry: Entry) -> None:
    """The service of the scope is the one that the request is dispatched to."""
    service = entry[0]
    headers, body, where = _as_sent(entry)
    code, status = service.errors.mismatch
    text = f"Credential should be scoped to correct service: '{service.name}'."
    for other in {"sts", "secretsmanager", "iam"} - {service.name}:
        answer = world.server.raw(other, "", body, headers=headers, key=world.account, **where)
        assert read_refusal(service, answer) == Refusal(status, code, text)
        assert world.records_of(answer) == []


@every_operation
def test_s06_signature_for_another_region_opens_nothing(world: World, entry: Entry) -> None:
    """A Region that is not served here is refused; IAM has one Region only."""
    answer = world.ask(entry, "any", region="xx-nowhere-1")
    code, status = entry[0].errors.mismatch
    text = "Credential should be scoped to a valid region, not 'xx-nowhere-1'."
    assert read_refusal(entry[0], answer) == Refusal(status, code, text)
    assert world.records_of(answer) == []


@every_operation
def test_unknown_key_is_refused_and_not_recorded(world: World, entry: Entry) -> None:
    """A key that nobody has is refused with the words for it, in every service."""
    answer = world.ask(entry, "any", key=Key("AKIA" + "Z" * 16, "x" * 40))
    code, status = entry[0].errors.unknown_key
    text = "The security token included in the request is invalid."
    assert read_refusal(entry[0], answer) == Refusal(status, code, text)
    assert world.records_of(answer) == []


@every_operation
def test_s09_deactivated_key_is_refused_on_the_next_request(world: World, entry: Entry) -> None:
    """A key that worked a moment ago works no more, and its request is not recorded."""
    key = world.new_user(ALL_RIGHTS)
    identity = next(entry for entry in OPERATIONS if entry[1].name == "GetCallerIdentity")
    assert world.ask(identity, "", key=key).status == 200
    owner = world.arn_of(key).rpartition("/")[2]
    world.clients.iam.update_access_key(UserName=owner, AccessKeyId=key.access_key_id, Status="Inactive")
    answer = world.ask(entry, "any", key=key)
    code, status = entry[0].errors.unknown_key
    text = "The security token included in the request is invalid."
    assert read_refusal(entry[0], answer) == Refusal(status, code, text)
    assert world.records_of(answer) == []


@every_operation
def test_l02_with_all_rights_it_succeeds_and_is_recorded_once_without_secrets(
    world: World, entry: Entry
) -> None:
    """The example of each operation works, leaves one record, and the record holds no value and no credential."""
    service, operation = entry
    name = world.prepare(entry)
    answer = world.ask(entry, name)
    expected = _expected_error(entry)
    assert answer.status == expected[0], answer.body
    own = [record for record in world.records_of(answer) if record["eventName"] == operation.recorded_name]
    assert len(own) == 1
    assert own[0].get("errorCode") == expected[1]
    assert own[0]["eventSource"] == service.event_source
    assert own[0]["userIdentity"]["accessKeyId"] == world.account.access_key_id
    written = json.dumps(world.records_of(answer))
    assert CANARY not in written
    assert world.account.secret_access_key not in written
    assert "AWS4-HMAC-SHA256" not in written
    assert "SecretAccessKey" not in written.replace("secretAccessKey", "SecretAccessKey")
    assert "sessiontoken" not in written.lower().replace("getsessiontoken", "")


@every_governed_operation
def test_l02_without_rights_it_is_denied_and_recorded_once(
    world: World, entry: Entry, denied_text: Callable[[str, str, str], str]
) -> None:
    """No policy, no access: AWS's text, and one record that says AccessDenied."""
    service, operation = entry
    name = world.prepare(entry)
    key = world.user()
    answer = world.ask(entry, name, key=key)
    code, status = service.errors.access_denied
    found = read_refusal(service, answer)
    assert found[:2] == (status, code)
    arn = world.arn_of(key)
    assert found.message == denied_text(arn, str(operation.action), _label(world, entry, name, arn))
    (record,) = world.records_of(answer)
    assert (record["eventName"], record["errorCode"]) == (operation.recorded_name, "AccessDenied")
    assert record["errorMessage"] == found.message
    assert record["userIdentity"]["arn"] == arn


@every_governed_operation
def test_p02_the_one_action_on_the_one_resource_is_enough_and_nothing_else_is(
    world: World, entry: Entry
) -> None:
    """The action on its resource lets the call through; on another resource, or denied besides, it does not."""
    service, operation = entry
    resource = example_of(entry).resource(world.account.account_id, name := world.prepare(entry))
    right = {"Effect": "Allow", "Action": operation.action, "Resource": resource}
    elsewhere = example_of(entry).resource(world.account.account_id, "another")
    if elsewhere == resource:  # the action has no resource, or all of a kind: a single ARN does not grant it
        elsewhere = "arn:aws:s3:::elsewhere"
    code, status = service.errors.access_denied

    wrong = world.ask(entry, name, key=world.user({**right, "Resource": elsewhere}))
    assert read_refusal(service, wrong)[:2] == (status, code)
    other_action = {**right, "Action": f"{service.name}:SomethingElse"}
    assert read_refusal(service, world.ask(entry, name, key=world.user(other_action)))[:2] == (status, code)

    deny = {**right, "Effect": "Deny"}
    refused = world.ask(entry, name, key=world.user(ALL_RIGHTS, right, deny))
    assert read_refusal(service, refused)[:2] == (status, code)
    if (service.name, operation.name) not in UNEXPLAINED:
        assert read_refusal(service, refused).message.endswith(
            "with an explicit deny in an identity-based policy"
        )
    assert [record["errorCode"] for record in world.records_of(refused)] == ["AccessDenied"]

    further = FURTHER_ACTIONS.get((service.name, operation.name))
    enough = [right] if further is None else [right, {**right, "Action": further}]
    answer = world.ask(entry, name, key=world.user(*enough))
    assert answer.status == _expected_error(entry)[0], answer.body


@pytest.fixture(scope="module")
def powerless(world: World) -> tuple[str, Key]:
    """A role without rights, and a session of it."""
    role = world.role()
    return role, world.session(role)


@pytest.fixture(scope="module")
def bounded(world: World) -> tuple[str, Key]:
    """A role with all rights, of which its boundary leaves none, and a session of it."""
    role = world.role(ALL_RIGHTS, boundary={**ALL_RIGHTS, "Action": "s3:*"})
    return role, world.session(role)


@every_governed_operation
@pytest.mark.parametrize("kind", ["powerless", "bounded"])
def test_s09_a_role_without_rights_or_beyond_its_boundary_is_denied_and_recorded(
    world: World, entry: Entry, kind: str, request: pytest.FixtureRequest
) -> None:
    """The session is refused, and the one record names it."""
    service, operation = entry
    role, key = request.getfixturevalue(kind)
    name = world.prepare(entry)
    answer = world.ask(entry, name, key=key)
    code, status = service.errors.access_denied
    found = read_refusal(service, answer)
    assert found[:2] == (status, code)
    layer = "permissions boundary" if kind == "bounded" else "identity-based policy"
    if (service.name, operation.name) not in UNEXPLAINED | NOT_WITH_SESSIONS:
        assert found.message.endswith(f"because no {layer} allows the {operation.action} action")
    (record,) = world.records_of(answer)
    assert (record["eventName"], record["errorCode"]) == (operation.recorded_name, "AccessDenied")
    assert record["userIdentity"]["type"] == "AssumedRole"
    assert record["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] == role


@pytest.fixture(scope="module")
def expired(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Key]]:
    """A role's session with all rights on a server whose clock went past its end."""
    running = MovedServer(tmp_path_factory.mktemp("expired") / "data")
    try:
        running.start()
        there = World(running, running.first)
        key = there.session(there.role(ALL_RIGHTS))
        assert running.raw("secretsmanager", "ListSecrets", {}, key=key).status == 200
        running.advance(hours=1)
        yield there, key
    finally:
        running.close()


@every_operation
def test_s09_an_expired_session_is_refused_and_recorded(expired: tuple[World, Key], entry: Entry) -> None:
    """Whatever it asks for; the record says whose it was."""
    there, key = expired
    answer = there.ask(entry, "any", key=key)
    code, status = entry[0].errors.expired_token
    text = "The security token included in the request is expired"
    assert read_refusal(entry[0], answer) == Refusal(status, code, text)
    (record,) = there.records_of(answer)
    assert (record["eventName"], record["errorCode"]) == (entry[1].recorded_name, code)
    assert record["userIdentity"]["accessKeyId"] == key.access_key_id


@every_operation_on_an_object
def test_p09_absent_and_forbidden_look_alike(world: World, entry: Entry) -> None:
    """Who has no rights gets the same bytes for an object that is there and for one that is not."""
    name, absent = world.prepare(entry), world.absent_name(entry)
    if example_of(entry).makes_it:  # the other way round: what exists is what is forbidden
        assert world.ask(entry, name).status == 200
    for rights in ((), ({**ALL_RIGHTS, "Resource": "arn:aws:s3:::none"},)):
        key = world.user(*rights)
        there = world.ask(entry, name, key=key)
        not_there = world.ask(entry, absent, key=key)
        assert without_ids(there, name.partition("/")[0]) == without_ids(not_there, absent)
        assert there.status in (400, 403)


@pytest.fixture(scope="module")
def other(server: Server) -> Account:
    """Another account."""
    return server.new_account()


@every_operation_on_an_object
def test_p02_another_account_gets_nothing(world: World, entry: Entry, other: Account) -> None:
    """The administrator of another account learns nothing of ours by name or ARN, and changes nothing."""
    service = entry[0]
    name, absent = world.prepare(entry), world.absent_name(entry)
    example, account = example_of(entry), world.account.account_id
    members, nothing = example.members(account, name), example.members(account, absent)
    if "SecretId" in members:
        arn = world.clients.secretsmanager.describe_secret(SecretId=name)["ARN"]
        members = {**members, "SecretId": arn}
        nothing = {**nothing, "SecretId": arn.replace(name, absent)}
    if "FunctionName" in members:
        arn = f"arn:aws:lambda:us-east-1:{account}:function:"
        members = {**members, "FunctionName": arn + name}
        nothing = {**nothing, "FunctionName": arn + absent}
    if "KeyId" in members:
        arn = f"arn:aws:kms:us-east-1:{world.account.account_id}:key/{members['KeyId']}"
        members = {**members, "KeyId": arn}
        nothing = {**nothing, "KeyId": arn.replace(arn.rpartition("/")[2], absent)}
    before = world.server.records(account=world.account)
    there = world.ask(entry, name, key=other, members=members)
    not_there = world.ask(entry, absent, key=other, members=nothing)
    if not example_of(entry).makes_it:
        assert without_ids(there, name.partition("/")[0]) == without_ids(not_there, absent)
        assert there.status in (400, 403, 404)
    if {"FunctionName", "SecretId", "KeyId"} & set(members):
        assert read_refusal(service, there).code == "AccessDeniedException"
    assert world.server.records(account=world.account) == before
    assert [record["recipientAccountId"] for record in world.records_of(there)] == [other.account_id]


def _label(world: World, entry: Entry, name: str, caller: str) -> Any:
    """Say how a refusal names the resource: as the caller did; IAM names what will be made by its ARN."""
    example = example_of(entry)
    if example.label is not None:
        label = example.label(world.account.account_id, name)
        return label.replace(THE_CALLER, caller.rpartition("/")[2])
    resource = example.resource(world.account.account_id, name)
    if resource == "*":
        return resource
    if entry[0].name == "secretsmanager":
        return name
    if entry[0].name == "kms":
        return resource[0] if isinstance(resource, list) else resource
    named = [member for member, value in example.request(name).items() if value == name]
    if example.makes_it or not named:
        return resource
    return f"{named[0].removesuffix('Name').lower()} {name}"


def _expected_error(entry: Entry) -> tuple[int, str | None]:
    """Say how an example ends for who may do everything."""
    case = (entry[0].name, entry[1].name)
    if case in NOT_FOUND_WITH_ALL_RIGHTS:
        return 404, "NoSuchEntity"
    refused = REFUSED_WITH_ALL_RIGHTS.get(case)
    return (status_of(entry), None) if refused is None else (400, refused)


def _as_sent(entry: Entry) -> tuple[dict[str, str | None], bytes, dict[str, Any]]:
    """Write the headers and the body of an example, whatever it is signed for, and the method and path of REST."""
    service, operation = entry
    members = example_of(entry).request("any")
    if service.protocol == "rest-json":
        method, path, own, body = rest_request(service.name, operation.name, members)
        return {"X-Amz-Target": None, **own}, body, {"method": method, "path": path}
    if service.protocol == "json":
        target = f"{TARGET_PREFIXES[service.name]}.{operation.name}"
        return (
            {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target},
            json.dumps(members).encode(),
            {},
        )
    form = query_form({"Action": operation.name, "Version": service.version, **members})
    return {"Content-Type": "application/x-www-form-urlencoded", "X-Amz-Target": None}, form, {}
