"""Signature Version 4, the signing side: for our own commands, which are clients like any other.

It writes what ``verify`` checks: host, date, target, token and content type are signed, the body is hashed.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from strongroom.sigv4.canonical import (
    ALGORITHM,
    TERMINATOR,
    body_hash,
    canonical_path,
    canonical_query,
    derive_signing_key,
    string_to_sign,
)


class ClientKey(msgspec.Struct, frozen=True):
    """What a client signs with.

    Attributes:
        access_key_id: The key.
        secret_access_key: Its secret.
        session_token: Of temporary credentials; None for a long-term key.
    """

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    def __repr__(self) -> str:
        return f"<ClientKey {self.access_key_id}>"  # never the secret


def sign_post(
    key: ClientKey,
    *,
    host: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    region: str,
    service: str,
    moment: str,
) -> dict[str, str]:
    """Sign a POST request.

    Args:
        key: What to sign with.
        host: As it will stand in ``Host``.
        path: With nothing to normalise.
        headers: Of the request; all of them are signed. Names in any case, values without blanks around.
        body: The bytes that will be sent.
        region: Of the scope.
        service: Of the scope.
        moment: Now, as ``YYYYMMDDTHHMMSSZ``.

    Returns:
        The headers to send: those given, ``Host``, ``X-Amz-Date``, the token, ``Authorization``.
    """
    sent = {**headers, "Host": host, "X-Amz-Date": moment}
    if key.session_token is not None:
        sent["X-Amz-Security-Token"] = key.session_token
    lines = sorted((name.lower(), value) for name, value in sent.items())
    names = ";".join(name for name, _ in lines)
    canonical = b"POST\n%b\n%b\n%b\n%b\n%b" % (
        canonical_path(path.encode("ascii")),
        canonical_query(b""),
        "".join(f"{name}:{value}\n" for name, value in lines).encode("ascii"),
        names.encode("ascii"),
        body_hash(body),
    )
    date = moment[:8]
    signing_key = derive_signing_key(key.secret_access_key.encode("ascii"), date, region, service)
    signature = signing_key.sign(string_to_sign(moment, date, region, service, canonical)).decode("ascii")
    scope = f"{date}/{region}/{service}/{TERMINATOR}"
    sent["Authorization"] = (
        f"{ALGORITHM} Credential={key.access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return sent
