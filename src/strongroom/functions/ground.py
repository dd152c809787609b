"""The ground that sandboxes stand on: which directories of the machine they see, and from where they are mounted.

Rules:
 - A sandbox sees the system's libraries, Python (and Node), the runtime of functions, its code and its layers, all
   read-only; of ``/etc`` a few files that say nothing of the machine; no home, no data directory, no sockets.
 - Root gives every sandbox a user id of its own, so that outside of its namespaces a function is nobody. What that
   user could not get to (a Python below ``/root``) is mounted where it can, in a mount namespace of the runner alone.
 - In that namespace the data directory is empty: the runner itself cannot read the store.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import ssl
import sys
from pathlib import Path
from typing import Final

import msgspec

from strongroom.errors import StrongroomError

FIRST_USER: Final = 1_660_000_000
"""Of the sandboxes' user ids: above those of users, of containers and of systemd."""
NOBODY: Final = 65_534
MOUNT_PLACE: Final = Path("/run/strongroom-functions")
RESOLVER_NAME: Final = "resolv.conf"
AUTHORITIES_NAME: Final = "authorities.pem"
LAMBDA_AUTHORITIES: Final = "/etc/pki/tls/cert.pem"
"""Where functions of AWS look for the certificates that they trust: there they are on Amazon Linux."""
INSIDE: Final = Path(__file__).parent / "inside"
_INSIDE_FILES: Final = ("init.py", "python_start.py", "node_start.mjs")
_CLONE_NEWNS: Final = 0x00020000  # <linux/sched.h>, <linux/mount.h>
_MS_RDONLY: Final = 1
_MS_NOSUID: Final = 2
_MS_NODEV: Final = 4
_MS_BIND: Final = 4096
_MS_REC: Final = 16384
_MS_PRIVATE: Final = 1 << 18
_SYSTEM: Final = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/bin", "/usr/share/zoneinfo")
_LINKS: Final = ("/lib", "/lib32", "/lib64", "/bin")
_ETC: Final = (
    *(
        "/etc/ld.so.cache",
        "/etc/ssl/openssl.cnf",
        "/etc/ssl/certs",
        "/etc/pki/tls/certs",
        "/etc/pki/ca-trust",
    ),
    *(
        "/etc/ca-certificates",
        "/usr/share/ca-certificates",
        "/usr/local/share/ca-certificates",
        "/etc/alternatives",
    ),
)
_NAMES: Final = {
    "passwd": "root:x:0:0:root:/root:/sbin/nologin\nfunction:x:993:990::/tmp:/sbin/nologin\n",
    "group": "root:x:0:\nfunction:x:990:\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "host.conf": "multi on\n",
}


class GroundRefused(StrongroomError):
    """Sandboxes cannot be made here; the sentence says what is missing."""


class Ground(msgspec.Struct, frozen=True):
    """Where everything is, as the user of a sandbox can reach it.

    Attributes:
        work: A directory of the runner: code, layers, files of ``/etc``.
        mounts: Source and place of what every sandbox sees, read-only.
        links: Links that every sandbox has: what they say and where they are.
        python: The interpreter, as it is called inside.
        node: Node, as it is called inside; None where there is none.
        has_users: Whether sandboxes get user ids of their own.
    """

    work: Path
    mounts: tuple[tuple[Path, str], ...]
    links: tuple[tuple[str, str], ...]
    python: str
    node: str | None
    has_users: bool

    def user_of(self, slot: int) -> int | None:
        """Give the user id of the sandbox in this place; None to stay who we are."""
        if not self.has_users:
            return None
        user = FIRST_USER + slot
        return user if _is_mapped(user) else NOBODY


def prepare(
    directory: Path,
    runtime: Path,
    hidden: Path | None,
    *,
    has_sandboxes: bool,
    is_open: bool,
    authorities: bytes | None = None,
) -> Ground:
    """Prepare the ground. Called once, before the first thread: root moves to a mount namespace of its own.

    Args:
        directory: An empty directory for the runner's files.
        runtime: What functions find in ``/var/runtime``: the runtime's client and boto3.
        hidden: What the runner does not see from now on: the data directory.
        has_sandboxes: Whether functions run in sandboxes.
        is_open: Whether functions use the machine's network, its resolver among it.
        authorities: Certificates in PEM that functions trust, if not only the system's.

    Raises:
        GroundRefused: The runtime of functions is not installed.
    """
    if not (runtime / "awslambdaric").is_dir():
        raise GroundRefused(
            f"The runtime of functions is not in {runtime}: make run installs it, or functions_runtime says "
            "where it is."
        )
    _write_files(directory, is_open=is_open, authorities=authorities)
    node = shutil.which("node")
    node_home = _home_of(Path(node)) if node else None
    sources: dict[str, Path] = {"/var/runtime": runtime, "/var/strongroom": directory / "inside"}
    if sys.base_prefix != "/usr":
        sources[sys.base_prefix] = Path(sys.base_prefix)
    if node_home is not None and str(node_home) != "/usr":
        sources.setdefault(str(node_home), node_home)
    is_root = os.geteuid() == 0
    work = directory
    if has_sandboxes and is_root and _enter_own_mounts():
        work, sources = _mount_all(directory, sources, hidden)
    else:
        is_root = False
    mounts = [(Path(path), path) for path in _SYSTEM if os.path.isdir(path) and not os.path.islink(path)]
    links = [(os.readlink(path), path) for path in _LINKS if os.path.islink(path)]
    mounts += [(Path(path), path) for path in _LINKS if os.path.isdir(path) and not os.path.islink(path)]
    mounts += [(Path(path), path) for path in _ETC if os.path.exists(path)]
    mounts += [(work / "etc" / name, f"/etc/{name}") for name in (*_NAMES, RESOLVER_NAME)]
    trusted = system_authorities() if authorities is None else work / "etc" / AUTHORITIES_NAME
    if trusted is not None:
        mounts.append((trusted, LAMBDA_AUTHORITIES))
    mounts += [(source, place) for place, source in sources.items()]
    return Ground(
        work=work,
        mounts=tuple(mounts),
        links=tuple(links),
        python=_python(),
        node=str(Path(node).resolve()) if node else None,
        has_users=is_root,
    )


def system_authorities() -> Path | None:
    """Find the file of the certificates that the machine trusts."""
    known = (ssl.get_default_verify_paths().cafile, "/etc/ssl/certs/ca-certificates.crt", LAMBDA_AUTHORITIES)
    return next((Path(path) for path in known if path and os.path.exists(path)), None)


def _python() -> str:
    return os.path.realpath(getattr(sys, "_base_executable", sys.executable))


def _write_files(directory: Path, *, is_open: bool, authorities: bytes | None) -> None:
    for name in ("etc", "inside", "code", "hosts"):
        (directory / name).mkdir(mode=0o755)
    for name, text in _NAMES.items():
        _write(directory / "etc" / name, text.encode())
    resolver = Path("/etc/resolv.conf")
    _write(
        directory / "etc" / RESOLVER_NAME,
        resolver.read_bytes()
        if is_open and resolver.exists()
        else b"# none: names are in the file of hosts\n",
    )
    if authorities is not None:
        _write(directory / "etc" / AUTHORITIES_NAME, authorities)
    for name in _INSIDE_FILES:
        # Copied: the package may lie where the user of a sandbox cannot get to, and all of it is not its business.
        _write(directory / "inside" / name, (INSIDE / name).read_bytes())
    directory.chmod(0o711)


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    path.chmod(0o444)


def _home_of(program: Path) -> Path:
    """Give the directory that a program was installed into: the parent of its ``bin``."""
    found = program.resolve()
    return found.parent.parent if found.parent.name == "bin" else found.parent


def _enter_own_mounts() -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) != 0:
        return False
    return bool(libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None) == 0)


def _mount_all(
    directory: Path, sources: dict[str, Path], hidden: Path | None
) -> tuple[Path, dict[str, Path]]:
    MOUNT_PLACE.mkdir(mode=0o755, exist_ok=True)
    _mount("tmpfs", MOUNT_PLACE, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=1m,mode=0711")
    work = MOUNT_PLACE / "work"
    work.mkdir()
    _mount(directory, work, "", _MS_BIND)
    moved: dict[str, Path] = {}
    for number, (place, source) in enumerate(sources.items()):
        target = MOUNT_PLACE / str(number)
        target.mkdir()
        _mount(source, target, "", _MS_BIND | _MS_REC)
        moved[place] = target
    if hidden is not None:
        _mount("tmpfs", hidden, "tmpfs", _MS_NOSUID | _MS_NODEV | _MS_RDONLY, "size=4k,mode=0700")
    return work, moved


def _mount(source: Path | str, target: Path, kind: str, flags: int, options: str = "") -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.mount(
        os.fsencode(source), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), options.encode()
    )
    if done != 0:
        raise GroundRefused(f"{target} cannot be mounted: {os.strerror(ctypes.get_errno())}.")


def _is_mapped(user: int) -> bool:
    """Whether this user id exists here: in a container there may be few."""
    with contextlib.suppress(OSError, ValueError), open("/proc/self/uid_map") as file:
        for line in file:
            first, _, count = (int(number) for number in line.split())
            if first <= user < first + count:
                return True
    return False
