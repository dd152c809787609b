"""Adds users with many policies to a store while no server runs on it.

The rows are those that IAM's operations write. All policies are attached to the user itself, more than its quota
lets an operation attach: what is measured is what they cost, not whose they are.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from bench.filling import ACCOUNT, Deployment
from strongroom.clock import system_clock
from strongroom.ids import new_unique_id
from strongroom.opening import Opened, run_alone
from strongroom.services.iam import policy_rows
from strongroom.services.iam.credentials import new_access_key
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.model import (
    CustomerPolicy,
    PolicyAttributes,
    PolicyVersion,
    User,
    UserAttributes,
)
from strongroom.services.iam.tables import insert_access_key
from strongroom.store.engine import StoreLock
from strongroom.store.transaction import Transaction

POLICY_CHARACTERS: Final = 6_144
"""The most that a managed policy may have."""


def add_user(deployment: Deployment, name: str, statements: Sequence[dict[str, Any]]) -> Deployment:
    """Add a user with these statements in as few managed policies as hold them; return its credentials."""
    opened = deployment.open()
    lock = StoreLock(deployment.directory)
    made: list[tuple[str, str]] = []
    try:
        run_alone(opened, lambda transaction: made.append(_add(transaction, opened, name, statements)))
    finally:
        lock.release()
    [(key, secret)] = made
    return dataclasses.replace(deployment, access_key_id=key, secret_access_key=secret)


def _add(
    transaction: Transaction, opened: Opened, name: str, statements: Sequence[dict[str, Any]]
) -> tuple[str, str]:
    now_ms = system_clock()
    arns = []
    for number, document in enumerate(_documents(statements)):
        version = PolicyVersion(new_unique_id("ANPA"), 1, now_ms, document)
        attributes = PolicyAttributes(default=1, versions={1: version.digest}, latest=1, updated_ms=now_ms)
        policy = CustomerPolicy(ACCOUNT, version.policy_id, f"{name}-{number}", "/", now_ms, attributes)
        policy_rows.insert_policy(transaction, policy)
        policy_rows.insert_version(transaction, version)
        arns.append(policy.arn)
    user = User(ACCOUNT, new_unique_id("AIDA"), name, "/", now_ms, UserAttributes(attached=tuple(arns)))
    USERS.insert(transaction, user)
    key, secret = new_access_key(opened.keyring, ACCOUNT, user.unique_id, now_ms)
    insert_access_key(transaction, key)
    return key.access_key_id, secret.reveal().decode()


def _documents(statements: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Write policies of at most the allowed length."""
    chosen: list[dict[str, Any]] = []
    for statement in (*statements, None):
        if statement is None or len(_document([*chosen, statement])) > POLICY_CHARACTERS:
            yield _document(chosen)
            chosen = []
        if statement is not None:
            chosen.append(statement)


def _document(statements: Sequence[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
