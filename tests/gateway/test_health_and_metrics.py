"""The three paths that need no signature, and every other path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from strongroom.gateway.metrics import MEANINGS, STATUSES
from strongroom.services.table import SERVICES
from tests.support.accounts import Account
from tests.support.server import Server
from tests.support.signed_http import RawAnswer, send

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient


def ask(server: Server, method: str, path: str) -> RawAnswer:
    """Send a request without a signature."""
    return send(server.endpoint, (method, path, {"Host": server.endpoint.partition("://")[2]}, b""))


@pytest.mark.parametrize(("path", "status"), [("/healthz", "alive"), ("/readyz", "ready")])
def test_health_and_readiness_are_json(server: Server, path: str, status: str) -> None:
    """Both say so in JSON that no cache keeps and no browser guesses at."""
    answer = server.get(path)
    assert (answer.status, answer.json()) == (200, {"status": status})
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_the_own_paths_are_read_only(server: Server, path: str) -> None:
    """They answer GET and HEAD; another method hears which ones there are."""
    head = ask(server, "HEAD", path)
    assert (head.status, head.body) == (200, b"")
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        answer = ask(server, method, path)
        assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
        assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/healthz/",
        "/Healthz",
        "//healthz",
        "/%68ealthz",
        "/metrics/../readyz",
        "/index.html",
        "/*",
    ],
)
def test_w01_other_paths_are_not_there_and_never_html(server: Server, path: str) -> None:
    """Nothing at such a path, in JSON, whatever it looks like."""
    for method in ("GET", "POST"):
        answer = ask(server, method, path)
        assert answer.status == 404
        assert answer.headers["Content-Type"] == "application/json"
        assert path.encode() not in answer.body


def test_l02_what_needs_no_signature_leaves_no_record(server: Server) -> None:
    """Health, readiness, metrics and absent paths are not audited."""
    for path in ("/healthz", "/readyz", "/metrics", "/nothing"):
        answer = server.get(path)
        assert server.records(request_id=answer.headers["x-amzn-RequestId"]) == []


def test_metrics_are_in_the_format_of_prometheus_and_all_documented(server: Server) -> None:
    """The format's own parser reads them; names and label names are those of the table, with their meanings."""
    answer = server.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(answer.body.decode())}
    assert set(families) == set(MEANINGS)
    for name, family in families.items():
        kind, meaning, labels = MEANINGS[name]
        assert (family.type, family.documentation) == (kind, meaning)
        for sample in family.samples:
            assert set(sample.labels) == set(labels)
            assert sample.value >= 0


def test_x02_labels_hold_no_name_of_a_customer(
    server: Server, account: Account, secretsmanager: SecretsManagerClient
) -> None:
    """Names, ARNs, accounts and keys appear nowhere; the values of labels come from closed lists."""
    secretsmanager.create_secret(Name="metric-canary", SecretString="v")
    server.raw("secretsmanager", "metric-canary", {}, key=account)
    server.raw("iam", "", b"Action=metriccanary&Version=2010-05-08", key=account)
    text = server.get("/metrics").body.decode()
    for name in ("canary", account.account_id, account.access_key_id, "arn:"):
        assert name not in text
    allowed = {
        "service": {service.name for service in SERVICES},
        "operation": {
            name
            for service in SERVICES
            for name in (*(operation.name for operation in service.operations), *service.unserved)
        },
        "status": set(STATUSES),
    }
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            for label, values in allowed.items():
                assert sample.labels.get(label) is None or sample.labels[label] in values


def test_requests_are_counted_by_operation_and_outcome(server: Server, account: Account) -> None:
    """One more request counts one more, a refused one with what was not let in."""

    def count(name: str, **labels: str) -> float:
        for family in text_string_to_metric_families(server.get("/metrics").body.decode()):
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return sample.value
        return 0

    served = {"service": "secretsmanager", "operation": "DescribeSecret", "status": "4xx"}
    before = (
        count("strongroom_requests_total", **served),
        count("strongroom_rejected_requests_total", status="4xx"),
    )
    server.raw("secretsmanager", "DescribeSecret", {"SecretId": "absent"}, key=account)
    server.raw("secretsmanager", "DescribeSecret", {"SecretId": "absent"}, signed=False)
    after = (
        count("strongroom_requests_total", **served),
        count("strongroom_rejected_requests_total", status="4xx"),
    )
    assert after == (before[0] + 1, before[1] + 1)
