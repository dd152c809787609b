"""The page on sharing a secret across accounts works as it is printed, and each of its three policies is needed."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.shell import attempt, first_run, run, shell_blocks

PAGE = "docs/how-to/share-a-secret-across-accounts.md"
NOBODY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
)


def test_the_other_account_reads_as_long_as_all_three_policies_say_so(tmp_path: Path) -> None:
    """The value is read with all of them, and not without any one of them."""
    path = 'export PATH="$PWD/.venv/bin:$PATH"\n'
    with first_run(tmp_path) as server:
        commands = path + "\n".join(shell_blocks(PAGE))
        said = run(
            commands + '\nenv | grep ^AWS_ > reader.env; echo "$secret" > secret; echo "$key" > key', tmp_path
        )
        assert said.splitlines()[-1] == "hello"
        secret, key = ((tmp_path / name).read_text().strip() for name in ("secret", "key"))
        read = f"{path}set -a; . ./reader.env\naws secretsmanager get-secret-value --secret-id {secret}"
        assert attempt(read, tmp_path).returncode == 0
        other = json.loads((tmp_path / "other.json").read_text())

        keys = server.client("kms")
        text = json.loads(keys.get_key_policy(KeyId=key)["Policy"])
        own = {**text, "Statement": text["Statement"][:1]}
        keys.put_key_policy(KeyId=key, Policy=json.dumps(own))
        assert "Access to KMS is not allowed" in attempt(read, tmp_path).stderr
        keys.put_key_policy(KeyId=key, Policy=json.dumps(text))
        assert attempt(read, tmp_path).returncode == 0

        secrets = server.client("secretsmanager")
        policy = secrets.get_resource_policy(SecretId=secret)["ResourcePolicy"]
        secrets.delete_resource_policy(SecretId=secret)
        assert "no resource-based policy allows" in attempt(read, tmp_path).stderr
        secrets.put_resource_policy(SecretId=secret, ResourcePolicy=policy)
        assert attempt(read, tmp_path).returncode == 0

        run(
            f"export AWS_ENDPOINT_URL={server.endpoint} AWS_DEFAULT_REGION=us-east-1\n"
            f"export AWS_ACCESS_KEY_ID={other['access_key_id']}\n"
            f"export AWS_SECRET_ACCESS_KEY={other['secret_access_key']}\n"
            f"{path}aws iam put-user-policy --user-name billing --policy-name shared --policy-document '{NOBODY}'",
            tmp_path,
        )
        assert "no identity-based policy allows" in attempt(read, tmp_path).stderr
