"""Arguments of ``dev`` and ``serve`` that are written plainly mean what the command-line library reads in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from cyclopts import App

from strongroom.cli.dev import dev
from strongroom.cli.plain_arguments import DEV_FLAGS, SERVE_FLAGS, NotPlain, Reader, read_plain
from strongroom.cli.serve import serve

Flags = Mapping[str, Reader | None]
COMMANDS: tuple[tuple[Callable[..., int], Flags], ...] = ((dev, DEV_FLAGS), (serve, SERVE_FLAGS))
SERVE_ALL = (
    "--data-dir d --listen 127.0.0.1:0 --workers 2 --store postgresql://h --tls-cert c --tls-key=k --behind-proxy"
    " --seal file:/a=b --passphrase-fd 3 --acknowledge-rollback --config f"
)


def read_the_long_way(command: Callable[..., int], arguments: list[str]) -> dict[str, Any]:
    """Read arguments with the library."""
    app = App()
    app.default(command)
    _, bound, _ = app.parse_args(arguments, exit_on_error=False, print_error=False)
    return dict(bound.arguments)


@pytest.mark.parametrize(("command", "flags"), COMMANDS)
def test_every_flag_of_the_command_is_in_the_table(command: Callable[..., int], flags: Flags) -> None:
    """A flag that was added to the command alone would cost every start that uses it."""
    assert {flag.removeprefix("--").replace("-", "_") for flag in flags} == set(signature(command).parameters)


@pytest.mark.parametrize(
    ("command", "flags", "text"),
    [
        (serve, SERVE_FLAGS, SERVE_ALL),
        (serve, SERVE_FLAGS, ""),
        (serve, SERVE_FLAGS, "--listen=[::1]:7327 --workers=0"),
        (dev, DEV_FLAGS, "--data-dir ./x/../y --listen :1 --clock=+30d --workers 1 --config a.toml"),
    ],
)
def test_what_is_plain_means_the_same(command: Callable[..., int], flags: Flags, text: str) -> None:
    """Both ways give the same values of the same types."""
    plain = read_plain(text.split(), flags)
    assert plain == read_the_long_way(command, text.split())
    assert all(isinstance(value, (str, int, Path)) for value in plain.values())


@pytest.mark.parametrize(
    "text",
    [
        "--help",
        "--no-behind-proxy",
        "--behind-proxy=yes",
        "--listen",
        "--listen=",
        "--listen --workers 1",
        "--workers two",
        "--workers ²",
        "--workers -1",
        "--listen a:1 --listen b:2",
        "--data_dir d",
        "--lis a:1",
        "directory",
        "--",
    ],
)
def test_all_else_goes_the_long_way(text: str) -> None:
    """What is not plain is left to the library, which understands it or refuses it in words."""
    with pytest.raises(NotPlain):
        read_plain(text.split(), SERVE_FLAGS)
