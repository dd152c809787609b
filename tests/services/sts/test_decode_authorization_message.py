"""DecodeAuthorizationMessage: there is nothing that it could decode."""

from __future__ import annotations

from typing import Any

from tests.services.iam.answers import refusal


def test_a_message_that_is_not_ours_is_refused(sts: Any) -> None:
    """As AWS refuses what it did not encode."""
    got = refusal(sts.decode_authorization_message, EncodedMessage="abc")
    assert got == (400, "InvalidAuthorizationMessageException", "Message is not valid.")
