"""Rows that wait for the end of their group (decision 16): nobody sees a difference, and what does not fit fails.

Tried by hand: without ``written_before``, without ``make_way``, without the savepoint of
``write``, with an ``undo`` that keeps the change's own rows, without counting what SQLite changed, without
``_is_broken`` and without ``_is_change_broken``, tests here fail; so they do when ``Group.mark`` does not alter what
an undone change goes back to, or does so for a change that does not stand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import apsw
import pytest

from strongroom.config import Settings
from strongroom.opening import Opened, create, open_deployment
from strongroom.seal.file import FileSeal
from strongroom.services.iam.tables import REGIONS
from strongroom.services.secretsmanager.tables import VERSIONS
from strongroom.store.engine import DATABASE_NAME
from strongroom.store.errors import GroupBroken, StoreTampered
from strongroom.store.revision import raise_revision
from strongroom.store.table import Row
from strongroom.store.transaction import Transaction
from tests.faults.stand import Stand, run

NOW_MS = 1_700_000_000_000
Work = Callable[[Transaction], object]


class Undone(Exception):
    """Why a change is undone."""


class Group:
    """Groups of changes on a connection of their own, made as the writer makes them."""

    def __init__(self, directory: Path) -> None:
        settings, seal = Settings(data_dir=directory / "data"), FileSeal(directory / "key")
        create(settings, seal, "111122223333", ("us-east-1",), NOW_MS)
        self.opened: Opened = open_deployment(settings, seal)
        self.statements: list[str] = []

    def commit(self, *changes: Work, waits: bool = True) -> None:
        """Make changes as one group and commit it, on a connection that has seen nothing."""
        transaction = self.opened.open_transaction()
        try:
            self.commit_on(transaction, *changes, waits=waits)
        finally:
            transaction.connection.close(True)

    def commit_on(self, transaction: Transaction, *changes: Work, waits: bool = True) -> None:
        """Make changes as one group and commit it."""
        connection = transaction.connection
        anchor = self.opened.open_anchor()
        try:
            connection.execute("BEGIN IMMEDIATE")
            transaction.refresh()
            connection.exec_trace = self._note
            for change in changes:
                transaction.begin_change(waits=waits)
                try:
                    change(transaction)
                except Undone:
                    transaction.undo()
                transaction.keep()
            head = raise_revision(transaction)
            connection.exec_trace = None
            connection.execute("COMMIT")
            anchor.write(head)
        finally:
            anchor.close()

    def regions(self) -> list[Row]:
        """Read what is there, as a reader does that has seen nothing."""
        return self.opened.open_rows(65_536).select(REGIONS, "WHERE region LIKE 'eu-%' ORDER BY region")

    def attack(self, statement: str) -> None:
        """Write into the store as somebody else."""
        other = apsw.Connection(str(self.opened.database))
        other.execute(statement)
        other.close()

    def _note(self, _cursor: apsw.Cursor, sql: str, _bindings: object) -> bool:
        self.statements.append(sql.split()[0])
        return True


@pytest.fixture
def group(tmp_path: Path) -> Group:
    """A new deployment."""
    return Group(tmp_path)


def insert(region: str, at: int = 1) -> Work:
    """Give a change that adds a row."""
    return lambda transaction: transaction.insert(REGIONS, (region, at))


def update(region: str, at: int) -> Work:
    """Give a change that writes a row anew."""
    return lambda transaction: transaction.update(REGIONS, (region, at))


def test_rows_of_a_group_need_no_savepoints(group: Group) -> None:
    """Nobody read meanwhile: all go in at the end, and SQLite is told of nothing else."""
    group.commit(insert("eu-1"), insert("eu-2"), insert("eu-3"))
    assert group.regions() == [("eu-1", 1), ("eu-2", 1), ("eu-3", 1)]
    group.statements.clear()
    group.commit(update("eu-1", 2), update("eu-2", 2), insert("eu-4"))
    assert "SAVEPOINT" not in group.statements
    assert group.statements.count("UPDATE") == 2
    assert group.regions() == [("eu-1", 2), ("eu-2", 2), ("eu-3", 1), ("eu-4", 1)]


def test_a_change_sees_what_it_and_those_before_it_wrote(group: Group) -> None:
    """By key, as a range, and counted."""
    seen: list[object] = []

    def look(transaction: Transaction) -> None:
        transaction.insert(REGIONS, ("eu-2", 1))
        seen.append(transaction.find(REGIONS, "eu-1"))
        seen.append(transaction.find(REGIONS, "eu-2"))
        transaction.update(REGIONS, ("eu-1", 2))
        seen.append(transaction.select(REGIONS, "WHERE region LIKE 'eu-%' ORDER BY region"))
        transaction.insert(REGIONS, ("eu-3", 1))
        seen.append(transaction.scalar("SELECT count(*) FROM regions WHERE region LIKE 'eu-%'"))

    group.commit(insert("eu-1"), look)
    assert seen == [("eu-1", 1), ("eu-2", 1), [("eu-1", 2), ("eu-2", 1)], 3]


@pytest.mark.parametrize("reads", [False, True], ids=["waiting", "written"])
@pytest.mark.parametrize("waits", [True, False], ids=["later", "at once"])
def test_a_change_that_is_undone_leaves_nothing(group: Group, reads: bool, waits: bool) -> None:
    """Whether its rows still wait or SQLite knows of them; what others of the group wrote stands."""

    def undone(transaction: Transaction) -> None:
        transaction.insert(REGIONS, ("eu-2", 1))
        transaction.update(REGIONS, ("eu-1", 7))
        if reads:
            assert transaction.find(REGIONS, "eu-2") == ("eu-2", 1)
            transaction.delete(REGIONS, "eu-1")
        transaction.insert(REGIONS, ("eu-3", 7))
        raise Undone

    group.commit(insert("eu-1"), undone, insert("eu-3"), update("eu-1", 2), waits=waits)
    assert group.regions() == [("eu-1", 2), ("eu-3", 1)]


@pytest.mark.parametrize("waits", [True, False], ids=["later", "at once"])
def test_a_row_that_is_written_several_times_ends_as_it_was_written_last(group: Group, waits: bool) -> None:
    """By one change and by several; taken away and made again."""

    def several(transaction: Transaction) -> None:
        transaction.insert(REGIONS, ("eu-1", 1))
        transaction.update(REGIONS, ("eu-1", 2))
        transaction.update(REGIONS, ("eu-1", 3))

    def again(transaction: Transaction) -> None:
        transaction.delete(REGIONS, "eu-2")
        transaction.insert(REGIONS, ("eu-2", 9))

    group.commit(insert("eu-0"), waits=waits)
    group.commit(
        update("eu-0", 5), several, insert("eu-2"), update("eu-1", 4), again, insert("eu-3"), waits=waits
    )
    group.commit(lambda transaction: transaction.delete(REGIONS, "eu-3"), waits=waits)
    assert group.regions() == [("eu-0", 5), ("eu-1", 4), ("eu-2", 9)]


def test_k03_a_row_that_does_not_fit_fails_the_change_that_is_under_way(group: Group) -> None:
    """When SQLite is told of it before the change stands."""
    group.commit(insert("eu-1"))
    group.attack("DELETE FROM regions WHERE region = 'eu-1'")

    def write_and_look(transaction: Transaction) -> None:
        transaction.update(REGIONS, ("eu-1", 2))
        with pytest.raises(StoreTampered) as caught:
            transaction.find(REGIONS, "us-east-1")
        assert not isinstance(caught.value, GroupBroken)
        raise Undone

    group.commit(write_and_look, insert("eu-2"))
    assert group.regions() == [("eu-2", 1)]


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM regions WHERE region = 'eu-1'",
        "INSERT INTO regions VALUES ('eu-2', 1, x'00')",
    ],
)
def test_k03_a_row_that_does_not_fit_fails_the_group_it_stands_in(group: Group, attack: str) -> None:
    """Nothing of it can be committed; also when a change swallows the error and ends as if all were well."""
    group.commit(insert("eu-1"))
    group.attack(attack)
    changes = [update("eu-1", 2), insert("eu-2")]

    def swallow(transaction: Transaction) -> None:
        with pytest.raises(GroupBroken):
            transaction.find(REGIONS, "us-east-1")

    for last in ([], [swallow]):
        with pytest.raises(GroupBroken):
            group.commit(*changes, *last)


def test_k03_an_error_of_its_own_rows_that_a_change_swallows_fails_the_group(group: Group) -> None:
    """The record of live rows has them and the store has not."""
    group.commit(insert("eu-1"))
    group.attack("DELETE FROM regions WHERE region = 'eu-1'")

    def swallow(transaction: Transaction) -> None:
        transaction.update(REGIONS, ("eu-1", 2))
        with pytest.raises(StoreTampered):
            transaction.find(REGIONS, "us-east-1")

    with pytest.raises(GroupBroken):
        group.commit(swallow)


def version(name: str) -> Row:
    """Give the row of a version of one secret: all of them share a leaf."""
    return (7, name, 1, 0, "", "SecretString", b"sealed " + name.encode())


def insert_made(name: str, made: list[str]) -> Work:
    """Give a change that adds such a row, which notes when it is made."""

    def make() -> Row:
        made.append(name)
        return version(name)

    return lambda transaction: transaction.insert_made(VERSIONS, (7, name), make)


def test_large_rows_do_not_pile_up(group: Group) -> None:
    """More than a megabyte does not wait; what a change wrote of it is undone all the same."""

    def large(transaction: Transaction) -> None:
        for number in range(4):
            transaction.insert(VERSIONS, (7, f"v{number}", 1, 0, "", "SecretString", bytes(600_000)))
            assert group.statements.count("INSERT") == (0, 0, 3, 3)[number]
        raise Undone

    group.commit(insert("eu-1"), large, insert("eu-2"))
    rows = group.opened.open_rows(65_536)
    assert [rows.find(VERSIONS, 7, f"v{number}") for number in range(4)] == [None] * 4
    assert group.regions() == [("eu-1", 1), ("eu-2", 1)]


@pytest.mark.parametrize("waits", [True, False], ids=["later", "at once"])
def test_a_row_that_is_made_later_is_made_once_and_listed_at_once(group: Group, waits: bool) -> None:
    """Before it is made its key is taken; who reads it has it made."""
    made: list[str] = []

    def look(transaction: Transaction) -> None:
        assert made == ([] if waits else ["a"])
        assert transaction.is_listed(VERSIONS, 7, "a")
        assert not transaction.is_listed(VERSIONS, 7, "b")
        insert_made("b", made)(transaction)
        assert transaction.most_in_family(VERSIONS, 7) == 2
        assert transaction.find(VERSIONS, 7, "a") == version("a")
        assert made == ["a", "b"]

    group.commit(insert_made("a", made), look, insert_made("c", made), waits=waits)
    assert made == ["a", "b", "c"]
    rows = group.opened.open_rows(65_536)
    assert [rows.find(VERSIONS, 7, name) for name in "abc"] == [version(name) for name in "abc"]


@pytest.mark.parametrize("reads", [False, True], ids=["waiting", "written"])
def test_a_row_that_was_to_be_made_is_undone_beside_others_of_its_leaf(group: Group, reads: bool) -> None:
    """Those that stood before have the marks that they got meanwhile."""
    made: list[str] = []

    def undone(transaction: Transaction) -> None:
        insert_made("b", made)(transaction)
        transaction.update(VERSIONS, (*version("z")[:-1], b"other"))
        if reads:
            assert transaction.find(VERSIONS, 7, "b") == version("b")
        raise Undone

    group.commit(insert_made("z", made))
    group.commit(insert_made("a", made), undone, insert_made("c", made))
    rows = group.opened.open_rows(65_536)
    wanted = [version("a"), None, version("c"), version("z")]
    assert [rows.find(VERSIONS, 7, name) for name in "abcz"] == wanted
    assert made.count("b") == int(reads)


def test_a_row_that_is_written_again_leaves_the_others_of_its_leaf_their_marks(group: Group) -> None:
    """Having those written that wait gives entries of the leaf their marks; nothing read before is put back."""
    made: list[str] = []

    def other(number: int) -> Work:
        row = (*version("z")[:-1], b"%d" % number)
        return lambda transaction: transaction.update(VERSIONS, row)

    group.commit(insert_made("z", made))
    group.commit(insert_made("a", made), other(1), insert_made("b", made), other(2), other(3))
    rows = group.opened.open_rows(65_536)
    assert [rows.find(VERSIONS, 7, name) for name in "ab"] == [version("a"), version("b")]
    assert rows.find(VERSIONS, 7, "z") == (*version("z")[:-1], b"3")


def test_a_row_that_cannot_be_made_keeps_its_group_from_being_committed(group: Group) -> None:
    """At the end, and when somebody swallows the error before."""

    def fail() -> Row:
        raise Undone

    def broken(transaction: Transaction) -> None:
        transaction.insert_made(VERSIONS, (7, "a"), fail)

    def swallow(transaction: Transaction) -> None:
        with pytest.raises(Undone):
            transaction.find(REGIONS, "eu-1")

    with pytest.raises(Undone):
        group.commit(insert("eu-1"), broken)
    with pytest.raises(GroupBroken):
        group.commit(insert("eu-1"), broken, swallow)
    assert group.regions() == []


def test_a_leaf_that_two_writers_touch_in_turn_is_what_the_last_of_them_left(group: Group) -> None:
    """What a writer keeps of its own leaves holds as long as nobody else wrote them."""
    made: list[str] = []
    writers = group.opened.open_transaction(), group.opened.open_transaction()
    for number, name in enumerate("abcde"):
        group.commit_on(writers[number % 3 % 2], insert_made(name, made))
    rows = group.opened.open_rows(65_536)
    assert [rows.find(VERSIONS, 7, name) for name in "abcde"] == [version(name) for name in "abcde"]
    for writer in writers:
        writer.connection.close(True)


def members(name: str, number: int, value: str = "v") -> dict[str, str]:
    """Give what PutSecretValue is asked for."""
    return {"SecretId": name, "ClientRequestToken": f"{number:032d}", "SecretString": value}


def test_changes_of_one_group_see_each_other(tmp_path: Path) -> None:
    """Made, given values, read by the token's rule, deleted and made again: in the order in which they arrived."""

    async def test(stand: Stand) -> None:
        create: dict[str, Any] = {"Name": "s", "ClientRequestToken": "0" * 32, "SecretString": "first"}
        delete = {"SecretId": "s", "ForceDeleteWithoutRecovery": True}
        asked: Sequence[tuple[str, dict[str, Any], int]] = (
            ("CreateSecret", create, 200),
            ("PutSecretValue", members("s", 1, "second"), 200),
            ("CreateSecret", {**create, "ClientRequestToken": "9" * 32}, 400),
            ("PutSecretValue", members("s", 1, "second"), 200),
            ("PutSecretValue", members("s", 1, "another"), 400),
            ("TagResource", {"SecretId": "s", "Tags": [{"Key": "k", "Value": "v"}]}, 200),
            ("PutSecretValue", members("s", 2, "third"), 200),
            ("DeleteSecret", delete, 200),
            ("PutSecretValue", members("s", 3), 400),
            ("CreateSecret", create, 200),
            ("PutSecretValue", members("s", 4, "last"), 200),
        )
        groups = stand.writer.groups
        with stand.held_turn(), stand.together():
            sent = [stand.send(target, request) for target, request, _ in asked]
        replies = [(await stand.reply(request_id)).status for request_id in sent]
        assert replies == [status for _, _, status in asked]
        assert stand.writer.groups - groups <= 2
        for request_id in sent:
            assert len(stand.records_of(request_id)) >= 1
        read = await stand.ask("GetSecretValue", {"SecretId": "s"})
        assert json.loads(read.body)["SecretString"] == "last"
        listed = await stand.ask("GetSecretValue", {"SecretId": "s", "VersionId": f"{2:032d}"})
        assert listed.status == 400, "the versions of the secret that was deleted are gone"

    run(tmp_path, test)


def test_values_that_follow_each_other_in_one_group(tmp_path: Path) -> None:
    """Of one secret and of two: each version is there, and the last of each is the present one."""

    async def test(stand: Stand) -> None:
        for name in ("s", "t"):
            create = {"Name": name, "ClientRequestToken": "0" * 32, "SecretString": "first"}
            assert (await stand.ask("CreateSecret", create)).status == 200
        order = "sstsstts"
        with stand.held_turn(), stand.together():
            sent = [
                stand.send("PutSecretValue", members(name, number, f"value {number}"))
                for number, name in enumerate(order, 1)
            ]
        assert {(await stand.reply(request_id)).status for request_id in sent} == {200}
        for number, name in enumerate(order, 1):
            asked = {"SecretId": name, "VersionId": f"{number:032d}"}
            read = await stand.ask("GetSecretValue", asked)
            assert json.loads(read.body)["SecretString"] == f"value {number}"
        for name in "st":
            read = await stand.ask("GetSecretValue", {"SecretId": name})
            assert json.loads(read.body)["SecretString"] == f"value {order.rindex(name) + 1}"

    run(tmp_path, test)


def test_k03_after_a_row_that_does_not_fit_only_who_meets_it_fails(tmp_path: Path) -> None:
    """The first group fails whole and leaves nothing; from then on the others of a group are answered."""

    async def test(stand: Stand) -> None:
        for name in ("s", "t"):
            create = {"Name": name, "ClientRequestToken": "0" * 32, "SecretString": "first"}
            assert (await stand.ask("CreateSecret", create)).status == 200
            assert (await stand.ask("PutSecretValue", members(name, 1))).status == 200
        attacker = apsw.Connection(str(stand.data_dir / DATABASE_NAME))
        attacker.execute("DELETE FROM secrets WHERE name = 's'")
        attacker.close()

        async def put_both(number: int) -> list[int]:
            with stand.held_turn(), stand.together():
                sent = [stand.send("PutSecretValue", members(name, number)) for name in ("s", "t")]
            return [(await stand.reply(request_id)).status for request_id in sent]

        first = await put_both(2)
        assert first[0] == 500
        assert await put_both(3) == [500, 200]
        kept = await stand.ask("GetSecretValue", {"SecretId": "t", "VersionId": f"{2:032d}"})
        assert kept.status == {500: 400, 200: 200}[first[1]]

    run(tmp_path, test)
