"""``strongroom audit``: proves the audit record untouched."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from strongroom.audit.report import Report
from strongroom.audit.verify import verify_audit
from strongroom.cli.flags import AsJSON, ConfigFile, DataDir, PassphraseDescriptor
from strongroom.cli.running import find_seal
from strongroom.cli.terminal import note, say, say_json
from strongroom.clock import render_iso
from strongroom.config import Settings, settings_of
from strongroom.errors import StrongroomError
from strongroom.opening import AUDIT_DIRECTORY, PUBLIC_KEY_NAME, look_into
from strongroom.seal.passphrase_source import PassphraseSource
from strongroom.seal.settings import FileSettings
from strongroom.seal.settings import load_settings as load_seal_settings

app = App(name="audit", help="Verify the audit record.")
PUBLIC_KEY_BYTES = 32


class PublicKeyRefused(StrongroomError):
    """What is given as public key is none."""


@app.command
def verify(
    *,
    data_dir: DataDir = None,
    public_key: Annotated[
        str | None,
        Parameter(help="The key noted at init, 64 hexadecimal digits or a file with them."),
    ] = None,
    tail: Annotated[
        bool | None,
        Parameter(
            help="Open the root key to judge also what follows the last signed checkpoint; by default where the "
            "root key is in a file."
        ),
    ] = None,
    passphrase_fd: PassphraseDescriptor = None,
    json: AsJSON = False,
    config: ConfigFile = None,
) -> int:
    """Look for edits, deletions, moves and cut tails in the audit record; exit status 1 when there are any.

    Works on a running deployment, on a stopped one, and on a copy of its directory; changes nothing.
    """
    settings = settings_of(config, data_dir=data_dir)
    directory = settings.data_dir / AUDIT_DIRECTORY
    if not directory.is_dir():
        raise StrongroomError(f"There is no audit record in {settings.data_dir}.")
    key = _parse_key(public_key) if public_key is not None else _kept_key(settings.data_dir)
    anchors_key = _anchors_key(settings, tail, PassphraseSource(descriptor=passphrase_fd))
    trail = directory / "trail.db"
    report = verify_audit(
        directory, key, anchors_key, trail if trail.exists() else None, settings.audit_checkpoint_dir
    )
    if json:
        say_json(_as_json(report))
    else:
        _print(report)
        if public_key is None:
            note(
                "The public key was taken from the data directory itself. Whoever rewrites the record could put "
                "another one there: to be sure, give the one noted at init with --public-key."
            )
        if anchors_key is None:
            note("What follows the last signed checkpoint was not judged; --tail does, with the root key.")
    return 0 if report.is_intact else 1


def _anchors_key(settings: Settings, tail: bool | None, source: PassphraseSource) -> bytes | None:
    if tail is False:
        return None
    if tail is None:
        try:
            kept = load_seal_settings(settings.data_dir)
        except StrongroomError:
            return None  # a copy of the audit record alone
        if not isinstance(kept, FileSettings) or not Path(kept.path).exists():
            return None
    return look_into(settings, find_seal(settings, source)).anchor_key


def _kept_key(data_dir: Path) -> bytes:
    try:
        return _parse_key((data_dir / PUBLIC_KEY_NAME).read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError) as problem:
        raise PublicKeyRefused(
            f"{data_dir / PUBLIC_KEY_NAME} cannot be read; give the key noted at init with --public-key."
        ) from problem


def _parse_key(text: str) -> bytes:
    path = Path(text)
    if len(text) != 2 * PUBLIC_KEY_BYTES and path.is_file():
        text = path.read_text(encoding="ascii", errors="replace")
    try:
        key = bytes.fromhex(text.strip())
    except ValueError:
        key = b""
    if len(key) != PUBLIC_KEY_BYTES:
        raise PublicKeyRefused("A public key is 64 hexadecimal digits, or a file that holds them.")
    return key


def _print(report: Report) -> None:
    for journal in report.journals:
        checkpoint = (
            f"checkpoint {journal.head.checkpoint} of {render_iso(journal.last_checkpoint_ms)}"
            if journal.last_checkpoint_ms
            else "no checkpoint yet"
        )
        say(f"{journal.journal}: {journal.head.seq} records in {journal.segments} segments, {checkpoint}")
    for remark in report.notes:
        say(f"note: {remark}")
    for finding in report.findings:
        say(f"{finding.kind}: {finding}")
    if report.omitted:
        say(f"and {report.omitted} more findings")
    number = len(report.findings) + report.omitted
    say(
        "The audit record is intact." if not number else f"The audit record is NOT intact: {number} findings."
    )


def _as_json(report: Report) -> dict[str, object]:
    return {
        "intact": report.is_intact,
        "findings": [
            {
                "kind": str(finding.kind),
                "file": finding.file,
                "offset": finding.offset,
                "sentence": finding.sentence,
            }
            for finding in report.findings
        ],
        "omitted": report.omitted,
        "notes": list(report.notes),
        "journals": [
            {
                "journal": journal.journal,
                "segments": journal.segments,
                "records": journal.head.seq,
                "checkpoint": journal.head.checkpoint,
            }
            for journal in report.journals
        ],
    }
