"""A client of STS for the commands that hand a role's credentials on: two operations, signed by ``sigv4.signing``."""

from __future__ import annotations

import http.client
import re
import ssl
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import unescape

import msgspec

from strongroom.cli.own_credentials import OwnCredentials
from strongroom.errors import StrongroomError
from strongroom.sigv4.signing import sign_post

ANSWER_WITHIN_S: Final = 30
MOST_BYTES: Final = 262_144
_ROLE_ARN: Final = re.compile(r"arn:aws:iam::[0-9]{12}:role/[\x21-\x7e]+", re.ASCII)
_ROLE_NAME: Final = re.compile(r"[\x21-\x7e]*[\w+=,.@-]", re.ASCII)


class NotGiven(StrongroomError):
    """The server gave no credentials; the message says why, in its words."""


class RoleCredentials(msgspec.Struct, frozen=True):
    """Temporary credentials of a role.

    Attributes:
        account_id: Of the role.
        role_arn: Of the role.
        access_key_id: Of the credentials.
        secret_access_key: Of the credentials.
        session_token: Of the credentials.
        expiration: When they expire: ``2026-01-02T03:04:05Z``.
    """

    account_id: str
    role_arn: str
    access_key_id: str
    secret_access_key: str
    session_token: str
    expiration: str

    def __repr__(self) -> str:
        return f"<RoleCredentials {self.access_key_id}>"  # never the secret

    def seconds_left(self, now_s: float) -> float:
        """Give the time until they expire."""
        return datetime.fromisoformat(self.expiration).timestamp() - now_s


class RoleClient:
    """Asks STS.

    Args:
        own: What to sign with, and where to send.
    """

    def __init__(self, own: OwnCredentials) -> None:
        self._own = own

    def role_arn(self, role: str) -> str:
        """Give the ARN of a role; a bare name means a role of the caller's account.

        Raises:
            NotGiven: It is no name and no ARN, or the server does not say who the caller is.
        """
        if role.startswith("arn:"):
            if _ROLE_ARN.fullmatch(role) is None:
                raise NotGiven(f"{role} is not the ARN of a role.")
            return role
        if _ROLE_NAME.fullmatch(role) is None or role.startswith("/"):
            raise NotGiven(f"{role!r} is neither the name nor the ARN of a role.")
        account = _take(self._ask("GetCallerIdentity", {}), "Account")
        return f"arn:aws:iam::{account}:role/{role}"

    def assume(self, role_arn: str, session_name: str, duration_s: int | None) -> RoleCredentials:
        """Get credentials of a role.

        Raises:
            NotGiven: The server refuses, or cannot be reached.
        """
        members = {"RoleArn": role_arn, "RoleSessionName": session_name}
        if duration_s is not None:
            members["DurationSeconds"] = str(duration_s)
        answer = self._ask("AssumeRole", members)
        return RoleCredentials(
            account_id=role_arn.split(":")[4],
            role_arn=role_arn,
            access_key_id=_take(answer, "AccessKeyId"),
            secret_access_key=_take(answer, "SecretAccessKey"),
            session_token=_take(answer, "SessionToken"),
            expiration=_take(answer, "Expiration"),
        )

    def _ask(self, action: str, members: Mapping[str, str]) -> str:
        own = self._own
        body = urlencode({"Action": action, "Version": "2011-06-15", **members}).encode("ascii")
        parts = urlsplit(own.endpoint)
        headers = sign_post(
            own.key,
            host=parts.netloc.rpartition("@")[2],
            path=parts.path or "/",
            headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
            body=body,
            region=own.region,
            service="sts",
            moment=time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
        )
        try:
            connection = self._connect()
            try:
                connection.request("POST", parts.path or "/", body=body, headers=headers)
                reply = connection.getresponse()
                answer = reply.read(MOST_BYTES).decode("utf-8", "replace")
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as problem:
            reason = getattr(problem, "strerror", None) or type(problem).__name__
            raise NotGiven(f"{own.endpoint} does not answer: {reason}.") from problem
        if reply.status != 200:
            message = re.search(r"<Message>(.*?)</Message>", answer, re.DOTALL)
            said = unescape(message[1]) if message is not None else f"an answer with status {reply.status}"
            raise NotGiven(f"{own.endpoint} refuses {action}: {said}")
        return answer

    def _connect(self) -> http.client.HTTPConnection:
        parts = urlsplit(self._own.endpoint)
        host = parts.hostname or ""
        if parts.scheme == "http":
            return http.client.HTTPConnection(host, parts.port, timeout=ANSWER_WITHIN_S)
        context = ssl.create_default_context(cafile=self._own.ca_file)
        return http.client.HTTPSConnection(host, parts.port, timeout=ANSWER_WITHIN_S, context=context)


def _take(answer: str, element: str) -> str:
    """Take the text of an element that occurs once; the answers of two operations of ours are that simple."""
    found = re.search(rf"<{element}>([^<]*)</{element}>", answer)
    if found is None:
        raise NotGiven(f"The answer has no {element}: this is not Strongroom, or not its STS.")
    return unescape(found[1])
