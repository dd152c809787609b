"""``strongroom init``: makes a deployment."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from strongroom.administration import draw_account_id
from strongroom.cli.flags import AsJSON, ConfigFile, DataDir, PassphraseDescriptor
from strongroom.cli.running import check_key_place
from strongroom.cli.terminal import note, say, say_json
from strongroom.clock import system_clock
from strongroom.config import DEFAULT_REGION, settings_of
from strongroom.errors import StrongroomError
from strongroom.opening import PUBLIC_KEY_NAME, create
from strongroom.seal import parse_seal
from strongroom.seal.passphrase_source import PassphraseSource
from strongroom.seal.process import harden_process


class NoSealChosen(StrongroomError):
    """Nobody said how the root key is to be kept."""


def init(
    *,
    data_dir: DataDir = None,
    account: Annotated[str | None, Parameter(help="The first account, 12 digits; drawn by default.")] = None,
    region: Annotated[
        list[str] | None, Parameter(help="A Region to open; may be repeated. By default us-east-1.")
    ] = None,
    seal: Annotated[str | None, Parameter(help="How the root key is kept: file:PATH or passphrase.")] = None,
    passphrase_fd: PassphraseDescriptor = None,
    json: AsJSON = False,
    config: ConfigFile = None,
) -> None:
    """Make a new deployment and print the key of its first administrator once."""
    settings = settings_of(config, data_dir=data_dir, seal=seal)
    if not settings.seal:
        raise NoSealChosen(
            "Say how the root key is to be kept: --seal file:PATH (a path that is not in the data directory "
            "and not in its backups) or --seal passphrase."
        )
    harden_process()
    provider = parse_seal(settings.seal, PassphraseSource(descriptor=passphrase_fd))
    check_key_place(settings, provider)  # serve would refuse it later, when there is more to move
    regions = tuple(region or (DEFAULT_REGION,))
    administrator = create(settings, provider, account or draw_account_id(), regions, system_clock())
    public_key = (settings.data_dir / PUBLIC_KEY_NAME).read_text(encoding="ascii").strip()
    if json:
        say_json(
            {
                "account_id": administrator.account_id,
                "access_key_id": administrator.access_key_id,
                "secret_access_key": administrator.secret_access_key,
                "regions": list(regions),
                "audit_public_key": public_key,
            }
        )
        return
    say(f"account             {administrator.account_id}")
    say(f"access key id       {administrator.access_key_id}")
    say(f"secret access key   {administrator.secret_access_key}")
    say(f"audit public key    {public_key}")
    note(
        f"\nThe secret access key is not shown again. The seal: {provider.description}; without it nothing here "
        "can ever be read, so keep a copy of it apart from the store. Note the audit public key down "
        "elsewhere: with it anybody can verify the audit record."
        f"\nNext: strongroom serve --data-dir {settings.data_dir} --listen 127.0.0.1:7327"
    )
