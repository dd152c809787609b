"""What a rotation does at PostgreSQL, by a script: ``python -m bench.rotating_by_hand PORT THREADS FIRST COUNT``.

For each of the users ``many<FIRST>`` to ``many<FIRST + COUNT - 1>`` the log-ins and the statement of one single-user
rotation, with the same driver and as many at a time. Prints the seconds of processor time, and those that it took.
"""

from __future__ import annotations

import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import sql


def rotate(port: int, user: str, old: str) -> str:
    """Log in with the new password (refused) and the old one, change it, log in with the new one and the old one.

    Returns:
        The new password.
    """
    new = uuid.uuid4().hex
    for password in (new, old):
        with suppress(psycopg.OperationalError):
            log_in(port, user, password).close()
    with log_in(port, user, old) as connection:
        verifier = connection.pgconn.encrypt_password(new.encode(), user.encode(), b"scram-sha-256").decode()
        statement = sql.SQL("BEGIN; ALTER ROLE {} PASSWORD {}").format(
            sql.Identifier(user), sql.Literal(verifier)
        )
        connection.execute(statement)
        connection.execute("COMMIT")
    for password in (new, new, old):
        with suppress(psycopg.OperationalError):
            log_in(port, user, password).close()
    return new


def log_in(port: int, user: str, password: str) -> psycopg.Connection[Any]:
    """Log in, and ask something."""
    connection = psycopg.connect(
        host="127.0.0.1", port=port, user=user, password=password, dbname="postgres", autocommit=True,
        connect_timeout=5,
    )  # fmt: skip
    connection.execute("SELECT session_user")
    return connection


def main() -> None:
    """Rotate the users that the arguments name."""
    port, threads, first, count = (int(argument) for argument in sys.argv[1:])
    users = [f"many{number}" for number in range(first, first + count)]
    with ThreadPoolExecutor(threads) as pool:
        list(
            pool.map(lambda _: time.sleep(0.01), range(threads))
        )  # the threads are there before the clock runs
        began, used = time.perf_counter(), time.process_time()
        list(pool.map(lambda user: rotate(port, user, "first"), users))
        print(time.process_time() - used)
        print(time.perf_counter() - began)


if __name__ == "__main__":
    main()
