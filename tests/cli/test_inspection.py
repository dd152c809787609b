"""``config``, ``doctor``, ``audit verify``, ``version``, and the command line as a whole."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.refusals import assert_refused
from tests.support.deployments import Deployment, make_deployment
from tests.support.server import Server, clean_environment, run_program


@pytest.fixture
def used(tmp_path: Path) -> Deployment:
    """A deployment that served a change and some reads, and was stopped in order."""
    made = make_deployment(tmp_path)
    running = made.server("--workers", "1").start()
    client = running.client("secretsmanager")
    client.create_secret(Name="first", SecretString="value")
    for _ in range(5):
        client.get_secret_value(SecretId="first")
    running.close()
    return made


def test_config_says_what_is_in_force_and_why(tmp_path: Path) -> None:
    """A flag wins over a variable, a variable over the file, the file over the default."""
    (tmp_path / "strongroom.toml").write_text('data_dir = "from-file"\nworkers = 3\nlisten = "127.0.0.1:1"\n')

    def read(*arguments: str, **settings: object) -> dict[str, tuple[object, str]]:
        done = run_program("config", "--json", *arguments, cwd=tmp_path, settings=settings)
        assert done.returncode == 0, done.stderr
        return {name: (entry["value"], entry["source"]) for name, entry in json.loads(done.stdout).items()}

    found = read("--data-dir", "from-flag", workers=4)
    assert found["data_dir"] == ("from-flag", "flag")
    assert found["workers"] == (4, "STRONGROOM_WORKERS")
    assert found["listen"] == ("127.0.0.1:1", "strongroom.toml")
    assert found["group_changes"] == (128, "default")
    assert read(data_dir="from-variable")["data_dir"] == ("from-variable", "STRONGROOM_DATA_DIR")
    lines = run_program("config", cwd=tmp_path).stdout.splitlines()
    assert ["workers", "3", "strongroom.toml"] in [line.split() for line in lines]


def test_f02_doctor_says_why_functions_are_refused(
    used: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where they run it says so; without bubblewrap it names it, and the setting that does without is a warning."""

    def finding(settings: dict[str, object] | None = None) -> dict[str, str]:
        done = run_program("doctor", "--data-dir", used.data_dir, "--json", settings=settings)
        (found,) = (one for one in json.loads(done.stdout) if one["check"] == "functions")
        return dict(found)

    assert finding()["state"] == "ok"
    assert finding({"functions_unsandboxed": "yes"})["state"] == "warning"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "bubblewrap is missing" in finding()["finding"]


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("wokers = 3\n", "wokers"),
        ("workers = true\n", "whole number"),
        ('workers = "many"\n', "whole number"),
        ("cache_bytes = 1\n", "at least 65536"),
        ("workers = \n", "not TOML"),
        ("listen = 7327\n", "text"),
        ("data_dir = 5\n", "path"),
    ],
)
def test_a_configuration_file_with_a_mistake_is_refused(tmp_path: Path, content: str, part: str) -> None:
    """A name that does not exist is a mistake as well: a mistyped limit must not be ignored."""
    file = tmp_path / "mine.toml"
    file.write_text(content)
    assert_refused(run_program("config", "--config", file), part, "mine.toml")


def test_doctor_finds_nothing_bad_in_a_good_deployment(used: Deployment) -> None:
    """Running or not."""
    assert run_program("doctor", "--data-dir", used.data_dir).returncode == 0
    running = used.server("--workers", "1").start()
    try:
        done = run_program("doctor", "--data-dir", used.data_dir, "--json")
        states = {entry["check"]: entry["state"] for entry in json.loads(done.stdout)}
        assert done.returncode == 0
        assert {"python", "sqlite", "seal", "store", "permissions", "disk", "clock", "swap"} <= set(states)
        assert states["sqlite"] == states["seal"] == states["permissions"] == states["server"] == "ok"
    finally:
        running.close()


@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        (lambda made: made.data_dir.chmod(0o755), "permissions"),
        (lambda made: (made.data_dir / "strongroom.db").chmod(0o644), "permissions"),
        (lambda made: made.key_file.unlink(), "seal"),
        (lambda made: (made.data_dir / "seal.json").write_text("{}"), "seal"),
        (lambda made: (made.data_dir / "anchor").unlink(), "store"),
    ],
)
def test_doctor_finds_what_is_bad(tmp_path: Path, spoil: Callable[[Deployment], object], check: str) -> None:
    """And says so with exit status 1, without a traceback."""
    made = make_deployment(tmp_path)
    spoil(made)
    done = run_program("doctor", "--data-dir", made.data_dir)
    assert done.returncode == 1
    assert [line.split()[1] for line in done.stdout.splitlines() if line.startswith("BAD")] == [check]
    assert done.stderr == ""


def test_audit_verify_finds_a_good_record_intact(used: Deployment) -> None:
    """With the public key noted at init, as hexadecimal digits or in a file; also on a copy without the key."""
    done = run_program("audit", "verify", "--data-dir", used.data_dir, "--public-key", used.audit_public_key)
    assert (done.returncode, done.stderr) == (0, "")
    assert "The audit record is intact." in done.stdout
    note = used.data_dir.parent / "noted"
    note.write_text(used.audit_public_key + "\n")
    assert run_program("audit", "verify", "--data-dir", used.data_dir, "--public-key", note).returncode == 0
    used.key_file.unlink()
    without = run_program("audit", "verify", "--data-dir", used.data_dir, "--json")
    assert without.returncode == 0
    records = {entry["journal"]: entry["records"] for entry in json.loads(without.stdout)["journals"]}
    assert records == {"changes": 1, "worker-0": 5}


def test_audit_verify_works_beside_a_running_server(server: Server) -> None:
    """A live record is not mistaken for a damaged one."""
    server.client("sts").get_caller_identity()
    done = run_program("audit", "verify", "--data-dir", server.data_dir)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("damage", ["edit", "cut", "remove", "reorder"])
def test_audit_verify_finds_damage(used: Deployment, damage: str) -> None:
    """L-04: an edit, a cut tail, a removed segment and swapped records end in exit status 1."""
    (segment,) = (used.data_dir / "audit" / "journals" / "worker-0").glob("*.log")
    lines = segment.read_bytes().splitlines(keepends=True)
    if damage == "edit":
        segment.write_bytes(segment.read_bytes().replace(b"GetSecretValue", b"GetSecretValux", 1))
    elif damage == "cut":
        segment.write_bytes(b"".join(lines[:-2]))
    elif damage == "remove":
        segment.unlink()
    else:
        lines[1], lines[2] = lines[2], lines[1]
        segment.write_bytes(b"".join(lines))
    done = run_program("audit", "verify", "--data-dir", used.data_dir)
    assert done.returncode == 1
    assert "NOT intact" in done.stdout
    assert "Traceback" not in done.stderr


def test_audit_verify_refuses_what_is_no_public_key(used: Deployment) -> None:
    """And tells another deployment's key from ours."""
    for text in ("abc", "zz" * 32, "ab" * 31):
        done = run_program("audit", "verify", "--data-dir", used.data_dir, "--public-key", text)
        assert_refused(done, "64 hexadecimal digits")
    other = run_program("audit", "verify", "--data-dir", used.data_dir, "--public-key", "ab" * 32)
    assert other.returncode == 1
    assert_refused(run_program("audit", "verify", "--data-dir", used.data_dir.parent), "no audit record")


def test_version_names_what_a_report_needs() -> None:
    """Strongroom's own version and those of the parts that matter."""
    found = json.loads(run_program("version", "--json").stdout)
    assert set(found) == {"strongroom", "python", "sqlite", "openssl"}
    assert run_program("--version").stdout.strip() == found["strongroom"]


def test_what_is_no_command_is_refused() -> None:
    """With a sentence, like every other refusal."""
    assert_refused(run_program("sreve"), "sreve", "--help")
    assert_refused(run_program("account", "remove"), "remove", "--help")


def test_help_lists_every_command() -> None:
    """Of the program, of a group and of a command."""
    assert "serve" in run_program("--help").stdout
    assert "create" in run_program("account", "--help").stdout
    assert "--behind-proxy" in run_program("serve", "--help").stdout


@pytest.mark.parametrize("arguments", [["--help"], ["env", "--data-dir", "DIR"]])
def test_small_commands_do_not_load_the_server(tmp_path: Path, arguments: list[str]) -> None:
    """Help and env answer at once, because nothing heavy is imported for them."""
    (tmp_path / "dev.json").write_text(
        json.dumps(
            dict.fromkeys(("endpoint", "account_id", "access_key_id", "secret_access_key", "region"), "")
        )
    )
    code = (
        "import sys; from strongroom.cli.commands import run; "
        f"status = run({[str(tmp_path) if one == 'DIR' else one for one in arguments]!r}); "
        "heavy = {'apsw', 'uvloop', 'cryptography', 'asyncio', 'strongroom.services', 'prometheus_client'}; "
        "print(status, sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=clean_environment(), check=True
    )
    assert done.stderr.strip() == "0 []"
