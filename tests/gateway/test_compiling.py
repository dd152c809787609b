"""Long policies are compiled on a thread: nobody else waits, and no old version is asked meanwhile."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from strongroom.gateway.compiling import COMPILED, CompiledPolicies, PolicyNotCompiled, Unmade, is_quick
from strongroom.http_message import RawReply
from strongroom.ids import new_unique_id
from strongroom.policy.compile import LARGE, PolicySet
from strongroom.policy.document import MalformedPolicy, PolicyKind, parse_policy
from strongroom.policy.evaluate import evaluate
from strongroom.policy.question import Principal, Question
from strongroom.services.iam.credentials import new_access_key
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.model import InlinePolicy, User, UserAttributes
from strongroom.services.iam.tables import insert_access_key
from strongroom.store.transaction import Transaction
from tests.faults.stand import Stand, run
from tests.support.accounts import Account


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
    assert not is_quick(text)
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
            await settle(stand)
            if (
                turn == 0
            ):  # compiled; now its table for the action is wanted, which others get with their policy
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
    thread = threading.Thread(target=wanted.value.unmade.make)
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
    wanted.value.unmade.make()
    with pytest.raises(MalformedPolicy):
        policies.get(broken, PolicyKind.RESOURCE, source_id="s")


@pytest.mark.usefixtures("kept_off")
def test_all_who_need_the_same_policy_wait_for_it_together(tmp_path: Path) -> None:
    """However many requests of a user arrive, its policies are read and compiled once, and all obey the new ones."""

    async def test(stand: Stand) -> None:
        made = {"Name": "s", "SecretString": "value", "ClientRequestToken": "1" * 32}
        assert (await stand.ask("CreateSecret", made)).status == 200
        user = await add_user(stand)
        read: list[int] = []
        for turn, (effect, together) in enumerate((("Deny", 1), ("Allow", 1), ("Deny", 7), ("Allow", 7))):
            await give(stand, user, decides(effect, f"A{turn}"))
            before = stand.rows.cache.misses
            with stand.together():
                readings = [stand.send("GetSecretValue", {"SecretId": "s"}) for _ in range(together)]
            read.append(stand.rows.cache.misses - before)
            await stand.turns()
            trips = 0
            while stand.queries:
                assert len(stand.queries) == 1
                assert not stand.replies.keys() & set(readings)
                await settle(stand)
                trips += 1
            assert trips == (2 if turn == 0 else 1)  # from then on the table comes with the policy
            for reading in readings:
                expected = "AccessDeniedException" if effect == "Deny" else ""
                assert code_of(await stand.reply(reading)) == expected
        assert read[1] == read[2] == read[3] > 0

    run(tmp_path, test)


@pytest.mark.usefixtures("kept_off")
def test_who_comes_after_a_change_does_not_wait_for_what_was_before(tmp_path: Path) -> None:
    """A version that is still being compiled decides nothing for requests that come after the next one was put."""

    async def test(stand: Stand) -> None:
        made = {"Name": "s", "SecretString": "value", "ClientRequestToken": "1" * 32}
        assert (await stand.ask("CreateSecret", made)).status == 200
        user = await add_user(stand)
        read = {"SecretId": "s"}
        await give(stand, user, decides("Allow", "A"))
        first = stand.send("GetSecretValue", read)
        await stand.turns()
        await give(
            stand, user, json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT | {"Effect": "Deny"}]})
        )
        assert code_of(await stand.ask("GetSecretValue", read)) == "AccessDeniedException"
        assert first not in stand.replies
        await give(stand, user, decides("Deny", "B"))
        second = stand.send("GetSecretValue", read)
        await stand.turns()
        assert len(stand.queries) == 2
        while stand.queries:
            await settle(stand)
        assert (
            code_of(await stand.reply(first)) == code_of(await stand.reply(second)) == "AccessDeniedException"
        )

    run(tmp_path, test)


@pytest.mark.usefixtures("kept_off")
def test_a_policy_that_cannot_be_made_ready_fails_those_who_wait_and_nobody_later(tmp_path: Path) -> None:
    """Each of them gets an answer, and the next one tries again."""

    async def test(stand: Stand) -> None:
        made = {"Name": "s", "SecretString": "value", "ClientRequestToken": "1" * 32}
        assert (await stand.ask("CreateSecret", made)).status == 200
        await give(stand, await add_user(stand), decides("Allow", "A"))
        with stand.together():
            readings = [stand.send("GetSecretValue", {"SecretId": "s"}) for _ in range(3)]
        await stand.turns()
        [(_, done)] = stand.queries
        stand.queries.clear()
        done(MemoryError())
        assert {(await stand.reply(reading)).status for reading in readings} == {500}
        again = stand.send("GetSecretValue", {"SecretId": "s"})
        await stand.turns()
        while stand.queries:
            await settle(stand)
        assert (await stand.reply(again)).status == 200

    run(tmp_path, test)


STATEMENT = {"Action": "secretsmanager:*", "Resource": "*"}


def decides(effect: str, name: str) -> str:
    """Write a long identity policy that lets its user do everything or nothing."""
    actions = [f"secretsmanager:{name}{n:030}" for n in range(60)]
    padding = {**STATEMENT, "Effect": "Allow", "Action": actions}
    text = json.dumps({"Version": "2012-10-17", "Statement": [padding, {**STATEMENT, "Effect": effect}]})
    assert not is_quick(text)
    return text


async def add_user(stand: Stand) -> User:
    """Add a user who signs the requests from now on."""
    user = User(stand.account.account_id, new_unique_id("AIDA"), "reader", "/", 0, UserAttributes())
    key, secret = new_access_key(stand.keyring, user.account, user.unique_id, 0)

    def add(transaction: Transaction) -> None:
        USERS.insert(transaction, user)
        insert_access_key(transaction, key)

    await stand.write(add)
    stand.account = Account(user.account, key.access_key_id, secret.reveal().decode())
    return user


async def give(stand: Stand, user: User, document: str) -> None:
    """Put the inline policy of the user."""
    await stand.write(lambda change: USERS.put_policy(change, user.unique_id, InlinePolicy("p", document)))


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
    on_a_thread(wanted.value.unmade.make)
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
    assert not is_quick(text)
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


def test_what_a_change_has_parsed_is_not_parsed_again() -> None:
    """It is compiled from the document that was left; short ones, which are compiled in place, need none."""
    policies = CompiledPolicies()
    text = long_policy("Allow", "A")
    # Another document than the text's shows which of the two was compiled.
    policies.leave(parse_policy(SHORT, PolicyKind.RESOURCE), text, source_id="s")
    policies.keep_off_this_thread()
    with pytest.raises(PolicyNotCompiled) as wanted:
        policies.get(text, PolicyKind.RESOURCE, source_id="s")
    on_a_thread(wanted.value.unmade.make)
    assert policies.get(text, PolicyKind.RESOURCE, source_id="s").patterns == 0
    assert policies.parsed == 0
    policies.keep_off_this_thread(is_kept_off=False)
    assert policies.get(text, PolicyKind.RESOURCE, source_id="other").patterns == 2
    assert policies.parsed == 1


SHORT = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:*"},
    }
)


def test_what_may_take_long_is_not_compiled_in_place_however_short_it_is() -> None:
    """A hundred dates take longer than statements of ten times their length."""
    policies = CompiledPolicies()
    policies.keep_off_this_thread()
    dates = {"DateLessThan": {"aws:CurrentTime": [1] * 180}}
    statement = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    slow = json.dumps({"Version": "2012-10-17", "Statement": [statement | {"Condition": dates}]})
    quick = json.dumps({"Version": "2012-10-17", "Statement": [statement] * 15})
    assert len(slow) < len(quick)
    with pytest.raises(PolicyNotCompiled):
        policies.get(slow, PolicyKind.IDENTITY, source_id="s")
    assert (
        policies.get(quick, PolicyKind.IDENTITY, source_id="s").table("secretsmanager:GetSecretValue").allow
    )


def test_what_waits_for_the_same_is_the_same() -> None:
    """One policy, or one table, is made once for all; another text, owner or action is something else."""
    policies = CompiledPolicies()
    policies.keep_off_this_thread()

    def wanted(text: str, source_id: str) -> Unmade:
        with pytest.raises(PolicyNotCompiled) as caught:
            policies.get(text, PolicyKind.IDENTITY, source_id=source_id)
        return caught.value.unmade

    one, other = identity_policy("A"), identity_policy("B")
    first = wanted(one, "s")
    assert wanted(one, "s") is first
    assert first not in (others := [wanted(one, "t"), wanted(other, "s")])
    assert others[0] is not others[1]
    on_a_thread(first.make)
    assert first.is_over
    compiled = policies.get(one, PolicyKind.IDENTITY, source_id="s")

    def table(action: str) -> Unmade:
        with pytest.raises(PolicyNotCompiled) as caught:
            compiled.table(action)
        return caught.value.unmade

    asked = table("secretsmanager:GetSecretValue")
    assert table("secretsmanager:GetSecretValue") is asked
    assert table("secretsmanager:DescribeSecret") is not asked


def test_a_large_set_of_policies_is_merged_on_a_thread() -> None:
    """Although each of them has its table already."""
    policies = CompiledPolicies()
    names = [f"arn:aws:secretsmanager:us-east-1:111122223333:secret:s{n}" for n in range(1_000)]
    text = json.dumps(
        {"Version": "2012-10-17", "Statement": [STATEMENT | {"Effect": "Allow", "Resource": names}]}
    )
    made = [policies.get(text, PolicyKind.IDENTITY, source_id=str(n)) for n in range(LARGE // 1_000 + 1)]
    for policy in made:
        policy.table("secretsmanager:GetSecretValue")
    policies.keep_off_this_thread()
    assert PolicySet(made[1:]).table("secretsmanager:GetSecretValue").allow
    large = PolicySet(made)
    with pytest.raises(PolicyNotCompiled) as wanted:
        large.table("secretsmanager:GetSecretValue")
    on_a_thread(wanted.value.unmade.make)
    assert large.table("secretsmanager:GetSecretValue").allow
