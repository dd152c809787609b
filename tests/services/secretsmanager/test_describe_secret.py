"""DescribeSecret over the wire."""

from __future__ import annotations

from typing import Any

from tests.services.secretsmanager.answers import (
    INVALID_NAME,
    NOT_FOUND,
    allow,
    limited_client,
    plain,
    refusal,
    share,
    the_record,
)
from tests.support.accounts import Account
from tests.support.server import MovedServer, Server


def test_what_has_nothing_to_say_is_left_out(server: Server, account: Account, secretsmanager: Any) -> None:
    """A bare secret has an ARN, a name and two dates, and no member is null."""
    secretsmanager.create_secret(Name="bare")
    answer = server.raw("secretsmanager", "DescribeSecret", {"SecretId": "bare"}, account=account)
    assert answer.json().keys() == {"ARN", "Name", "CreatedDate", "LastChangedDate"}
    assert answer.json()["CreatedDate"] == answer.json()["LastChangedDate"]


def test_a_full_secret_shows_all_of_it(secretsmanager: Any) -> None:
    """Description, tags, labels of every labelled version, dates; never a value."""
    made = secretsmanager.create_secret(
        Name="full", Description="d", SecretString="canary-3", Tags=[{"Key": "k", "Value": "v"}]
    )
    put = secretsmanager.put_secret_value(SecretId="full", SecretString="canary-4")
    secretsmanager.put_secret_value(SecretId="full", SecretString="canary-5")
    last = secretsmanager.put_secret_value(SecretId="full", SecretString="canary-6", VersionStages=["mine"])
    secretsmanager.get_secret_value(SecretId="full")
    found = plain(secretsmanager.describe_secret(SecretId="full"))
    assert found.keys() == {
        "ARN",
        "Name",
        "Description",
        "CreatedDate",
        "LastChangedDate",
        "LastAccessedDate",
        "Tags",
        "VersionIdsToStages",
    }
    versions = found["VersionIdsToStages"]
    assert made["VersionId"] not in versions
    assert versions[put["VersionId"]] == ["AWSPREVIOUS"]
    assert versions[last["VersionId"]] == ["mine"]
    assert len(versions) == 3
    assert "canary" not in str(found)


def test_dates_have_milliseconds_and_days_have_not(moved_server: MovedServer) -> None:
    """On the wire dates are seconds with a fraction; LastAccessedDate is a whole day."""
    client = moved_server.client("secretsmanager")
    moved_server.set_time("2031-02-03T04:05:06.789+00:00")
    client.create_secret(Name="app", SecretString="x")
    client.get_secret_value(SecretId="app")
    found = moved_server.raw("secretsmanager", "DescribeSecret", {"SecretId": "app"}).json()
    assert found["LastAccessedDate"] % 86_400 == 0
    assert round(found["CreatedDate"] * 1000) == found["CreatedDate"] * 1000
    assert found["CreatedDate"] - found["LastAccessedDate"] >= 4 * 3_600


def test_describing_is_no_access(secretsmanager: Any) -> None:
    """It neither sets LastAccessedDate nor moves LastChangedDate (recorded)."""
    secretsmanager.create_secret(Name="app", SecretString="x")
    first = plain(secretsmanager.describe_secret(SecretId="app"))
    assert plain(secretsmanager.describe_secret(SecretId="app")) == first
    assert "LastAccessedDate" not in first


def test_p01_every_form_of_the_id_is_the_same_secret(secretsmanager: Any) -> None:
    """Name, partial and full ARN."""
    arn = secretsmanager.create_secret(Name="dir/app")["ARN"]
    for secret_id in ("dir/app", arn, arn[:-7]):
        assert secretsmanager.describe_secret(SecretId=secret_id)["ARN"] == arn


def test_errors_have_their_texts(server: Server, account: Account, secretsmanager: Any) -> None:
    """Absent, misnamed and forbidden secrets (P-09)."""
    describe = secretsmanager.describe_secret
    assert refusal(describe, SecretId="absent") == NOT_FOUND
    assert refusal(describe, SecretId="not a name") == INVALID_NAME
    code, message = refusal(describe, SecretId="n" * 2049)
    assert code == "ValidationException"
    assert "Member must have length less than or equal to 2048" in message
    nobody = limited_client(server, account, allow("ListSecrets"))
    secretsmanager.create_secret(Name="there")
    there = refusal(nobody.describe_secret, SecretId="there")
    absent = refusal(nobody.describe_secret, SecretId="nowhere")
    assert there[0] == "AccessDeniedException"
    assert there == (absent[0], absent[1].replace("nowhere", "there"))


def test_other_accounts_see_it_only_when_it_is_shared(
    server: Server, account: Account, secretsmanager: Any
) -> None:
    """The same name in another account is another secret; the ARN needs a resource policy."""
    arn = secretsmanager.create_secret(Name="app", SecretString="x")["ARN"]
    other = server.new_account()
    client = server.client("secretsmanager", other)
    assert refusal(client.describe_secret, SecretId="app") == NOT_FOUND
    assert refusal(client.describe_secret, SecretId=arn)[0] == "AccessDeniedException"
    share(secretsmanager, "app", other.account_id)
    assert client.describe_secret(SecretId=arn)["ARN"] == arn
    assert refusal(client.describe_secret, SecretId="app") == NOT_FOUND


def test_l02_each_call_has_one_record(server: Server, secretsmanager: Any) -> None:
    """Read-only, with the id as it was sent."""
    arn = secretsmanager.create_secret(Name="app")["ARN"]
    record = the_record(server, secretsmanager.describe_secret(SecretId=arn[:-7]))
    assert record["requestParameters"] == {"secretId": arn[:-7]}
    assert (record["responseElements"], record["readOnly"]) == (None, True)
