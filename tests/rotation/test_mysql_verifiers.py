"""Verifiers of MySQL and MariaDB against published vectors, and against what the servers themselves make."""

from __future__ import annotations

import pytest

from strongroom.rotation.rotators.mysql_verifiers import (
    PLUGINS,
    is_verifier_of,
    new_salt,
    sha256_crypt,
    verifier,
)
from tests.support.mariadb import MariaDB

SHA_CRYPT = [
    ("Hello world!", "saltstring", 5_000, "5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"),
    ("Hello world!", "saltstringsaltst", 10_000, "3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA"),
    ("This is just a test", "toolongsaltstrin", 5_000, "Un/5jzAHMgOGZ5.mWJpuVolil07guHPvOW8mGRcvxa5"),
    (
        "a very much longer text to encrypt.  This one even stretches over morethan one line.",
        *("anotherlongsalts", 1_400, "Rx.j8H.h8HjEDGomFU8bDkXm3XIUnzyxf12oP84Bnq1"),
    ),
    (
        "we have a short salt string but not a short password",
        *("short", 77_777, "JiO1O3ZpDAxGJeaDIuqCoEFysAe1mZNJRs3pw0KQRd/"),
    ),
    ("a short string", "asaltof16chars..", 123_456, "gP3VQ/6X7UUEW3HkBn2w1/Ptq2jxPyzV/cZKmF/wJvD"),
]
"""U. Drepper, "Unix crypt using SHA-256 and SHA-512", test vectors; its salts are cut after 16 characters."""
FROM_MARIADB = [
    ("mysql_native_password", "password", "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19"),
    ("ed25519", "secret", "ZIgUREUg5PVgQ6LskhXmO+eZLS0nC8be6HPjYWR4YJY"),
]
"""The examples of MariaDB's documentation: PASSWORD(), and "Authentication Plugin - ed25519"."""
PASSWORDS = ["first", "x" * 33, "x" * 200, "Pässwörd €", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"]


@pytest.mark.parametrize(("password", "salt", "rounds", "digest"), SHA_CRYPT)
def test_published_vectors_of_sha_crypt(password: str, salt: str, rounds: int, digest: str) -> None:
    """All of them whose rounds are in bounds."""
    assert sha256_crypt(password.encode(), salt.encode(), rounds) == digest


@pytest.mark.parametrize(("plugin", "password", "expected"), FROM_MARIADB)
def test_published_vectors_of_mariadb(plugin: str, password: str, expected: str) -> None:
    """What MariaDB's documentation shows."""
    assert verifier(plugin, password, "") == expected


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("plugin", sorted(PLUGINS))
def test_a_verifier_is_known_again(plugin: str, password: str) -> None:
    """Of its password, and of no other one."""
    made = verifier(plugin, password, new_salt(), 7_999)
    assert is_verifier_of(plugin, made, password)
    assert not is_verifier_of(plugin, made, password + "x")
    assert not is_verifier_of(plugin, made[:-1], password)
    assert not is_verifier_of(plugin, "", password)


def test_rounds_are_whole_thousands_in_bounds() -> None:
    """A server that asks for millions would hold the rotation up."""
    starts = [
        verifier("caching_sha2_password", "x", new_salt(), rounds)[:7] for rounds in (1, 10_000, 4_095_000)
    ]
    assert starts == ["$A$005$", "$A$00A$", "$A$032$"]


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("plugin", ["caching_sha2_password", "sha256_password"])
def test_mysql_makes_and_takes_the_same(mysql: MariaDB, plugin: str, password: str) -> None:
    """What it stored is known again; what is made here lets the password in."""
    quoted = "'" + password.replace("\\", "\\\\").replace("'", "''") + "'"
    mysql.run("DROP USER IF EXISTS made", f"CREATE USER made IDENTIFIED WITH {plugin} BY {quoted}")
    [[stored]] = mysql.rows("SELECT authentication_string FROM mysql.user WHERE User = 'made'")
    assert is_verifier_of(plugin, stored, password)
    mysql.run(f"ALTER USER made IDENTIFIED WITH {plugin} AS '{verifier(plugin, password, new_salt())}'")
    assert mysql.logs_in("made", password)
    assert not mysql.logs_in("made", password + "x")


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize("plugin", ["mysql_native_password", "ed25519"])
def test_mariadb_makes_the_same(mariadb: MariaDB, plugin: str, password: str) -> None:
    """These have no salt: they are equal, character by character."""
    quoted = "'" + password.replace("\\", "\\\\").replace("'", "''") + "'"
    mariadb.run(
        "DROP USER IF EXISTS made", f"CREATE USER made IDENTIFIED VIA {plugin} USING PASSWORD({quoted})"
    )
    [[stored]] = mariadb.rows("SELECT authentication_string FROM mysql.user WHERE User = 'made'")
    assert stored == verifier(plugin, password, "")
    assert mariadb.logs_in("made", password)
