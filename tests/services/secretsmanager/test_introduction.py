"""The three policies with which the product is introduced work as they are printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.services.sts.roles import key_of, new_role, trusting
from tests.support.accounts import Key

AWS_CLI = Path(sys.executable).parent / "aws"


def refused(call: Any, **parameters: Any) -> None:
    """Make a call that must be refused for want of rights."""
    with pytest.raises(ClientError, match="AccessDeniedException"):
        call(**parameters)


def test_names_below_a_path(secretsmanager: Any, limited_client: Any, account: Any) -> None:
    """GetSecretValue and DescribeSecret on everything below My_Test_Secret/, and nothing else."""
    for name in ("My_Test_Secret/db", "My_Test_Secret/a/b", "My_Test_Secret", "Other/db"):
        secretsmanager.create_secret(Name=name, SecretString=name)
    client, _ = limited_client(
        {
            "Effect": "Allow",
            "Action": ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
            "Resource": f"arn:aws:secretsmanager:us-east-1:{account.account_id}:secret:My_Test_Secret/*",
        }
    )
    for name in ("My_Test_Secret/db", "My_Test_Secret/a/b"):
        assert client.get_secret_value(SecretId=name)["SecretString"] == name
        assert client.describe_secret(SecretId=name)["Name"] == name
        refused(client.put_secret_value, SecretId=name, SecretString="x")
    for name in ("My_Test_Secret", "Other/db", "My_Test_Secret_2/absent"):
        refused(client.get_secret_value, SecretId=name)
        refused(client.describe_secret, SecretId=name)


def test_a_tag_whose_case_does_not_count(secretsmanager: Any, limited_client: Any) -> None:
    """Describe* and GetSecretValue on all secrets with a value of a tag, ignoring case."""
    for name, value in (("one", "Production"), ("two", "production"), ("three", "test")):
        secretsmanager.create_secret(
            Name=name, SecretString=name, Tags=[{"Key": "Environment", "Value": value}]
        )
    secretsmanager.create_secret(Name="bare", SecretString="bare")
    client, _ = limited_client(
        {
            "Effect": "Allow",
            "Action": ["secretsmanager:Describe*", "secretsmanager:GetSecretValue"],
            "Resource": "*",
            "Condition": {"StringEqualsIgnoreCase": {"secretsmanager:ResourceTag/Environment": "PRODUCTION"}},
        }
    )
    for name in ("one", "two"):
        assert client.get_secret_value(SecretId=name)["SecretString"] == name
        assert client.describe_secret(SecretId=name)["Name"] == name
        refused(client.list_secret_version_ids, SecretId=name)
    for name in ("three", "bare"):
        refused(client.get_secret_value, SecretId=name)
    # The tag is read anew for each request.
    secretsmanager.tag_resource(SecretId="one", Tags=[{"Key": "Environment", "Value": "retired"}])
    refused(client.get_secret_value, SecretId="one")


def test_one_role_reads_only_the_current_version(
    server: Any, account: Any, iam: Any, secretsmanager: Any, tmp_path: Path
) -> None:
    """The resource policy is put with the AWS CLI from a file; the role reads --version-stage AWSCURRENT alone."""
    secretsmanager.create_secret(Name="staged", SecretString="first")
    secretsmanager.put_secret_value(SecretId="staged", SecretString="second")
    role = new_role(iam, trust=trusting(account.account_id))
    policy = tmp_path / "mypolicy.json"
    policy.write_text(
        json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"AWS": role},
                        "Action": "secretsmanager:GetSecretValue",
                        "Resource": "*",
                        "Condition": {
                            "ForAnyValue:StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}
                        },
                    }
                ],
            },
            indent=4,
        )
    )

    def aws(*words: str, key: Key) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "AWS_ACCESS_KEY_ID": key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        if key.session_token is not None:
            environment["AWS_SESSION_TOKEN"] = key.session_token
        command = [
            str(AWS_CLI),
            "secretsmanager",
            *words,
            "--endpoint-url",
            server.endpoint,
            "--secret-id",
            "staged",
        ]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    administrator = Key(account.access_key_id, account.secret_access_key)
    put = aws("put-resource-policy", "--resource-policy", f"file://{policy}", key=administrator)
    assert put.returncode == 0, put.stderr
    session = server.client("sts", account).assume_role(RoleArn=role, RoleSessionName="app")
    read = aws("get-secret-value", "--version-stage", "AWSCURRENT", key=key_of(session))
    assert json.loads(read.stdout)["SecretString"] == "second"
    for words in (("--version-stage", "AWSPREVIOUS"), ()):
        other = aws("get-secret-value", *words, key=key_of(session))
        assert other.returncode != 0
        assert "AccessDeniedException" in other.stderr
