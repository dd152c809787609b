"""S-01 to S-11 at the real server, byte by byte: what is not signed for exactly this request is not let in."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support.accounts import Account, Key
from tests.support.keep_alive import ConnectionDropped, KeepAlive, RawHeader, Reply, Unsigned, write_signed
from tests.support.server import Server

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient
    from types_boto3_secretsmanager import SecretsManagerClient

TARGET: RawHeader = (b"X-Amz-Target", b"secretsmanager.GetRandomPassword")
JSON: RawHeader = (b"Content-Type", b"application/x-amz-json-1.1")
FORM: RawHeader = (b"Content-Type", b"application/x-www-form-urlencoded; charset=utf-8")
PASSWORD = Unsigned("secretsmanager", (JSON, TARGET), b"{}")
IDENTITY = Unsigned("sts", (FORM,), b"Action=GetCallerIdentity&Version=2011-06-15")
MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
    "Key and signing method. Consult the service documentation for details."
)

Ask = Callable[..., Reply]


@pytest.fixture
def ask(server: Server, account: Account) -> Iterator[Ask]:
    """Send requests signed by the account's administrator, with whatever ``write_signed`` is told to do wrong."""
    with KeepAlive(server.endpoint) as connection:

        def send(request: Unsigned, **wrong: Any) -> Reply:
            return connection.ask(write_signed(request, server.endpoint, wrong.pop("key", account), **wrong))

        yield send


def read(reply: Reply) -> tuple[int, str, str]:
    """Read status, code and message of an error of either protocol, and check the envelope."""
    assert reply.request_id
    if reply.headers[b"content-type"] == b"text/xml":
        error = ElementTree.fromstring(reply.body).find("{*}Error")
        assert error is not None
        assert error.findtext("{*}Type") == "Sender"
        return reply.status, error.findtext("{*}Code") or "", error.findtext("{*}Message") or ""
    assert reply.headers[b"content-type"] == b"application/x-amz-json-1.1"
    says = json.loads(reply.body)
    assert set(says) <= {"__type", "message"}  # the front door writes the small letter
    return reply.status, says["__type"], says.get("message", "")


def must_be_signed(name: str) -> tuple[int, str, str]:
    """Word the refusal of a header that the signature does not cover."""
    return 400, "InvalidSignatureException", f"{name} must be a 'SignedHeader' in the AWS Authorization."


def with_header(request: Unsigned, *headers: RawHeader) -> Unsigned:
    """Add headers to a request."""
    return replace(request, headers=(*request.headers, *headers))


def test_a_well_signed_request_is_let_in(ask: Ask) -> None:
    """The requests that the other tests spoil are good before."""
    assert ask(PASSWORD).status == 200
    assert ask(IDENTITY).status == 200


@pytest.mark.parametrize(
    ("uncovered", "label"),
    [
        (b"host", "'Host' or ':authority'"),
        (b"x-amz-date", "'X-Amz-Date'"),
        (b"x-amz-target", "'X-Amz-Target'"),
        (b"x-amz-user-agent", "'X-Amz-User-Agent'"),
        (b"x-amz-anything", "'X-Amz-Anything'"),
        (b"content-encoding", "'Content-Encoding'"),
    ],
)
def test_s02_headers_with_a_meaning_must_be_signed(ask: Ask, uncovered: bytes, label: str) -> None:
    """Host, date, target and every other x-amz header must be covered by the signature."""
    more = (b"X-Amz-User-Agent", b"x"), (b"X-Amz-Anything", b"x"), (b"Content-Encoding", b"identity")
    request = with_header(PASSWORD, *(header for header in more if header[0].lower() == uncovered))
    assert read(ask(request, uncovered=(b"user-agent", uncovered))) == must_be_signed(label)


def test_s02_a_target_cannot_be_added_to_a_signed_request(ask: Ask) -> None:
    """A captured request does not become another operation by a target that nobody signed."""
    without_target = replace(PASSWORD, headers=(JSON,))
    assert read(ask(without_target, added=(TARGET,))) == must_be_signed("'X-Amz-Target'")


def test_s02_headers_of_proxies_need_no_signature(ask: Ask) -> None:
    """A trace id, which load balancers add, is not an x-amz header."""
    assert ask(PASSWORD, added=((b"X-Amzn-Trace-Id", b"Root=1-2-3"), (b"Accept", b"*/*"))).status == 200


@pytest.mark.parametrize(
    "header",
    [
        (b"X-Amz-Target", b"secretsmanager.DeleteSecret"),
        (b"X-Amz-Target", b"secretsmanager.GetRandomPassword"),
        (b"Content-Type", b"application/x-amz-json-1.1"),
        (b"X-Amz-Date", b"20200101T000000Z"),
        (
            b"Authorization",
            b"AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host, Signature=0",
        ),
    ],
)
def test_s03_repeated_headers_are_refused(ask: Ask, header: RawHeader) -> None:
    """A header that decides something stands once, whether the second one is signed or not."""
    for reply in (ask(with_header(PASSWORD, header)), ask(PASSWORD, added=(header,))):
        status, code, text = read(reply)
        assert (status, code) == (400, "IncompleteSignatureException")
        assert text == f"The header '{header[0].decode().lower()}' must not be repeated."


@pytest.mark.parametrize("name", [b"X-Amz-Security-Token", b"X-Amz-Content-Sha256"])
def test_s03_two_tokens_or_two_hashes_are_refused(ask: Ask, name: bytes) -> None:
    """The same holds for headers that a request may be without."""
    status, code, text = read(ask(with_header(PASSWORD, (name, b"a"), (name, b"b"))))
    assert (status, code) == (400, "IncompleteSignatureException")
    assert text == f"The header '{name.decode().lower()}' must not be repeated."


@pytest.mark.parametrize("header", [(b"Host", b"127.0.0.1"), (b"Content-Length", b"2")])
def test_s03_s10_two_hosts_and_two_lengths_never_reach_the_signature(
    server: Server, account: Account, header: RawHeader
) -> None:
    """The edge refuses what frames the request twice, and ends the connection."""
    with KeepAlive(server.endpoint) as connection:
        reply = connection.ask(write_signed(PASSWORD, server.endpoint, account, added=(header,)))
        assert reply.status == 400
        with pytest.raises(ConnectionDropped):
            connection.read()


def test_s03_both_forms_of_a_signature_are_refused(ask: Ask) -> None:
    """A request is signed in its header or in its query, not in both."""
    request = replace(IDENTITY, query=b"X-Amz-Signature=" + b"0" * 64)
    assert read(ask(request)) == (400, "IncompleteSignature", "Only one authentication mechanism is allowed.")


@pytest.mark.parametrize("value", [b"caf\xc3\xa9", b"a\x7f", b"a\x01"])
def test_s03_signed_headers_are_printable_ascii(ask: Ask, value: bytes) -> None:
    """Two readers could see two texts in anything else."""
    try:
        reply = ask(with_header(PASSWORD, (b"X-Amz-Meta", value)))
    except ConnectionDropped:
        raise AssertionError("refused without an answer") from None
    assert reply.status == 400


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"SignedHeaders=content-type;host", b"SignedHeaders=host;content-type"),
        (b"SignedHeaders=content-type;host", b"SignedHeaders=Content-Type;host"),
        (b"SignedHeaders=content-type;host", b"SignedHeaders=content-type;content-type;host"),
        (b"SignedHeaders=content-type;host", b"SignedHeaders=absent;content-type;host"),
        (b"SignedHeaders=content-type;", b"SignedHeaders=;content-type;"),
    ],
)
def test_s04_signed_headers_have_one_spelling(
    server: Server, account: Account, old: bytes, new: bytes
) -> None:
    """The list is lower case, sorted, unique, and names only what is there."""
    written = write_signed(PASSWORD, server.endpoint, account)
    assert old in written
    with KeepAlive(server.endpoint) as connection:
        assert read(connection.ask(written.replace(old, new)))[:2] == (400, "IncompleteSignatureException")


def test_s05_another_body_than_the_signed_one_is_refused(ask: Ask) -> None:
    """The body that arrives is hashed, in both protocols."""
    assert read(ask(PASSWORD, sent_body=b'{"PasswordLength":8}')) == (
        400,
        "InvalidSignatureException",
        MISMATCH,
    )
    other = b"Action=GetCallerIdentity&Version=2011-06-15&x=y"
    assert read(ask(IDENTITY, sent_body=other)) == (403, "SignatureDoesNotMatch", MISMATCH)


@pytest.mark.parametrize("claim", [b"UNSIGNED-PAYLOAD", b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD"])
def test_s05_unsigned_payloads_are_refused(ask: Ask, claim: bytes) -> None:
    """No hash but that of the body stands for the body."""
    reply = ask(with_header(PASSWORD, (b"X-Amz-Content-Sha256", claim)))
    assert read(reply) == (400, "InvalidSignatureException", "The payload of the request must be signed.")


def test_s05_a_wrong_hash_is_refused_and_a_right_one_is_harmless(ask: Ask) -> None:
    """A hash that is sent along is compared and used for nothing else."""
    right = b"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"  # of {}
    assert ask(with_header(PASSWORD, (b"X-Amz-Content-Sha256", right))).status == 200
    reply = ask(with_header(PASSWORD, (b"X-Amz-Content-Sha256", right[:-1] + b"b")))
    assert read(reply)[:2] == (400, "InvalidSignatureException")


def test_s06_scope_of_another_day_is_refused(ask: Ask) -> None:
    """The date of the scope is that of the timestamp."""
    status, code, text = read(ask(PASSWORD, scope="20200101/us-east-1/secretsmanager/aws4_request"))
    assert (status, code) == (400, "InvalidSignatureException")
    assert text.startswith(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20200101' != '"
    )


def test_s06_another_terminator_is_refused(ask: Ask) -> None:
    """The scope ends with aws4_request."""
    day = time.strftime("%Y%m%d", time.gmtime())
    reply = ask(PASSWORD, scope=f"{day}/us-east-1/secretsmanager/aws5_request")
    text = "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'."
    assert read(reply) == (400, "InvalidSignatureException", text)
    reply = ask(IDENTITY, scope=f"{day}/us-east-1/sts/aws5_request")
    assert read(reply) == (403, "SignatureDoesNotMatch", text)


def test_s06_a_credential_has_five_elements(ask: Ask) -> None:
    """Fewer or more elements are no credential."""
    for scope in ("20200101/us-east-1/aws4_request", "20200101/us-east-1/a/b/aws4_request"):
        status, code, text = read(ask(PASSWORD, scope=scope))
        assert (status, code) == (400, "IncompleteSignatureException")
        assert text.startswith("Credential must have exactly 5 slash-delimited elements")


def test_s06_iam_is_not_signed_for_a_region_that_is_not_ours(ask: Ask) -> None:
    """A global service is signed for us-east-1 or for a Region of the deployment, and for no other."""
    request = Unsigned("iam", (FORM,), b"Action=ListUsers&Version=2010-05-08", region="eu-central-1")
    text = "Credential should be scoped to a valid region, not 'eu-central-1'."
    assert read(ask(request)) == (403, "SignatureDoesNotMatch", text)


@pytest.mark.parametrize(("seconds", "word"), [(-330, "expired"), (330, "not yet current")])
def test_s07_old_and_future_signatures_are_refused(ask: Ask, seconds: int, word: str) -> None:
    """More than five minutes are too many, before and after; the text is AWS's."""
    for request, status, code in (
        (PASSWORD, 400, "InvalidSignatureException"),
        (IDENTITY, 403, "SignatureDoesNotMatch"),
    ):
        found = read(ask(request, now_s=time.time() + seconds))
        assert found[:2] == (status, code)
        assert found[2].startswith(f"Signature {word}: ")
        assert found[2].endswith(f"{'-' if seconds < 0 else '+'} 5 min.)")


@pytest.mark.parametrize("seconds", [-270, 270])
def test_s07_clocks_may_be_nearly_five_minutes_apart(ask: Ask, seconds: int) -> None:
    """Four and a half minutes are accepted, before and after."""
    assert ask(PASSWORD, now_s=time.time() + seconds).status == 200


def test_s07_the_date_of_every_reply_is_the_clock_that_counts(moved_server: Any) -> None:
    """A moved clock moves time in the domain; signatures and the Date header follow the wall clock."""
    moved_server.advance(days=40)
    with KeepAlive(moved_server.endpoint) as connection:
        reply = connection.ask(write_signed(PASSWORD, moved_server.endpoint, moved_server.first))
    assert reply.status == 200
    shown = time.mktime(time.strptime(reply.headers[b"date"].decode(), "%a, %d %b %Y %H:%M:%S GMT"))
    assert abs(shown - time.mktime(time.gmtime())) < 60


def test_a_long_term_key_with_a_session_token_is_refused(ask: Ask) -> None:
    """A token that was not given with the key makes the credential invalid."""
    reply = ask(with_header(PASSWORD, (b"X-Amz-Security-Token", b"FwoGZXIvYXdzEXAMPLE")))
    text = "The security token included in the request is invalid."
    assert read(reply) == (400, "UnrecognizedClientException", text)
    reply = ask(with_header(IDENTITY, (b"X-Amz-Security-Token", b"FwoGZXIvYXdzEXAMPLE")))
    assert read(reply) == (403, "InvalidClientTokenId", text)


def test_parts_that_are_missing_are_named_as_aws_names_them(server: Server) -> None:
    """An Authorization header without its parts hears about each of them."""
    written = (
        f"POST / HTTP/1.1\r\nHost: {server.endpoint.partition('://')[2]}\r\nContent-Length: 2\r\n"
        "X-Amz-Target: secretsmanager.ListSecrets\r\nContent-Type: application/x-amz-json-1.1\r\n"
        "Authorization: AWS4-HMAC-SHA256 Other=1\r\n\r\n{}"
    )
    with KeepAlive(server.endpoint) as connection:
        status, code, text = read(connection.ask(written.encode()))
    assert (status, code) == (400, "IncompleteSignatureException")
    assert text == (
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. "
        "Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either "
        "a 'X-Amz-Date' or a 'Date' header."
    )


def presign(server: Server, key: Account | Key, query: str, service: str, expires: int = 60) -> str:
    """Write the target of a presigned GET, as botocore signs it."""
    request = AWSRequest("GET", f"{server.endpoint}/?{query}")
    credentials = Credentials(key.access_key_id, key.secret_access_key)
    SigV4QueryAuth(credentials, service, "us-east-1", expires=expires).add_auth(request)
    return str(request.url)[len(server.endpoint) :]


def test_a_presigned_get_caller_identity_is_answered(server: Server, account: Account) -> None:
    """Tokens of Kubernetes and of other systems are presigned addresses of this operation."""
    answer = server.get(presign(server, account, "Action=GetCallerIdentity&Version=2011-06-15", "sts"))
    assert answer.status == 200
    assert f"<Account>{account.account_id}</Account>".encode() in answer.body
    (record,) = server.records(request_id=answer.headers["x-amzn-RequestId"])
    assert record["eventName"] == "GetCallerIdentity"


@pytest.mark.parametrize("action", ["ListUsers", "CreateUser&UserName=x", "GetUser"])
def test_s07_no_other_operation_is_presigned(server: Server, account: Account, action: str) -> None:
    """An address that could be handed on opens nothing else, even for the administrator."""
    answer = server.get(presign(server, account, f"Action={action}&Version=2010-05-08", "iam"))
    assert answer.status == 400
    assert b"<Code>IncompleteSignature</Code>" in answer.body
    assert server.records(request_id=answer.headers["x-amzn-RequestId"]) == []


def test_s07_a_presigned_address_ends(server: Server, account: Account) -> None:
    """Its life is part of it: after its end, longer than a week, or changed, it is refused."""
    query = "Action=GetCallerIdentity&Version=2011-06-15"
    address = presign(server, account, query, "sts")
    assert (
        b"<Code>SignatureDoesNotMatch</Code>"
        in server.get(address.replace("Expires=60", "Expires=6000")).body
    )
    assert (
        b"<Code>IncompleteSignature</Code>"
        in server.get(presign(server, account, query, "sts", 604_801)).body
    )
    assert (
        b"<Code>IncompleteSignature</Code>"
        in server.get(address.replace("X-Amz-Expires", "x-amz-expires")).body
    )
    assert b"<Code>IncompleteSignature</Code>" in server.get(address + "&X-Amz-Expires=60").body
    old = presign_at(server, account, time.time() - 120, 60)
    answer = server.get(old)
    assert answer.status == 400
    assert b"<Code>RequestExpired</Code>" in answer.body


def presign_at(server: Server, key: Account, now_s: float, expires: int) -> str:
    """Presign GetCallerIdentity at another time."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_s))
    scope = f"{stamp[:8]}/us-east-1/sts/aws4_request"
    fields = {
        "Action": "GetCallerIdentity",
        "Version": "2011-06-15",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{key.access_key_id}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(expires),
        "X-Amz-SignedHeaders": "host",
    }
    query = urlencode(fields, quote_via=quote, safe="")
    host = server.endpoint.partition("://")[2]
    canonical = f"GET\n/\n{query}\nhost:{host}\n\nhost\n{hashlib.sha256(b'').hexdigest()}"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    made = b"AWS4" + key.secret_access_key.encode()
    for part in scope.split("/"):
        made = hmac.new(made, part.encode(), "sha256").digest()
    return f"/?{query}&X-Amz-Signature={hmac.new(made, text.encode(), 'sha256').hexdigest()}"


def test_s10_an_absolute_target_of_another_host_is_refused(ask: Ask) -> None:
    """The host that was signed is the host that was meant."""
    assert ask(PASSWORD, target=b"http://elsewhere.example/").status == 400


def test_s10_length_and_chunks_together_are_refused(ask: Ask) -> None:
    """Two framings are two bodies."""
    assert ask(PASSWORD, added=((b"Transfer-Encoding", b"chunked"),)).status == 400


def test_a_body_that_is_compressed_is_not_opened(ask: Ask, server: Server) -> None:
    """A signed Content-Encoding changes nothing: what was signed is what is read, and it is not JSON."""
    request = with_header(replace(PASSWORD, body=gzip.compress(b"{}")), (b"Content-Encoding", b"gzip"))
    reply = ask(request)
    assert (reply.status, reply.code) == (400, "SerializationException")
    (record,) = server.records(request_id=reply.request_id)
    assert record["errorCode"] == "SerializationException"


@pytest.mark.parametrize("path", [b"/?", b"/?x=1", b"//", b"/../", b"/%2e/", b"/healthz/../"])
def test_s01_the_target_is_what_was_sent(ask: Ask, path: bytes) -> None:
    """A path that only resembles the signed one is refused, not tidied up; an empty query is none."""
    reply = ask(PASSWORD, target=path)
    assert reply.status == (200 if path == b"/?" else 400 if path == b"/?x=1" else 404)


def test_x04_answers_with_secrets_are_kept_by_no_cache(
    server: Server, account: Account, secretsmanager: SecretsManagerClient, iam: IAMClient
) -> None:
    """Values, passwords and new keys say so; other answers need not."""
    secretsmanager.create_secret(Name="one", SecretString="v")
    iam.create_user(UserName="ann")
    for service, target, members in (
        ("secretsmanager", "GetSecretValue", {"SecretId": "one"}),
        ("secretsmanager", "BatchGetSecretValue", {"SecretIdList": ["one"]}),
        ("secretsmanager", "GetRandomPassword", {}),
        ("iam", "CreateAccessKey", {"UserName": "ann"}),
    ):
        answer = server.raw(service, target, members, key=account)
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"
    described = server.raw("secretsmanager", "DescribeSecret", {"SecretId": "one"}, key=account)
    assert described.headers["Cache-Control"] is None


def test_every_reply_has_a_request_id_of_its_own(ask: Ask, server: Server) -> None:
    """Answers and refusals of any kind carry one, and no two the same."""
    replies = [ask(PASSWORD), ask(PASSWORD), ask(PASSWORD, now_s=0), ask(replace(PASSWORD, headers=(JSON,)))]
    ids = [reply.request_id for reply in replies]
    ids += [server.get(path).headers["x-amzn-RequestId"] for path in ("/healthz", "/metrics", "/nothing")]
    assert all(ids)
    assert len(set(ids)) == len(ids)
