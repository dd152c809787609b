"""``strongroom env``: the environment in which AWS clients find the dev server."""

from __future__ import annotations

import shlex

from strongroom.cli.dev_credentials import load_credentials
from strongroom.cli.flags import ConfigFile, DataDir
from strongroom.cli.terminal import say
from strongroom.config import settings_of


def env(*, data_dir: DataDir = None, config: ConfigFile = None) -> None:
    """Print the environment of a client of the dev server, for eval "$(strongroom env)".

    The one command that prints a secret which is not new: the key of a store that is not for real secrets.
    """
    found = load_credentials(settings_of(config, data_dir=data_dir).data_dir)
    for name, value in (
        ("AWS_ENDPOINT_URL", found.endpoint),
        ("AWS_ACCESS_KEY_ID", found.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", found.secret_access_key),
        ("AWS_REGION", found.region),  # of most SDKs; botocore and with it the AWS CLI read the other one
        ("AWS_DEFAULT_REGION", found.region),
    ):
        say(f"export {name}={shlex.quote(value)}")
