"""The commands of ``strongroom COMMAND``, and how one of them is run.

Rules:
 - One file for each group of commands, listed in one visible table. A command is imported when it is called,
   so that ``strongroom env`` does not pay for the server. A server that is started plainly does not pay for the
   library that reads command lines.
 - What is refused is a sentence on standard error that says what to do, with exit status 2, never a traceback.
   What went wrong while running is exit status 1.
 - No secret is an argument (X-03): the process list shows arguments to everybody.
"""

from __future__ import annotations

from typing import Final

from strongroom.cli.plain_arguments import DEV_FLAGS, SERVE_FLAGS, NotPlain, read_plain
from strongroom.cli.terminal import complain
from strongroom.errors import StrongroomError

REFUSED: Final = 2
FAILED: Final = 1

COMMANDS: Final[tuple[tuple[str, str, str], ...]] = (
    ("dev", "strongroom.cli.dev:dev", "Start a server for development, made on the first start."),
    ("env", "strongroom.cli.env:env", "Print the environment of a client of the dev server."),
    ("init", "strongroom.cli.init:init", "Make a new deployment; print its administrator's key once."),
    ("serve", "strongroom.cli.serve:serve", "Serve a deployment."),
    ("account", "strongroom.cli.account:app", "Make and list accounts."),
    ("region", "strongroom.cli.region:app", "Open and list Regions."),
    ("exec", "strongroom.cli.exec:exec_", "Start a command that finds a role's credentials by itself."),
    (
        "credentials",
        "strongroom.cli.credentials:credentials",
        "Print a role's credentials for an AWS profile.",
    ),
    ("rotation", "strongroom.cli.rotation:app", "Look at rotations and drive them on."),
    ("audit", "strongroom.cli.audit:app", "Verify the audit record."),
    ("doctor", "strongroom.cli.doctor:doctor", "Look for what is unsafe or will break."),
    ("config", "strongroom.cli.config:config", "Print the settings in force, and why."),
    ("version", "strongroom.cli.version:version", "Print the versions in use."),
)
"""Every command: its name, where it is, and what it does."""


def run(arguments: list[str]) -> int:
    """Run one command; return the exit status."""
    try:
        try:
            return _run_plain(arguments)
        except NotPlain:
            return _run(arguments)
    except StrongroomError as problem:
        complain(str(problem))
        return REFUSED
    except KeyboardInterrupt:
        return 130
    except OSError as problem:
        where = f"{problem.filename}: " if problem.filename else ""
        complain(f"{where}{problem.strerror or type(problem).__name__}.")
        return FAILED


def _run_plain(arguments: list[str]) -> int:
    """Start a server whose arguments are written plainly, without the library that reads all others.

    Raises:
        NotPlain: It is another command, or they are not.
    """
    command, given = arguments[:1], arguments[1:]
    if command == ["serve"]:
        flags = read_plain(given, SERVE_FLAGS)
        from strongroom.cli.serving import serve

        return serve(**flags)
    if command == ["dev"]:
        flags = read_plain(given, DEV_FLAGS)
        from strongroom.cli.developing import develop

        return develop(**flags)
    raise NotPlain


def _run(arguments: list[str]) -> int:
    from cyclopts import App, CycloptsError

    from strongroom import __version__

    app = App(
        name="strongroom",
        help="A self-hosted secrets manager that speaks the AWS Secrets Manager API.",
        version=__version__,
        version_flags=["--version"],
    )
    for name, path, meaning in COMMANDS:
        app.command(path, name=name, help=None if path.endswith(":app") else meaning)
    try:
        status = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as problem:
        complain(f"{problem} Try: strongroom --help")
        return REFUSED
    return status if isinstance(status, int) else 0
