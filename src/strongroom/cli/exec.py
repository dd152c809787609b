"""``strongroom exec``: start a command that finds the credentials of a role by itself.

Rules:
 - The command's environment holds no key. It says where credentials are to be fetched on loopback, and names the file
   of the token that opens that place (``credential_server``). What SDKs would look at before is taken away: keys,
   profiles, the files of profiles.
 - The command ends when it ends; then so do we, with its status (128 and the number for a signal), and the token and
   the place on loopback are gone.
 - Signals are passed on. What the terminal sends reaches the command by itself.
 - The key that asks stays in this process, whose memory and environment others of the same user cannot read.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from typing import Annotated, Final

from cyclopts import Parameter

from strongroom.cli.credential_server import Offer, Refreshing, offer_credentials
from strongroom.cli.flags import ConfigFile, DataDir
from strongroom.cli.own_credentials import OwnCredentials
from strongroom.cli.role_client import RoleClient
from strongroom.cli.role_flags import (
    DEFAULT_DURATION_S,
    Duration,
    Endpoint,
    FlagRefused,
    Profile,
    Role,
    SessionName,
    own_credentials,
    parse_duration,
    session_name_of,
)
from strongroom.cli.terminal import complain
from strongroom.seal.process import harden_process

NOT_FOUND: Final = 127
NOT_EXECUTABLE: Final = 126
_PASSED_ON: Final = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGWINCH,
    signal.SIGCONT,
)
_FROM_KERNEL: Final = 0x80  # si_code of what the terminal sends to its whole group
_TAKEN_AWAY: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
)


def exec_(
    *command: Annotated[str, Parameter(help="The command and its arguments, after --.")],
    role: Role,
    duration: Duration = None,
    session_name: SessionName = None,
    profile: Profile = None,
    endpoint: Endpoint = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> int:
    """Start a command that finds temporary credentials of a role by itself, and renews them.

    strongroom exec --role app -- python app.py

    Every AWS SDK fetches them over loopback, as in a container; the command's environment holds no key. The key that
    asks comes from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, from a profile, or from the dev store. Ends with the
    status of the command.
    """
    if not command:
        raise FlagRefused("Say which command to start: strongroom exec --role app -- COMMAND ...")
    duration_s, name = parse_duration(duration), session_name_of(session_name)
    own = own_credentials(profile, endpoint, data_dir, config)
    harden_process(lock_memory=False)
    client = RoleClient(own)
    role_arn = client.role_arn(role)
    credentials = Refreshing(
        lambda: client.assume(role_arn, name, duration_s), duration_s or DEFAULT_DURATION_S
    )
    with offer_credentials(credentials) as offer:
        return _run(command, command_environment(os.environ, own, offer), offer)


def command_environment(environment: Mapping[str, str], own: OwnCredentials, offer: Offer) -> dict[str, str]:
    """Give the environment of the command."""
    kept = {name: value for name, value in environment.items() if name not in _TAKEN_AWAY}
    return {
        **kept,
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": offer.url,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(offer.token_file),
        "AWS_ENDPOINT_URL": own.endpoint,
        "AWS_REGION": own.region,
        "AWS_DEFAULT_REGION": own.region,
        # SDKs look into these before they fetch: a key in there would be used instead of the role.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _run(command: tuple[str, ...], environment: Mapping[str, str], offer: Offer) -> int:
    """Start the command, answer it, pass signals on; return its status."""
    waited_for = {*_PASSED_ON, signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, waited_for)
    sys.stdout.flush()
    try:
        child = os.posix_spawnp(
            command[0],
            command,
            environment,
            setsigmask=before,
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],  # Python ignores them
        )
    except (FileNotFoundError, NotADirectoryError):
        complain(f"{command[0]}: there is no such command.")
        return NOT_FOUND
    except PermissionError:
        complain(f"{command[0]}: it may not be executed.")
        return NOT_EXECUTABLE
    offer.begin()  # a thread: it inherits the mask, so that signals come here
    while True:
        arrived = signal.sigwaitinfo(waited_for)
        if arrived.si_signo == signal.SIGCHLD:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended == child:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
        elif arrived.si_code != _FROM_KERNEL:
            os.kill(child, arrived.si_signo)
