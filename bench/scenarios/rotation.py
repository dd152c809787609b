"""Single-user rotations of PostgreSQL against their own SQL in a plain script: what the journal and the labels add.

The script does what a rotation does at the target, with the same driver: log-ins with the pending value (refused),
with the current one, with the current one again for the change itself, with the new one twice, with the old one
(refused). One rotation by itself, and a thousand that are due at the same moment.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import uuid
from typing import Any, Final

from tests.support.postgresql import PostgreSQL

from bench import processes, servers
from bench.filling import Deployment, add_secret, filling_context, new_deployment
from bench.measuring import Plan, Report, spread
from bench.processes import SERVER_CORE
from bench.rotating_by_hand import rotate
from bench.servers import Server, ServerFailed
from strongroom.clock import DAY_MS, Instant, system_clock
from strongroom.config import Settings
from strongroom.opening import Opened, run_alone
from strongroom.services.secretsmanager.model import Rotation
from strongroom.services.secretsmanager.rotation_rows import RotationRow, Work, save_rotation
from strongroom.store.engine import StoreLock, open_connection
from strongroom.store.transaction import Transaction

ADDED_MS_MOST: Final = 150
GIVE_UP_S: Final = 600.0
DUE_RATIO_MOST: Final = 1.5
DUE_ROUNDS_MOST: Final = 2
"""Each is a thousand rotations long, on both sides."""
DUE_IN_MS: Final = 5_000
USERS_IN_A_TRANSACTION: Final = 200
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
                began = time.perf_counter()
                password = rotate(target.port, "by_hand", password)
                theirs.append((time.perf_counter() - began) * 1_000)
    finally:
        target.close()
    report.note(f"rotation {spread(ours, '{:.0f}')} ms, its SQL by a script {spread(theirs, '{:.0f}')} ms")
    added = [max(a - b, 0.0) for a, b in zip(ours, theirs, strict=True)]
    report.at_most("rotation: added to its SQL, ms", added, ADDED_MS_MOST)
    _due_at_once(plan, report)


def _due_at_once(plan: Plan, report: Report) -> None:
    """Let many rotations be due at one moment, at one server; do the same by hand, in turn."""
    count, threads = plan.rotations, Settings(data_dir=plan.place).rotations_at_one_server
    deployment = new_deployment(plan.place / "due-rotations")
    ratios, ours, theirs = [], [], []
    used: list[float] = []
    used_by_script: list[float] = []
    failures = 0
    target = PostgreSQL()
    try:
        target.start()
        for number in range(min(plan.rounds, DUE_ROUNDS_MOST)):
            users = [f"many{user}" for user in range(2 * number * count, 2 * (number + 1) * count)]
            with target.admin() as connection:
                for user in (*users, f"warm{number}"):
                    connection.execute(f"CREATE ROLE {user} LOGIN PASSWORD 'first'".encode())
            due_ms = system_clock() + DUE_IN_MS
            _store(deployment, users[:count], target.port, due_ms)
            _store(
                deployment, [f"warm{number}"], target.port, system_clock()
            )  # the driver is imported by then
            with servers.strongroom(deployment, settings={"rotate_local_targets": "yes"}) as server:
                seconds, processor_seconds = _until_all_are_done(deployment, server, due_ms)
                failures += round(server.metrics()["strongroom_rotation_failures"])
            ours.append(seconds)
            used.append(processor_seconds * 1_000 / count)
            processor_seconds, seconds = _by_script(target.port, threads, (2 * number + 1) * count, count)
            theirs.append(seconds)
            used_by_script.append(processor_seconds * 1_000 / count)
            ratios.append(ours[-1] / theirs[-1])
    finally:
        target.close()
    report.note(
        f"{count} due at once, {threads} at a time: {spread(ours, '{:.1f}')} s, "
        f"their SQL by a script {spread(theirs, '{:.1f}')} s; {failures} attempts failed and were tried again"
    )
    report.note(
        f"processor time of one, without that of PostgreSQL: {spread(used, '{:.0f}')} ms, "
        f"by the script {spread(used_by_script, '{:.0f}')} ms"
    )
    report.at_most("rotation: due at once, times their SQL", ratios, DUE_RATIO_MOST)


def _store(deployment: Deployment, users: list[str], port: int, due_ms: Instant) -> None:
    """Store a secret for each user whose rotation is due at an instant."""
    opened = deployment.open()
    lock = StoreLock(deployment.directory)
    try:
        for first in range(0, len(users), USERS_IN_A_TRANSACTION):
            some = users[first : first + USERS_IN_A_TRANSACTION]
            run_alone(opened, lambda transaction: _add(transaction, deployment, opened, some, port, due_ms))  # noqa: B023 - run at once
    finally:
        lock.release()


def _add(
    transaction: Transaction,
    deployment: Deployment,
    opened: Opened,
    users: list[str],
    port: int,
    due_ms: Instant,
) -> None:
    value = {"engine": "postgres", "host": "127.0.0.1", "port": port, "password": "first"}
    context = filling_context(transaction, opened, deployment, system_clock())
    rotation = Rotation(is_enabled=True, days=30, next_ms=due_ms + DAY_MS)
    for number, user in enumerate(users):
        secret_id = add_secret(context, number, user, json.dumps({**value, "username": user}), rotation)
        save_rotation(transaction, RotationRow(secret_id, due_ms, 0, 0, Work()))


def _until_all_are_done(deployment: Deployment, server: Server, due_ms: Instant) -> tuple[float, float]:
    """Wait until each is due in its next window only, a month away; one that failed is due again before.

    Returns:
        The seconds since they were due, and the processor time of the server meanwhile.
    """
    connection = open_connection(deployment.open().database)
    count_left = "SELECT count(*) FROM rotations WHERE is_urgent IN (0, 1) AND due_ms <= ?"
    used: float | None = None
    try:
        while system_clock() < due_ms + GIVE_UP_S * 1_000:
            time.sleep(0.02)
            now_ms = system_clock()
            if used is None and now_ms >= due_ms:
                used = server.processor_seconds()
            left = next(iter(connection.execute(count_left, (due_ms + DAY_MS,))))[0]
            if used is not None and not left:
                return (now_ms - due_ms) / 1_000, server.processor_seconds() - used
    finally:
        connection.close()
    raise ServerFailed("rotations did not end")


def _by_script(port: int, threads: int, first: int, count: int) -> tuple[float, float]:
    """Do the same by a script, on the core of the server; return its processor time and how long it took."""
    command = [sys.executable, "-m", "bench.rotating_by_hand", *map(str, (port, threads, first, count))]
    with tempfile.TemporaryFile() as output:
        process = processes.start(command, (SERVER_CORE,), output, {"PYTHONPATH": str(servers.ROOT)})
        process.wait(GIVE_UP_S)
        output.seek(0)
        processor_seconds, seconds = map(float, output.read().decode().splitlines()[-2:])
        return processor_seconds, seconds


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
