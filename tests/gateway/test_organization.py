"""aws:PrincipalOrgID and aws:ResourceOrgID: absent, unless the operator gives the deployment an id."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.cli.refusals import assert_refused
from tests.services.iam.answers import refusal
from tests.services.sts.roles import new_user
from tests.support.server import Server, run_program

ORGANIZATION = "o-a1b2c3d4e5"
RIGHT = {
    "Effect": "Allow",
    "Action": "iam:ListUsers",
    "Resource": "*",
    "Condition": {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION, "aws:ResourceOrgID": ORGANIZATION}},
}


def test_the_id_is_a_condition_where_it_is_set(server: Server, second_server: Callable[..., Server]) -> None:
    """All accounts have it; without the setting none has."""
    there = second_server(settings={"organization_id": ORGANIZATION})
    for running, is_allowed in ((there, True), (server, False)):
        _, key = new_user(running.client("iam"), RIGHT)
        caller = running.client("iam", key=key)
        if is_allowed:
            caller.list_users()
        else:
            assert refusal(caller.list_users)[1] == "AccessDenied"


def test_an_id_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    """With a sentence."""
    settings = {"organization_id": "mine"}
    done = run_program("dev", "--data-dir", tmp_path / "d", "--listen", "127.0.0.1:0", settings=settings)
    assert_refused(done, "no id of an organization")
