"""Settings: one frozen value, read once at the start.

Order of precedence: a flag, then the environment variable ``STRONGROOM_<NAME>``, then ``strongroom.toml``, then
the default. ``strongroom config`` prints what is in force and why.

No setting holds a secret. What must not be changed by the API (audit places and retention, L-06) is a setting.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, get_args

import msgspec

from strongroom.errors import StrongroomError

ANSWER_WITHIN_MS: Final = 2_000
"""The threat model's bound (L-01): what is not on record by then is refused."""

PREFIX = "STRONGROOM_"
CONFIG_FILE_NAME = "strongroom.toml"
TABLES: Final = ("functions",)
"""Tables of the configuration file: ``[functions] egress`` is the setting ``functions_egress``."""
DEFAULT_REGION: Final = "us-east-1"
"""The first Region of a deployment for which none was named."""


class SettingRefused(StrongroomError):
    """A setting has a value that cannot be used; the message says where it stands and what is allowed."""


class Setting(msgspec.Struct, frozen=True):
    """What is to know about one setting.

    Attributes:
        unit: Of its value.
        meaning: What it sets.
        least, most: The bounds of a number, if it has any.
    """

    unit: str
    meaning: str
    least: int | None = None
    most: int | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set. Names are those of the configuration file; each says what it is."""

    # Annotations are evaluated here: they are how ``described_settings`` knows about a setting.
    data_dir: Annotated[Path, Setting("path", "where the store, the audit trail and the sockets lie")] = Path(
        "strongroom-data"
    )
    listen: Annotated[str, Setting("host:port", "the address that serves every AWS service")] = (
        "127.0.0.1:7327"
    )
    workers: Annotated[int, Setting("processes", "request workers; 0 means one for each core", 0, 64)] = 0
    pin_workers: Annotated[
        bool, Setting("yes or no", "each worker stays on one core where every core gets as many of them")
    ] = True
    seal: Annotated[str, Setting("provider", "how the root key is kept: file:PATH or passphrase")] = ""
    tls_cert: Annotated[Path | None, Setting("path", "certificate chain in PEM; turns TLS on")] = None
    tls_key: Annotated[Path | None, Setting("path", "private key of the certificate in PEM")] = None
    behind_proxy: Annotated[
        bool, Setting("yes or no", "a proxy ends TLS; on loopback it may say who the client is")
    ] = False
    cache_bytes: Annotated[int, Setting("bytes", "cached rows of one worker, at most", 65_536)] = 16_777_216
    group_changes: Annotated[
        int, Setting("changes", "changes that one commit takes together, at most", 1, 10_000)
    ] = 128
    waiting_changes: Annotated[
        int, Setting("changes", "changes that may wait in one worker before it refuses", 1)
    ] = 2_048
    max_body_bytes: Annotated[int, Setting("bytes", "the largest request body", 1_024, 16_777_216)] = (
        1_048_576
    )
    max_connections: Annotated[int, Setting("connections", "open connections of one worker, at most", 1)] = (
        4_096
    )
    max_connections_per_address: Annotated[
        int, Setting("connections", "of these from one address, at most", 1)
    ] = 1_024
    answer_within_ms: Annotated[
        int,
        Setting(
            "milliseconds",
            "a request that is not durably recorded by then is refused; longer for slow disks only",
            100,
            60_000,
        ),
    ] = ANSWER_WITHIN_MS
    audit_segment_bytes: Annotated[
        int, Setting("bytes", "a segment of an audit journal is rotated at this size", 4_096)
    ] = 67_108_864
    audit_checkpoint_dir: Annotated[
        Path | None, Setting("path", "a second place, outside, for signed audit checkpoints")
    ] = None
    audit_reads: Annotated[bool, Setting("yes or no", "for benchmarks of dev only: record reads durably")] = (
        True
    )
    deletion_interval_s: Annotated[
        int, Setting("seconds", "how often due secrets, surplus versions and due KMS keys are looked for", 1)
    ] = 2
    kms_delete_used_keys: Annotated[
        bool, Setting("yes or no", "a KMS key is deleted at its date though values of secrets need it")
    ] = False
    rotation_ca: Annotated[
        Path | None,
        Setting("path", "authorities that sign the certificates of rotated servers; the system's by default"),
    ] = None
    rotate_local_targets: Annotated[
        bool, Setting("yes or no", "rotations may reach loopback and unix sockets; dev always does")
    ] = False
    rotations_at_once: Annotated[
        int, Setting("rotations", "rotations that run at a time, at most", 1, 256)
    ] = 16
    rotations_at_one_server: Annotated[
        int, Setting("rotations", "of these with credentials of one server, at most", 1, 256)
    ] = 4
    batch_get_records_each: Annotated[
        bool, Setting("yes or no", "BatchGetSecretValue also records one GetSecretValue a secret")
    ] = True
    organization_id: Annotated[
        str,
        Setting("id", "aws:PrincipalOrgID and aws:ResourceOrgID of all accounts, for example o-a1b2c3d4e5"),
    ] = ""
    egress_allow: Annotated[
        str,
        Setting("networks", "private networks that may be fetched from, for example 10.0.0.0/8, fd00::/8"),
    ] = ""
    egress_ca: Annotated[
        Path | None, Setting("path", "certificates in PEM that fetching trusts besides the system's")
    ] = None
    functions_egress: Annotated[
        str,
        Setting(
            "places",
            "what functions may reach besides their secret's host: db.example.com:5432, 10.0.0.0/8:*",
        ),
    ] = ""
    functions_endpoint: Annotated[
        str, Setting("URL", "our endpoint as functions call it; by default this machine's own address")
    ] = ""
    functions_sandboxes: Annotated[
        int, Setting("sandboxes", "of functions, at most; each takes up to its memory and its /tmp", 1, 1_024)
    ] = 16
    functions_idle_s: Annotated[
        int, Setting("seconds", "of rest, after which a function's sandbox ends", 0, 3_600)
    ] = 300
    functions_runtime: Annotated[
        Path | None, Setting("path", "the functions' runtime, if not where make run installs it")
    ] = None
    functions_unsandboxed: Annotated[
        bool, Setting("yes or no", "functions run without a sandbox: each one can do what the server can")
    ] = False
    oidc_keys: Annotated[
        Path | None,
        Setting("path", "JSON file of key sets by issuer, for OpenID Connect providers that are not asked"),
    ] = None
    clock: Annotated[str, Setting("clock", "dev only: a moved clock, for example +30d or file:PATH")] = ""
    log_level: Annotated[str, Setting("level", "debug, info, warning or error")] = "info"


class Provenance(msgspec.Struct, frozen=True):
    """Why a setting has its value: ``flag``, the name of a variable, a file, or ``default``."""

    name: str
    value: object
    source: str


class DescribedSetting(msgspec.Struct, frozen=True):
    """One setting with its name, its type and its default."""

    name: str
    type: Any
    default: Any
    setting: Setting


def described_settings() -> Iterator[DescribedSetting]:
    """List all settings, as ``Settings`` declares them."""
    for field in msgspec.structs.fields(Settings):
        kind, setting = get_args(field.type)
        yield DescribedSetting(field.name, kind, field.default, setting)


def load_settings(
    flags: Mapping[str, Any], environment: Mapping[str, str], file: Path | None = None
) -> tuple[Settings, tuple[Provenance, ...]]:
    """Read the settings in force.

    Args:
        flags: Values from the command line by setting name; None means not given.
        environment: The process's environment.
        file: The configuration file; by default ``strongroom.toml`` in the working directory, if it is there.

    Raises:
        SettingRefused: A value has the wrong type or size, or a name is unknown.
    """
    path = file or Path(CONFIG_FILE_NAME)
    table = _read_file(path, must_exist=file is not None)
    values: dict[str, Any] = {}
    provenance: list[Provenance] = []
    for group in TABLES:
        for name, raw in table.pop(group, {}).items():
            table[f"{group}_{name}"] = raw
    for entry in described_settings():
        variable = PREFIX + entry.name.upper()
        if flags.get(entry.name) is not None:
            raw, source = flags[entry.name], "flag"
        elif variable in environment:
            raw, source = environment[variable], variable
        elif entry.name in table:
            raw, source = table.pop(entry.name), str(path)
        else:
            raw, source = entry.default, "default"
        table.pop(entry.name, None)
        value = _typed(entry, raw, source)
        values[entry.name] = value
        provenance.append(Provenance(entry.name, value, source))
    if table:
        raise SettingRefused(f"{path} has settings that do not exist: {', '.join(sorted(table))}")
    return Settings(**values), tuple(provenance)


def settings_of(config: Path | None, **flags: Any) -> Settings:
    """Read the settings in force with these flags."""
    return provenance_of(config, **flags)[0]


def provenance_of(config: Path | None, **flags: Any) -> tuple[Settings, tuple[Provenance, ...]]:
    """Read the settings in force and where each one comes from."""
    return load_settings(flags, os.environ, config)


def _read_file(path: Path, *, must_exist: bool) -> dict[str, Any]:
    if not path.exists():
        if must_exist:
            raise SettingRefused(f"The configuration file {path} does not exist.")
        return {}
    import tomllib  # most servers have no such file; reading its own rules takes longer than all settings

    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise SettingRefused(f"{path} is not TOML: {problem}") from problem
    if any(not isinstance(table.get(group, {}), dict) for group in TABLES):
        raise SettingRefused(f"In {path} these are tables: {', '.join(TABLES)}.")
    return table


def _typed(entry: DescribedSetting, raw: Any, source: str) -> Any:
    if entry.type is bool:
        return _truth(entry.name, raw, source)
    if entry.type is int:
        return _integer(entry, raw, source)
    if entry.type is str:
        if not isinstance(raw, str):
            raise SettingRefused(f"{entry.name} ({source}) must be a text.")
        return raw
    if raw is None:
        return None
    if not isinstance(raw, (str, Path)) or not str(raw):
        raise SettingRefused(f"{entry.name} ({source}) must be a path.")
    return Path(raw)


def _truth(name: str, raw: Any, source: str) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().lower()
    if word not in {"1", "0", "yes", "no", "true", "false", "on", "off"}:
        raise SettingRefused(f"{name} ({source}) must be yes or no.")
    return word in {"1", "yes", "true", "on"}


def _integer(entry: DescribedSetting, raw: Any, source: str) -> int:
    text = str(raw).strip()
    unit, least, most = entry.setting.unit, entry.setting.least, entry.setting.most
    if isinstance(raw, bool) or not text.isascii() or not text.isdigit():
        raise SettingRefused(f"{entry.name} ({source}) must be a whole number of {unit}.")
    value = int(text)
    if (least is not None and value < least) or (most is not None and value > most):
        bounds = f"at least {least}" + (f" and at most {most}" if most is not None else "")
        raise SettingRefused(f"{entry.name} ({source}) must be {bounds} {unit}.")
    return value
