"""The benchmarks work: every scenario once, as small as it gets. What they measure is not judged here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from bench.filling import fill, new_deployment, secret_name, secret_value
from bench.measuring import Load, Plan, Report, interleave, measure, ratios
from bench.processes import family, memory_of
from bench.scenarios import SCENARIOS
from bench.servers import ServerFailed

from bench import servers
from tests.faults.polling import until

ROOT = Path(__file__).parent.parent.parent

BARS = {
    "get": {
        "get: times moto_server",
        "get: share of an empty handler",
        "get: p99, share of moto_server's",
    },
    "audit": {"audit: share of no audit"},
    "workers": {"workers: times one worker"},
    "policy": {
        "policy: CPU with 1,000 statements to 10, wildcards literal",
        "policy: CPU with 1,000 statements to 10, wildcards inside",
        "policy: p99 while policies change, to p99 at rest",
        "policy: hostile pattern, stars",
        "policy: hostile pattern, question marks",
        "policy: hostile pattern, late failure",
        "policy: hostile pattern, long literal",
        "policy: hostile pattern, many runs",
    },
    "customer_key": {
        "customer_key: CPU by a role's session, to the default key",
        "customer_key: CPU by the same user, to the default key",
    },
    "put": {"put: times each alone"},
    "rotation": {"rotation: added to its SQL, ms", "rotation: due at once, times their SQL"},
    "functions": {
        "functions: p50 of reads beside one that burns, to at rest",
        "functions: p99 of reads beside one that burns, to at rest",
        "functions: another function beside one that burns, to at rest",
    },
    "start": {"start: share of moto_server's time"},
    "memory": {
        "memory: PSS of an idle worker, MB",
        "memory: PSS after all were read, MB",
        "memory: second reading to the first",
    },
    "flat": {
        "flat: CPU of GetSecretValue, large store to small",
        "flat: CPU of a ListSecrets page, large store to small",
    },
}


def test_every_bar_of_the_issue_has_a_scenario() -> None:
    """No scenario is without a smoke test."""
    assert set(SCENARIOS) == set(BARS)


@pytest.mark.parametrize("name", sorted(BARS))
def test_a_scenario_measures_what_it_names(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each scenario starts its servers, gets right answers only, and judges all of its bars."""
    report = Report()
    SCENARIOS[name](
        Plan(
            tmp_path,
            rounds=1,
            seconds=0.2,
            stored=600,
            secrets=1_200,
            memory_secrets=300,
            rotations=8,
            attacks=1,
        ),
        report,
    )
    assert set(report.results) == BARS[name]
    assert all(value >= 0 for value in report.results.values())
    shown = capsys.readouterr().out
    assert all(bar in shown for bar in BARS[name])


def test_a_wrong_answer_is_no_measurement(tmp_path: Path) -> None:
    """A round in which a request is refused ends the benchmark instead of counting a fast refusal."""
    deployment = new_deployment(tmp_path / "store", 1)
    with servers.strongroom(deployment) as server:
        absent = server.signer.secretsmanager("GetSecretValue", {"SecretId": "absent"})
        with pytest.raises(ServerFailed, match="400"):
            measure(server, [absent], seconds=5, total=10)


def test_a_filled_store_goes_on_where_it_ended(tmp_path: Path) -> None:
    """A store that is filled twice holds the secrets of both times, with the values that were meant."""
    deployment = fill(new_deployment(tmp_path / "store", 3), 5)
    assert deployment.secrets == 5
    with servers.strongroom(deployment) as server:
        listed = server.call("ListSecrets", {})["SecretList"]
        assert [secret["Name"] for secret in listed] == [secret_name(number) for number in range(5)]
        for number in range(5):
            answer = server.call("GetSecretValue", {"SecretId": secret_name(number)})
            assert answer["SecretString"] == secret_value(number)
        assert memory_of(server.pid).rss_mb > 1
        # supervisor, worker, background loops, rotations, and the two keepers of the function runner
        until(lambda: len(family(server.pid)) == 6)


def test_rounds_are_interleaved() -> None:
    """The sides of a comparison take turns."""
    turns: list[str] = []

    def side(name: str) -> Load:
        turns.append(name)
        return Load(1, 1, 1, 1, 1, 1, 0, 1, 1)

    interleave(3, lambda: side("a"), lambda: side("b"))
    assert turns == ["a", "b"] * 3


def test_a_missed_bar_fails_the_run() -> None:
    """The exit status is 1 where the median misses its bar, and 0 where it meets it."""
    met = Report()
    met.at_least("enough", [1.0, 2.0, 9.0], 2.0)
    met.at_most("little", ratios([1, 2, 9], [1, 1, 1]), 2.0)
    assert met.conclude() == 0
    short = Report()
    short.at_least("too little", [1.0, 1.9, 9.0], 2.0)
    assert short.conclude() == 1
    over = Report()
    over.at_most("too much", [1.0, 2.1, 9.0], 2.0)
    assert over.conclude() == 1


@pytest.mark.parametrize("profile", ["steps", "get", "put"])
def test_the_profiles_run(profile: str) -> None:
    """The in-process profiles walk the real pipeline."""
    ran = subprocess.run(
        [sys.executable, "-m", "bench", "--profile", profile, "--requests", "640"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "us of CPU" in ran.stdout


def test_the_load_generator_reports_what_it_saw(tmp_path: Path) -> None:
    """A replay counts every answer once, with its status."""
    deployment = new_deployment(tmp_path / "store", 2)
    with servers.strongroom(deployment) as server:
        requests = [
            server.signer.secretsmanager("GetSecretValue", {"SecretId": secret_name(number)})
            for number in range(2)
        ]
        load = measure(server, requests, seconds=30, total=101, connections=7)
        before = server.metrics()["strongroom_audit_records"]
        measure(server, requests, seconds=30, total=50, connections=3)
        assert load.requests == 101
        assert load.p50_ms <= load.p99_ms
        assert server.metrics()["strongroom_audit_records"] == before + 50


def test_the_list_of_options_is_printed() -> None:
    """``python -m bench --help`` names every scenario."""
    ran = subprocess.run(
        [sys.executable, "-m", "bench", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert all(name in ran.stdout for name in SCENARIOS)


def test_processes_run_on_the_cores_they_are_given(tmp_path: Path) -> None:
    """A server and its children stay on their core although this process pins itself to another one."""
    own = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {max(own)})
        with servers.strongroom(new_deployment(tmp_path / "store"), cores={min(own)}) as server:
            pids = family(server.pid)
            assert len(pids) >= 3  # the background processes start after the worker
            assert all(os.sched_getaffinity(pid) == {min(own)} for pid in pids)
    finally:
        os.sched_setaffinity(0, own)
