"""Rotates the SSH key with which an account of a server is logged in to.

The secret is {"host", "port", "username", "host_key", "private_key"}, and gets "public_key". host_key is the public
key of the server, as in its /etc/ssh/ssh_host_ed25519_key.pub: with a server that cannot prove to have it nothing is
spoken. The key that is replaced goes on working until the next rotation, so that an application which read the
secret before is not refused; then it is removed. Other keys of the account are left alone.
"""

import asyncio

import asyncssh
from four_steps import take_step

FILE = ".ssh/authorized_keys"


def handler(event, context):
    """Do one step."""
    secret = event["SecretId"]
    take_step(
        event,
        make=lambda current: make(secret, current),
        install=install,
        test=test,
        retire=lambda current, pending, previous: retire(secret, current, pending, previous),
    )


def make(secret, current):
    """Make a key; the ARN of the secret as its comment says on the server whose it is."""
    pair = asyncssh.generate_private_key("ssh-ed25519", comment=secret)
    private, public = pair.export_private_key().decode(), pair.export_public_key().decode().strip()
    return {**current, "private_key": private, "public_key": public}


def install(current, pending):
    """Add the new key to those of the account, where and as the current one stands."""
    if any(current.get(name) != pending.get(name) for name in ("host", "port", "username", "host_key")):
        raise ValueError("the pending version is of another account")
    if not asyncio.run(logs_in(pending)):
        asyncio.run(rewrite(current, lambda lines: added(lines, current, pending)))


def test(pending):
    """Log in with the new key."""
    if not asyncio.run(logs_in(pending)):
        raise ValueError("the new key is not accepted")


def retire(secret, current, pending, previous):
    """Remove the keys of this secret that are older than the current one, and those of rotations that failed."""
    asyncio.run(rewrite(pending, lambda lines: without_old(lines, secret, (current, pending), previous)))


def added(lines, current, pending):
    """Put a line for the new key after the current one's, with its options: what was forbidden stays so."""
    kind, old = public_key(current)
    for number, line in enumerate(lines):
        if is_of(line, old):
            options = line[: line.rindex(kind, 0, line.index(old))]
            return [*lines[: number + 1], options + pending["public_key"], *lines[number + 1 :]]
    raise ValueError(f"the current key is not in {FILE}")


def without_old(lines, secret, kept, previous):
    """Leave out what is not wanted any more."""
    wanted = [public_key(value)[1] for value in kept]
    unwanted = [] if previous is None else [public_key(previous)[1]]
    return [
        line
        for line in lines
        if any(is_of(line, key) for key in wanted)
        or not (any(is_of(line, key) for key in unwanted) or is_of(line, secret))
    ]


def public_key(value):
    """Return the two words that are the public half of a key."""
    return asyncssh.import_private_key(value["private_key"]).export_public_key().decode().split()[:2]


def is_of(line, word):
    """Whether a line has a key, or a comment."""
    return not line.startswith("#") and word in line.split()


async def rewrite(login, change):
    """Replace the file as a whole: whoever logs in meanwhile finds the old one or the new one."""
    async with connect(login) as connection, connection.start_sftp_client() as sftp:
        place = await sftp.realpath(FILE)
        async with sftp.open(place, errors="surrogateescape") as file:
            lines = (await file.read()).split("\n")
        changed = change(lines)
        if changed == lines:
            return
        mode = asyncssh.SFTPAttrs(permissions=(await sftp.stat(place)).permissions & 0o777)
        async with sftp.open(f"{place}.new", "w", mode, errors="surrogateescape") as file:
            await file.write("\n".join(changed))
            await file.fsync()
        await sftp.posix_rename(f"{place}.new", place)


async def logs_in(login):
    """Whether a key is accepted. That the server cannot be reached says nothing, and ends the step."""
    try:
        async with connect(login):
            return True
    except asyncssh.PermissionDenied:
        return False


def connect(login):
    """Log in, with this key and no other, to a server that has the host key of the secret and no other."""
    return asyncssh.connect(
        login["host"],
        int(login.get("port", 22)),
        username=login["username"],
        client_keys=[asyncssh.import_private_key(login["private_key"])],
        known_hosts=([asyncssh.import_public_key(login["host_key"])], [], []),
        preferred_auth=["publickey"],
        agent_path=None,
        config=None,
        connect_timeout=5,
        login_timeout=10,
    )
