"""A function runner as the server starts it, and functions to run in it: real processes, real sandboxes."""

from __future__ import annotations

import io
import os
import sys
import time
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from strongroom.clock import system_clock
from strongroom.config import Settings
from strongroom.crypto.material import Plaintext
from strongroom.functions.client import RunnerClient
from strongroom.functions.invocation import (
    Code,
    FunctionCredentials,
    FunctionSpec,
    HiddenTexts,
    Invocation,
    Outcome,
)
from strongroom.functions.launching import Keeper, start_keeper
from strongroom.functions.messages import Endpoint
from strongroom.ids import new_uuid

ACCOUNT = "123456789012"
SECRET_KEY = "k3y-that-nobody-may-see/0123456789"
SESSION_TOKEN = "t0ken-that-nobody-may-see/0123456789"


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    """Make an archive of these files."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


class Stand:
    """A runner in a directory of its own.

    Attributes:
        data_dir: What it takes for the data directory of a server.
        client: Speaks to it.
    """

    def __init__(self, data_dir: Path, *, is_dev: bool = False, **settings: Any) -> None:
        self.data_dir = data_dir
        self.endpoint: Endpoint | None = None
        data_dir.mkdir(mode=0o700, exist_ok=True)
        self.settings = Settings(data_dir=data_dir, **settings)
        before = os.umask(0o077)  # as the server has it
        self.keeper: Keeper = start_keeper(self.settings, is_dev=is_dev)
        self.keeper.begin()
        os.umask(before)
        self.client = RunnerClient(data_dir, lambda: self.endpoint, system_clock)

    def close(self) -> None:
        """End it."""
        self.keeper.stop()

    def function(self, source: str | Mapping[str, str | bytes], **members: Any) -> FunctionSpec:
        """Describe a function: the text of its ``app.py``, or its files."""
        archive = zipped({"app.py": source} if isinstance(source, str) else source)
        made = FunctionSpec(
            arn=f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:tried",
            name="tried",
            version="$LATEST",
            account=ACCOUNT,
            region="us-east-1",
            revision_id=sha256(archive).hexdigest(),
            role_id="AROAEXAMPLE",
            runtime="python3.12",
            handler="app.handler",
            memory_mb=256,
            timeout_s=10,
            environment=HiddenTexts({}),
            code=code_of(archive),
        )
        return msgspec.structs.replace(made, **members)

    def invoke(self, spec: FunctionSpec, event: Any = None, **members: Any) -> Outcome:
        """Run a function once."""
        now = system_clock()
        invocation = Invocation(
            request_id=new_uuid(),
            invoked_arn=spec.arn,
            payload=Plaintext(msgspec.json.encode(event)),
            credentials=FunctionCredentials("ASIAEXAMPLE", SECRET_KEY, SESSION_TOKEN, now + 900_000),
            scope="",
            deadline_ms=now + 60_000,
            wants_log_tail=True,
        )
        return self.client.invoke(spec, msgspec.structs.replace(invocation, **members))

    def run(self, source: str | Mapping[str, str | bytes], event: Any = None, **members: Any) -> Any:
        """Run a function once that must not fail, and give what it returned."""
        outcome = self.invoke(self.function(source, **members), event)
        assert outcome.function_error is None, (outcome.payload.reveal(), text_of(outcome))
        return msgspec.json.decode(outcome.payload.reveal())

    def runner_pid(self) -> int:
        """Find the runner's process.

        A child of the runner has the runner's command line until it executes its own program; it is not meant.
        """
        alike = {
            int(path.parent.name): _parent_of(path.parent)
            for path in Path("/proc").glob("[0-9]*/cmdline")
            if b"strongroom.functions.process" in _read(path) and str(self.data_dir).encode() in _read(path)
        }
        (found,) = (pid for pid, parent in alike.items() if parent not in alike)
        return found


def code_of(archive: bytes) -> Code:
    """Describe an archive."""
    return Code(sha256(archive).digest(), lambda: archive)


def error_of(outcome: Outcome) -> dict[str, Any]:
    """Read the error document of an invocation that failed."""
    assert outcome.function_error == "Unhandled", outcome.payload.reveal()
    error: dict[str, Any] = msgspec.json.decode(outcome.payload.reveal())
    return error


def text_of(outcome: Outcome) -> str:
    """Give all that was logged."""
    return "".join(line.reveal() for line in outcome.log_lines)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def elapsed(began: float) -> float:
    """Give the time since."""
    return time.monotonic() - began


PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def _parent_of(process: Path) -> int:
    # The name in parentheses may hold spaces; the state and the parent follow the last one (proc(5)).
    return int((_read(process / "stat").rpartition(b")")[2].split() or [b"0", b"0"])[1])
