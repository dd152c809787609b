"""A deployment opened in the test's own process, whose rotations run step by step on the real runner and store."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from strongroom.clock import system_clock
from strongroom.config import Settings
from strongroom.crypto.material import Plaintext
from strongroom.egress.addresses import parse_networks
from strongroom.egress.fetch import Egress
from strongroom.gateway.counters import SharedCounters
from strongroom.gateway.operation import Service
from strongroom.ids import new_uuid
from strongroom.opening import create, open_deployment
from strongroom.rotation.acting import Acting, Keys
from strongroom.rotation.backlog import Backlog, Limits
from strongroom.rotation.commits import Event, commit
from strongroom.rotation.loop import RotationLoop
from strongroom.rotation.parts import Parts
from strongroom.rotation.rotators import Reach, find_rotator
from strongroom.rotation.runner import Runner
from strongroom.rotation.tally import Tally
from strongroom.seal.file import FileSeal
from strongroom.services.secretsmanager.model import (
    AWSCURRENT,
    Attributes,
    Rotation,
    Secret,
    Version,
    move_current,
    put_labels,
)
from strongroom.services.secretsmanager.rotation_rows import (
    HistoryEntry,
    RotationRow,
    Work,
    after_labels,
    find_rotation,
    list_history,
    save_rotation,
)
from strongroom.services.secretsmanager.rotation_start import start_rotation
from strongroom.services.secretsmanager.tables import (
    find_secret_by_id,
    find_version,
    insert_secret,
    insert_version,
    new_secret_id,
    update_secret,
    update_version,
)
from strongroom.services.secretsmanager.values import Value, seal_version
from strongroom.services.table import SERVICES
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction
from strongroom.store.writer import Writer
from strongroom.workers.background import open_writer

ACCOUNT, REGION = "111122223333", "us-east-1"


class Crash(BaseException):
    """The process ends here."""


class Stand:
    """A store with secrets, and runners that a test may stop anywhere."""

    def __init__(self, directory: Path, ca_file: Path | None = None) -> None:
        settings = Settings(data_dir=directory / "data")
        seal = FileSeal(directory / "root.key")
        create(settings, seal, ACCOUNT, (REGION,), system_clock())
        opened = open_deployment(settings, seal)
        self.opened = opened
        self.writer = open_writer(opened)
        self.writer.start()
        self.offset_ms = 0
        self.keys = Keys(opened.keyring, lambda: system_clock() + self.offset_ms)
        services: dict[str, Service] = {service.name: service for service in SERVICES}
        egress = Egress(parse_networks("127.0.0.0/8"), ca_file, lambda: 0, plain_on_loopback=True)
        reach = Reach(ca_file, True, egress)
        self.hook: Callable[[str], None] = lambda _: None
        self.parts = Parts(
            writer=self.writer,
            keys=self.keys,
            services=services,
            find_rotator=lambda name: find_rotator(name, reach),
            hook=lambda name: self.hook(name),
        )

    def close(self) -> None:
        """End it."""
        self.writer.stop()

    def loop(self, limits: Limits, writer: Writer | None = None, *, is_alone: bool = False) -> RotationLoop:
        """Make what runs all that is due, as a process with this writer does; it is to be started."""
        backlog = Backlog(limits)
        parts = msgspec.structs.replace(self.parts, writer=writer or self.writer, admit=backlog.move)
        return RotationLoop(parts, backlog, self.rows, Tally(SharedCounters(1)), is_alone=is_alone)

    # Secrets

    def add(self, document: dict[str, Any], **rotation: Any) -> int:
        """Store a secret that is to be rotated; return its number."""

        def work(transaction: Transaction, _events: list[Event]) -> int:
            now_ms = self.keys.clock()
            secret_id = new_secret_id(transaction, now_ms)
            version_id = new_uuid()
            configured = Rotation(is_enabled=True, **rotation)
            attributes = Attributes(labels={AWSCURRENT: version_id}, rotation=configured)
            secret = Secret(
                secret_id,
                ACCOUNT,
                REGION,
                f"secret{secret_id}",
                "a1B2c3",
                now_ms,
                now_ms,
                0,
                None,
                None,
                attributes,
            )
            insert_secret(transaction, secret)
            insert_version(transaction, self._sealed(transaction, secret, version_id, document))
            return secret_id

        return commit(self.writer, work)

    def put(self, secret_id: int, document: dict[str, Any]) -> str:
        """Put a value by hand, as PutSecretValue does."""

        def work(transaction: Transaction, _events: list[Event]) -> str:
            secret = _existing(transaction, secret_id)
            version_id = new_uuid()
            insert_version(transaction, self._sealed(transaction, secret, version_id, document))
            attributes = msgspec.structs.replace(
                secret.attributes, labels=put_labels(secret.labels, version_id, None)
            )
            changed = msgspec.structs.replace(secret, attributes=attributes)
            now_ms = self.keys.clock()
            update_secret(transaction, after_labels(transaction, secret, changed, now_ms, is_new_value=True))
            return version_id

        return commit(self.writer, work)

    def fill(self, secret_id: int, version_id: str, document: dict[str, Any]) -> None:
        """Fill the version of a rotation by hand, as PutSecretValue with its token does."""

        def work(transaction: Transaction, _events: list[Event]) -> None:
            secret = _existing(transaction, secret_id)
            update_version(transaction, self._sealed(transaction, secret, version_id, document))

        commit(self.writer, work)

    def schedule(self, secret_id: int, *, due_in_ms: int, closes_in_ms: int) -> None:
        """Let a rotation be due by its schedule, in a window that closes then."""

        def work(transaction: Transaction, _events: list[Event]) -> None:
            now_ms = self.keys.clock()
            secret = _existing(transaction, secret_id)
            assert secret.attributes.rotation is not None
            rotation = msgspec.structs.replace(
                secret.attributes.rotation, next_ms=now_ms + closes_in_ms - 1_000
            )
            attributes = msgspec.structs.replace(secret.attributes, rotation=rotation)
            update_secret(transaction, msgspec.structs.replace(secret, attributes=attributes))
            row = find_rotation(transaction, secret_id) or RotationRow(secret_id, None, 0, 0, Work())
            save_rotation(transaction, msgspec.structs.replace(row, due_ms=now_ms + due_in_ms))

        commit(self.writer, work)

    def rows(self) -> Rows:
        """Open a connection that reads."""
        return self.opened.open_rows(1_048_576)

    def has_value(self, secret_id: int, version_id: str) -> bool:
        """Whether a version has a value."""

        def work(transaction: Transaction, _events: list[Event]) -> bool:
            version = find_version(transaction, secret_id, version_id)
            return version is not None and version.has_value

        return commit(self.writer, work)

    def promote(self, secret_id: int, version_id: str) -> None:
        """Move AWSCURRENT to a version, as UpdateSecretVersionStage does."""

        def work(transaction: Transaction, _events: list[Event]) -> None:
            secret = _existing(transaction, secret_id)
            labels = dict(secret.labels)
            if labels.get(AWSCURRENT) != version_id:
                move_current(labels, version_id)
            attributes = msgspec.structs.replace(secret.attributes, labels=labels)
            changed = msgspec.structs.replace(secret, attributes=attributes)
            update_secret(transaction, after_labels(transaction, secret, changed, self.keys.clock()))

        commit(self.writer, work)

    def change(self, secret_id: int, edit: Callable[[Secret], Secret]) -> None:
        """Change a secret's row, and let its rotation be looked at."""

        def work(transaction: Transaction, _events: list[Event]) -> None:
            secret = _existing(transaction, secret_id)
            update_secret(transaction, edit(secret))
            row = find_rotation(transaction, secret_id)
            if row is not None:
                save_rotation(transaction, msgspec.structs.replace(row, due_ms=self.keys.clock()))

        commit(self.writer, work)

    def secret(self, secret_id: int) -> Secret:
        """Read a secret."""
        return commit(self.writer, lambda transaction, _events: _existing(transaction, secret_id))

    def row(self, secret_id: int) -> RotationRow:
        """Read the row of its rotation."""
        found = commit(self.writer, lambda transaction, _events: find_rotation(transaction, secret_id))
        assert found is not None
        return found

    def value(self, secret_id: int, label: str = AWSCURRENT) -> dict[str, Any] | None:
        """Read the value under a label; None when there is none."""

        def work(transaction: Transaction, _events: list[Event]) -> dict[str, Any] | None:
            secret = _existing(transaction, secret_id)
            acting = Acting(transaction, self.keys, self.parts.services, secret, self.keys.clock())
            document = acting.open(secret.labels.get(label, ""))
            return None if document is None else document.reveal()

        return commit(self.writer, work)

    def versions(self, secret_id: int) -> int:
        """Count the versions that have a value."""

        def work(transaction: Transaction, _events: list[Event]) -> int:
            ids: list[Any] = transaction.column(
                "SELECT version_id FROM secret_versions WHERE secret_id = ?", (secret_id,)
            )
            found = [find_version(transaction, secret_id, version_id) for version_id in ids]
            return sum(1 for version in found if version is not None and version.has_value)

        return commit(self.writer, work)

    def history(self, secret_id: int) -> list[HistoryEntry]:
        """Read what happened."""
        return commit(
            self.writer,
            lambda transaction, _events: list_history(transaction, _existing(transaction, secret_id)),
        )

    # Rotations

    def begin(self, secret_id: int) -> str:
        """Begin a rotation; return its token."""
        token = new_uuid()

        def work(transaction: Transaction, events: list[Event]) -> None:
            now_ms = self.keys.clock()
            secret = _existing(transaction, secret_id)
            _, event = start_rotation(transaction, secret, token, now_ms, now_ms + 86_400_000)
            events.append(event)

        commit(self.writer, work)
        return token

    def run(self, secret_id: int) -> None:
        """Let a fresh runner go on, as a process that was just started does."""
        self.give_back(secret_id)
        Runner(self.parts, secret_id).run()

    def give_back(self, secret_id: int) -> None:
        """Give the lease back and let the rotation be due, as at the start of the process."""

        def work(transaction: Transaction, _events: list[Event]) -> None:
            row = find_rotation(transaction, secret_id)
            if row is not None and row.work.token:
                row = msgspec.structs.replace(row, lease_until_ms=0, due_ms=self.keys.clock())
                save_rotation(transaction, row)

        commit(self.writer, work)

    def run_until_crash(self, secret_id: int, at: int) -> bool:
        """Run, and end the process at the boundary with this number; False when there was none."""
        passed = 0

        def hook(_name: str) -> None:
            nonlocal passed
            passed += 1
            if passed > at:
                raise Crash

        self.hook = hook
        try:
            self.run(secret_id)
        except Crash:
            return True
        finally:
            self.hook = lambda _: None
        return False

    def at(self, boundary: str, act: Callable[[], None]) -> None:
        """Let something happen once, at a boundary."""

        def hook(name: str) -> None:
            if name == boundary:
                self.hook = lambda _: None
                act()

        self.hook = hook

    def _sealed(
        self, transaction: Transaction, secret: Secret, version_id: str, document: dict[str, Any]
    ) -> Version:
        acting = Acting(transaction, self.keys, self.parts.services, secret, self.keys.clock())
        value = Value("SecretString", Plaintext(json.dumps(document).encode()))
        return seal_version(acting.context, secret, version_id, value)


def _existing(transaction: Transaction, secret_id: int) -> Secret:
    found = find_secret_by_id(transaction, secret_id)
    assert found is not None
    return found
