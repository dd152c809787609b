"""Tokens of sessions: bound to their key, unreadable, and worth nothing when one byte is another."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.gateway.answers import Refusal, read_refusal
from tests.services.sts.roles import ANYTHING, assume, new_role, trusting
from tests.support.accounts import Key

INVALID = "The security token included in the request is invalid."


@pytest.fixture
def sessions(iam: Any, sts: Any, account: Any) -> tuple[Key, Key]:
    """Two sessions of one role."""
    role = new_role(iam, ANYTHING, trust=trusting(f"arn:aws:iam::{account.account_id}:user/admin"))
    return assume(sts, role, "one"), assume(sts, role, "two")


def ask(server: Any, key: Any, service: str = "secretsmanager") -> Refusal:
    """Ask with a key; return how that is refused."""
    from strongroom.services import secretsmanager
    from strongroom.services import sts as sts_service

    of = {"secretsmanager": secretsmanager.SERVICE, "sts": sts_service.SERVICE}
    operation = {"secretsmanager": "ListSecrets", "sts": "GetCallerIdentity"}[service]
    return read_refusal(of[service], server.raw(service, operation, {}, key=key))


def test_a_token_opens_with_its_own_key_alone(server: Any, sessions: tuple[Key, Key], account: Any) -> None:
    """Swapped, missing, or brought with a long-term key: not valid, in the words of each service."""
    one, two = sessions
    assert server.raw("secretsmanager", "ListSecrets", {}, key=one).status == 200
    wrong = [
        replace(one, session_token=two.session_token),
        replace(two, session_token=one.session_token),
        replace(one, session_token=None),
        Key(account.access_key_id, account.secret_access_key, one.session_token),
    ]
    for key in wrong:
        assert ask(server, key) == Refusal(400, "UnrecognizedClientException", INVALID)
        assert ask(server, key, "sts") == Refusal(403, "InvalidClientTokenId", INVALID)


def test_a_changed_token_opens_nothing(server: Any, sessions: tuple[Key, Key]) -> None:
    """Cut, longer, one character another, another's, another alphabet; before and after the right one was seen."""
    one, two = sessions
    token = one.session_token
    assert token is not None
    middle = len(token) // 2
    other = "A" if token[middle] != "A" else "B"
    changed = [
        token[:-1],
        token[:-40],
        token + "A",
        token + "=",
        token[:middle] + other + token[middle + 1 :],
        "x",
        "AQoDYXdzEJr",
        token.lower(),
    ]
    for seen in (False, True):
        for text in changed:
            got = ask(server, replace(one, session_token=text))
            assert got == Refusal(400, "UnrecognizedClientException", INVALID), (seen, text)
        assert server.raw("secretsmanager", "ListSecrets", {}, key=one).status == 200
    del two


def test_s08_the_wrong_secret_is_a_wrong_signature(server: Any, sessions: tuple[Key, Key]) -> None:
    """The token alone is no credential."""
    got = ask(server, replace(sessions[0], secret_access_key="x" * 40))
    assert (got.status, got.code) == (400, "InvalidSignatureException")


def test_a_token_of_another_deployment_opens_nothing(
    server: Any, sessions: tuple[Key, Key], second_server: Any
) -> None:
    """Its keyring is another, though account and role may have the same names."""
    other = second_server()
    got = ask(other, sessions[0])
    assert got == Refusal(400, "UnrecognizedClientException", INVALID)


def test_s02_the_token_must_be_signed(server: Any, sessions: tuple[Key, Key]) -> None:
    """A token that is put in later changes who asks."""
    one = sessions[0]
    bare = replace(one, session_token=None)
    answer = server.raw(
        "secretsmanager", "ListSecrets", {}, key=bare, unsigned={"X-Amz-Security-Token": one.session_token}
    )
    assert answer.status == 400
    assert answer.json()["__type"] == "InvalidSignatureException"


def test_sessions_outlive_a_restart(second_server: Any) -> None:
    """Nothing is stored when they are issued; the keyring is enough."""
    running = second_server()
    arn = f"arn:aws:iam::{running.first.account_id}:user/admin"
    role = new_role(running.client("iam"), ANYTHING, trust=trusting(arn))
    key = assume(running.client("sts"), role)
    running.restart()
    assert running.raw("secretsmanager", "ListSecrets", {}, key=key).status == 200


def test_a_presigned_identity_of_a_session_is_answered(server: Any, sessions: tuple[Key, Key]) -> None:
    """The token stands in the signed query."""
    from urllib.parse import urlsplit

    url = server.client("sts", key=sessions[0]).generate_presigned_url(
        "get_caller_identity", ExpiresIn=60, HttpMethod="GET"
    )
    parts = urlsplit(url)
    answer = server.get(f"{parts.path or '/'}?{parts.query}")
    assert answer.status == 200
    assert b":assumed-role/" in answer.body
    tampered = parts.query.replace("X-Amz-Security-Token=", "X-Amz-Security-Token=A")
    assert server.get(f"{parts.path or '/'}?{tampered}").status == 403
