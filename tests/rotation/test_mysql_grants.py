"""Grants of MySQL and MariaDB: rows that try to deceive, and that what is sent always ends in what is wanted.

The rows are in the forms that MySQL 5.7, 8 and 9 and MariaDB 10 show.
"""

from __future__ import annotations

import random

import pytest

from strongroom.rotation.rotators.mysql_grants import (
    Grant,
    GrantsUnreadable,
    Kind,
    equalise,
    is_too_powerful,
    read_grants,
)

PRIVILEGE, ROLE, REVOKED = Kind.PRIVILEGE, Kind.ROLE, Kind.REVOKED


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("GRANT USAGE ON *.* TO `app`@`%`", set()),
        (
            "GRANT SELECT ON `a TO b`.* TO `app`@`%` WITH GRANT OPTION",
            {Grant(PRIVILEGE, "SELECT", "`a TO b`.*", True)},
        ),
        (
            "GRANT USAGE ON `d`.* TO `app`@`%` WITH GRANT OPTION",
            {Grant(PRIVILEGE, "USAGE", "`d`.*", True)},
        ),
        (
            "GRANT SELECT (`a ON b`, `x``y`), CREATE TEMPORARY TABLES ON `d`.`t TO ``u``` TO `app`@`%`",
            {
                Grant(PRIVILEGE, "SELECT (`a ON b`)", "`d`.`t TO ``u```", False),
                Grant(PRIVILEGE, "SELECT (`x``y`)", "`d`.`t TO ``u```", False),
                Grant(PRIVILEGE, "CREATE TEMPORARY TABLES", "`d`.`t TO ``u```", False),
            },
        ),
        (
            "GRANT SELECT ON `d`.* TO `x WITH GRANT OPTION`@`%`",
            {Grant(PRIVILEGE, "SELECT", "`d`.*", False)},
        ),
        (
            "GRANT PROCESS ON *.* TO `app`@`%` IDENTIFIED BY PASSWORD '*AB' REQUIRE SSL WITH MAX_QUERIES_PER_HOUR 5",
            {Grant(PRIVILEGE, "PROCESS", "*.*", False)},
        ),
        (
            "GRANT PROCESS ON *.* TO `app`@`%` IDENTIFIED BY PASSWORD '*AB' WITH GRANT OPTION MAX_QUERIES_PER_HOUR 5",
            {Grant(PRIVILEGE, "PROCESS", "*.*", True)},
        ),
        (
            "GRANT BACKUP_ADMIN,CLONE_ADMIN ON *.* TO `app`@`%`",
            {Grant(PRIVILEGE, "BACKUP_ADMIN", "*.*", False), Grant(PRIVILEGE, "CLONE_ADMIN", "*.*", False)},
        ),
        (
            "GRANT EXECUTE ON FUNCTION `d`.`f` TO 'app'@'%'",
            {Grant(PRIVILEGE, "EXECUTE", "FUNCTION `d`.`f`", False)},
        ),
        (
            "GRANT EXECUTE ON PACKAGE BODY `d`.`f` TO `app`@`%`",
            {Grant(PRIVILEGE, "EXECUTE", "PACKAGE BODY `d`.`f`", False)},
        ),
        ("GRANT PROXY ON ``@`` TO `app`@`%`", {Grant(PRIVILEGE, "PROXY", "``@``", False)}),
        (
            "GRANT PROXY ON 'root'@'localhost' TO 'app'@'%'",
            {Grant(PRIVILEGE, "PROXY", "'root'@'localhost'", False)},
        ),
        (
            "GRANT `r`@`%`,`s`@`%` TO `app`@`%`",
            {Grant(ROLE, "`r`@`%`", "", False), Grant(ROLE, "`s`@`%`", "", False)},
        ),
        ("GRANT `r TO x` TO `app`@`%` WITH ADMIN OPTION", {Grant(ROLE, "`r TO x`", "", True)}),
        (
            "REVOKE SELECT, INSERT ON `d`.* FROM `app`@`%`",
            {Grant(REVOKED, "SELECT", "`d`.*", False), Grant(REVOKED, "INSERT", "`d`.*", False)},
        ),
        ("SET DEFAULT ROLE `r` FOR `app`@`%`", set()),
    ],
)
def test_rows_are_read_whole(row: str, expected: set[Grant]) -> None:
    """Names that look like parts of a statement are names."""
    assert read_grants([row]) == expected


@pytest.mark.parametrize(
    "row",
    [
        "",
        "GRANT SELECT ON d.* TO app",
        "GRANT SELECT; DROP TABLE x ON `d`.* TO `app`@`%`",
        "GRANT select ON `d`.* TO `app`@`%`",
        "DENY SELECT ON `d`.* TO `app`@`%`",
        "GRANT SELECT ON `d`.* `e` TO `app`@`%`",
    ],
)
def test_r01_rows_of_another_form_are_not_guessed_at(row: str) -> None:
    """A later version may show what is not known here."""
    with pytest.raises(GrantsUnreadable):
        read_grants([row])


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("GRANT ALL PRIVILEGES ON *.* TO `a`@`%`", True),
        ("GRANT SUPER, SELECT ON *.* TO `a`@`%`", True),
        ("GRANT CREATE USER ON *.* TO `a`@`%`", True),
        ("GRANT SYSTEM_USER ON *.* TO `a`@`%`", True),
        ("GRANT SELECT ON *.* TO `a`@`%` WITH GRANT OPTION", True),
        ("GRANT ALL PRIVILEGES ON `d`.* TO `a`@`%` WITH GRANT OPTION", False),
        ("GRANT SELECT, PROCESS ON *.* TO `a`@`%`", False),
    ],
)
def test_r02_who_rules_over_accounts(row: str, expected: bool) -> None:
    """Such accounts do not alternate."""
    assert is_too_powerful(read_grants([row])) is expected


class Server:
    """What GRANT and REVOKE do, as far as they are sent."""

    def __init__(self, grants: frozenset[Grant]) -> None:
        self.options = {grant.on for grant in grants if grant.kind is PRIVILEGE and grant.may_pass_on}
        self.privileges = {(g.on, g.what) for g in grants if g.kind is PRIVILEGE and g.what != "USAGE"}
        self.roles = {grant.what: grant.may_pass_on for grant in grants if grant.kind is ROLE}

    def run(self, statement: str) -> None:
        """Do what a statement says."""
        verb, rest = statement.split(" ", 1)
        joint = " TO me" if verb == "GRANT" else " FROM me"
        head, _, tail = rest.partition(joint)
        what, _, on = head.partition(" ON ")
        if not on:
            for role in what.split(", "):
                if verb == "GRANT":
                    self.roles[role] = self.roles.get(role, False) or "ADMIN" in tail
                else:
                    del self.roles[role]
        elif verb == "GRANT":
            self.privileges |= {(on, one) for one in what.split(", ") if one != "USAGE"}
            if "GRANT OPTION" in tail:
                self.options.add(on)
        elif what == "GRANT OPTION":
            self.options.discard(on)
        else:
            for one in what.split(", "):
                self.privileges -= {
                    pair for pair in self.privileges if pair[0] == on and one in (pair[1], "ALL PRIVILEGES")
                }

    def grants(self) -> frozenset[Grant]:
        """What SHOW GRANTS would say: ALL stands for everything."""
        everything = {on for on, what in self.privileges if what == "ALL PRIVILEGES"}
        found = {
            Grant(PRIVILEGE, what, on, on in self.options)
            for on, what in self.privileges
            if on not in everything or what == "ALL PRIVILEGES"
        }
        bare = self.options - {on for on, _ in self.privileges}
        found |= {Grant(PRIVILEGE, "USAGE", on, True) for on in bare}
        return frozenset(found | {Grant(ROLE, role, "", option) for role, option in self.roles.items()})


def _random_grants(chance: random.Random) -> frozenset[Grant]:
    server = Server(frozenset())
    for on in ("`d`.*", "`d`.`t`", "FUNCTION `d`.`f`"):
        for what in ("SELECT", "INSERT", "UPDATE (`c`)"):
            if chance.random() < 0.4:
                server.privileges.add((on, what))
        if chance.random() < 0.2:
            server.privileges.add((on, "ALL PRIVILEGES"))
        if chance.random() < 0.3:
            server.options.add(on)
    for role in ("`r`", "`s`"):
        if chance.random() < 0.5:
            server.roles[role] = chance.random() < 0.5
    return server.grants()


def test_what_is_sent_ends_in_what_is_wanted() -> None:
    """From anything to anything, in two passes at most; what is equal already costs nothing."""
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    for _ in range(2_000):
        wanted, present = _random_grants(chance), _random_grants(chance)
        server = Server(present)
        for _ in range(2):
            for statement in equalise(wanted, server.grants(), "me"):
                server.run(statement)
        assert server.grants() == wanted, f"seed {seed}: {sorted(wanted)} from {sorted(present)}"
        assert equalise(wanted, wanted, "me") == []
