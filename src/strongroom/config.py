"""Settings: one frozen value, read once at the start.

Order of precedence: a flag, then the environment variable ``STRONGROOM_<NAME>``, then ``strongroom.toml``, then
the default. ``strongroom config`` prints what is in force and why.

No setting holds a secret. What must not be changed by the API (audit places and retention, L-06) is a setting.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, get_type_hints

from strongroom.errors import StrongroomError

ANSWER_WITHIN_MS: Final = 2_000
"""The threat model's bound (L-01): what is not on record by then is refused."""

PREFIX = "STRONGROOM_"
CONFIG_FILE_NAME = "strongroom.toml"


class SettingRefused(StrongroomError):
    """A setting has a value that cannot be used; the message says where it stands and what is allowed."""


def _setting(default: Any, unit: str, meaning: str, least: int | None = None, most: int | None = None) -> Any:
    return field(default=default, metadata={"unit": unit, "meaning": meaning, "least": least, "most": most})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set. Names are those of the configuration file; the unit is in the metadata."""

    data_dir: Path = _setting(
        Path("strongroom-data"), "path", "where the store, the audit trail and the sockets lie"
    )
    listen: str = _setting("127.0.0.1:7327", "host:port", "the address that serves every AWS service")
    workers: int = _setting(0, "processes", "request workers; 0 means one for each core", 0, 64)
    seal: str = _setting("", "provider", "how the root key is kept: file:PATH or passphrase")
    tls_cert: Path | None = _setting(None, "path", "certificate chain in PEM; turns TLS on")
    tls_key: Path | None = _setting(None, "path", "private key of the certificate in PEM")
    behind_proxy: bool = _setting(
        False, "yes or no", "a proxy ends TLS; on loopback it may say who the client is"
    )
    cache_bytes: int = _setting(16_777_216, "bytes", "cached rows of one worker, at most", 65_536)
    group_changes: int = _setting(
        128, "changes", "changes that one commit takes together, at most", 1, 10_000
    )
    waiting_changes: int = _setting(
        2_048, "changes", "changes that may wait in one worker before it refuses", 1
    )
    max_body_bytes: int = _setting(1_048_576, "bytes", "the largest request body", 1_024, 16_777_216)
    max_connections: int = _setting(4_096, "connections", "open connections of one worker, at most", 1)
    max_connections_per_address: int = _setting(1_024, "connections", "of these from one address, at most", 1)
    answer_within_ms: int = _setting(
        ANSWER_WITHIN_MS,
        "milliseconds",
        "a request that is not durably recorded by then is refused; longer for slow disks only",
        100,
        60_000,
    )
    audit_segment_bytes: int = _setting(
        67_108_864, "bytes", "a segment of an audit journal is rotated at this size", 4_096
    )
    audit_checkpoint_dir: Path | None = _setting(
        None, "path", "a second place, outside, for signed audit checkpoints"
    )
    audit_reads: bool = _setting(True, "yes or no", "for benchmarks of dev only: record reads durably")
    deletion_interval_s: int = _setting(
        2, "seconds", "how often due secrets and surplus versions are removed", 1
    )
    batch_get_records_each: bool = _setting(
        True, "yes or no", "BatchGetSecretValue also records one GetSecretValue a secret"
    )
    clock: str = _setting("", "clock", "dev only: a moved clock, for example +30d or file:PATH")
    log_level: str = _setting("info", "level", "debug, info, warning or error")


@dataclass(frozen=True, slots=True)
class Provenance:
    """Why a setting has its value: ``flag``, the name of a variable, a file, or ``default``."""

    name: str
    value: object
    source: str


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
    types = get_type_hints(Settings)
    values: dict[str, Any] = {}
    provenance: list[Provenance] = []
    for entry in fields(Settings):
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
        value = _typed(entry.name, raw, types[entry.name], entry.metadata, source)
        values[entry.name] = value
        provenance.append(Provenance(entry.name, value, source))
    if table:
        raise SettingRefused(f"{path} has settings that do not exist: {', '.join(sorted(table))}")
    return Settings(**values), tuple(provenance)


def _read_file(path: Path, *, must_exist: bool) -> dict[str, Any]:
    if not path.exists():
        if must_exist:
            raise SettingRefused(f"The configuration file {path} does not exist.")
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise SettingRefused(f"{path} is not TOML: {problem}") from problem


def _typed(name: str, raw: Any, wanted: Any, metadata: Mapping[str, Any], source: str) -> Any:
    if wanted is bool:
        return _truth(name, raw, source)
    if wanted is int:
        return _integer(name, raw, metadata, source)
    if wanted is str:
        if not isinstance(raw, str):
            raise SettingRefused(f"{name} ({source}) must be a text.")
        return raw
    if raw is None:
        return None
    if not isinstance(raw, (str, Path)) or not str(raw):
        raise SettingRefused(f"{name} ({source}) must be a path.")
    return Path(raw)


def _truth(name: str, raw: Any, source: str) -> bool:
    if isinstance(raw, bool):
        return raw
    word = str(raw).strip().lower()
    if word not in {"1", "0", "yes", "no", "true", "false", "on", "off"}:
        raise SettingRefused(f"{name} ({source}) must be yes or no.")
    return word in {"1", "yes", "true", "on"}


def _integer(name: str, raw: Any, metadata: Mapping[str, Any], source: str) -> int:
    text = str(raw).strip()
    if isinstance(raw, bool) or not text.isascii() or not text.isdigit():
        raise SettingRefused(f"{name} ({source}) must be a whole number of {metadata['unit']}.")
    value = int(text)
    least, most = metadata["least"], metadata["most"]
    if (least is not None and value < least) or (most is not None and value > most):
        bounds = f"at least {least}" + (f" and at most {most}" if most is not None else "")
        raise SettingRefused(f"{name} ({source}) must be {bounds} {metadata['unit']}.")
    return value
