"""``strongroom init``."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from tests.cli.refusals import assert_refused
from tests.support.deployments import make_deployment
from tests.support.server import run_program


def test_init_prints_the_key_of_the_first_administrator_once(tmp_path: Path) -> None:
    """What it prints lets boto3 in, in the Regions that were named, and is nowhere in the directory in clear."""
    made = make_deployment(
        tmp_path, "--account", "111122223333", "--region", "eu-central-1", "--region", "eu-west-1"
    )
    assert made.first.account_id == "111122223333"
    running = made.server("--workers", "1").start()
    try:
        # The events of IAM are looked up in its home Region, even where that is none of the deployment's.
        assert "Events" in running.client("cloudtrail", region="us-east-1").lookup_events()
        for region in ("eu-central-1", "eu-west-1"):
            identity = running.client("sts", region=region).get_caller_identity()
            assert identity["Arn"] == "arn:aws:iam::111122223333:user/admin"
    finally:
        running.close()
    secret = made.first.secret_access_key.encode()
    for path in made.data_dir.rglob("*"):
        if path.is_file():
            assert secret not in path.read_bytes(), path


def test_init_makes_files_that_are_closed_to_others(tmp_path: Path) -> None:
    """D-01: the directory is 0700 and its files are 0600; so is the key file."""
    made = make_deployment(tmp_path)
    assert stat.S_IMODE(made.data_dir.stat().st_mode) == 0o700
    for path in (made.key_file, *made.data_dir.rglob("*")):
        if path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_init_for_humans_says_what_to_keep(tmp_path: Path) -> None:
    """Without --json the results are on standard output and the advice on standard error."""
    (tmp_path / "keys").mkdir()
    done = run_program("init", "--data-dir", tmp_path / "store" / "a", "--seal", f"file:{tmp_path}/keys/k")
    assert done.returncode == 0
    assert [line.split("  ")[0] for line in done.stdout.splitlines()] == [
        "account",
        "access key id",
        "secret access key",
        "audit public key",
    ]
    assert "not shown again" in done.stderr


def test_init_takes_a_passphrase_from_standard_input(tmp_path: Path) -> None:
    """K-06: a passphrase is read, never given as an argument; serve wants the same one."""
    data_dir = tmp_path / "data"
    arguments = ("--data-dir", data_dir, "--seal", "passphrase")
    assert_refused(run_program("init", *arguments, standard_input="short\n"), "at least 12 bytes")
    done = run_program("init", *arguments, "--json", standard_input="correct horse battery\n")
    assert done.returncode == 0, done.stderr
    listing = run_program("account", "list", "--data-dir", data_dir, standard_input="correct horse battery\n")
    assert listing.stdout.strip() == json.loads(done.stdout)["account_id"]
    wrong = run_program("account", "list", "--data-dir", data_dir, standard_input="another horse battery\n")
    assert_refused(wrong)


def test_k06_a_passphrase_as_an_argument_is_refused_and_not_repeated(tmp_path: Path) -> None:
    """Whoever types a passphrase into an argument is told so, without reading it again."""
    done = run_program("init", "--data-dir", tmp_path / "data", "--seal", "passphrase:open-sesame-please")
    assert_refused(done, "never given as an argument")
    assert "sesame" not in done.stderr


def test_init_wants_to_know_how_the_root_key_is_kept(tmp_path: Path) -> None:
    """There is no default seal: the operator chooses."""
    assert_refused(
        run_program("init", "--data-dir", tmp_path / "data"), "--seal file:PATH", "--seal passphrase"
    )
    assert not (tmp_path / "data").exists()


def test_init_refuses_a_key_file_beside_the_store(tmp_path: Path) -> None:
    """In the directory, below it, or there by a link: who copies one has the other."""
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    for place in ("data/key", "data/below/key", "link/key"):
        done = run_program("init", "--data-dir", tmp_path / "data", "--seal", f"file:{tmp_path / place}")
        assert_refused(done, "beside the store")
    assert list((tmp_path / "data").iterdir()) == []


def test_init_never_touches_what_is_there(tmp_path: Path) -> None:
    """A second init in the same directory, or with the same key file, changes nothing."""
    made = make_deployment(tmp_path)
    before = {path: path.read_bytes() for path in made.data_dir.iterdir() if path.is_file()}
    again = run_program("init", "--data-dir", made.data_dir, "--seal", f"file:{made.key_file}.2")
    assert_refused(again, "already")
    other = run_program("init", "--data-dir", tmp_path / "other" / "d", "--seal", f"file:{made.key_file}")
    assert_refused(other, "never overwritten")
    assert {path: path.read_bytes() for path in made.data_dir.iterdir() if path.is_file()} == before


def test_init_refuses_what_is_no_account_and_no_region(tmp_path: Path) -> None:
    """Nothing is left behind that a second, right attempt would stumble over."""
    (tmp_path / "keys").mkdir()
    base = ("init", "--data-dir", tmp_path / "s" / "d", "--seal", f"file:{tmp_path / 'keys' / 'k'}")
    assert_refused(run_program(*base, "--account", "12345"), "12 digits")
    assert_refused(run_program(*base, "--region", "Europe"), "eu-central-1")
    assert run_program(*base, "--account", "123456789012").returncode == 0
