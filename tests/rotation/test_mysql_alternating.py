"""Alternating users on a real MariaDB and a real MySQL: equal accounts, and an administrator who is not deceived."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from strongroom.rotation.rehearsing import dry_run
from strongroom.rotation.rotator import Document, TargetFailed
from strongroom.rotation.rotators import Reach
from strongroom.rotation.rotators.mysql_accounts import plan_equal, read_account
from strongroom.rotation.rotators.mysql_alternating import Pair as ReadPair
from strongroom.rotation.rotators.mysql_alternating import check_same_server, make_equal, read_pair
from strongroom.rotation.rotators.mysql_grants import Grant, Kind
from strongroom.rotation.rotators.mysql_target import connect
from strongroom.services.secretsmanager.model import AWSCURRENT
from tests.rotation.databases import assert_accounts_take_turns, assert_usable, document
from tests.rotation.stand import Stand
from tests.support.mariadb import ADMIN, ADMIN_PASSWORD, MariaDB, quoted
from tests.support.postgresql import Proxy
from tests.support.scale import rounds

pytestmark = pytest.mark.soak  # where MySQL goes through all of it too

_STORED = re.compile(r"(?:AS|USING|PASSWORD) (?:0x[0-9A-F]+|'(?:[^'\\]|\\.|'')*')")
"""A verifier, as SHOW CREATE USER has it."""


class Pair:
    """A secret with alternating users, and its administrator's."""

    def __init__(self, database: MariaDB, stand: Stand, name: str = "app", **members: Any) -> None:
        self.database = database
        self.stand = stand
        self.name = name
        for user in (name, f"{name}_clone"):
            rows = database.rows(f"SELECT User, Host FROM mysql.user WHERE User = {_text(user)}")
            database.run(*(f"DROP USER {quoted(user)}@{quoted(host)}" for user, host in rows))
        database.make_user(name)
        boss = document(database, ADMIN, password=ADMIN_PASSWORD, **members)
        self.boss = stand.add(boss)
        arn = stand.secret(self.boss).arn
        self.secret_id = stand.add(document(database, name, masterarn=arn, **members), administrators=(arn,))

    def rotate(self) -> dict[str, Any]:
        """Rotate once; return the value that is current then."""
        self.stand.begin(self.secret_id)
        self.stand.run(self.secret_id)
        return self.value

    @property
    def value(self) -> dict[str, Any]:
        """The value that is current."""
        value = self.stand.value(self.secret_id)
        assert value is not None
        return value

    @property
    def cause(self) -> str:
        """Why it does not go on."""
        return self.stand.row(self.secret_id).work.cause

    def seen(self) -> tuple[list[str], list[str]]:
        """What the server shows of both accounts, the names made equal and the passwords taken out."""
        return self._seen(self.name), self._seen(f"{self.name}_clone")

    def _seen(self, user: str) -> list[str]:
        account = f"{quoted(user)}@'%'"
        rows = [
            *self.database.rows(f"SHOW CREATE USER {account}"),
            *sorted(self.database.rows(f"SHOW GRANTS FOR {account}")),
        ]
        return [_STORED.sub("!", row[0].replace(quoted(user), "?"), count=1) for row in rows]


def _text(user: str) -> str:
    return "'" + user.replace("\\", "\\\\").replace("'", "''") + "'"


@pytest.fixture
def pair(database: MariaDB, stand: Stand) -> Pair:
    """The usual one."""
    return Pair(database, stand)


@pytest.fixture(scope="module")
def second_mariadb() -> Iterator[MariaDB]:
    """Another server."""
    server = MariaDB()
    try:
        yield server.start()
    finally:
        server.close()


@pytest.mark.parametrize("name", ["app", "we`ird' %; \"x"])
def test_the_two_accounts_take_turns(each_database: MariaDB, stand: Stand, name: str) -> None:
    """The value before stays valid until the next rotation; unknown members stay."""
    assert_accounts_take_turns(each_database, Pair(each_database, stand, name))


def grant_much(database: MariaDB) -> None:
    """Give the account something of every kind."""
    is_mariadb = database.engine == "mariadb"
    database.run(
        "DROP DATABASE IF EXISTS `a TO b`",
        "DROP DATABASE IF EXISTS d1",
        "CREATE DATABASE `a TO b`",
        "CREATE DATABASE d1",
        "CREATE TABLE `a TO b`.`t ON ``u``` (a int)",
        "CREATE TABLE d1.t (a int, b int, c int)",
        "CREATE FUNCTION d1.f() RETURNS int DETERMINISTIC NO SQL RETURN 1",
        "DROP ROLE IF EXISTS r1",
        "DROP ROLE IF EXISTS r2",
        "CREATE ROLE r1",
        "CREATE ROLE r2",
        "GRANT r1 TO app",
        "GRANT r2 TO app WITH ADMIN OPTION",
        f"SET DEFAULT ROLE r1 {'FOR' if is_mariadb else 'TO'} app",
        "GRANT SELECT, PROCESS ON *.* TO app",
        "GRANT SELECT, INSERT ON `a TO b`.* TO app WITH GRANT OPTION",
        "GRANT SELECT ON `a TO b`.`t ON ``u``` TO app",
        "GRANT SELECT (a, b), UPDATE (c), INSERT ON d1.t TO app",
        "GRANT EXECUTE ON FUNCTION d1.f TO app",
        "ALTER USER app WITH MAX_QUERIES_PER_HOUR 5000 MAX_USER_CONNECTIONS 17 PASSWORD EXPIRE INTERVAL 90 DAY",
    )
    if is_mariadb:
        database.run("ALTER USER app WITH MAX_STATEMENT_TIME 1.5")
    else:
        database.run(
            "GRANT BACKUP_ADMIN, APPLICATION_PASSWORD_ADMIN ON *.* TO app",
            "ALTER USER app FAILED_LOGIN_ATTEMPTS 9 PASSWORD_LOCK_TIME UNBOUNDED PASSWORD HISTORY 3"
            " PASSWORD REUSE INTERVAL 10 DAY PASSWORD REQUIRE CURRENT OPTIONAL",
        )


def test_both_may_do_the_same(pair: Pair) -> None:
    """Privileges on everything, with GRANT OPTION, of columns and routines, roles and the default one, options."""
    grant_much(pair.database)
    value = pair.rotate()
    assert pair.cause == ""
    assert value["username"] == "app_clone"
    first, second = pair.seen()
    assert first == second
    assert any("WITH GRANT OPTION" in row for row in second)
    assert any("WITH ADMIN OPTION" in row for row in second)
    with closing(pair.database.connect("app_clone", value["password"])) as clone, clone.cursor() as cursor:
        cursor.execute("SELECT * FROM `a TO b`.`t ON ``u```")
        cursor.execute("SELECT CURRENT_ROLE()")
        assert "r1" in str(cursor.fetchone())


def test_what_is_taken_from_the_original_is_taken_from_the_clone(pair: Pair) -> None:
    """Nothing of it is left at the next rotation, nor what the clone had for itself."""
    grant_much(pair.database)
    pair.rotate()
    before = pair.seen()
    pair.database.run(
        "REVOKE GRANT OPTION ON `a TO b`.* FROM app",
        "REVOKE INSERT ON `a TO b`.* FROM app",
        "REVOKE SELECT (a) ON d1.t FROM app",
        "REVOKE EXECUTE ON FUNCTION d1.f FROM app",
        "REVOKE PROCESS ON *.* FROM app",
        "REVOKE r1 FROM app",
        "REVOKE r2 FROM app",
        "GRANT r2 TO app",
        "ALTER USER app WITH MAX_QUERIES_PER_HOUR 0 PASSWORD EXPIRE DEFAULT",
        "GRANT ALL PRIVILEGES ON d1.* TO app_clone WITH GRANT OPTION",
        "GRANT DELETE ON *.* TO app_clone",
        "GRANT DROP ON `a TO b`.* TO app",
    )
    pair.database.run(
        "SET DEFAULT ROLE NONE " + ("FOR app" if pair.database.engine == "mariadb" else "TO app")
    )
    pair.rotate()
    assert pair.cause == ""
    first, second = pair.seen()
    assert first == second
    assert (first, second) != before
    assert not any("GRANT OPTION" in row or "ADMIN OPTION" in row for row in second)


def test_accounts_that_cannot_be_made_equal_are_not_rotated(mariadb: MariaDB, stand: Stand) -> None:
    """A statement that succeeds is not enough: what the server shows afterwards counts."""
    pair = Pair(mariadb, stand)
    mariadb.run("CREATE DATABASE IF NOT EXISTS d1")
    boss = Document(document(mariadb, ADMIN, password=ADMIN_PASSWORD))
    with closing(connect(boss, Reach(None, True))) as session:
        read = read_pair(session, "app")
        [row] = read.original.values()
        # The server takes GRANT USAGE, and shows nothing of it.
        without_effect = Grant(Kind.PRIVILEGE, "USAGE", "`d1`.*", False)
        wanted = {"%": row._replace(grants=row.grants | {without_effect})}
        stored = {"%": row.stored}
        with pytest.raises(TargetFailed, match="cannot be made equal"):
            make_equal(session, ReadPair("app", wanted, read.clone), stored, time.monotonic() + 10)
        make_equal(session, read_pair(session, "app"), stored, time.monotonic() + 10)
    assert not mariadb.logs_in("app_clone", "first"), "a clone is locked until its password is set"
    assert pair.rotate()["username"] == "app_clone"


def test_certificates_that_are_required_of_one_are_required_of_both(database: MariaDB, stand: Stand) -> None:
    """Only the parts that are set; a text with quotes stays what it is."""
    pair = Pair(database, stand)
    pair.rotate()
    for required, expected in (
        ("REQUIRE SUBJECT '/CN=o''x\\\\y'", "REQUIRE SUBJECT '/CN=o''x\\\\y'"),
        ("REQUIRE ISSUER 'i' AND CIPHER 'c'", "REQUIRE ISSUER 'i' AND CIPHER 'c'"),
        ("REQUIRE X509", "REQUIRE X509"),
        ("REQUIRE SSL", "REQUIRE SSL"),
        ("REQUIRE NONE", "REQUIRE NONE"),
    ):
        database.run(f"ALTER USER app {required}")
        boss = Document(document(database, ADMIN, password=ADMIN_PASSWORD))
        with closing(connect(boss, Reach(None, True))) as session:
            first = read_account(session, "app")
            assert first["%"].options[0] == expected
            for statement in plan_equal(session, "app_clone", first, read_account(session, "app_clone"), {}):
                session.run(statement)
            assert read_account(session, "app_clone")["%"].options == first["%"].options
    pair.rotate()
    assert pair.cause == ""


def test_partial_revokes_are_copied(mysql: MariaDB, stand: Stand) -> None:
    """What MySQL takes away for one database from a privilege on all."""
    mysql.run("SET GLOBAL partial_revokes = ON", "CREATE DATABASE IF NOT EXISTS hidden")
    try:
        pair = Pair(mysql, stand)
        mysql.run("GRANT SELECT ON *.* TO app", "REVOKE SELECT ON hidden.* FROM app")
        pair.rotate()
        assert pair.cause == ""
        first, second = pair.seen()
        assert first == second
        assert any(row.startswith("REVOKE SELECT") for row in second)
        mysql.run("GRANT SELECT ON hidden.* TO app")
        pair.rotate()
        assert not any(row.startswith("REVOKE") for row in pair.seen()[1])
    finally:
        mysql.run(
            "DROP USER IF EXISTS app", "DROP USER IF EXISTS app_clone", "SET GLOBAL partial_revokes = OFF"
        )


def test_a_second_password_of_mysql_does_not_live_on(mysql: MariaDB, stand: Stand) -> None:
    """It would stay valid for as long as nobody thinks of it."""
    pair = Pair(mysql, stand)
    pair.rotate()
    mysql.run("ALTER USER app IDENTIFIED BY 'newer' RETAIN CURRENT PASSWORD")
    assert mysql.logs_in("app", "first")
    value = pair.rotate()
    assert value["username"] == "app"
    assert not mysql.logs_in("app", "first")
    assert mysql.logs_in("app", value["password"])


@pytest.mark.parametrize(
    "plugin", ["caching_sha2_password", "sha256_password", "ed25519", "mysql_native_password"]
)
def test_the_clone_has_the_plugin_of_the_original(
    plugin: str, request: pytest.FixtureRequest, stand: Stand
) -> None:
    """The server's default might be one that clients do not know."""
    is_mysql = "sha2" in plugin
    database: MariaDB = request.getfixturevalue("mysql" if is_mysql else "mariadb")
    pair = Pair(database, stand)
    how = (
        f"IDENTIFIED WITH {plugin} BY 'first'"
        if is_mysql
        else f"IDENTIFIED VIA {plugin} USING PASSWORD('first')"
    )
    database.run(f"ALTER USER app {how}")
    for _ in range(3):
        pair.rotate()
        assert pair.cause == ""
    rows = database.rows(
        "SELECT User, plugin FROM mysql.user WHERE User IN ('app', 'app_clone') ORDER BY User"
    )
    assert rows == [("app", plugin), ("app_clone", plugin)]


def test_accounts_of_several_hosts(database: MariaDB, stand: Stand) -> None:
    """All rows change at once, when the owner's password is that of all of them."""
    pair = Pair(database, stand)
    database.make_user("app", host="10.%")
    for _ in range(3):
        pair.rotate()
        assert pair.cause == ""
    rows = database.rows("SELECT User, Host FROM mysql.user WHERE User LIKE 'app%' ORDER BY User, Host")
    assert rows == [("app", "%"), ("app", "10.%"), ("app_clone", "%"), ("app_clone", "10.%")]
    before = pair.value
    database.run("ALTER USER app_clone@'10.%' IDENTIFIED BY 'somebody else'")
    pair.rotate()
    assert "another password for some of its hosts" in pair.cause
    assert pair.value == before
    database.run("DROP USER app_clone@'10.%'")
    pair.stand.run(pair.secret_id)
    assert "hosts that the clone has not" in pair.cause
    database.run("DROP USER app@'10.%'")
    pair.stand.run(pair.secret_id)
    assert stand.history(pair.secret_id)[-1].outcome == "succeeded"


def test_a_clone_for_other_hosts_is_not_taken_over(pair: Pair) -> None:
    """It might be somebody else's."""
    pair.database.make_user("app_clone", "others", host="10.%")
    pair.rotate()
    assert "the clone exists for hosts that the original has not" in pair.cause
    pair.database.run("DROP USER app_clone@'10.%'")


@pytest.mark.parametrize("boundary", range(0, 14, rounds(2, 1)))
def test_r03_a_crash_at_every_boundary(pair: Pair, boundary: int) -> None:
    """Wherever the process ends, AWSCURRENT logs in; the next process brings it to its end."""
    pair.stand.begin(pair.secret_id)
    crashed = pair.stand.run_until_crash(pair.secret_id, boundary)
    current = pair.stand.value(pair.secret_id, AWSCURRENT)
    assert current is not None
    assert pair.database.logs_in(current["username"], current["password"])
    if crashed:
        pair.stand.run(pair.secret_id)
    assert_usable(pair.database, pair.stand, pair.secret_id)
    assert pair.stand.history(pair.secret_id)[-1].outcome == "succeeded"
    assert pair.value["username"] == "app_clone"
    assert pair.database.logs_in("app_clone", pair.value["password"])


@pytest.mark.parametrize(
    "mark", [b"CREATE USER", b"GRANT SELECT", b"GRANT `r1`", b"DEFAULT ROLE", b" REQUIRE", b"ACCOUNT UNLOCK"]
)
@pytest.mark.parametrize("arrives", [True, False], ids=["answer lost", "statement lost"])
def test_r03_the_connection_is_lost_at_every_statement(
    database: MariaDB, stand: Stand, mark: bytes, arrives: bool
) -> None:
    """A clone that is made by halves is locked; the next try makes it whole, with the same value."""
    proxy = Proxy(database.port)
    try:
        pair = Pair(database, stand, port=proxy.port, ssl=False)
        grant_much(database)
        (proxy.lose_after if arrives else proxy.drop_before).append(mark)
        pair.stand.begin(pair.secret_id)
        for _ in range(3):
            pair.stand.run(pair.secret_id)
            value = pair.value
            assert database.logs_in(value["username"], value["password"])
            if not pair.stand.row(pair.secret_id).work.token:
                break
        assert proxy.lost == 1
        assert stand.history(pair.secret_id)[-1].outcome == "succeeded"
        first, second = pair.seen()
        assert first == second
        assert stand.versions(pair.secret_id) == 2
    finally:
        proxy.close()


def test_r02_an_administrator_of_another_server_is_not_used(
    database: MariaDB, stand: Stand, second_mariadb: MariaDB
) -> None:
    """His credentials go to no server but his own, and no account of it is touched."""
    pair = Pair(database, stand)
    second_mariadb.make_user("app")
    boss = document(database, ADMIN, password=ADMIN_PASSWORD, port=second_mariadb.port)
    stand.put(pair.boss, boss)
    pair.rotate()
    assert "names another server" in pair.cause
    assert second_mariadb.logs_in("app", "first")
    connects = second_mariadb.log_path.read_text().rpartition("CREATE USER `app`")[2]
    assert f"{ADMIN}@" not in connects


def test_r02_two_servers_behind_one_name_are_told_apart(mariadb: MariaDB, second_mariadb: MariaDB) -> None:
    """The same address is not enough: a lock that one session takes must be seen to be its own by the other."""
    boss = document(mariadb, ADMIN, password=ADMIN_PASSWORD, ssl=False)
    here = [connect(Document(boss), Reach(None, True)) for _ in range(2)]
    there = connect(Document({**boss, "port": second_mariadb.port}), Reach(None, True))
    try:
        check_same_server(here[0], here[1])
        with pytest.raises(TargetFailed, match="another server"):
            check_same_server(here[0], there)
    finally:
        for session in (*here, there):
            session.close()


def test_p08_another_administrator_than_the_one_that_was_lent_is_not_used(pair: Pair) -> None:
    """Whoever edits the secret's JSON cannot point it at somebody else's administrator."""
    other = pair.stand.add(document(pair.database, ADMIN, password=ADMIN_PASSWORD))
    pair.stand.put(pair.secret_id, {**pair.value, "masterarn": pair.stand.secret(other).arn})
    pair.rotate()
    assert "another secret than the one that was lent" in pair.cause
    assert pair.database.logs_in("app", "first")


@pytest.mark.parametrize(
    "power",
    ["ALL PRIVILEGES ON *.*", "CREATE USER ON *.*", "SUPER ON *.*", "SELECT ON *.* WITH GRANT OPTION"],
)
def test_r02_accounts_that_rule_over_others_do_not_alternate(pair: Pair, power: str) -> None:
    """Even for somebody who knows their passwords."""
    what, _, option = power.partition(" WITH")
    pair.database.run(f"GRANT {what} TO app{' WITH' + option if option else ''}")
    pair.rotate()
    assert "rule over others" in pair.cause
    assert pair.database.rows("SELECT 1 FROM mysql.user WHERE User = 'app_clone'") == []


def test_r02_the_administrator_does_not_alternate(pair: Pair) -> None:
    """Nor do accounts of the system."""
    pair.stand.put(pair.secret_id, {**pair.value, "username": ADMIN, "password": ADMIN_PASSWORD})
    pair.rotate()
    assert "administrators and accounts of the system" in pair.cause
    assert pair.database.logs_in(ADMIN, ADMIN_PASSWORD)


def test_r02_the_current_value_must_log_in_first(pair: Pair) -> None:
    """Whoever names an account without knowing its password does not get it (confused deputy)."""
    pair.database.make_user("victim", "unknown to him")
    pair.stand.put(pair.secret_id, {**pair.value, "username": "victim", "password": "guessed"})
    pair.database.run("ALTER USER app IDENTIFIED BY 'also changed'")
    pair.rotate()
    assert pair.stand.row(pair.secret_id).work.is_held
    assert pair.database.logs_in("victim", "unknown to him")
    assert pair.database.rows("SELECT 1 FROM mysql.user WHERE User = 'victim_clone'") == []


def test_an_original_that_somebody_locked_stays_locked(pair: Pair) -> None:
    """That was a decision; the clone goes on to be used until it is taken back."""
    pair.rotate()
    pair.database.run("ALTER USER app ACCOUNT LOCK")
    value = pair.rotate()
    assert "the original account is locked" in pair.cause
    assert pair.database.logs_in(value["username"], value["password"])
    pair.database.run("ALTER USER app ACCOUNT UNLOCK")
    pair.stand.run(pair.secret_id)
    assert pair.stand.history(pair.secret_id)[-1].outcome == "succeeded"


def test_an_administrator_who_cannot_log_in_says_nothing_about_the_accounts(pair: Pair) -> None:
    """The applications are fine: nothing is held, the cause names the administrator."""
    pair.stand.put(pair.boss, document(pair.database, ADMIN, password="wrong"))
    pair.rotate()
    assert "the administrator cannot log in" in pair.cause
    assert not pair.stand.row(pair.secret_id).work.is_held
    pair.stand.put(pair.boss, document(pair.database, ADMIN, password=ADMIN_PASSWORD))
    pair.stand.run(pair.secret_id)
    assert pair.stand.history(pair.secret_id)[-1].outcome == "succeeded"


@pytest.mark.parametrize("rights", ["", "SELECT ON mysql.*", "CREATE USER ON *.*"])
def test_an_administrator_without_the_right_changes_no_password(pair: Pair, rights: str) -> None:
    """What a clone lacks is not given by him: the rotation fails, both accounts log in as before."""
    value = pair.rotate()
    pair.database.run("GRANT SELECT ON mysql.* TO app")
    pair.database.make_user("weak", "weak")
    if rights:
        pair.database.run(f"GRANT {rights} TO weak")
    pair.stand.put(pair.boss, document(pair.database, "weak", password="weak"))
    assert pair.rotate() == value
    assert pair.cause.startswith("a privilege is missing")
    assert pair.database.logs_in("app_clone", value["password"])
    assert pair.database.logs_in("app", "first")


def test_a_clone_of_another_plugin_is_not_touched(mariadb: MariaDB, stand: Stand) -> None:
    """Somebody has it for something else."""
    pair = Pair(mariadb, stand)
    mariadb.run("CREATE USER app_clone IDENTIFIED VIA unix_socket")
    pair.rotate()
    assert "logs in by unix_socket" in pair.cause
    mariadb.run("DROP USER app_clone", "INSTALL SONAME 'auth_pam'")
    try:
        mariadb.run("CREATE USER app_clone IDENTIFIED VIA pam")
        pair.stand.run(pair.secret_id)
        assert "asks for the password in clear" in pair.cause
    finally:
        mariadb.run("DROP USER app_clone", "UNINSTALL SONAME 'auth_pam'")


def test_r01_the_server_log_holds_no_password(pair: Pair) -> None:
    """Neither of the accounts nor of the administrator."""
    seen = [pair.rotate()["password"] for _ in range(2)]
    log = pair.database.log_path.read_text()
    assert "app_clone" in log
    assert not any(password in log for password in (*seen, ADMIN_PASSWORD))


def test_a_rehearsal_says_what_would_be_sent(pair: Pair) -> None:
    """Masked, and nothing is changed."""
    pair.database.run("CREATE DATABASE IF NOT EXISTS d1", "GRANT SELECT ON d1.* TO app")
    found = dry_run(pair.stand.parts, {"secret": pair.stand.secret(pair.secret_id).name})
    assert all(check["is_met"] for check in found["checks"]), found
    assert found["statements"][0].startswith("CREATE USER `app_clone`@`%` IDENTIFIED WITH")
    assert found["statements"][0].endswith("AS '…' ACCOUNT LOCK")
    assert "GRANT SELECT ON `d1`.* TO `app_clone`@`%`" in found["statements"]
    assert pair.database.rows("SELECT 1 FROM mysql.user WHERE User = 'app_clone'") == []


def test_a_rehearsal_says_what_the_administrator_lacks(pair: Pair) -> None:
    """Before anything is tried."""
    pair.database.make_user("weak", "weak")
    pair.database.run("GRANT SELECT ON mysql.* TO weak")
    pair.stand.put(pair.boss, document(pair.database, "weak", password="weak"))
    found = dry_run(pair.stand.parts, {"secret": pair.stand.secret(pair.secret_id).name})
    [missed] = [check for check in found["checks"] if not check["is_met"]]
    assert missed["detail"] == "a privilege is missing: the administrator lacks CREATE USER"
    pair.database.run("GRANT CREATE USER ON *.* TO weak")
    found = dry_run(pair.stand.parts, {"secret": pair.stand.secret(pair.secret_id).name})
    assert all(check["is_met"] for check in found["checks"])


def test_the_history_holds_no_value(pair: Pair) -> None:
    """Only names, times and proofs."""
    value = pair.rotate()
    told = json.dumps([(entry.outcome, entry.facts) for entry in pair.stand.history(pair.secret_id)])
    assert value["password"] not in told
    assert "first" not in told
