"""In whose name a rotation acts, and how it reads and writes values.

Rules (P-08):
 - It acts with the rights of the principal that configured it, as they are now: keys of customers are used as that
   principal, each use is decided on and recorded. Who is gone has no rights left; the default key needs none.
 - It acts for the one secret, and for the administrators' secrets that this principal lent to it.
 - What it reads and writes is committed, with its records, in one transaction of the runner.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from strongroom.clock import Clock, Instant
from strongroom.crypto.keyring import Keyring
from strongroom.crypto.material import Plaintext
from strongroom.crypto.randomness import PasswordWishes
from strongroom.errors import Fault, StrongroomError
from strongroom.gateway.caller import Caller
from strongroom.gateway.context import Context
from strongroom.gateway.inner import call_inside
from strongroom.gateway.operation import Operation, Service
from strongroom.gateway.recording import written
from strongroom.ids import new_uuid
from strongroom.policy.question import Principal
from strongroom.rotation.rotator import Cause, Document, DocumentRefused, TargetFailed
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.principals import policies_of_role, policies_of_user
from strongroom.services.secretsmanager.model import AWSCURRENT, Rotation, Secret, Version
from strongroom.services.secretsmanager.service_events import PRINCIPAL
from strongroom.services.secretsmanager.tables import find_secret, find_version
from strongroom.services.secretsmanager.values import Value, open_version, seal_version
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction
from strongroom.strict_json import JSON, load_json

POLICY_MEMBER: Final = "password_policy"
DEFAULT_EXCLUDED: Final = ":/@\"'\\"
"""What AWS's functions for PostgreSQL leave out."""


class Keys(msgspec.Struct, frozen=True):
    """What a context needs of the deployment."""

    keyring: Keyring
    clock: Clock


class Acting:
    """Reads and writes values for one secret's rotation, in one transaction.

    Args:
        transaction: The transaction of the runner.
        keys: The keyring and the clock.
        services: All services by name: uses of a customer's key are recorded as calls of KMS.
        secret: The secret.
        now_ms: The instant.
    """

    def __init__(
        self,
        transaction: Transaction,
        keys: Keys,
        services: dict[str, Service],
        secret: Secret,
        now_ms: Instant,
    ) -> None:
        self._transaction = transaction
        self._services = services
        self._secret = secret
        rotation = secret.attributes.rotation
        self.context = Context(
            caller=caller_of(transaction, secret.account, rotation),
            now_ms=now_ms,
            region=secret.region,
            request_id=new_uuid(),
            source_ip=PRINCIPAL,
            user_agent=PRINCIPAL,
            is_secure=True,
            rows=transaction,
            deployment=keys,
            inner=self._inner,
        )

    @property
    def records(self) -> list[tuple[str, bytes]]:
        """The records of what was done so far."""
        return [(self.context.request_id, record) for record in written(self.context.inner_records)]

    def open(self, version_id: str) -> Document | None:
        """Read a version of the secret; None when it has no value.

        Raises:
            TargetFailed: It cannot be opened, or is no JSON object.
        """
        version = find_version(self._transaction, self._secret.secret_id, version_id) if version_id else None
        if version is None or not version.has_value:
            return None
        return self._open(self._secret, version)

    def readable(self) -> tuple[dict[str, JSON], str, list[Plaintext]]:
        """Say what a function that rotates the secret may read: for its reach, and for what its log must not show.

        What cannot be opened in the name of whoever configured the rotation is left out.

        Returns:
            The members of the current value, none when it is no JSON object; the ARN of the secret that its
            ``masterarn`` names, empty for none; and all values.
        """
        members: dict[str, JSON] = {}
        values: list[Plaintext] = []
        current = self._secret.labels.get(AWSCURRENT, "")
        for version_id in dict.fromkeys((current, *self._secret.labels.values())):
            value = self._value_if_possible(self._secret, version_id)
            if value is None:
                continue
            values.append(value)
            if version_id == current:
                members = _members(value) or {}
        named = members.get("masterarn")
        administrator = self._named(named) if isinstance(named, str) else None
        if administrator is None:
            return members, "", values
        value = self._value_if_possible(administrator, administrator.labels.get(AWSCURRENT, ""))
        return members, administrator.arn, values if value is None else [*values, value]

    def open_administrator(self, document: Document) -> Document | None:
        """Read the current version of the administrator's secret that a document names; None when it names none.

        Raises:
            TargetFailed: It was not lent to this rotation, is gone, or cannot be opened.
        """
        arn = document.text("masterarn")
        rotation = self._secret.attributes.rotation
        if not arn:
            return None
        if rotation is None or not rotation.administrators:
            raise TargetFailed(Cause.PRIVILEGE, "no administrator's secret was lent; call RotateSecret again")
        lent = rotation.administrators[0]
        _, _, _, region, account, _, name = lent.split(":", 6)
        secret = find_secret(self._transaction, account, region, name[:-7])
        if secret is None or secret.arn != lent or secret.deleted_ms is not None:
            raise TargetFailed(Cause.CONFIGURATION, "the administrator's secret does not exist")
        if arn not in (lent, lent[:-7], secret.name):
            raise TargetFailed(
                Cause.PRIVILEGE,
                "masterarn names another secret than the one that was lent; call RotateSecret again",
            )
        version = find_version(self._transaction, secret.secret_id, secret.labels.get(AWSCURRENT, ""))
        if version is None or not version.has_value:
            raise TargetFailed(Cause.CONFIGURATION, "the administrator's secret has no value")
        return self._open(secret, version)

    def seal(self, version_id: str, document: Document) -> Version:
        """Seal a document as a version of the secret.

        Raises:
            TargetFailed: The key cannot be used.
        """
        value = Value("SecretString", Plaintext(msgspec.json.encode(document.reveal())))
        try:
            return seal_version(self.context, self._secret, version_id, value)
        except Fault as problem:
            raise TargetFailed(Cause.PRIVILEGE, f"the key of the secret: {problem.code}") from problem

    def _open(self, secret: Secret, version: Version) -> Document:
        try:
            value = open_version(self.context, secret, version)
        except Fault as problem:
            raise TargetFailed(Cause.PRIVILEGE, f"the key of the secret: {problem.code}") from problem
        members = _members(value.plaintext)
        if members is None:
            raise DocumentRefused("the value is not a JSON object")
        return Document(members)

    def _value_if_possible(self, secret: Secret, version_id: str) -> Plaintext | None:
        version = find_version(self._transaction, secret.secret_id, version_id) if version_id else None
        if version is None or not version.has_value:
            return None
        try:
            return open_version(self.context, secret, version).plaintext
        except Fault:
            return None

    def _named(self, text: str) -> Secret | None:
        """Find the secret that a ``masterarn`` names, by its ARN or, in the same account and Region, by its name."""
        account, region, name = self._secret.account, self._secret.region, text
        parts = text.split(":", 6)
        if len(parts) == 7 and parts[0] == "arn":
            region, account, name = parts[3], parts[4], parts[6][:-7]
        found = find_secret(self._transaction, account, region, name)
        if found is None or found.deleted_ms is not None or text not in (found.arn, found.name):
            return None
        return found

    def _inner(self, context: Context, operation: Operation[Any, Any], request: Any) -> Any:
        """Steps 5 to 8 for the use of a customer's key."""
        return call_inside(self._services, context, operation, request)


def _members(value: Plaintext) -> dict[str, JSON] | None:
    """Read a value as a JSON object; None when it is none."""
    try:
        members = load_json(value.reveal())
    except StrongroomError:
        return None
    return members if isinstance(members, dict) else None


def caller_of(rows: Rows, account: str, rotation: Rotation | None) -> Caller:
    """Give the principal that configured a rotation, with the policies that it has now."""
    arn, unique_id = rotation.configured_by if rotation is not None else ("", "")
    if arn == f"arn:aws:iam::{account}:root":
        return Caller(Principal("Account", arn, account, unique_id), "Root", None, "", ())
    if unique_id.startswith("AIDA"):
        user = USERS.find_by_id(rows, unique_id)
        if user is not None and user.account == account:
            held = policies_of_user(rows, user)
            principal = Principal("User", user.arn, account, unique_id)
            return Caller(principal, "IAMUser", user.name, "", held.identity, held.boundary)
    if unique_id.startswith("AROA"):
        of_role = policies_of_role(rows, unique_id.partition(":")[0])
        if of_role is not None and f"::{account}:" in arn:
            principal = Principal("AssumedRole", arn, account, unique_id)
            return Caller(principal, "AssumedRole", None, "", of_role.identity, of_role.boundary)
    return Caller(Principal("User", f"arn:aws:iam::{account}:user/gone", account), "IAMUser", None, "", ())


def wishes_of(document: Document) -> PasswordWishes:
    """Read how new passwords shall be; the defaults are those of AWS's functions.

    Raises:
        DocumentRefused: The member ``password_policy`` is not as it should be.
    """
    policy = document.reveal().get(POLICY_MEMBER)
    if policy is None:
        return PasswordWishes(exclude_characters=DEFAULT_EXCLUDED)
    if not isinstance(policy, dict) or set(policy) - set(PasswordWishes.__struct_fields__):
        raise DocumentRefused(f"the member {POLICY_MEMBER} has members that are not known")
    try:
        wishes = msgspec.convert({"exclude_characters": DEFAULT_EXCLUDED, **policy}, PasswordWishes)
    except msgspec.ValidationError as problem:
        raise DocumentRefused(f"the member {POLICY_MEMBER} has members of another type") from problem
    if not 16 <= wishes.length <= 256:
        raise DocumentRefused("passwords have 16 to 256 characters")
    return wishes
