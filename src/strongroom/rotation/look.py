"""One look at a rotation: rows and opened values of one transaction, on which the next step is decided."""

from __future__ import annotations

import msgspec

from strongroom.clock import Instant
from strongroom.rotation.acting import Acting
from strongroom.rotation.commits import Event
from strongroom.rotation.machine import Aim, Standing, State, aim_at, is_contested
from strongroom.rotation.parts import Parts
from strongroom.rotation.rotator import Document, DocumentRefused, TargetFailed
from strongroom.rotation.standing import standing_of
from strongroom.services.secretsmanager.model import AWSCURRENT, AWSPREVIOUS, Secret
from strongroom.services.secretsmanager.rotation_functions import BuiltIn, built_in_for, find_built_in
from strongroom.services.secretsmanager.rotation_rows import RotationRow
from strongroom.store.transaction import Transaction


class Look(msgspec.Struct, frozen=True):
    """One look at a rotation: the rows and the opened values of one transaction.

    Attributes:
        secret: The secret.
        row: The row, with this runner's lease.
        standing: How the labels stand to it.
        function: Which built-in function rotates it.
        by_function: The ARN of the function of the Lambda service that rotates it; empty for none. Of such a secret
            nothing is opened here.
        documents: The opened values by version id.
        administrator: The opened administrator's secret.
        problem: Why they could not be opened.
    """

    secret: Secret
    row: RotationRow
    standing: Standing
    function: BuiltIn | None
    documents: dict[str, Document]
    administrator: Document | None
    problem: TargetFailed | None
    by_function: str = ""

    @property
    def state(self) -> State:
        """What is durably known."""
        return State(self.row.work.state)

    @property
    def current(self) -> Document | None:
        """The opened current value."""
        return self.documents.get(self.secret.labels.get(AWSCURRENT, ""))

    @property
    def place(self) -> str:
        """Where the credential is used: what bounds how many rotations run at a time. Empty when it is not known."""
        if self.by_function:
            return self.by_function
        if self.current is None:
            return ""
        if self.function is not None and not self.function.engines:
            return "" if self.administrator is None else str(self.administrator.reveal().get("token_url"))
        members = self.current.reveal()
        return f"{members.get('host')}:{members.get('port')}"

    @property
    def aim(self) -> Aim:
        """What to aim at."""
        return aim_at(self.state, self.standing)

    @property
    def wanted(self) -> str:
        """The version that the target shall take."""
        if self.aim is Aim.RESTORE:
            return self.secret.labels.get(AWSCURRENT, "")
        return self.row.work.token

    @property
    def is_contested(self) -> bool:
        """Whether something else than the wanted version may still be under way."""
        return is_contested(frozenset(self.row.work.asked), self.wanted)


def take_look(
    parts: Parts,
    transaction: Transaction,
    events: list[Event],
    secret: Secret,
    row: RotationRow,
    now_ms: Instant,
) -> Look:
    """Open every value that may have to be tried."""
    work = row.work
    standing = standing_of(transaction, secret, row)
    documents: dict[str, Document] = {}
    administrator: Document | None = None
    function: BuiltIn | None = None
    problem: TargetFailed | None = None
    by_function = lambda_of(secret)
    if by_function:
        return Look(secret, row, standing, None, documents, None, None, by_function)
    acting = Acting(transaction, parts.keys, parts.services, secret, now_ms)
    wanted = [secret.labels.get(AWSCURRENT, ""), work.base, work.token]
    try:
        for version_id in dict.fromkeys((*wanted, *work.asked)):
            document = acting.open(version_id)
            if document is not None:
                documents[version_id] = document
        previous = secret.labels.get(AWSPREVIOUS, "")
        if previous and previous not in documents:
            with_previous = _open_if_possible(acting, previous)
            if with_previous is not None:
                documents[previous] = with_previous
        current = documents.get(secret.labels.get(AWSCURRENT, ""))
        if current is None:
            raise DocumentRefused("the secret has no current value")
        function = function_of(secret, current)
        if function is not None and function.needs_administrator:
            administrator = acting.open_administrator(current)
    except TargetFailed as caught:
        problem = caught
    events.extend(acting.records)
    return Look(secret, row, standing, function, documents, administrator, problem)


def lambda_of(secret: Secret) -> str:
    """Give the ARN of the function of the Lambda service that rotates a secret; empty for a built-in one, or none."""
    rotation = secret.attributes.rotation
    if rotation is None or find_built_in(rotation.function, secret.account, secret.region) is not None:
        return ""
    return rotation.function


def function_of(secret: Secret, current: Document) -> BuiltIn | None:
    """Give the built-in function that rotates a secret; None when there is none."""
    rotation = secret.attributes.rotation
    if rotation is not None and rotation.function:
        return find_built_in(rotation.function, secret.account, secret.region)
    return built_in_for(current.reveal())


def _open_if_possible(acting: Acting, version_id: str) -> Document | None:
    """Open an older value that helps only when it can be opened."""
    try:
        return acting.open(version_id)
    except TargetFailed:
        return None
