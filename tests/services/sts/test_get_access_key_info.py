"""GetAccessKeyInfo and DecodeAuthorizationMessage."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.iam.answers import only_record, refusal


def test_the_account_stands_in_the_id(sts: Any, server: Any, account: Any) -> None:
    """Of any key, whether it exists or not."""
    other = server.new_account()
    for key_id in (account.access_key_id, other.access_key_id):
        answer = sts.get_access_key_info(AccessKeyId=key_id)
        assert only_record(server, answer)["requestParameters"] == {"accessKeyId": key_id}
    assert answer["Account"] == other.account_id


@pytest.mark.parametrize("key_id", ["A" * 16, "AKIA" + "1" * 16, "ABCD" + "A" * 16])
def test_what_is_no_key_is_refused(sts: Any, key_id: str) -> None:
    """No account can be read from it."""
    assert refusal(sts.get_access_key_info, AccessKeyId=key_id)[:2] == (400, "ValidationError")
