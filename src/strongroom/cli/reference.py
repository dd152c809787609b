"""The reference pages of settings and commands, written from the code.

``python -m strongroom.cli.reference DIRECTORY`` writes them (``make reference``); a test compares them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final, get_args, get_origin, get_type_hints

from cyclopts import App, Parameter

from strongroom.cli.commands import COMMANDS
from strongroom.cli.config import shown_value
from strongroom.config import PREFIX, described_settings

SETTINGS_PAGE: Final = "settings.md"
COMMANDS_PAGE: Final = "command-line.md"

_SETTINGS_HEAD: Final = """\
# Settings

<!-- Written by `make reference` from src/strongroom/config.py. -->

A flag comes first, then the environment variable, then the file `strongroom.toml` in the working directory (or
the one named with `--config`), then the default. `strongroom config` prints what is in force and why. The names in
the file are those of the table, at its top level:

```toml
data_dir = "/var/lib/strongroom"
listen = "10.0.0.5:7327"
tls_cert = "/etc/strongroom/tls.crt"
tls_key = "/etc/strongroom/tls.key"
```

Settings whose names begin with `functions_` may also stand in a table `[functions]`, without that beginning.

No setting holds a secret. Settings of the audit record can be changed here only, never through the API.

| name | variable | default | unit | meaning |
| --- | --- | --- | --- | --- |
"""

_COMMANDS_HEAD: Final = """\
# Commands

<!-- Written by `make reference` from src/strongroom/cli/. -->

Every command takes `--help`. Results go to standard output, sentences about them to standard error. Exit status: 0
done; 1 something went wrong or is not as it should be; 2 refused, with a sentence that says what to do. A secret is
never an argument: a passphrase is read from `--passphrase-fd`, from the systemd credential `strongroom-passphrase`,
from standard input, or at a prompt.
"""


def settings_page() -> str:
    """Write the page of all settings."""
    lines = []
    for entry in described_settings():
        unit, least, most = entry.setting.unit, entry.setting.least, entry.setting.most
        if most is not None:
            unit += f", {least} to {most}"
        elif least is not None:
            unit += f", at least {least}"
        shown = shown_value(entry.default)
        shown = "none" if shown == "-" else f"`{shown}`"
        variable = PREFIX + entry.name.upper()
        lines.append(f"| `{entry.name}` | `{variable}` | {shown} | {unit} | {entry.setting.meaning} |")
    return _SETTINGS_HEAD + "\n".join(lines) + "\n"


def commands_page() -> str:
    """Write the page of all commands."""
    app = App(name="strongroom")
    parts = [_COMMANDS_HEAD]
    for name, path, _ in COMMANDS:
        app.command(path, name=name)
    for name, _, meaning in COMMANDS:
        command = app[name]
        if command.default_command is None:
            parts.append(f"\n## {name}\n\n{meaning}\n")
            for inner in command:
                if not inner.startswith("-"):
                    parts.append(_command(f"{name} {inner}", command[inner], level=3))
        else:
            parts.append(_command(name, command, level=2))
    return "".join(parts)


def write_pages(directory: Path) -> None:
    """Write both pages."""
    (directory / SETTINGS_PAGE).write_text(settings_page(), encoding="utf-8")
    (directory / COMMANDS_PAGE).write_text(commands_page(), encoding="utf-8")


def _command(name: str, command: App, *, level: int) -> str:
    function = command.default_command
    assert function is not None
    text = [f"\n{'#' * level} {name}\n\n{_prose(function.__doc__ or '')}\n"]
    rows = [
        f"| {_flag(key, hint)} | {_meaning(hint)} |\n"
        for key, hint in get_type_hints(function, include_extras=True).items()
        if key != "return"
    ]
    if rows:
        text.append("\n| argument | meaning |\n| --- | --- |\n")
        text.extend(rows)
    return "".join(text)


def _prose(docstring: str) -> str:
    paragraphs = docstring.strip().split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _parameter(hint: object) -> Parameter:
    for part in get_args(hint):
        if isinstance(part, Parameter):
            return part
    return Parameter()


def _flag(key: str, hint: object) -> str:
    parameter = _parameter(hint)
    names = parameter.name or ()
    flag = names if isinstance(names, str) else next(iter(names), "--" + key.replace("_", "-"))
    kind = get_args(hint)[0]
    kinds = [one for one in get_args(kind) or (kind,) if one is not type(None)]
    if kinds == [bool]:
        return f"`{flag}`"
    if type(None) not in get_args(kind) and not names:
        return f"`{key.upper()}`"
    value = {int: "N", Path: "PATH"}.get(kinds[0], key.upper())
    if get_origin(kinds[0]) is list:
        value += " ..."
    return f"`{flag} {value}`"


def _meaning(hint: object) -> str:
    return _parameter(hint).help or ""


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
