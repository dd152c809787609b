"""``strongroom credentials``: a role's credentials for an SDK that runs a command for them (``credential_process``).

Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
"""

from __future__ import annotations

from strongroom.cli.flags import ConfigFile, DataDir
from strongroom.cli.role_client import RoleClient
from strongroom.cli.role_flags import (
    Duration,
    Endpoint,
    Profile,
    Role,
    SessionName,
    own_credentials,
    parse_duration,
    session_name_of,
)
from strongroom.cli.terminal import say_json


def credentials(
    *,
    role: Role,
    duration: Duration = None,
    session_name: SessionName = None,
    profile: Profile = None,
    endpoint: Endpoint = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """Print temporary credentials of a role as JSON, for credential_process in an AWS profile.

    The key that asks comes from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, from a profile, or from the dev store.
    """
    duration_s, name = parse_duration(duration), session_name_of(session_name)
    client = RoleClient(own_credentials(profile, endpoint, data_dir, config))
    made = client.assume(client.role_arn(role), name, duration_s)
    say_json(
        {
            "Version": 1,
            "AccessKeyId": made.access_key_id,
            "SecretAccessKey": made.secret_access_key,
            "SessionToken": made.session_token,
            "Expiration": made.expiration,
            "AccountId": made.account_id,
        }
    )
