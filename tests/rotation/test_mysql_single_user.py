"""Single-user rotation on a real MariaDB and a real MySQL: crashes at every boundary, lost answers, what is refused.

Tried by hand: with a target that takes any failed log-in for a refusal, or that lets a session be idle for as long as
it likes, or that sends passwords to MariaDB as they are, one of these fails.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from strongroom.rotation.machine import Evidence
from strongroom.rotation.rotator import Cause, Document
from strongroom.rotation.rotators import Reach
from strongroom.rotation.rotators.mysql_target import connect, probe
from tests.rotation.databases import assert_rotated, assert_usable, crash_at, document, lose
from tests.rotation.stand import Stand
from tests.support.deployments import make_certificate
from tests.support.mariadb import MariaDB
from tests.support.postgresql import Proxy
from tests.support.scale import rounds
from tests.support.scripted_mysql import ScriptedMySQL, error, switch

pytestmark = pytest.mark.soak  # where MySQL goes through all of it too

NAMES = ("app", "we\"ird 'na;me` DROP\\", "MiXed", "50% off @home", "x" * 32)
HERE = Reach(ca_file=None, is_local=True)


@pytest.fixture
def proxy(database: MariaDB) -> Iterator[Proxy]:
    """A proxy before the server."""
    made = Proxy(database.port)
    yield made
    made.close()


def rotate(stand: Stand, secret_id: int) -> str:
    """Rotate once; return why it does not go on."""
    stand.begin(secret_id)
    stand.run(secret_id)
    return stand.row(secret_id).work.cause


@pytest.mark.parametrize("name", NAMES)
def test_r01_a_rotation_of_every_name(each_database: MariaDB, stand: Stand, name: str) -> None:
    """Quotes, spaces, per cent signs: the right account is changed, unknown members stay."""
    each_database.make_user(name)
    secret_id = stand.add(
        document(each_database, name, extra={"kept": [1, None]}, port=str(each_database.port))
    )
    rotate(stand, secret_id)
    value = assert_rotated(each_database, stand, secret_id)
    assert value["extra"] == {"kept": [1, None]}
    assert value["port"] == str(each_database.port)
    assert len(value["password"]) == 32
    facts = stand.history(secret_id)[-1].facts
    assert facts["old_worked_before"] == "yes"
    assert facts["server"].startswith("server_u")


@pytest.mark.parametrize("name", ["x" * 81, "Ünïcödé", "new\nline", "delete\x7f"])
def test_r01_names_that_are_not_quoted_are_refused(database: MariaDB, stand: Stand, name: str) -> None:
    """Printable ASCII, and no longer than the server has room for."""
    assert "the name of an account" in rotate(stand, stand.add(document(database, name)))


@pytest.mark.parametrize(
    "password", ["!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~ \\' OR 1=1 -- ", "Pässwörd €", "x" * 200]
)
def test_r01_every_password(database: MariaDB, stand: Stand, password: str) -> None:
    """Whatever it is made of: it logs in, is set by a rotation, and is replaced by the next one."""
    database.make_user("app")
    secret_id = stand.add(document(database))
    token = stand.begin(secret_id)
    stand.fill(secret_id, token, document(database, password=password))
    stand.run(secret_id)
    assert assert_rotated(database, stand, secret_id)["password"] == password
    rotate(stand, secret_id)
    assert_rotated(database, stand, secret_id, old=password)


@pytest.mark.parametrize("boundary", range(0, 14, rounds(2, 1)))
def test_r03_a_crash_at_every_boundary(database: MariaDB, stand: Stand, boundary: int) -> None:
    """Wherever the process ends, the credential is usable, and the next process brings the rotation to its end."""
    crashed = crash_at(database, stand, boundary)
    assert not crashed or boundary < 13, "there are more boundaries than are tried"


def changing(database: MariaDB) -> bytes:
    """Give the beginning of the statement that changes a password."""
    return b"SET PASSWORD" if database.engine == "mariadb" else b"ALTER USER"


@pytest.mark.parametrize("arrives", [True, False], ids=["answer lost", "statement lost"])
def test_an_answer_or_a_statement_is_lost(
    database: MariaDB, stand: Stand, proxy: Proxy, arrives: bool
) -> None:
    """Whether the target took the value is found out by logging in, never assumed."""
    lose(database, stand, proxy, changing(database), arrives=arrives)


def test_r03_the_connection_is_lost_before_every_packet(mariadb: MariaDB, stand: Stand) -> None:
    """Of all sessions of a rotation, one after the other: the credential is usable, and the rotation completes."""
    number = 0
    while True:
        mariadb.make_user("app")
        cutting = CuttingProxy(mariadb.port, number)
        try:
            secret_id = stand.add(document(mariadb, port=cutting.port, ssl=False))
            stand.begin(secret_id)
            for _ in range(3):
                stand.run(secret_id)
                assert_usable(mariadb, stand, secret_id)
                if not stand.row(secret_id).work.token:
                    break
            assert stand.history(secret_id)[-1].outcome == "succeeded"
            assert not mariadb.logs_in("app", "first")
            assert stand.versions(secret_id) == 2
        finally:
            cutting.close()
        if not cutting.has_cut:
            break
        number += 1
    assert number > 30, "a rotation has more packets than that"


class CuttingProxy(Proxy):
    """Cuts one connection before the n-th packet that clients send."""

    def __init__(self, target_port: int, number: int) -> None:
        super().__init__(target_port)
        self._left = number
        self.has_cut = False

    def _takes(self, marks: list[bytes], data: bytes) -> bool:
        if marks is self.drop_before and not self.has_cut:
            self._left -= 1
            if self._left < 0:
                self.has_cut = True
                return True
        return super()._takes(marks, data)


def test_a_target_that_refuses_connections_says_nothing_about_the_value(
    database: MariaDB, stand: Stand, proxy: Proxy
) -> None:
    """Nothing moves, the failure is on record with its cause, and it is tried again."""
    database.make_user("app")
    secret_id = stand.add(document(database, port=proxy.port, ssl=False))
    proxy.refuses = True
    assert rotate(stand, secret_id).startswith("the target cannot be reached")
    assert stand.history(secret_id)[-1].outcome == "failed"
    proxy.refuses = False
    stand.run(secret_id)
    assert_rotated(database, stand, secret_id)


def test_a_target_that_falls_silent_holds_nobody_up_and_takes_nothing_late(
    database: MariaDB, stand: Stand, proxy: Proxy
) -> None:
    """What is passed on after seconds finds its session ended by the server."""
    database.make_user("app")
    secret_id = stand.add(document(database, port=proxy.port, ssl=False))
    stand.begin(secret_id)
    proxy.silent_after = changing(database)
    began = time.monotonic()
    stand.run(secret_id)
    assert time.monotonic() - began < 30
    assert proxy.is_silent
    assert stand.row(secret_id).work.token
    proxy.is_silent = False  # what was held back arrives now
    assert database.logs_in("app", "first"), "a statement took effect long after it was sent"
    stand.run(secret_id)
    assert_rotated(database, stand, secret_id)


def test_a_read_only_target_is_waited_for(database: MariaDB, stand: Stand) -> None:
    """A replica, or the moment of a fail-over: classified, and not held against the credentials."""
    database.make_user("app")
    secret_id = stand.add(document(database))
    database.run("SET GLOBAL read_only = ON")
    try:
        assert rotate(stand, secret_id).startswith("the target is read-only")
        assert database.logs_in("app", "first")
    finally:
        database.run("SET GLOBAL read_only = OFF")
    stand.run(secret_id)
    assert_rotated(database, stand, secret_id)


def test_when_no_stored_value_logs_in_the_rotation_is_held(database: MariaDB, stand: Stand) -> None:
    """Somebody changed the password by hand: nothing is guessed; with the stored value again it goes on."""
    database.make_user("app", "changed by hand")
    secret_id = stand.add(document(database))
    rotate(stand, secret_id)
    assert stand.row(secret_id).work.is_held
    assert database.logs_in("app", "changed by hand")
    database.run("ALTER USER app IDENTIFIED BY 'first'")
    stand.run(secret_id)
    assert_rotated(database, stand, secret_id)


def test_a_value_put_by_hand_wins(database: MariaDB, stand: Stand) -> None:
    """PutSecretValue in the middle: at the end the target agrees with AWSCURRENT, and the rotation is abandoned."""
    database.make_user("app")
    secret_id = stand.add(document(database))
    stand.begin(secret_id)

    def put() -> None:
        stand.put(secret_id, document(database, note="put by hand"))

    stand.at("applied", put)
    stand.run(secret_id)
    stand.offset_ms += 60_000  # what was sent may take effect late: that time is waited for
    stand.run(secret_id)
    value = stand.value(secret_id)
    assert value is not None
    assert value["note"] == "put by hand"
    assert database.logs_in("app", value["password"])
    assert stand.history(secret_id)[-1].outcome == "abandoned"


def test_a_pending_value_for_another_account_is_not_taken(database: MariaDB, stand: Stand) -> None:
    """Whoever fills AWSPENDING cannot make the rotation change somebody else's password."""
    database.make_user("app")
    database.make_user("victim", "victims")
    secret_id = stand.add(document(database))
    token = stand.begin(secret_id)
    stand.fill(secret_id, token, document(database, "victim", password="chosen"))
    stand.run(secret_id)
    assert "another account" in stand.row(secret_id).work.cause
    assert database.logs_in("victim", "victims")


def test_r02_tls_is_verified_and_never_downgraded(database: MariaDB, stand: Stand, tmp_path: Path) -> None:
    """With ssl the certificate counts; a server that cannot prove itself gets no log-in at all."""
    database.make_user("app")
    secret_id = stand.add(document(database, ssl=True))
    rotate(stand, secret_id)
    value = assert_rotated(database, stand, secret_id)
    assert stand.history(secret_id)[-1].facts["tls"].startswith("TLSv1")
    # Another authority: the same server is not trusted any more.
    strangers = tmp_path / "strangers"
    strangers.mkdir()
    other = Stand(tmp_path / "other", make_certificate(strangers)[0])
    try:
        attempts = database.log_path.read_text().count("Connect\tapp@")
        assert rotate(other, other.add(value)).startswith("no verified TLS connection")
        assert database.log_path.read_text().count("Connect\tapp@") == attempts
    finally:
        other.close()


def test_r02_a_server_without_tls_gets_no_log_in_where_tls_is_wanted(certificate: tuple[Path, Path]) -> None:
    """The server says before the log-in that it has none; nothing is tried in clear."""
    with ScriptedMySQL(error(1045)) as server:
        found = probe(Document({**_secret(server.port), "ssl": True}), Reach(certificate[0], True))
    assert (found.evidence, found.cause) == (Evidence.UNKNOWN, Cause.TLS)
    assert server.received == b""


@pytest.mark.parametrize("plugin", ["mysql_clear_password", "dialog", "mysql_old_password"])
def test_r01_a_server_that_asks_for_the_password_gets_nothing(plugin: str) -> None:
    """Whoever stands in the way could ask for it in clear."""
    with ScriptedMySQL(switch(plugin)) as server:
        found = probe(Document({**_secret(server.port), "ssl": False}), HERE)
    assert (found.evidence, found.cause) == (Evidence.UNKNOWN, Cause.CONFIGURATION)
    assert found.detail == "the server asks for the password in clear"
    assert b"sentinel" not in server.received


@pytest.mark.parametrize(
    ("number", "evidence", "cause"),
    [
        (1045, Evidence.REFUSED, Cause.AUTHENTICATION),
        (1698, Evidence.REFUSED, Cause.AUTHENTICATION),
        (3118, Evidence.REFUSED, Cause.AUTHENTICATION),
        (4151, Evidence.REFUSED, Cause.AUTHENTICATION),
        (1862, Evidence.REFUSED, Cause.AUTHENTICATION),
        (1040, Evidence.UNKNOWN, Cause.OVERLOADED),
        (1203, Evidence.UNKNOWN, Cause.OVERLOADED),
        (1226, Evidence.UNKNOWN, Cause.OVERLOADED),
        (1044, Evidence.UNKNOWN, Cause.CONFIGURATION),
        (1049, Evidence.UNKNOWN, Cause.CONFIGURATION),
        (1129, Evidence.UNKNOWN, Cause.CONFIGURATION),
        (1130, Evidence.UNKNOWN, Cause.CONFIGURATION),
        (3955, Evidence.UNKNOWN, Cause.CONFIGURATION),
        (4150, Evidence.UNKNOWN, Cause.CONFIGURATION),
        (3159, Evidence.UNKNOWN, Cause.TLS),
        (1053, Evidence.UNKNOWN, Cause.UNREACHABLE),
        (3032, Evidence.UNKNOWN, Cause.UNREACHABLE),
        (9999, Evidence.UNKNOWN, Cause.SERVER),
    ],
)
def test_only_a_refusal_of_the_credentials_is_evidence(number: int, evidence: Evidence, cause: Cause) -> None:
    """Whatever else goes wrong says nothing about a password; of the server's text nothing is repeated."""
    with ScriptedMySQL(error(number)) as server:
        found = probe(Document({**_secret(server.port), "ssl": False}), HERE)
    assert (found.evidence, found.cause) == (evidence, cause)
    assert "sentinel" not in found.detail


def _secret(port: int) -> dict[str, Any]:
    return {"engine": "mysql", "host": "127.0.0.1", "port": port, "username": "app", "password": "sentinel"}


@pytest.mark.parametrize("how", ["locked", "expired"])
def test_an_account_that_is_locked_or_expired_is_told(database: MariaDB, stand: Stand, how: str) -> None:
    """An application cannot log in either: the rotation is held, and goes on when it can."""
    database.make_user("app")
    secret_id = stand.add(document(database))
    database.run("ALTER USER app ACCOUNT LOCK" if how == "locked" else "ALTER USER app PASSWORD EXPIRE")
    database.run("SET GLOBAL disconnect_on_expired_password = ON") if database.engine == "mariadb" else None
    rotate(stand, secret_id)
    assert stand.row(secret_id).work.is_held
    database.make_user("app")
    stand.run(secret_id)
    assert_rotated(database, stand, secret_id)


def test_an_account_without_a_password_of_its_own_is_refused(mariadb: MariaDB, stand: Stand) -> None:
    """By a socket of the machine everybody who may gets in: every value would seem to work."""
    import pwd

    own = pwd.getpwuid(0).pw_name
    for how in ("unix_socket", "mysql_native_password USING PASSWORD('first') OR unix_socket"):
        mariadb.run(
            f"DROP USER IF EXISTS {own}@localhost", f"CREATE USER {own}@localhost IDENTIFIED VIA {how}"
        )
        secret_id = stand.add(document(mariadb, own, host=str(mariadb.socket_path)))
        cause = rotate(stand, secret_id)
        assert "log in" in cause or "logs in by unix_socket" in cause
        assert cause.startswith("the secret or the target is not set up")


@pytest.mark.parametrize("plugin", ["ed25519", "mysql_native_password"])
def test_the_plugin_of_an_account_of_mariadb_stays(mariadb: MariaDB, stand: Stand, plugin: str) -> None:
    """Its clients may know nothing else; passwords of any length are signed for."""
    mariadb.run("DROP USER IF EXISTS app", f"CREATE USER app IDENTIFIED VIA {plugin} USING PASSWORD('first')")
    secret_id = stand.add(document(mariadb, password_policy={"length": 47}))
    for _ in range(2):
        rotate(stand, secret_id)
        assert_rotated(mariadb, stand, secret_id)
    assert mariadb.rows("SELECT plugin FROM mysql.user WHERE User = 'app'") == [(plugin,)]


@pytest.mark.parametrize("plugin", ["caching_sha2_password", "sha256_password"])
def test_the_plugin_of_an_account_of_mysql_stays(mysql: MariaDB, stand: Stand, plugin: str) -> None:
    """Its clients may know nothing else."""
    mysql.run("DROP USER IF EXISTS app", f"CREATE USER app IDENTIFIED WITH {plugin} BY 'first'")
    secret_id = stand.add(document(mysql))
    rotate(stand, secret_id)
    assert_rotated(mysql, stand, secret_id)
    assert mysql.rows("SELECT plugin FROM mysql.user WHERE User = 'app'") == [(plugin,)]


def test_mysql_accounts_that_must_give_the_current_password_do(mysql: MariaDB, stand: Stand) -> None:
    """PASSWORD REQUIRE CURRENT."""
    mysql.make_user("app", more="PASSWORD REQUIRE CURRENT")
    secret_id = stand.add(document(mysql))
    rotate(stand, secret_id)
    assert_rotated(mysql, stand, secret_id)


def test_a_password_that_the_server_does_not_take(mysql: MariaDB, stand: Stand) -> None:
    """Classified as such; the account keeps the password that it has."""
    mysql.make_user("app")
    mysql.run("INSTALL COMPONENT 'file://component_validate_password'")
    try:
        secret_id = stand.add(document(mysql, password_policy={"exclude_punctuation": True}))
        assert rotate(stand, secret_id).startswith("the target does not take the new password: error 1819")
        assert mysql.logs_in("app", "first")
    finally:
        mysql.run("UNINSTALL COMPONENT 'file://component_validate_password'")
    stand.run(secret_id)
    assert_rotated(mysql, stand, secret_id)


def test_mariadb_that_checks_passwords_takes_no_verifiers(mariadb: MariaDB, stand: Stand) -> None:
    """Said as it is; the password is not sent as it is instead."""
    mariadb.make_user("app")
    mariadb.run("INSTALL SONAME 'simple_password_check'")
    try:
        secret_id = stand.add(document(mariadb))
        assert "strict_password_validation" in rotate(stand, secret_id)
        assert mariadb.logs_in("app", "first")
    finally:
        mariadb.run("UNINSTALL SONAME 'simple_password_check'")
    stand.run(secret_id)
    assert_rotated(mariadb, stand, secret_id)


def test_an_account_that_is_seen_to_have_several_hosts_is_refused(database: MariaDB, stand: Stand) -> None:
    """It can change itself for one host only; applications elsewhere would be locked out."""
    database.make_user("app")
    database.make_user("app", "others", host="10.%")
    database.run("GRANT SELECT ON mysql.* TO app")
    secret_id = stand.add(document(database))
    assert "several hosts" in rotate(stand, secret_id)
    assert database.logs_in("app", "first")
    database.run("DROP USER app@'10.%'")
    stand.run(secret_id)
    assert_rotated(database, stand, secret_id)


def test_the_host_of_an_account_is_the_one_that_logged_in(database: MariaDB, stand: Stand) -> None:
    """Not every account is one of '%'; another account of the same name is not touched."""
    database.run("DROP USER IF EXISTS app")
    database.make_user("app", host="localhost")
    database.make_user("app", "others", host="10.%")
    secret_id = stand.add(document(database))
    rotate(stand, secret_id)
    assert_rotated(database, stand, secret_id)
    question = "SELECT authentication_string FROM mysql.user WHERE User = 'app' AND Host = '10.%'"
    before = database.rows(question)
    rotate(stand, secret_id)
    assert database.rows(question) == before
    database.run("DROP USER app@localhost", "DROP USER app@'10.%'")


def test_r01_the_server_log_holds_no_password(database: MariaDB, stand: Stand) -> None:
    """With every statement logged: MariaDB saw verifiers only, MySQL keeps what it got to itself."""
    database.make_user("app")
    secret_id = stand.add(document(database))
    seen = []
    for _ in range(3):
        rotate(stand, secret_id)
        seen.append(assert_rotated(database, stand, secret_id)["password"])
    log = database.log_path.read_text()
    assert len(set(seen)) == 3
    assert log.count("SET PASSWORD = '*" if database.engine == "mariadb" else "IDENTIFIED BY <secret>") >= 3
    assert not any(password in log for password in seen)
    if database.engine == "mysql":
        shown = str(database.rows("SELECT SQL_TEXT FROM performance_schema.events_statements_history"))
        assert not any(password in shown for password in seen)


def test_mysql_is_not_sent_a_password_that_others_could_read(mysql: MariaDB, stand: Stand) -> None:
    """Without TLS, and not on this machine, it is refused; such an account needs an administrator."""
    from strongroom.rotation.rotator import TargetFailed
    from strongroom.rotation.rotators.mysql import check_ready

    mysql.make_user("app")
    with closing(connect(Document(document(mysql, ssl=False)), HERE)) as session:
        check_ready(session)
        session.is_private = False
        with pytest.raises(TargetFailed, match="without TLS it is not sent"):
            check_ready(session)


def test_a_rehearsal_says_what_would_be_sent(database: MariaDB, stand: Stand) -> None:
    """Masked, and nothing is changed."""
    from strongroom.rotation.rehearsing import dry_run

    database.make_user("app")
    secret_id = stand.add(document(database))
    found = dry_run(stand.parts, {"secret": stand.secret(secret_id).name})
    assert all(check["is_met"] for check in found["checks"])
    assert found["statements"][0].endswith("'…'")
    assert database.logs_in("app", "first")
    database.run("SET GLOBAL read_only = ON")
    try:
        found = dry_run(stand.parts, {"secret": stand.secret(secret_id).name})
    finally:
        database.run("SET GLOBAL read_only = OFF")
    assert [check["is_met"] for check in found["checks"]] == [True, True, False]
