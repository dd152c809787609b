"""Alternating users on a real PostgreSQL: equal accounts, and an administrator who is not deceived."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from strongroom.services.secretsmanager.model import AWSCURRENT
from tests.rotation.databases import assert_accounts_take_turns, assert_usable, document
from tests.rotation.stand import Stand
from tests.support.postgresql import ADMIN, ADMIN_PASSWORD, PostgreSQL


class Pair:
    """A secret with alternating users, and its administrator's."""

    def __init__(self, postgresql: PostgreSQL, stand: Stand, name: str = "app", **members: Any) -> None:
        self.postgresql = postgresql
        self.stand = stand
        self.name = name
        for user in (f"{name}_clone", name):
            postgresql.drop_user(user)
        postgresql.make_user(name)
        boss = {"username": ADMIN, "password": ADMIN_PASSWORD, **members}
        self.boss = stand.add({**document(postgresql, ADMIN), **boss})
        arn = stand.secret(self.boss).arn
        self.secret_id = stand.add(document(postgresql, name, masterarn=arn), administrators=(arn,))

    def rotate(self) -> dict[str, Any]:
        """Rotate once; return the value that is current then."""
        self.stand.begin(self.secret_id)
        self.stand.run(self.secret_id)
        value = self.stand.value(self.secret_id)
        assert value is not None
        return value

    @property
    def cause(self) -> str:
        """Why it does not go on."""
        return self.stand.row(self.secret_id).work.cause


@pytest.fixture
def pair(postgresql: PostgreSQL, stand: Stand) -> Pair:
    """The usual one."""
    return Pair(postgresql, stand)


@pytest.fixture
def second_postgresql() -> Iterator[PostgreSQL]:
    """Another server."""
    server = PostgreSQL()
    try:
        yield server.start()
    finally:
        server.close()


@pytest.mark.parametrize("name", ["app", 'we"ird; Ü'])
def test_the_two_accounts_take_turns(postgresql: PostgreSQL, stand: Stand, name: str) -> None:
    """The value before stays valid until the next rotation; unknown members stay."""
    assert_accounts_take_turns(postgresql, Pair(postgresql, stand, name))


def test_both_may_do_the_same(pair: Pair) -> None:
    """Privileges, ownership, attributes and settings; what the clone makes belongs to the original."""
    pair.postgresql.run(
        "DROP SCHEMA IF EXISTS s CASCADE",
        "CREATE SCHEMA s AUTHORIZATION app",
        "CREATE TABLE IF NOT EXISTS public.granted (x int)",
        "GRANT SELECT ON public.granted TO app",
        'ALTER ROLE app SET search_path TO s, "$user", "Odd, ""name"',
        "ALTER ROLE app IN DATABASE postgres SET work_mem TO '5MB'",
        "ALTER ROLE app CONNECTION LIMIT 17 CREATEDB VALID UNTIL '2099-01-01'",
    )
    value = pair.rotate()
    assert value["username"] == "app_clone", pair.cause
    with pair.postgresql.connect("app_clone", value["password"]) as clone:
        clone.execute("SELECT * FROM public.granted")
        clone.execute("CREATE TABLE s.made_by_clone (x int)")
        path = clone.execute("SHOW search_path").fetchone()
        assert clone.execute("SHOW work_mem").fetchone() == ("5MB",)
    value = pair.rotate()
    with pair.postgresql.connect("app", value["password"]) as original:
        original.execute("INSERT INTO s.made_by_clone VALUES (1)")
        assert original.execute("SHOW search_path").fetchone() == path
    question = "SELECT rolconnlimit, rolcreatedb, rolvaliduntil FROM pg_roles WHERE rolname = ANY(%s)"
    with pair.postgresql.admin() as connection:
        first, second = connection.execute(question, (["app", "app_clone"],)).fetchall()
    assert first == second
    # What is taken from the original is taken from the clone, and settings follow at the next rotation.
    pair.postgresql.run(
        "REVOKE SELECT ON public.granted FROM app",
        "ALTER ROLE app RESET ALL",
        "ALTER ROLE app IN DATABASE postgres RESET ALL",
    )
    value = pair.rotate()
    with pair.postgresql.connect("app_clone", value["password"]) as clone:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            clone.execute("SELECT * FROM public.granted")
        assert clone.execute("SHOW work_mem").fetchone() == ("4MB",)
    pair.postgresql.run("DROP TABLE public.granted")


def test_what_the_clone_alone_may_do_stops_the_rotation(pair: Pair) -> None:
    """It would be lost to the application when the original has its turn; nothing is changed."""
    value = pair.rotate()
    pair.postgresql.run("CREATE TABLE public.extra (x int)", "GRANT SELECT ON public.extra TO app_clone")
    try:
        assert pair.rotate() == value
        assert pair.cause.startswith("a privilege is missing: the clone owns objects or has privileges")
        assert pair.postgresql.logs_in("app_clone", value["password"])
        assert pair.postgresql.logs_in("app", "first")
    finally:
        pair.postgresql.run("DROP TABLE public.extra")
    pair.stand.run(pair.secret_id)
    assert pair.stand.history(pair.secret_id)[-1].outcome == "succeeded"


@pytest.mark.parametrize("boundary", range(14))
def test_r03_a_crash_at_every_boundary(pair: Pair, boundary: int) -> None:
    """Wherever the process ends, AWSCURRENT logs in; the next process brings it to its end."""
    pair.stand.begin(pair.secret_id)
    crashed = pair.stand.run_until_crash(pair.secret_id, boundary)
    current = pair.stand.value(pair.secret_id, AWSCURRENT)
    assert current is not None
    assert pair.postgresql.logs_in(current["username"], current["password"])
    if crashed:
        pair.stand.run(pair.secret_id)
    assert_usable(pair.postgresql, pair.stand, pair.secret_id)
    assert pair.stand.history(pair.secret_id)[-1].outcome == "succeeded"
    value = pair.stand.value(pair.secret_id)
    assert value is not None
    assert value["username"] == "app_clone"
    assert pair.postgresql.logs_in("app_clone", value["password"])


def test_r02_an_administrator_of_another_server_is_not_used(
    pair: Pair, second_postgresql: PostgreSQL
) -> None:
    """His credentials go to no server but his own, and no account of it is touched."""
    second_postgresql.run("CREATE ROLE app LOGIN PASSWORD 'first'")
    boss = {**document(pair.postgresql, ADMIN), "password": ADMIN_PASSWORD, "port": second_postgresql.port}
    pair.stand.put(pair.boss, boss)
    pair.rotate()
    assert "names another server" in pair.cause
    assert second_postgresql.logs_in("app", "first")
    assert f"authorized: user={ADMIN}" not in _tail(second_postgresql, "CREATE ROLE app")


def _tail(postgresql: PostgreSQL, after: str) -> str:
    return postgresql.log_path.read_text().partition(after)[2].partition("disconnection")[2]


def test_r02_two_servers_behind_one_name_are_told_apart(pair: Pair, second_postgresql: PostgreSQL) -> None:
    """The same address is not enough: a lock that one session takes must be seen by the other."""
    from strongroom.rotation.rotator import Document, TargetFailed
    from strongroom.rotation.rotators import Reach
    from strongroom.rotation.rotators.postgresql_alternating import check_same_server
    from strongroom.rotation.rotators.postgresql_target import connect

    reach = Reach(None, True)
    boss = {**document(pair.postgresql, ADMIN), "password": ADMIN_PASSWORD, "ssl": False}
    here = [connect(Document(boss), reach) for _ in range(2)]
    there = connect(Document({**boss, "port": second_postgresql.port}), reach)
    check_same_server(here[0], here[1])
    with pytest.raises(TargetFailed, match="another server"):
        check_same_server(here[0], there)
    for session in (*here, there):
        session.connection.close()


def test_p08_another_administrator_than_the_one_that_was_lent_is_not_used(pair: Pair) -> None:
    """Whoever edits the secret's JSON cannot point it at somebody else's administrator."""
    other = pair.stand.add(document(pair.postgresql, ADMIN, password=ADMIN_PASSWORD))
    value = pair.stand.value(pair.secret_id)
    assert value is not None
    pair.stand.put(pair.secret_id, {**value, "masterarn": pair.stand.secret(other).arn})
    pair.rotate()
    assert "another secret than the one that was lent" in pair.cause
    assert pair.postgresql.logs_in("app", "first")


@pytest.mark.parametrize("victim", [ADMIN, "super"])
def test_r02_superusers_and_the_administrator_do_not_alternate(pair: Pair, victim: str) -> None:
    """Even for somebody who knows their passwords."""
    pair.postgresql.drop_user("super")
    pair.postgresql.run("CREATE ROLE super SUPERUSER LOGIN PASSWORD 'first'")
    password = ADMIN_PASSWORD if victim == ADMIN else "first"
    value = pair.stand.value(pair.secret_id)
    assert value is not None
    pair.stand.put(pair.secret_id, {**value, "username": victim, "password": password})
    pair.rotate()
    assert "superusers" in pair.cause
    assert pair.postgresql.logs_in(victim, password)
    pair.postgresql.run("DROP ROLE super")


def test_r02_the_current_value_must_log_in_first(pair: Pair) -> None:
    """Whoever names an account without knowing its password does not get it (confused deputy)."""
    pair.postgresql.make_user("victim", "unknown to him")
    value = pair.stand.value(pair.secret_id)
    assert value is not None
    pair.stand.put(pair.secret_id, {**value, "username": "victim", "password": "guessed"})
    pair.postgresql.run("ALTER ROLE app PASSWORD 'also changed'")
    pair.rotate()
    assert pair.stand.row(pair.secret_id).work.is_held
    assert pair.postgresql.logs_in("victim", "unknown to him")
    with pair.postgresql.admin() as connection:
        assert connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'victim_clone'").fetchone() is None


def test_an_administrator_who_cannot_log_in_says_nothing_about_the_accounts(pair: Pair) -> None:
    """The applications are fine: nothing is held, the cause names the administrator."""
    pair.stand.put(pair.boss, {**document(pair.postgresql, ADMIN), "password": "wrong"})
    pair.rotate()
    assert "the administrator cannot log in" in pair.cause
    assert not pair.stand.row(pair.secret_id).work.is_held
    pair.stand.put(pair.boss, {**document(pair.postgresql, ADMIN), "password": ADMIN_PASSWORD})
    pair.stand.run(pair.secret_id)
    assert pair.stand.history(pair.secret_id)[-1].outcome == "succeeded"


def test_an_administrator_without_the_right_changes_nothing(pair: Pair) -> None:
    """All statements are one transaction: there is no half-made clone."""
    pair.postgresql.drop_user("weak")
    pair.postgresql.run("CREATE ROLE weak LOGIN PASSWORD 'weak'")
    pair.stand.put(pair.boss, document(pair.postgresql, "weak", password="weak"))
    pair.rotate()
    assert pair.cause == "a privilege is missing: the administrator needs CREATEROLE"
    with pair.postgresql.admin() as connection:
        assert connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'app_clone'").fetchone() is None


def test_an_administrator_who_is_no_superuser(pair: Pair) -> None:
    """CREATEROLE is enough until PostgreSQL 15; later ones want the ADMIN OPTION, and are told so beforehand."""
    pair.postgresql.drop_user("deputy")
    pair.postgresql.run("CREATE ROLE deputy LOGIN CREATEROLE PASSWORD 'deputy'")
    pair.stand.put(pair.boss, document(pair.postgresql, "deputy", password="deputy"))
    with pair.postgresql.admin() as connection:
        is_strict = connection.info.server_version >= 160_000
    value = pair.rotate()
    if is_strict:
        assert "ADMIN OPTION" in pair.cause
        assert value["password"] == "first"
        pair.postgresql.run("GRANT app TO deputy WITH ADMIN OPTION")
        pair.stand.run(pair.secret_id)
    for user in ("app_clone", "app", "app_clone"):
        current = pair.stand.value(pair.secret_id)
        assert current is not None
        assert current["username"] == user, pair.cause
        assert pair.postgresql.logs_in(user, current["password"])
        pair.rotate()


def test_r01_the_server_log_holds_no_password(pair: Pair) -> None:
    """Neither of the accounts nor of the administrator."""
    seen = [pair.rotate()["password"] for _ in range(2)]
    log = pair.postgresql.log_path.read_text()
    assert not any(password in log for password in (*seen, ADMIN_PASSWORD))


def test_the_history_holds_no_value(pair: Pair) -> None:
    """Only names, times and proofs."""
    value = pair.rotate()
    told = json.dumps([(entry.outcome, entry.facts) for entry in pair.stand.history(pair.secret_id)])
    assert value["password"] not in told
    assert "first" not in told
