"""Secrets and versions as values, and the rules of staging labels. No I/O.

Source: Secrets Manager reference, sections 2 and 3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import msgspec

from strongroom.clock import Instant
from strongroom.crypto import envelope
from strongroom.patterns import pattern_of

AWSCURRENT: Final = "AWSCURRENT"
AWSPENDING: Final = "AWSPENDING"
AWSPREVIOUS: Final = "AWSPREVIOUS"

VALUE_BYTES_MOST: Final = 65_536
LABELS_MOST: Final = 20
VERSIONS_MOST: Final = 100
TAGS_MOST: Final = 50

SUFFIX: Final = pattern_of(r".*-[A-Za-z0-9]{6}", re.ASCII | re.DOTALL)
NAME: Final = pattern_of(r"[A-Za-z0-9/_+=.@!-]{1,512}", re.ASCII)


class Rotation(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a secret is rotated; kept after rotation was turned off.

    Attributes:
        is_enabled: Whether it is rotated.
        function: The ARN of the function as it was given; empty when the secret's own ``engine`` decides.
        days: ``AutomaticallyAfterDays`` as it was given.
        expression: ``ScheduleExpression``; at most one of the two is set.
        duration: ``Duration`` as it was given.
        derived_days: Days between two windows of the expression; shown once a rotation succeeded.
        rotated_ms: The last rotation that succeeded.
        next_ms: The last second of the next window.
        administrators: ARNs of the secrets with administrators' credentials that the principal who configured the
            rotation was allowed to read; no other is ever used (P-08, R-02).
        configured_by: ARN and unique id of that principal: customers' keys are used with its rights.
    """

    is_enabled: bool
    function: str = ""
    days: int | None = None
    expression: str = ""
    duration: str = ""
    derived_days: int | None = None
    rotated_ms: Instant | None = None
    next_ms: Instant | None = None
    administrators: tuple[str, ...] = ()
    configured_by: tuple[str, str] = ("", "")


class Attributes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a secret has besides its identity and its dates; one column of its row.

    Attributes:
        labels: Version id by staging label; a label is on one version at most.
        description: None when there is none; an empty one is stored as none.
        key: A customer's KMS key as the request named it; empty for the default key.
        tags: In order of insertion; None when the secret never had any.
        policy: SHA-256 of the resource policy, or empty when there is none: a policy whose row was removed, or put
            back to an older one, is noticed (K-03).
        principal_ids: Unique id of each user and role that the resource policy names by its ARN, as it was when the
            policy was put: who is made anew under an old name is not meant (P-07).
        rotation: None when rotation was never configured.
    """

    labels: Mapping[str, str]
    description: str | None = None
    key: str = ""
    tags: tuple[tuple[str, str], ...] | None = None
    policy: bytes = b""
    principal_ids: Mapping[str, str] = {}
    rotation: Rotation | None = None


class BoundPolicy(msgspec.Struct, frozen=True):
    """The resource policy of a secret, bound to the principals that it named when it was put.

    Attributes:
        document: The text, as it was sent.
        principal_ids: See ``Attributes``.
    """

    document: str
    principal_ids: Mapping[str, str]


class Secret(msgspec.Struct, frozen=True):
    """One secret: its identity, its dates and its attributes.

    Attributes:
        secret_id: Ours; its order is the order of creation.
        suffix: The six characters that end the ARN.
        accessed_ms: Midnight of the day of the last read; 0 when it was never read.
        deleted_ms: When deletion was asked for; None for a live secret.
        purge_ms: When the data may be removed.
    """

    secret_id: int
    account: str
    region: str
    name: str
    suffix: str
    created_ms: Instant
    changed_ms: Instant
    accessed_ms: Instant
    deleted_ms: Instant | None
    purge_ms: Instant | None
    attributes: Attributes

    @property
    def arn(self) -> str:
        """The full ARN, suffix included."""
        return secret_arn(self.region, self.account, self.name, self.suffix)

    @property
    def labels(self) -> Mapping[str, str]:
        """Version id by staging label."""
        return self.attributes.labels

    def stages_of(self, version_id: str) -> list[str]:
        """List the labels of a version, AWS's before custom ones, each in alphabetical order."""
        stages = [label for label, holder in self.attributes.labels.items() if holder == version_id]
        stages.sort()
        return stages

    def stages_by_version(self) -> dict[str, list[str]]:
        """Map every labelled version to its labels."""
        by_version: dict[str, list[str]] = {}
        for label in sorted(self.labels):
            by_version.setdefault(self.labels[label], []).append(label)
        return by_version


class OpenedKey(msgspec.Struct, frozen=True):
    """The data key of a version that was opened, and what must be asked before each further use of it.

    Attributes:
        opener: Opens the value.
        key_arn: The default key that it is under, when that is the only one.
        uses: The questions to KMS, one for each key that it is under; made by ``values.py``.
    """

    opener: envelope.ValueOpener
    key_arn: str = ""
    uses: tuple[Any, ...] = ()


class Version(msgspec.Struct, frozen=True):
    """One version of a secret; its value is sealed.

    Attributes:
        accessed_ms: As of a secret.
        keys: ARNs of the KMS keys that its value can be opened with, an empty text for the default key among others;
            empty when that is the only one.
        field: ``SecretString``, ``SecretBinary``, or empty while a rotation has not put a value yet.
        opened: Its data key, once it was opened; not stored, and gone with the cached row.
    """

    secret_id: int
    version_id: str
    created_ms: Instant
    accessed_ms: Instant
    keys: tuple[str, ...]
    field: str
    sealed: bytes
    opened: list[OpenedKey] = msgspec.field(default_factory=list)

    @property
    def has_value(self) -> bool:
        """Whether there is a value to read."""
        return self.field != ""


@lru_cache(maxsize=4_096)  # several times in each request; the same few secrets are read again and again
def secret_arn(region: str, account: str, name: str, suffix: str) -> str:
    """Build a secret's ARN."""
    return f"arn:aws:secretsmanager:{region}:{account}:secret:{name}-{suffix}"


def put_labels(labels: Mapping[str, str], version_id: str, stages: list[str] | None) -> dict[str, str]:
    """Give the labels after a value was put as ``version_id`` (reference 3.1, the table of events).

    Args:
        labels: Version id by label before.
        version_id: The new version.
        stages: The labels that the caller listed; None when it listed none.

    Returns:
        Version id by label after. Without a list AWSCURRENT moves to the new version and AWSPENDING is
        taken from whichever version held it; the first version always becomes AWSCURRENT.
    """
    wanted = list(stages) if stages is not None else [AWSCURRENT]
    if AWSCURRENT not in labels and AWSCURRENT not in wanted:
        wanted.append(AWSCURRENT)
    after = dict(labels)
    if AWSCURRENT in wanted and AWSPENDING not in wanted:
        after.pop(AWSPENDING, None)
    for stage in wanted:
        if stage == AWSCURRENT:
            move_current(after, version_id)
        else:
            after[stage] = version_id
    return after


def expendable(versions: Sequence[str], labels: Mapping[str, str], surplus: int) -> list[str]:
    """Choose the versions that are removed when a secret has too many.

    Args:
        versions: The versions that are a day old or older, oldest first; younger ones are never removed.
        labels: Version id by label; a labelled version is never removed.
        surplus: How many should go.

    Returns:
        At most ``surplus`` versions, oldest first.
    """
    labelled = set(labels.values())
    return [version for version in versions if version not in labelled][: max(surplus, 0)]


def move_current(labels: dict[str, str], version_id: str) -> None:
    """Move AWSCURRENT to a version; AWSPREVIOUS follows to the one that lost it."""
    before = labels.get(AWSCURRENT)
    labels[AWSCURRENT] = version_id
    if before is not None and before != version_id:
        labels[AWSPREVIOUS] = before
