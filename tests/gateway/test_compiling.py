"""Long policies are compiled on a thread: nobody else waits, and no old version is asked meanwhile."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from strongroom.gateway.compiling import COMPILED, SHORT_CHARACTERS, CompiledPolicies, PolicyNotCompiled
from strongroom.http_message import RawReply
from strongroom.policy.compile import PolicySet
from strongroom.policy.document import MalformedPolicy, PolicyKind
from strongroom.policy.evaluate import evaluate
from strongroom.policy.question import Principal, Question
from tests.faults.stand import Stand, run


@pytest.fixture
def kept_off() -> Iterator[None]:
    """Let this thread be one that compiles no long policy, as the event loop of a worker is."""
    COMPILED.keep_off_this_thread()
    yield
    COMPILED.keep_off_this_thread(is_kept_off=False)


def long_policy(effect: str, name: str) -> str:
    """Write a long policy of a secret that lets nobody or everybody of the account read it."""
    statement = {"Effect": effect, "Principal": {"AWS": "111122223333"}, "Resource": "*"}
    padding = {**statement, "Effect": "Allow", "Action": [f"secretsmanager:{name}{n:030}" for n in range(60)]}
    deciding = {**statement, "Action": "secretsmanager:GetSecretValue"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [padding, deciding]})
    assert len(text) > SHORT_CHARACTERS
    return text


def code_of(reply: RawReply) -> str:
    """Read the error of a reply; empty when there is none."""
    document: dict[str, Any] = json.loads(reply.body)
    return str(document.get("__type", ""))


async def settle(stand: Stand) -> None:
    """Let a thread do what waits for one, then let the loop hear of it."""
    work, done = stand.queries.pop(0)
    problems: list[Exception] = []

    def on_thread() -> None:
        try:
            work(stand.rows)
        except Exception as problem:
            problems.append(problem)

    thread = threading.Thread(target=on_thread)
    thread.start()
    thread.join()
    done(problems[0] if problems else None)
    await stand.turns()


@pytest.mark.usefixtures("kept_off")
def test_who_needs_a_long_policy_waits_for_it_and_nobody_else_does(tmp_path: Path) -> None:
    """The change was acknowledged: the next read is decided by the new policy, and never by the old one."""

    async def test(stand: Stand) -> None:
        for name in ("long", "other"):
            made = {"Name": name, "SecretString": "value", "ClientRequestToken": "1" * 31 + name[0]}
            assert (await stand.ask("CreateSecret", made)).status == 200
            assert (await stand.ask("GetSecretValue", {"SecretId": name})).status == 200
        for turn, effect in enumerate(("Deny", "Allow", "Deny")):
            policy = {"SecretId": "long", "ResourcePolicy": long_policy(effect, f"A{turn}")}
            changed = stand.send("PutResourcePolicy", policy)
            assert (await stand.reply(changed)).status == 200
            reading = stand.send("GetSecretValue", {"SecretId": "long"})
            await stand.turns()
            assert len(stand.queries) == 1
            assert reading not in stand.replies
            assert (await stand.ask("GetSecretValue", {"SecretId": "other"})).status == 200
            assert reading not in stand.replies
            await settle(stand)  # compiled; now its table for the action is wanted
            assert len(stand.queries) == 1
            assert (await stand.ask("GetSecretValue", {"SecretId": "other"})).status == 200
            assert reading not in stand.replies
            await settle(stand)
            reply = await stand.reply(reading)
            assert code_of(reply) == ("AccessDeniedException" if effect == "Deny" else "")
            [record] = stand.records_of(reading)
            assert record.get("errorCode") == ("AccessDenied" if effect == "Deny" else None)
            again = await stand.ask("GetSecretValue", {"SecretId": "long"})
            assert code_of(again) == code_of(reply)
            assert stand.queries == []

    run(tmp_path, test)


def test_a_policy_is_compiled_once_and_a_malformed_one_says_so_here() -> None:
    """On a thread that is kept off, what another one has compiled is there; what is malformed does not go round."""
    policies = CompiledPolicies()
    text = long_policy("Allow", "A")
    policies.keep_off_this_thread()
    with pytest.raises(PolicyNotCompiled) as wanted:
        policies.get(text, PolicyKind.RESOURCE, source_id="s")
    thread = threading.Thread(target=wanted.value.compile)
    thread.start()
    thread.join()
    compiled = policies.get(text, PolicyKind.RESOURCE, source_id="s")
    assert policies.get(text, PolicyKind.RESOURCE, source_id="s") is compiled
    for other in ({"source_id": "t"}, {"source_id": "s", "principal_ids": {"a": "b"}}):
        with pytest.raises(PolicyNotCompiled):
            policies.get(text, PolicyKind.RESOURCE, **other)
    broken = text[:-1]
    with pytest.raises(PolicyNotCompiled) as wanted:
        policies.get(broken, PolicyKind.RESOURCE, source_id="s")
    wanted.value.compile()
    with pytest.raises(MalformedPolicy):
        policies.get(broken, PolicyKind.RESOURCE, source_id="s")


@pytest.mark.usefixtures("kept_off")
def test_another_action_of_a_long_policy_waits_for_its_table_and_nobody_else_does(tmp_path: Path) -> None:
    """A table is made for each action, on a thread as well, once."""

    async def test(stand: Stand) -> None:
        for name in ("long", "other"):
            made = {"Name": name, "SecretString": "value", "ClientRequestToken": "1" * 31 + name[0]}
            assert (await stand.ask("CreateSecret", made)).status == 200
        policy = {"SecretId": "long", "ResourcePolicy": long_policy("Deny", "A")}
        assert (await stand.ask("PutResourcePolicy", policy)).status == 200
        reading = stand.send("GetSecretValue", {"SecretId": "long"})
        await stand.turns()
        while stand.queries:
            await settle(stand)
        assert code_of(await stand.reply(reading)) == "AccessDeniedException"
        describing = stand.send("DescribeSecret", {"SecretId": "long"})
        await stand.turns()
        assert len(stand.queries) == 1
        assert (await stand.ask("DescribeSecret", {"SecretId": "other"})).status == 200
        assert describing not in stand.replies
        await settle(stand)
        assert (await stand.reply(describing)).status == 200
        assert (await stand.ask("DescribeSecret", {"SecretId": "long"})).status == 200
        assert stand.queries == []

    run(tmp_path, test)


def on_a_thread(work: Callable[[], None]) -> None:
    """Run something on a thread that is not kept off, and wait for it."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def test_the_tables_of_all_policies_of_a_caller_are_made_in_one_go() -> None:
    """One after the other the request would have to be taken up again for each."""
    policies = CompiledPolicies()
    principal = Principal("User", "arn:aws:iam::111122223333:user/Alice", "111122223333", "AIDAEXAMPLE")
    question = Question(principal, "secretsmanager:GetSecretValue", "*", "111122223333")
    texts = [identity_policy(f"A{number}") for number in range(5)]
    held = PolicySet(
        [policies.get(text, PolicyKind.IDENTITY, source_id=str(n)) for n, text in enumerate(texts)]
    )
    policies.keep_off_this_thread()
    with pytest.raises(PolicyNotCompiled) as wanted:
        evaluate(question, identity=held)
    on_a_thread(wanted.value.compile)
    assert not evaluate(question, identity=held).allowed
    with pytest.raises(PolicyNotCompiled):
        evaluate(msgspec.structs.replace(question, action="secretsmanager:DescribeSecret"), identity=held)
    short = policies.get(
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
        PolicyKind.IDENTITY,
        source_id="short",
    )
    assert evaluate(question, identity=PolicySet([short])).allowed


def identity_policy(name: str) -> str:
    """Write a long identity policy that allows none of our actions."""
    actions = [f"secretsmanager:{name}{n:030}" for n in range(60)]
    statement = {"Effect": "Allow", "Resource": "*", "Action": actions}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    assert len(text) > SHORT_CHARACTERS
    return text


def test_what_is_kept_is_bounded() -> None:
    """What was not asked for lately goes first."""
    policies = CompiledPolicies()
    first = long_policy("Allow", "first")
    policies.get(first, PolicyKind.RESOURCE, source_id="s")
    for number in range(120):
        policies.get(long_policy("Allow", f"n{number}"), PolicyKind.RESOURCE, source_id="s")
    policies.keep_off_this_thread()
    with pytest.raises(PolicyNotCompiled):
        policies.get(first, PolicyKind.RESOURCE, source_id="s")
    policies.get(long_policy("Allow", "n119"), PolicyKind.RESOURCE, source_id="s")
