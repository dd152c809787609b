"""One signed request over http.client, for what boto3 would not send.

Signed by botocore's ``SigV4Auth``: a signer that we did not write.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.serialize import create_serializer

from tests.support.accounts import Account, Key

TARGET_PREFIXES = {
    "secretsmanager": "secretsmanager",
    "kms": "TrentService",
    "logs": "Logs_20140328",
    "cloudtrail": "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
}
REST_SERVICES = {"lambda"}
QUERY_VERSIONS = {"iam": "2010-05-08", "sts": "2011-06-15"}
ANSWER_WITHIN_S = 30


class RawAnswer(NamedTuple):
    """A reply; ``headers`` finds names in any case."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Any:
        """Read the body as JSON."""
        return json.loads(self.body)


def build_request(
    endpoint: str,
    key: Key | Account | None,
    service: str,
    target: str,
    body: bytes | Mapping[str, Any],
    *,
    region: str = "us-east-1",
    headers: Mapping[str, str | None] | None = None,
    unsigned: Mapping[str, str | None] | None = None,
    method: str = "POST",
    path: str = "/",
) -> tuple[str, str, dict[str, str], bytes]:
    """Make ``(method, path, headers, body)`` of a signed request.

    Args:
        endpoint: Where it goes.
        key: What to sign with; None leaves the request without a signature.
        service: The signing name.
        target: ``GetSecretValue`` or a whole target; for a query service the action, for which a mapping as
            body becomes a form with ``Action`` and ``Version``.
        body: Bytes as they are, or a mapping to be written as the service wants it.
        region: Of the credential scope.
        headers: Set before signing; None leaves a header out.
        unsigned: Set after signing; None takes a header away.
        method: Of HTTP.
        path: With its query.
    """
    sent = {"Host": urlsplit(endpoint).netloc}
    if service in REST_SERVICES and not isinstance(body, bytes):
        method, path, own, body = rest_request(service, target, body)
        sent.update(own)
    elif service in QUERY_VERSIONS:
        sent["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
        if not isinstance(body, bytes):
            body = query_form({"Action": target, "Version": QUERY_VERSIONS[service], **body})
    else:
        prefix = TARGET_PREFIXES.get(service, service)
        sent["Content-Type"] = "application/x-amz-json-1.1"
        sent["X-Amz-Target"] = target if "." in target or not target else f"{prefix}.{target}"
        if not isinstance(body, bytes):
            body = json.dumps(body).encode("utf-8")
    _apply(sent, headers)
    if key is not None:
        request = AWSRequest(method, endpoint + path, headers=sent, data=body)
        token = key.session_token if isinstance(key, Key) else None
        credentials = Credentials(key.access_key_id, key.secret_access_key, token)
        SigV4Auth(credentials, service, region).add_auth(request)
        sent = {name: str(value) for name, value in request.headers.items()}
    _apply(sent, unsigned)
    return method, path, sent, body


def rest_request(
    service: str, operation: str, members: Mapping[str, Any]
) -> tuple[str, str, dict[str, str], bytes]:
    """Write a REST request with the serializer of botocore: ``(method, path with query, headers, body)``."""
    if operation == "DownloadCode":  # ours: the address in ``Code.Location``
        return "GET", f"/2015-03-31/code/{members['Token']}", {}, b""
    model = _model(service)
    written = create_serializer("rest-json", include_validation=False).serialize_to_request(
        dict(members), model.operation_model(operation)
    )
    query = urlencode(written["query_string"] or {}, doseq=True, quote_via=quote)
    path = written["url_path"]
    if query:
        path += ("&" if "?" in path else "?") + query
    headers = {name: str(value) for name, value in written["headers"].items()}
    body = written["body"] or b""
    return written["method"], path, headers, body if isinstance(body, bytes) else body.encode()


@cache
def _model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"))


def send(endpoint: str, request: tuple[str, str, dict[str, str], bytes]) -> RawAnswer:
    """Send a request on a connection of its own and read the reply."""
    method, path, headers, body = request
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=ANSWER_WITHIN_S)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        given = {name.lower() for name in headers}
        for name, value in headers.items():
            connection.putheader(name, value)
        if "content-length" not in given and "transfer-encoding" not in given:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        reply = connection.getresponse()
        return RawAnswer(reply.status, reply.headers, reply.read())
    finally:
        connection.close()


def _apply(headers: dict[str, str], changes: Mapping[str, str | None] | None) -> None:
    for name, value in (changes or {}).items():
        for present in [present for present in headers if present.lower() == name.lower()]:
            del headers[present]
        if value is not None:
            headers[name] = value


def query_form(members: Mapping[str, Any]) -> bytes:
    """Write members as the query protocol does: ``Tags.member.1.Key=k``."""
    return urlencode(list(_flat("", members))).encode("ascii")


def _flat(place: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(f"{place}.{name}" if place else name, inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield from _flat(f"{place}.member.{number}", inner)
    else:
        yield place, str(value).lower() if isinstance(value, bool) else value
