"""The rules of staging labels and of surplus versions, on values."""

from __future__ import annotations

import pytest

from strongroom.errors import Fault
from strongroom.services.secretsmanager.model import Attributes, Secret, expendable, put_labels
from strongroom.services.secretsmanager.update_secret_version_stage import moved_labels


def secret(labels: dict[str, str]) -> Secret:
    """Make a secret of which only the labels matter."""
    return Secret(
        1, "111122223333", "us-east-1", "name", "a1B2c3", 0, 0, 0, None, None, Attributes(labels=labels)
    )


def test_a_put_without_labels_moves_current_and_ends_pending() -> None:
    """AWSCURRENT moves, AWSPREVIOUS follows, AWSPENDING goes, custom labels stay (recorded)."""
    before = {"AWSCURRENT": "v1", "AWSPENDING": "v1", "AWSPREVIOUS": "v0", "CUSTOM": "v0"}
    assert put_labels(before, "v2", None) == {"AWSCURRENT": "v2", "AWSPREVIOUS": "v1", "CUSTOM": "v0"}


def test_a_put_with_labels_moves_only_those() -> None:
    """Without AWSCURRENT in the list nothing but the listed labels moves."""
    before = {"AWSCURRENT": "v1", "AWSPENDING": "v1", "three": "v1"}
    after = put_labels(before, "v2", ["one", "AWSPENDING"])
    assert after == {"AWSCURRENT": "v1", "AWSPENDING": "v2", "three": "v1", "one": "v2"}


def test_the_first_version_is_current_whatever_was_listed() -> None:
    """The first version gets AWSCURRENT even when the caller lists other labels."""
    assert put_labels({}, "v1", ["one"]) == {"AWSCURRENT": "v1", "one": "v1"}


def test_moving_current_leaves_pending_and_custom_labels() -> None:
    """The recorded example: v3 keeps PUT1, v4 keeps AWSPENDING, v2 loses AWSPREVIOUS."""
    before = secret(
        {
            "AWSPREVIOUS": "v2",
            "PUT0": "v2",
            "AWSCURRENT": "v3",
            "PUT1": "v3",
            "AWSPENDING": "v4",
            "PUT2": "v4",
        }
    )
    assert moved_labels(before, "AWSCURRENT", "v3", "v4") == {
        "AWSPREVIOUS": "v3",
        "PUT0": "v2",
        "AWSCURRENT": "v4",
        "PUT1": "v3",
        "AWSPENDING": "v4",
        "PUT2": "v4",
    }


def test_the_21st_label_is_refused() -> None:
    """Twenty labels are the most, over all versions."""
    labels = {"AWSCURRENT": "v1", **{f"l{number}": "v1" for number in range(18)}}
    full = moved_labels(secret(labels), "l19", None, "v1")
    assert len(full) == 20
    with pytest.raises(Fault) as caught:
        moved_labels(secret(full), "l20", None, "v1")
    assert caught.value.code == "LimitExceededException"
    assert len(moved_labels(secret(full), "l19", "v1", "v2")) == 20


def test_expendable_versions_are_old_unlabelled_and_no_more_than_needed() -> None:
    """The oldest unlabelled versions go, labelled ones never, and none when there is no surplus."""
    old = ["v1", "v2", "v3", "v4"]
    assert expendable(old, {"AWSCURRENT": "v9", "KEEP": "v2"}, 2) == ["v1", "v3"]
    assert expendable(old, {"AWSCURRENT": "v9"}, 0) == []
    assert expendable(old, {"AWSCURRENT": "v9"}, -3) == []
    assert expendable(old, {label: label for label in old}, 2) == []
