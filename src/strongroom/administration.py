"""What concerns a deployment as a whole: accounts and Regions; and what operators ask of rotations.

Each command is a plain function of a transaction. A running deployment does it for whoever asks on its local
socket (``control.py``); the command line does it itself while none runs (``opening.run_alone``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from strongroom.clock import Instant, render_iso
from strongroom.ids import draw
from strongroom.opening import Opened
from strongroom.rotation.inquiry import (
    explain_rotation,
    resume_rotation,
    rotation_history,
    rotation_troubles,
)
from strongroom.services.iam.accounts import (
    AccountRefused,
    add_region,
    create_account,
    list_accounts,
    list_regions,
)
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.tables import find_account
from strongroom.store.transaction import Transaction

Command = Callable[[Transaction, Opened, Instant, Mapping[str, Any]], Any]
"""Gets the details that were asked with; returns what can be written as JSON."""


def draw_account_id() -> str:
    """Draw an account id: 12 digits, the first of which is not 0."""
    return draw("123456789", 1) + draw("0123456789", 11)


def _create_account(
    transaction: Transaction, opened: Opened, now_ms: Instant, details: Mapping[str, Any]
) -> dict[str, str]:
    account = str(details.get("account") or draw_account_id())
    made = create_account(transaction, opened.keyring, account, now_ms)
    return {
        "account_id": made.account_id,
        "access_key_id": made.access_key_id,
        "secret_access_key": made.secret_access_key,
    }


def _list_accounts(
    transaction: Transaction, _opened: Opened, _now_ms: Instant, _details: Mapping[str, Any]
) -> list[str]:
    return list(list_accounts(transaction))


def _show_account(
    transaction: Transaction, _opened: Opened, _now_ms: Instant, details: Mapping[str, Any]
) -> dict[str, str | int]:
    account_id = str(details.get("account"))
    created_ms = find_account(transaction, account_id)
    if created_ms is None:
        raise AccountRefused("There is no such account.")
    return {
        "account_id": account_id,
        "created": render_iso(created_ms),
        "users": USERS.count(transaction, account_id),
    }


def _add_region(
    transaction: Transaction, _opened: Opened, now_ms: Instant, details: Mapping[str, Any]
) -> list[str]:
    add_region(transaction, str(details.get("region")), now_ms)
    return list(list_regions(transaction))


def _list_regions(
    transaction: Transaction, _opened: Opened, _now_ms: Instant, _details: Mapping[str, Any]
) -> list[str]:
    return list(list_regions(transaction))


COMMANDS: Final[Mapping[str, Command]] = {
    "account-create": _create_account,
    "account-show": _show_account,
    "account-list": _list_accounts,
    "region-add": _add_region,
    "region-list": _list_regions,
    "rotation-history": rotation_history,
    "rotation-troubles": rotation_troubles,
    "rotation-explain": explain_rotation,
    "rotation-resume": resume_rotation,
}
"""Every command, by the name with which it is asked for."""
