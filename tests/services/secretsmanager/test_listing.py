"""Pages of secrets, on a real store: nothing is lost, doubled or out of order, and the cost has a bound."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import pytest

from strongroom.crypto.keyring import new_keyring
from strongroom.crypto.mac import RowMAC
from strongroom.gateway.positions import Position
from strongroom.services.secretsmanager import listing as listing_module
from strongroom.services.secretsmanager.filters import SecretFilters
from strongroom.services.secretsmanager.listing import ROWS_MOST, Listing, SortBy, find_page
from strongroom.services.secretsmanager.model import Attributes, Secret
from strongroom.services.secretsmanager.shapes import Filter
from strongroom.services.secretsmanager.tables import insert_secret
from strongroom.store.engine import open_connection
from strongroom.store.migration import migrate
from strongroom.store.table import Value
from strongroom.store.transaction import Transaction
from tests.support.groups import begin_store, committed

ACCOUNT, REGION = "111122223333", "us-east-1"
ORDERS: tuple[SortBy, ...] = ("created-date", "last-accessed-date", "last-changed-date", "name")


class CountingMAC:
    """The real authenticator, which also counts the rows that were read."""

    def __init__(self) -> None:
        self._real = RowMAC.of(new_keyring(0))
        self.rows_read = 0

    def tag(self, table: str, columns: Sequence[Value]) -> bytes:
        return self._real.tag(table, columns)

    def verify(self, table: str, columns: Sequence[Value], tag: bytes) -> None:
        if table == "secrets":
            self.rows_read += 1
        self._real.verify(table, columns, tag)

    def place(self, space: str, key: Sequence[Value]) -> bytes:
        return self._real.place(space, key)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[apsw.Connection]:
    """An empty store."""
    opened = open_connection(tmp_path / "store.db")
    migrate(opened)
    yield opened
    opened.close()


@pytest.fixture
def counter() -> CountingMAC:
    """The authenticator of the store."""
    return CountingMAC()


@pytest.fixture
def rows(connection: apsw.Connection, counter: CountingMAC) -> Transaction:
    """The rows of the store, writable."""
    transaction = Transaction(connection, counter, 1 << 20)
    begin_store(transaction)
    return transaction


def new_secret(number: int, name: str, **differences: object) -> Secret:
    """Make the secret that was created as number so-and-so."""
    plain: dict[str, object] = {
        "secret_id": number,
        "account": ACCOUNT,
        "region": REGION,
        "name": name,
        "suffix": "a1B2c3",
        "created_ms": number,
        "changed_ms": number,
        "accessed_ms": 0,
        "deleted_ms": None,
        "purge_ms": None,
        "attributes": Attributes(labels={}),
    }
    return Secret(**{**plain, **differences})  # type: ignore[arg-type]  # the differences have the fields' types


def fill(rows: Transaction, secrets: Sequence[Secret]) -> None:
    """Store secrets."""
    with committed(rows):
        for secret in secrets:
            insert_secret(rows, secret)


def listing(
    sort_by: SortBy = "created-date",
    *filters: tuple[Any, list[str]],
    descends: bool = False,
    includes_deleted: bool = False,
) -> Listing:
    """Ask for secrets of the test's account."""
    chosen = SecretFilters([Filter(key=key, values=values) for key, values in filters])
    return Listing(ACCOUNT, REGION, chosen, includes_deleted, sort_by, descends)


def every_page(rows: Transaction, wanted: Listing, most: int) -> list[list[Secret]]:
    """Follow a listing to its end."""
    pages: list[list[Secret]] = []
    after: Position | None = None
    while True:
        page = find_page(rows, wanted, after, most)
        pages.append(list(page.secrets))
        if page.next_position is None:
            return pages
        assert page.next_position != after, "a page went nowhere"
        after = page.next_position


@pytest.mark.parametrize("descends", [False, True])
@pytest.mark.parametrize("sort_by", ORDERS)
def test_pages_hold_every_secret_once_and_in_order(
    rows: Transaction, sort_by: SortBy, descends: bool
) -> None:
    """Whatever the page size, the pages together are what sorting everything would give."""
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    words = ["app", "app/db", "App", "web", "web!x", "z"]
    secrets = [
        new_secret(
            number,
            f"{chance.choice(words)}{number:03d}",
            changed_ms=chance.randrange(5),
            accessed_ms=chance.choice([0, 0, 0, 86_400_000]),
            deleted_ms=chance.choice([None, None, None, 7]),
            region=chance.choice([REGION, REGION, REGION, "eu-west-1"]),
        )
        for number in range(1, 121)
    ]
    fill(rows, secrets)
    for includes_deleted in (False, True):
        for filters in ([], [("name", ["app", "app/"])], [("name", ["!app"])], [("all", ["web", "z"])]):
            wanted = listing(sort_by, *filters, descends=descends, includes_deleted=includes_deleted)
            expected = sorted(
                (secret for secret in secrets if secret.region == REGION and wanted.selects(secret)),
                key=wanted.position_of,
                reverse=descends,
            )
            for most in (1, 7, 100):
                pages = every_page(rows, wanted, most)
                assert [secret for page in pages for secret in page] == expected
                assert all(len(page) == most for page in pages[:-1])


def test_the_last_page_has_no_next_position(rows: Transaction) -> None:
    """A page that ends just where the secrets end does not send its reader on."""
    fill(rows, [new_secret(number, f"name{number}") for number in range(1, 5)])
    assert find_page(rows, listing(), None, 4).next_position is None
    assert find_page(rows, listing(), None, 3).next_position is not None
    assert find_page(rows, listing("created-date", ("name", ["name1"])), None, 1).next_position is None


@pytest.mark.parametrize("sort_by", ORDERS)
def test_z04_a_page_looks_at_a_bounded_number_of_rows(
    rows: Transaction, counter: CountingMAC, sort_by: SortBy
) -> None:
    """A filter that matches one of many secrets yields empty pages that go on, and finds it in the end."""
    plain = [new_secret(number, f"name{number:05d}") for number in range(1, 3 * ROWS_MOST)]
    needle = new_secret(2 * ROWS_MOST + 500_000, "needle", attributes=Attributes({}, description="needle"))
    fill(rows, [*plain, needle])
    after: Position | None = None
    found: list[Secret] = []
    pages = 0
    wanted = listing(sort_by, ("description", ["needle"]))
    while pages == 0 or after is not None:
        counter.rows_read = 0
        page = find_page(rows, wanted, after, 100)
        assert counter.rows_read <= 1.25 * ROWS_MOST
        found += page.secrets
        after = page.next_position
        pages += 1
    assert found == [needle]
    assert pages == 3


def test_z04_secrets_that_wait_for_deletion_count_as_looked_at(
    rows: Transaction, counter: CountingMAC
) -> None:
    """Many deleted secrets in a row do not make a page of live ones dearer."""
    fill(rows, [new_secret(number, f"name{number:05d}", deleted_ms=1) for number in range(1, 2 * ROWS_MOST)])
    page = find_page(rows, listing(), None, 100)
    assert list(page.secrets) == []
    assert page.next_position is not None
    assert counter.rows_read <= 1.25 * ROWS_MOST


def test_a_name_is_found_among_many_in_one_page(rows: Transaction, counter: CountingMAC) -> None:
    """A narrow name filter reads the range of the index, in whatever order the answer comes."""
    fill(rows, [new_secret(number, f"name{number:05d}") for number in range(1, 3 * ROWS_MOST)])
    for sort_by in ORDERS:
        counter.rows_read = 0
        page = find_page(rows, listing(sort_by, ("name", ["name0290"])), None, 100)
        assert [secret.name for secret in page.secrets] == [f"name0290{digit}" for digit in range(10)]
        assert page.next_position is None
        assert counter.rows_read == 10


@pytest.mark.parametrize("prefixes", [["name"], ["name00", "name01", "name02"], ["none", "n"]])
@pytest.mark.parametrize("sort_by", ORDERS)
def test_z04_a_name_filter_that_matches_many_is_bounded_too(
    rows: Transaction, counter: CountingMAC, sort_by: SortBy, prefixes: list[str]
) -> None:
    """Ranges of the index that hold more rows than a page may look at are not read whole."""
    secrets = [new_secret(number, f"name{number:05d}") for number in range(1, 3 * ROWS_MOST)]
    fill(rows, secrets)
    counter.rows_read = 0
    page = find_page(rows, listing(sort_by, ("name", prefixes)), None, 100)
    assert list(page.secrets) == secrets[:100]
    assert page.next_position is not None
    assert counter.rows_read <= 1.25 * ROWS_MOST


def test_signs_that_sql_patterns_know_mean_themselves(rows: Transaction) -> None:
    """An underscore in a name filter is an underscore (Z-04)."""
    fill(rows, [new_secret(1, "a_b"), new_secret(2, "axb")])
    page = find_page(rows, listing("name", ("name", ["a_"])), None, 100)
    assert [secret.name for secret in page.secrets] == ["a_b"]


def test_z04_every_page_query_seeks_in_an_index(connection: apsw.Connection) -> None:
    """No clause scans the table, sorts in a temporary tree or skips rows by number."""
    nested = (
        *listing_module._BY_CREATION,
        *listing_module._BY_NAME,
        *(clause for way in listing_module._BY_CHANGE for clause in way),
        *(clause for way in listing_module._BY_ACCESS for clause in way),
        listing_module._OF_NAMES,
    )
    for statement in (*(f"SELECT * FROM secrets {clause}" for clause in nested), listing_module._COUNT_NAMES):
        assert "OFFSET" not in statement
        assert "LIKE" not in statement
        bindings = (1,) * statement.count("?")
        plan = [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", bindings)]
        seeks = [step for step in plan if step.startswith("SEARCH secrets USING")]
        assert len(seeks) == 1, plan
        assert not any("TEMP B-TREE" in step for step in plan), plan
        # The last thing compared is part of the seek, so that rows of one date are not read again and again.
        last_column = statement.split(" ORDER")[0].split(" LIMIT")[0].split(" AND ")[-1].split()[0]
        assert last_column in seeks[0] or "rowid" in seeks[0], plan


def test_secrets_of_other_accounts_are_not_listed(rows: Transaction) -> None:
    """A listing stays in its account and Region."""
    fill(
        rows,
        [
            new_secret(1, "mine"),
            new_secret(2, "theirs", account="444455556666"),
            new_secret(3, "elsewhere", region="eu-west-1"),
        ],
    )
    for sort_by in ORDERS:
        assert [secret.name for page in every_page(rows, listing(sort_by), 10) for secret in page] == ["mine"]
    assert find_page(rows, listing("name", ("name", ["t", "e"])), None, 10).secrets == []
