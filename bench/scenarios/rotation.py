"""A single-user rotation of PostgreSQL against its own SQL in a plain script: what the journal and the labels add.

The script does what a rotation does at the target, with the same driver: log-ins with the pending value (refused),
with the current one, with the current one again for the change itself, with the new one twice, with the old one
(refused).
"""

from __future__ import annotations

import json
import time
import uuid
from contextlib import suppress
from typing import Any, Final

import psycopg
from psycopg import sql
from tests.support.postgresql import PostgreSQL

from bench import servers
from bench.filling import new_deployment
from bench.measuring import Plan, Report, spread
from bench.servers import Server, ServerFailed

ADDED_MS_MOST: Final = 150
GIVE_UP_S: Final = 60.0
_ROTATIONS: Final = 10


def run(plan: Plan, report: Report) -> None:
    """Rotate, and do the same by hand, in turn."""
    report.title("rotation", "a single-user rotation of PostgreSQL against its own SQL")
    deployment = new_deployment(plan.place / "rotation", 1)
    target = PostgreSQL()
    try:
        target.start()
        target.run("CREATE ROLE rotated LOGIN PASSWORD 'first'", "CREATE ROLE by_hand LOGIN PASSWORD 'first'")
        with servers.strongroom(deployment, settings={"rotate_local_targets": "yes"}) as server:
            _create(server, target)
            _rotate(server)  # the driver is imported at the first one
            ours, theirs = [], []
            password = "first"
            for _ in range(_ROTATIONS * plan.rounds):
                ours.append(_rotate(server))
                taken, password = _by_hand(target, password)
                theirs.append(taken)
    finally:
        target.close()
    report.note(f"rotation {spread(ours, '{:.0f}')} ms, its SQL by a script {spread(theirs, '{:.0f}')} ms")
    added = [max(a - b, 0.0) for a, b in zip(ours, theirs, strict=True)]
    report.at_most("rotation: added to its SQL, ms", added, ADDED_MS_MOST)


def _create(server: Server, target: PostgreSQL) -> None:
    value = {"engine": "postgres", "host": "127.0.0.1", "port": target.port}
    value |= {"username": "rotated", "password": "first"}
    members = {"Name": "rotated", "SecretString": json.dumps(value), "ClientRequestToken": str(uuid.uuid4())}
    server.call("CreateSecret", members)


def _rotate(server: Server) -> float:
    """Rotate once; return the milliseconds from the call until the rotation is done."""
    token = str(uuid.uuid4())
    began = time.perf_counter()
    server.call("RotateSecret", {"SecretId": "rotated", "ClientRequestToken": token})
    while True:
        stages: Any = server.call("DescribeSecret", {"SecretId": "rotated"})["VersionIdsToStages"]
        taken = time.perf_counter() - began
        if stages.get(token) == ["AWSCURRENT"]:
            return taken * 1_000
        if taken > GIVE_UP_S:
            raise ServerFailed("a rotation did not end")
        time.sleep(0.002)


def _by_hand(target: PostgreSQL, old: str) -> tuple[float, str]:
    """Do at the target what a rotation does; return the milliseconds and the new password."""
    new = uuid.uuid4().hex
    began = time.perf_counter()
    for password in (new, old):
        with suppress(psycopg.OperationalError):
            _log_in(target, password).close()
    with _log_in(target, old) as connection:
        verifier = connection.pgconn.encrypt_password(new.encode(), b"by_hand", b"scram-sha-256").decode()
        connection.execute(sql.SQL("BEGIN; ALTER ROLE by_hand PASSWORD {}").format(sql.Literal(verifier)))
        connection.execute("COMMIT")
    for password in (new, new, old):
        with suppress(psycopg.OperationalError):
            _log_in(target, password).close()
    return (time.perf_counter() - began) * 1_000, new


def _log_in(target: PostgreSQL, password: str) -> psycopg.Connection[Any]:
    connection = target.connect("by_hand", password)
    connection.execute("SELECT session_user")
    return connection
