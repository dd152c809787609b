"""The condition keys of IAM's operations fold case as policies do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tests.services.iam.answers import new_key
from tests.support.server import Server

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient

KELVIN_SIGN = "\u212a"


def test_p04_a_tag_key_that_only_unicode_folds_together_is_another_key(
    server: Server, iam: IAMClient
) -> None:
    """A KELVIN SIGN is no k: a tag written with it does not satisfy a condition on the tag of the other name."""
    iam.create_user(UserName="maker")
    iam.put_user_policy(
        UserName="maker",
        PolicyName="one",
        PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:CreateUser",'
        '"Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/kind":"app"}}}]}',
    )
    maker = server.client("iam", key=new_key(iam, "maker"))
    maker.create_user(UserName="right", Tags=[{"Key": "Kind", "Value": "app"}])
    with pytest.raises(ClientError, match="AccessDenied"):
        maker.create_user(UserName="wrong", Tags=[{"Key": f"{KELVIN_SIGN}ind", "Value": "app"}])


def test_p04_a_deny_on_a_resource_tag_is_not_met_by_a_lookalike(server: Server, iam: IAMClient) -> None:
    """A right on users with a tag does not reach a user whose tag only looks like it."""
    iam.create_user(UserName="reader")
    iam.put_user_policy(
        UserName="reader",
        PolicyName="one",
        PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:GetUser",'
        '"Resource":"*","Condition":{"StringEquals":{"iam:ResourceTag/kind":"app"}}}]}',
    )
    reader = server.client("iam", key=new_key(iam, "reader"))
    iam.create_user(UserName="right", Tags=[{"Key": "KIND", "Value": "app"}])
    iam.create_user(UserName="wrong", Tags=[{"Key": f"{KELVIN_SIGN}ind", "Value": "app"}])
    assert reader.get_user(UserName="right")["User"]["UserName"] == "right"
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.get_user(UserName="wrong")
