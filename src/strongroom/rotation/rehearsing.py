"""A dry run: everything that a rotation would check, and the statements it would send, with values masked.

It changes nothing, neither at the target nor of the schedule; that values were opened for it is on record as uses of
their keys, where the keys are a customer's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from strongroom.rotation.acting import Acting, wishes_of
from strongroom.rotation.commits import Event, commit
from strongroom.rotation.inquiry import NoSuchRotation, locate_secret
from strongroom.rotation.issuer import Issuer
from strongroom.rotation.look import function_of, lambda_of
from strongroom.rotation.parts import Parts
from strongroom.rotation.rotator import Check, Document, Rehearsal, TargetFailed
from strongroom.services.secretsmanager.model import AWSCURRENT
from strongroom.services.secretsmanager.rotation_functions import what_is_missing
from strongroom.store.transaction import Transaction


def dry_run(parts: Parts, details: Mapping[str, Any]) -> Any:
    """Rehearse the rotation of a secret.

    Raises:
        NoSuchRotation: There is no such secret, or no function that would rotate it.
    """

    def open_values(
        transaction: Transaction, events: list[Event]
    ) -> tuple[str, Document, Document | None] | TargetFailed:
        secret = locate_secret(transaction, str(details.get("secret")))
        if lambda_of(secret):
            raise NoSuchRotation(
                "A function of your own rotates it: only built-in functions can be rehearsed."
            )
        acting = Acting(transaction, parts.keys, parts.services, secret, parts.keys.clock())
        try:
            current = acting.open(secret.labels.get(AWSCURRENT, ""))
            if current is None:
                raise NoSuchRotation("The secret has no value.")
            function = function_of(secret, current)
            if function is None:
                raise NoSuchRotation("No function rotates such a secret: its JSON has no known engine.")
            missing = what_is_missing(function, current.reveal())
            if missing:
                raise NoSuchRotation(f"The secret is not as {function.name} needs it: {missing}.")
            administrator = acting.open_administrator(current) if function.needs_administrator else None
        except TargetFailed as problem:
            events.extend(acting.records)
            return problem
        events.extend(acting.records)
        return function.name, current, administrator

    opened = commit(parts.writer, open_values)
    if isinstance(opened, TargetFailed):
        return _shown(Rehearsal((Check("the values can be opened", False, str(opened)),), ()))
    name, current, administrator = opened
    rotator = parts.find_rotator(name)
    if rotator is None:
        raise NoSuchRotation("No function rotates such a secret.")
    if isinstance(rotator, Issuer):
        return _shown(_rehearse_issuing(rotator, current, administrator))
    try:
        rotator.check(current)
        rotator.propose(current, wishes_of(current))
    except TargetFailed as problem:
        return _shown(Rehearsal((Check("a new value can be made", False, str(problem)),), ()))
    found = rotator.rehearse(current, administrator)
    return _shown(Rehearsal((Check("a new value can be made", True), *found.checks), found.statements))


def _rehearse_issuing(issuer: Issuer, current: Document, administrator: Document | None) -> Rehearsal:
    if administrator is None:
        return Rehearsal((Check("the secret names the key's secret in masterarn", False),), ())
    try:
        issuer.check(current, administrator)
    except TargetFailed as problem:
        return Rehearsal((Check("the secrets are as they must be", False, str(problem)),), ())
    found = issuer.rehearse(current, administrator)
    return Rehearsal((Check("the secrets are as they must be", True), *found.checks), found.statements)


def _shown(rehearsal: Rehearsal) -> Any:
    return msgspec.to_builtins(rehearsal)
