"""AssumeRoleWithWebIdentity against a real issuer: what proves somebody, and everything that does not."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.services.iam.answers import only_record, refusal
from tests.services.sts.roles import ANYTHING, assume, document, key_of, new_role
from tests.support.accounts import Account
from tests.support.identity_provider import IdentityProvider, identity_provider
from tests.support.server import Server

FORBIDDEN = (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
WEB = "sts:AssumeRoleWithWebIdentity"
READS = {"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"}


class Cluster:
    """An issuer, a server that may fetch from it, an account that has it as a provider, and a role."""

    def __init__(self, provider: IdentityProvider, server: Server) -> None:
        self.provider = provider
        self.server = server
        self.account = server.new_account()
        self.iam = server.client("iam", self.account)
        made = self.iam.create_open_id_connect_provider(
            Url=provider.issuer, ClientIDList=["sts.amazonaws.com", "other"]
        )
        self.arn: str = made["OpenIDConnectProviderArn"]
        self.host = provider.issuer.removeprefix("https://")
        self.role = self.new_role()
        self.anonymous = anonymous(server)

    def trust(
        self, *, actions: tuple[str, ...] = (WEB,), subject: str = "system:serviceaccount:shop:web"
    ) -> Any:
        """Write a statement that trusts a service account."""
        return {
            "Effect": "Allow",
            "Principal": {"Federated": self.arn},
            "Action": list(actions),
            "Condition": {
                "StringEquals": {f"{self.host}:sub": subject, f"{self.host}:aud": "sts.amazonaws.com"}
            },
        }

    def new_role(self, *rights: Any, **more: Any) -> str:
        """Make a role that trusts the service account."""
        return new_role(self.iam, *(rights or (READS,)), trust=self.trust(**more))

    def ask(self, token: str, role: str = "", **more: Any) -> Any:
        """Ask for a role."""
        return self.anonymous.assume_role_with_web_identity(
            RoleArn=role or self.role, RoleSessionName="pod-7", WebIdentityToken=token, **more
        )

    def refusal(self, token: str, role: str = "", **more: Any) -> tuple[int, str, str]:
        """Ask for a role in vain."""
        return refusal(self.ask, token=token, role=role, **more)


def anonymous(server: Server) -> Any:
    """Make a client without credentials."""
    from botocore import UNSIGNED

    return server.client("sts", signature_version=UNSIGNED)


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityProvider]:
    """An issuer."""
    with identity_provider(tmp_path_factory.mktemp("issuer")) as running:
        yield running


@pytest.fixture(scope="module")
def cluster(provider: IdentityProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """An issuer whose network and authority the server's operator lists."""
    running = Server(
        tmp_path_factory.mktemp("server") / "data",
        settings={"egress_allow": "127.0.0.0/8", "egress_ca": provider.certificate},
    )
    try:
        running.start()
        yield Cluster(provider, running)
    finally:
        running.close()


def test_a_service_account_gets_the_role(cluster: Cluster) -> None:
    """Unsigned; the answer says whom the token was about; the record names provider and subject and no token."""
    token = cluster.provider.token()
    answer = cluster.ask(token)
    assert answer["SubjectFromWebIdentityToken"] == "system:serviceaccount:shop:web"
    assert answer["Audience"] == "sts.amazonaws.com"
    assert answer["Provider"] == cluster.provider.issuer
    assert answer["AssumedRoleUser"]["Arn"].endswith("/pod-7")
    record = only_record(cluster.server, answer)
    assert record["eventName"] == "AssumeRoleWithWebIdentity"
    assert record["recipientAccountId"] == cluster.account.account_id
    subject = "system:serviceaccount:shop:web"
    assert record["userIdentity"] == {
        "type": "WebIdentityUser",
        "principalId": f"{cluster.arn}:sts.amazonaws.com:{subject}",
        "userName": subject,
        "identityProvider": cluster.arn,
    }
    assert record["requestParameters"] == {"roleArn": cluster.role, "roleSessionName": "pod-7"}
    written = json.dumps(record)
    assert token not in written
    assert answer["Credentials"]["SessionToken"] not in written
    assert record["responseElements"]["credentials"]["accessKeyId"] == answer["Credentials"]["AccessKeyId"]
    session = key_of(answer)
    used = cluster.server.client("iam", key=session).get_role(RoleName=cluster.role.rpartition("/")[2])
    context = only_record(cluster.server, used)["userIdentity"]["sessionContext"]
    assert context["webIdFederationData"] == {"federatedProvider": cluster.arn}


def test_the_identity_is_a_condition_of_what_follows(cluster: Cluster) -> None:
    """``aws:FederatedProvider`` and ``<issuer>:sub`` stay with the session."""
    right = {
        **READS,
        "Condition": {
            "StringEquals": {
                "aws:FederatedProvider": cluster.arn,
                f"{cluster.host}:sub": "system:serviceaccount:shop:web",
            }
        },
    }
    role = cluster.new_role(right)
    name = role.rpartition("/")[2]
    session = key_of(cluster.ask(cluster.provider.token(), role))
    cluster.server.client("iam", key=session).get_role(RoleName=name)


def test_absent_and_untrusting_roles_look_alike(cluster: Cluster) -> None:
    """Also where the role trusts another subject."""
    token = cluster.provider.token()
    other = cluster.new_role(subject="system:serviceaccount:shop:other")
    untrusting = new_role(
        cluster.iam,
        trust={
            "Effect": "Allow",
            "Principal": {"AWS": cluster.account.account_id},
            "Action": "sts:AssumeRole",
        },
    )
    for role in (other, untrusting, cluster.role + "x"):
        assert cluster.refusal(token, role) == FORBIDDEN
    elsewhere = f"arn:aws:iam::{cluster.server.first.account_id}:role/r"
    assert cluster.refusal(token, elsewhere) == FORBIDDEN
    assert cluster.refusal(token, "arn:aws:iam::1:role/abcdefgh") == (
        400,
        "ValidationError",
        "Request ARN is invalid",
    )


def test_a_proved_bearer_who_may_not_is_recorded_and_others_are_not(cluster: Cluster) -> None:
    """Who cannot prove anything is noise (L-05)."""
    other = cluster.new_role(subject="system:serviceaccount:shop:other")
    before = len(cluster.server.records("AssumeRoleWithWebIdentity"))
    cluster.refusal(cluster.provider.token(exp=int(time.time()) - 1), other)
    cluster.refusal("e30.e30.e30", other)
    assert len(cluster.server.records("AssumeRoleWithWebIdentity")) == before
    cluster.refusal(cluster.provider.token(), other)
    record = cluster.server.records("AssumeRoleWithWebIdentity")[-1]
    assert record["errorCode"] == "AccessDenied"
    assert record["userIdentity"]["userName"] == "system:serviceaccount:shop:web"


def test_e04_times_are_checked(cluster: Cluster) -> None:
    """With the true time, and expired from the second on that it names."""
    now = int(time.time())
    status, code, text = cluster.refusal(cluster.provider.token(exp=now - 1))
    assert (status, code) == (400, "ExpiredTokenException")
    assert text.startswith("Token expired: current date/time ")
    assert text.endswith(f" must be before the expiration date/time {now - 1}")
    for token in (cluster.provider.token(nbf=now + 300), cluster.provider.token(iat=now + 300)):
        assert cluster.refusal(token)[:2] == (400, "InvalidIdentityToken")
    cluster.ask(cluster.provider.token(nbf=None))


@pytest.mark.parametrize("claim", ["exp", "iat", "aud", "sub", "iss"])
def test_e04_required_claims(cluster: Cluster, claim: str) -> None:
    """Absent, or of another type."""
    absent: dict[str, Any] = {claim: None}
    got = cluster.refusal(cluster.provider.token(**absent))
    assert got == (400, "InvalidIdentityToken", f"Missing a required claim: {claim}")
    other: dict[str, Any] = {claim: {"a": 1}}
    wrong = cluster.refusal(cluster.provider.token(**other))
    assert wrong[:2] == (400, "InvalidIdentityToken")


def test_e04_audience(cluster: Cluster) -> None:
    """One of those that the provider lists; ``azp`` counts instead where it stands."""
    text = (400, "InvalidIdentityToken", "Incorrect token audience")
    assert cluster.refusal(cluster.provider.token(aud="somebody")) == text
    assert cluster.refusal(cluster.provider.token(aud="sts.amazonaws.com", azp="somebody")) == text
    cluster.ask(cluster.provider.token(aud="sts.amazonaws.com"))
    assert (
        cluster.ask(cluster.provider.token(aud="x", azp="sts.amazonaws.com"))["Audience"]
        == "sts.amazonaws.com"
    )
    assert cluster.refusal(cluster.provider.token(aud=["other"])) == FORBIDDEN


def test_e04_the_issuer_is_compared_exactly(cluster: Cluster) -> None:
    """A slash more is another issuer; one that nobody made a provider is none."""
    for issuer in (
        cluster.provider.issuer + "/",
        "https://127.0.0.1/other",
        "http" + cluster.provider.issuer[5:],
    ):
        got = cluster.refusal(cluster.provider.token(iss=issuer))
        assert got == (
            400,
            "InvalidIdentityToken",
            f"No OpenIDConnect provider found in your account for {issuer}",
        )


def test_e04_signatures_of_others_prove_nothing(cluster: Cluster) -> None:
    """Another key, a changed payload, no signature, an HMAC with the public key, another key type."""
    provider = cluster.provider
    true = provider.token()
    head, body, signature = true.split(".")
    public = json.dumps(provider.jwks["keys"][0]).encode()
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    changed = base64.urlsafe_b64encode(json.dumps({**claims, "sub": "root"}).encode()).rstrip(b"=").decode()
    none = base64.urlsafe_b64encode(b'{"alg":"none","kid":"one"}').rstrip(b"=").decode()
    hmac = provider.token(algorithm="HS256", key=OctKey.import_key(public))
    forged = [
        provider.token(key=RSAKey.generate_key(2048)),
        f"{head}.{changed}.{signature}",
        f"{none}.{body}.",
        f"{none}.{body}.{signature}",
        hmac,
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{body}.{signature}.x",
        provider.token(algorithm="ES256", key=ECKey.generate_key("P-256")),
        provider.token(header={"jku": "https://127.0.0.1/mine"}, key=RSAKey.generate_key(2048)),
        provider.token(header={"crit": ["b64"], "b64": True}),
        "x" * 100,
    ]
    for token in forged:
        status, code, text = cluster.refusal(token)
        assert (status, code) == (400, "InvalidIdentityToken"), text
        assert token not in text
    cluster.ask(true)


def test_j01_a_claim_that_occurs_twice_is_refused(cluster: Cluster) -> None:
    """Of two readers that keep the first and the last, one is deceived."""
    from joserfc import jws

    now = int(time.time())
    body = (
        f'{{"iss":"{cluster.provider.issuer}","aud":"sts.amazonaws.com","iat":{now},"exp":{now + 60},'
        '"sub":"system:serviceaccount:shop:other","sub":"system:serviceaccount:shop:web"}'
    )
    token = jws.serialize_compact({"alg": "RS256", "kid": "one"}, body.encode(), cluster.provider.keys["one"])
    assert cluster.refusal(token)[:2] == (400, "InvalidIdentityToken")


@pytest.mark.parametrize(("algorithm", "curve"), [("ES256", "P-256"), ("ES384", "P-384"), ("ES512", "P-521")])
def test_elliptic_curves(cluster: Cluster, algorithm: str, curve: str) -> None:
    """Each algorithm with its own curve, and with no other."""
    from strongroom.services.sts.web_identity import check_signature, fits, read_token

    key = ECKey.generate_key(curve)
    token = cluster.provider.token(algorithm=algorithm, key=key)
    members = key.as_dict(private=False)
    check_signature(read_token(token), [members])
    assert fits(algorithm, "EC", curve, None)
    assert not fits(algorithm, "EC", "P-256" if curve != "P-256" else "P-384", None)
    assert not fits("RS256", "EC", curve, None)
    assert not fits(algorithm, "EC", curve, "ES256" if algorithm != "ES256" else "ES384")


def test_keys_are_kept_and_asked_for_again_when_one_is_new(cluster: Cluster) -> None:
    """A rotated key is found at once, an unknown one does not make us ask again and again."""
    provider = cluster.provider
    path = "/cluster/keys"
    cluster.ask(provider.token())
    asked = provider.asked[path]
    for _ in range(3):
        cluster.ask(provider.token())
    assert provider.asked[path] == asked
    unknown: dict[str, Any] = {"key_id": "nobody", "key": RSAKey.generate_key(2048)}
    for _ in range(5):
        got = cluster.refusal(provider.token(**unknown))
        assert got[2].startswith("Couldn't retrieve verification key from your identity provider")
    assert provider.asked[path] <= asked + 1


def test_session_tags_of_the_provider(cluster: Cluster) -> None:
    """They need ``sts:TagSession``; so does the source identity its own permission."""
    claims: dict[str, Any] = {
        "https://aws.amazon.com/tags": {
            "principal_tags": {"team": ["blue"]},
            "transitive_tag_keys": ["team"],
        },
        "https://aws.amazon.com/source_identity": "alice",
    }
    token = cluster.provider.token(**claims)
    assert cluster.refusal(token)[2] == "Not authorized to perform sts:TagSession"
    right = {
        **READS,
        "Condition": {"StringEquals": {"aws:PrincipalTag/team": "blue", "aws:SourceIdentity": "alice"}},
    }
    role = cluster.new_role(right, actions=(WEB, "sts:TagSession", "sts:SetSourceIdentity"))
    answer = cluster.ask(token, role)
    assert answer["SourceIdentity"] == "alice"
    assert answer["PackedPolicySize"] > 0
    session = cluster.server.client("iam", key=key_of(answer))
    session.get_role(RoleName=role.rpartition("/")[2])
    for wrong in ("x", {"principal_tags": {"a": ["*"]}}, {"principal_tags": {"a": ["1", "2"]}}):
        bad: dict[str, Any] = {"https://aws.amazon.com/tags": wrong}
        got = cluster.refusal(cluster.provider.token(**bad), role)
        assert got[:2] == (400, "InvalidIdentityToken")


def test_a_web_session_may_assume_the_next_role(cluster: Cluster) -> None:
    """It is a role's session like any other."""
    first = cluster.new_role(ANYTHING)
    second = new_role(
        cluster.iam, trust={"Effect": "Allow", "Principal": {"AWS": first}, "Action": "sts:AssumeRole"}
    )
    session = key_of(cluster.ask(cluster.provider.token(), first))
    assume(cluster.server.client("sts", key=session), second)


def test_limits_of_the_session(cluster: Cluster) -> None:
    """Session policies and duration as with AssumeRole."""
    nothing = document({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    session = key_of(cluster.ask(cluster.provider.token(), Policy=nothing))
    got = refusal(
        cluster.server.client("iam", key=session).get_role, RoleName=cluster.role.rpartition("/")[2]
    )
    assert got[1] == "AccessDenied"
    got = cluster.refusal(cluster.provider.token(), DurationSeconds=7_200)
    assert got[2] == "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."


def test_an_sdk_finds_the_token_by_itself(cluster: Cluster, tmp_path: Any) -> None:
    """With the two variables that Kubernetes sets, and nothing else."""
    import subprocess
    import sys

    from tests.support.server import clean_environment

    (tmp_path / "token").write_text(cluster.provider.token())
    program = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    environment = {
        **clean_environment(),
        "AWS_ROLE_ARN": cluster.role,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
        "AWS_ROLE_SESSION_NAME": "pod",
        "AWS_ENDPOINT_URL": cluster.server.endpoint,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip().endswith("/pod"), done.stderr


def test_e01_private_addresses_are_not_fetched_from(provider: IdentityProvider, second_server: Any) -> None:
    """Unless the operator lists their network; the answer does not say why."""
    there = Cluster(provider, second_server(settings={"egress_ca": provider.certificate}))
    asked = dict(provider.asked)
    got = there.refusal(provider.token())
    assert got[:2] == (400, "InvalidIdentityToken")
    assert got[2].startswith("Couldn't retrieve verification key")
    assert provider.asked == asked


def test_e01_an_unknown_authority_is_not_trusted(provider: IdentityProvider, second_server: Any) -> None:
    """The certificate is checked."""
    there = Cluster(provider, second_server(settings={"egress_allow": "127.0.0.1/32"}))
    asked = dict(provider.asked)
    assert there.refusal(provider.token())[:2] == (400, "IDPCommunicationError")
    assert provider.asked == asked


def test_e01_pinned_keys_need_no_network(
    provider: IdentityProvider, second_server: Any, tmp_path: Any
) -> None:
    """For an issuer in the file nothing is fetched."""
    pinned = tmp_path / "keys.json"
    pinned.write_text(json.dumps({provider.issuer: provider.jwks}))
    there = Cluster(provider, second_server(settings={"oidc_keys": pinned}))
    asked = dict(provider.asked)
    there.ask(provider.token())
    assert there.refusal(provider.token(key_id="new", key=RSAKey.generate_key(2048)))[2].startswith(
        "Couldn't"
    )
    assert provider.asked == asked


def test_the_event_loop_is_not_held_up_by_a_silent_provider(tmp_path: Any) -> None:
    """Others are answered while an issuer that accepts and says nothing is waited for."""
    import socket
    import threading

    with socket.create_server(("127.0.0.1", 0)) as silent, identity_provider(tmp_path / "issuer") as provider:
        provider.issuer = f"https://127.0.0.1:{silent.getsockname()[1]}"
        running = Server(
            tmp_path / "data", settings={"egress_allow": "127.0.0.0/8", "egress_ca": provider.certificate}
        )
        try:
            running.start()
            there = Cluster(provider, running)
            answers: list[Any] = []
            waiting = threading.Thread(target=lambda: answers.append(there.refusal(provider.token())))
            waiting.start()
            connection, _ = silent.accept()  # it was asked
            assert running.client("sts").get_caller_identity()["Account"] == running.first.account_id
            assert running.client("cloudtrail").lookup_events()["Events"] is not None
            assert not answers
            waiting.join(30)
            connection.close()
            assert answers == [
                (400, "IDPCommunicationError", "The identity provider could not be reached. Try again.")
            ]
        finally:
            running.close()


def test_settings_that_cannot_be_read_are_refused_at_the_start(tmp_path: Any) -> None:
    """Not with the first token."""
    from tests.support.server import run_program

    for settings, said in (
        ({"egress_allow": "10.0.0.1/8"}, "10.0.0.1/8"),
        ({"egress_ca": tmp_path / "absent"}, "egress_ca"),
        ({"oidc_keys": tmp_path / "absent"}, "absent"),
    ):
        done = run_program("dev", "--data-dir", tmp_path / "d", "--listen", "127.0.0.1:0", settings=settings)
        assert done.returncode == 2
        assert said in done.stderr


def test_the_account_of_the_role_counts(cluster: Cluster, provider: IdentityProvider) -> None:
    """A provider of another account proves nothing here."""
    other: Account = cluster.server.new_account()
    iam = cluster.server.client("iam", other)
    foreign = new_role(iam, trust=cluster.trust())
    got = cluster.refusal(provider.token(), foreign)
    assert got[2] == f"No OpenIDConnect provider found in your account for {provider.issuer}"
