"""Signs requests in advance: whole HTTP/1.1 requests as bytes, as boto3 would send them.

A signer of its own, because botocore takes half a millisecond for each and a benchmark needs thousands. Signed
requests are good for five minutes (S-07), so each round signs anew.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

SECRETS_MANAGER: Final = "secretsmanager"
_AGENT: Final = (
    "Boto3/1.40.0 md/Botocore#1.40.0 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.11 md/pyimpl#CPython "
    "cfg/retry-mode#legacy Botocore/1.40.0"
)


@dataclass(frozen=True)
class Signer:
    """Signs for one access key and one server.

    Attributes:
        host: The server's ``host:port``.
        access_key_id: Whose key it is.
        secret_access_key: The key.
        region: The Region of the scope.
        session_token: Of temporary credentials; empty for an access key.
    """

    host: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    region: str = "us-east-1"
    session_token: str = field(default="", repr=False)

    def secretsmanager(self, operation: str, members: Mapping[str, Any]) -> bytes:
        """Write a signed request of Secrets Manager (JSON 1.1)."""
        return self._write(
            SECRETS_MANAGER,
            "application/x-amz-json-1.1",
            f"secretsmanager.{operation}",
            json.dumps(members).encode(),
        )

    def kms(self, operation: str, members: Mapping[str, Any]) -> bytes:
        """Write a signed request of KMS (JSON 1.1)."""
        body = json.dumps(members).encode()
        return self._write("kms", "application/x-amz-json-1.1", f"TrentService.{operation}", body)

    def iam(self, operation: str, members: Mapping[str, str]) -> bytes:
        """Write a signed request of IAM (query protocol)."""
        body = urlencode({"Action": operation, "Version": "2010-05-08", **members})
        return self._write("iam", "application/x-www-form-urlencoded; charset=utf-8", None, body.encode())

    def assume_role(self, role_arn: str) -> bytes:
        """Write a signed ``sts:AssumeRole`` (query protocol)."""
        members = {"RoleArn": role_arn, "RoleSessionName": "bench"}
        body = urlencode({"Action": "AssumeRole", "Version": "2011-06-15", **members})
        return self._write("sts", "application/x-www-form-urlencoded; charset=utf-8", None, body.encode())

    def caller_identity(self) -> bytes:
        """Write a signed ``sts:GetCallerIdentity`` (query protocol)."""
        return self._write(
            "sts",
            "application/x-www-form-urlencoded; charset=utf-8",
            None,
            b"Action=GetCallerIdentity&Version=2011-06-15",
        )

    def _write(self, service: str, content_type: str, target: str | None, body: bytes) -> bytes:
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        scope = f"{moment[:8]}/{self.region}/{service}/aws4_request"
        signed = {"content-type": content_type, "host": self.host, "x-amz-date": moment}
        if self.session_token:
            signed["x-amz-security-token"] = self.session_token
        if target is not None:
            signed["x-amz-target"] = target
        names = ";".join(signed)
        canonical = "".join(f"{name}:{value}\n" for name, value in signed.items())
        digest = hashlib.sha256(
            f"POST\n/\n\n{canonical}\n{names}\n{hashlib.sha256(body).hexdigest()}".encode()
        ).hexdigest()
        signature = hmac.new(
            self._key(moment[:8], service),
            f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}".encode(),
            "sha256",
        ).hexdigest()
        target_line = "" if target is None else f"X-Amz-Target: {target}\r\n"
        if self.session_token:
            target_line += f"X-Amz-Security-Token: {self.session_token}\r\n"
        head = (
            f"POST / HTTP/1.1\r\nHost: {self.host}\r\nAccept-Encoding: identity\r\n{target_line}"
            f"Content-Type: {content_type}\r\nUser-Agent: {_AGENT}\r\nX-Amz-Date: {moment}\r\n"
            f"Authorization: AWS4-HMAC-SHA256 Credential={self.access_key_id}/{scope}, "
            f"SignedHeaders={names}, Signature={signature}\r\n"
            f"amz-sdk-invocation-id: {uuid.uuid4()}\r\namz-sdk-request: attempt=1\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def _key(self, date: str, service: str) -> bytes:
        key = b"AWS4" + self.secret_access_key.encode()
        for part in (date, self.region, service, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        return key
