"""A real OpenSSH server of the tests' own, on a free port of loopback, with one account that is nobody's.

It runs under bubblewrap with a list of users and a home of its own: it can be logged in to as ``deploy`` and as
nobody else, whoever runs the tests, and sees nothing of the machine but programs. Debian's ``openssh-server`` is
needed; ``tools/install test`` unpacks it beside the system when it may: as a package it would start a service.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from tests.support.started import await_start, free_port

UNPACKED = Path("/opt/strongroom-tests/openssh")
"""Where ``tools/install`` unpacks it."""
USER = "deploy"
START_WITHIN_S = 30.0
_CONFIGURATION = """
ListenAddress 127.0.0.1
HostKey /etc/ssh/host_key
PidFile none
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
MaxStartups 100
LogLevel VERBOSE
"""


class OpenSSHMissing(Exception):
    """There is no OpenSSH server on this machine."""


def find_program() -> list[str]:
    """Find ``sshd``, and what it is to be started with.

    Raises:
        OpenSSHMissing: With how to install it.
    """
    if shutil.which("bwrap") is None:
        raise OpenSSHMissing("bubblewrap is not installed")
    unpacked = UNPACKED / "usr/sbin/sshd"
    if unpacked.exists():
        libraries = next((UNPACKED / "usr/lib").glob("*/libwrap.so.0")).parent
        return ["--setenv", "LD_LIBRARY_PATH", str(libraries), str(unpacked)]
    found = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise OpenSSHMissing("there is no sshd: tools/install test unpacks it when it runs as root on Debian")
    return [found]


class OpenSSH:
    """One server.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        host_key: Its public key.
        authorized_keys: The file that says who may log in.
        log_path: What it logs.
    """

    def __init__(self) -> None:
        self._program = find_program()
        self._directory = Path(tempfile.mkdtemp(prefix="strongroom-openssh-"))
        etc, home = self._directory / "etc", self._directory / "home"
        (etc / "ssh").mkdir(parents=True)
        (home / ".ssh").mkdir(parents=True, mode=0o700)
        (etc / "passwd").write_text(f"{USER}:x:1000:1000::/home/{USER}:/bin/sh\n")
        (etc / "group").write_text(f"{USER}:x:1000:\n")
        (etc / "ssh/sshd_config").write_text(_CONFIGURATION)
        host_key = make_key(etc / "ssh/host_key")
        self.host_key = host_key.with_suffix(".pub").read_text().strip()
        self.authorized_keys = home / ".ssh/authorized_keys"
        self.authorized_keys.write_text("")
        self.authorized_keys.chmod(0o600)
        self.log_path = self._directory / "server.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def start(self) -> OpenSSH:
        """Start it and wait until it answers; the port stays the same over restarts."""
        self.port = self.port or free_port()
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._sandbox(), *self._program, "-D", "-e", "-p", str(self.port)],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd="/",
            )
        await_start(self._process, self._answers, self.log_path, START_WITHIN_S)
        return self

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                return connection.recv(4) == b"SSH-"
        except ConnectionRefusedError:
            return False

    def stop(self) -> None:
        """End it, and every connection to it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(20)
            self._process = None

    def close(self) -> None:
        """End it for good, and remove its data."""
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def logs_in(self, key: Path, *command: str) -> subprocess.CompletedProcess[str]:
        """Log in with the client of OpenSSH and a file with a private key, and run a command there."""
        known = key.with_suffix(".known")
        known.write_text(f"[127.0.0.1]:{self.port} {self.host_key}\n")
        return subprocess.run(
            ["ssh", "-F", "none", "-i", key, "-p", str(self.port), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes",
             "-o", "IdentityAgent=none", "-o", f"UserKnownHostsFile={known}", "-o", "StrictHostKeyChecking=yes",
             f"{USER}@127.0.0.1", *(command or ("true",))],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False,
        )  # fmt: skip

    def _sandbox(self) -> list[str]:
        options = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--uid", "1000", "--gid", "1000"]
        options += [
            "--die-with-parent",
            "--proc",
            "/proc",
            "--dev",
            "/dev",
            "--tmpfs",
            "/tmp",
            "--tmpfs",
            "/run",
        ]
        for place in ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc/ld.so.cache", str(UNPACKED)):
            if Path(place).is_symlink():
                options += ["--symlink", str(Path(place).readlink()), place]
            elif Path(place).exists():
                options += ["--ro-bind", place, place]
        for file in ("passwd", "group", "ssh"):
            options += ["--ro-bind", str(self._directory / "etc" / file), f"/etc/{file}"]
        return ["bwrap", *options, "--bind", str(self._directory / "home"), f"/home/{USER}"]


def make_key(place: Path) -> Path:
    """Make a key pair without a passphrase; the public half is beside it."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "first", "-f", place],
        check=True,
        capture_output=True,
    )
    return place
