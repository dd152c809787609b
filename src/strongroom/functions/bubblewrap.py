"""How bubblewrap is called (threat model F-02).

Rules:
 - Every namespace is new, the user namespace has no way to make another, no capability is left, the environment is
   empty, the terminal is gone, and everything ends with its parent.
 - All that can be written to is ``/tmp``, of a size, and a small ``/dev/shm``; both are memory, and end with the
   sandbox.
 - Nothing secret stands in the arguments: every process of the machine can read them.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from strongroom.functions.ground import Ground

PROGRAM: Final = "bwrap"
USER_INSIDE: Final = 993
GROUP_INSIDE: Final = 990
SHARED_MEMORY_BYTES: Final = 1_048_576
INIT: Final = "/var/strongroom/init.py"
_ISOLATION: Final = (
    *(
        "--unshare-all",
        "--unshare-user",
        "--disable-userns",
        "--die-with-parent",
        "--new-session",
        "--clearenv",
    ),
    *("--cap-drop", "ALL"),
)


def arguments(
    ground: Ground,
    *,
    code: Path,
    layers: Path | None,
    hosts: Path,
    ca: Path | None,
    ephemeral_mb: int,
    control: int,
) -> list[str]:
    """Write the command that makes a sandbox.

    Args:
        ground: What every sandbox sees.
        code: The unpacked code.
        layers: The unpacked layers, if there are any.
        hosts: The file of hosts.
        ca: Certificates in PEM that clients in the sandbox trust, where our endpoint speaks TLS.
        ephemeral_mb: Size of ``/tmp``.
        control: The descriptor of the socket to the first process.
    """
    made = [
        *(shutil.which(PROGRAM) or PROGRAM, *_ISOLATION, "--as-pid-1", "--hostname", "function"),
        *("--uid", str(USER_INSIDE), "--gid", str(GROUP_INSIDE)),
    ]
    for text, place in ground.links:
        made += ["--symlink", text, place]
    for source, place in ground.mounts:
        made += ["--ro-bind", str(source), place]
    made += ["--ro-bind", str(hosts), "/etc/hosts", "--ro-bind", str(code), "/var/task"]
    if layers is not None:
        made += ["--ro-bind", str(layers), "/opt"]
    if ca is not None:
        made += ["--ro-bind", str(ca), "/var/strongroom-ca.pem"]
    made += [
        # Read-only: processes could otherwise raise the share of the processor that is theirs.
        *("--proc", "/proc", "--remount-ro", "/proc"),
        *("--dev", "/dev", "--size", str(SHARED_MEMORY_BYTES), "--tmpfs", "/dev/shm", "--remount-ro", "/dev"),  # noqa: S108 - inside
        *("--size", str(ephemeral_mb * 1_048_576), "--tmpfs", "/tmp", "--remount-ro", "/"),  # noqa: S108 - inside
        *("--chdir", "/", ground.python, "-I", "-S", INIT, str(control)),
    ]
    return made


def find_problem(user: int | None = None) -> str | None:
    """Say in a sentence why no sandbox can be made here, or None when one can.

    Args:
        user: As whom bubblewrap is to be called; None for who we are.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        return "bubblewrap is missing, which functions run in. On Debian: apt-get install bubblewrap"
    tried = [program, *_ISOLATION, "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "/bin/true"]
    who: dict[str, Any] = {} if user is None else {"user": user, "group": user, "extra_groups": ()}
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            tried, stdin=subprocess.DEVNULL, capture_output=True, timeout=20, env={}, check=False, **who
        )
    except (OSError, subprocess.SubprocessError) as problem:
        return f"bubblewrap cannot be called: {problem}."
    if done.returncode == 0:
        return None
    said = done.stderr.decode("utf-8", errors="replace").strip().splitlines()
    return (
        f"bubblewrap cannot make a sandbox here ({said[-1] if said else 'it says nothing'}). It needs version 0.8 or "
        "later and user namespaces: look at user.max_user_namespaces and "
        "kernel.apparmor_restrict_unprivileged_userns."
    )
