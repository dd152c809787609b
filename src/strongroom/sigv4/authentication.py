"""What a request claims about who signed it: both forms become one value.

Rules:
 - Exactly one form: the Authorization header, or the presigned query (S-03).
 - Headers that decide something stand once; line breaks, NUL and non-ASCII bytes in signed headers are
   refused, so that every reader behind us reads what was signed (S-03).
 - SignedHeaders is non-empty, lower case, sorted, unique, and every name is in the request (S-04).
 - Every parameter stands exactly once. Unknown ones are refused.

The value is a claim. Only ``verify.signature_matches`` proves it.

Source: AWS IAM User Guide, "Signature Version 4 request elements".
"""

from __future__ import annotations

from functools import lru_cache
from itertools import chain
from typing import Literal

import msgspec

from strongroom.http_message import Header, RawRequest
from strongroom.sigv4 import presigned
from strongroom.sigv4.canonical import ALGORITHM, TERMINATOR
from strongroom.sigv4.errors import (
    AbsentSignedHeader,
    IncompleteAuthentication,
    MalformedAuthorization,
    MalformedCredential,
    MalformedSignature,
    MalformedSignedHeaders,
    MissingAuthentication,
    RepeatedHeader,
    RepeatedParameter,
    TwoAuthentications,
    UnsafeHeader,
    WrongTerminator,
)
from strongroom.sigv4.timestamps import parse_basic, parse_date_header

_SINGLE_HEADERS = frozenset(
    [
        b"authorization",
        b"content-length",
        b"content-type",
        b"date",
        b"host",
        b"x-amz-content-sha256",
        b"x-amz-date",
        b"x-amz-security-token",
        b"x-amz-target",
    ]
)
_PRINTABLE = bytes(range(0x20, 0x7F))
_HEX = b"0123456789abcdef"
_PARAMETERS = ("Credential", "Signature", "SignedHeaders")
_BEFORE_SIGNATURE = b", Signature="
_HEAD_KEPT_BYTES = 512  # so that nobody fills the memory with long ones
_NO_NAMES: frozenset[bytes] = frozenset()


class Authentication(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The claim of a signed request.

    Attributes:
        access_key_id: The key that is said to have signed.
        date: Day of the credential scope, ``YYYYMMDD`` as sent; not yet compared with the timestamp.
        region: Region of the credential scope, as sent.
        service: Service of the credential scope, as sent.
        signed_headers: Names in lower case, sorted, unique; each is in the request.
        signature: 64 lower-case hex digits.
        timestamp_ms: When the request says it was signed, milliseconds since the epoch.
        timestamp_text: The same as ``YYYYMMDDTHHMMSSZ``.
        session_token: The token of temporary credentials, as sent; None where there is none.
        expires_seconds: Life of a presigned request, 1 to 604800; None in the header form.
        form: Where the signature stood.
    """

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[bytes, ...]
    signature: bytes
    timestamp_ms: int
    timestamp_text: str
    session_token: str | None
    expires_seconds: int | None
    form: Literal["header", "query"]

    def __repr__(self) -> str:
        # The session token is a credential, the signature replays for five minutes.
        return f"Authentication(access_key_id={self.access_key_id!r}, form={self.form!r})"


def parse_authentication(request: RawRequest) -> Authentication:
    """Read the claim of a request, refusing whatever could be read in two ways.

    Raises:
        SigV4Error: One of the kinds ``missing``, ``incomplete``, ``ambiguous``; ``scope`` for a terminator
            that is not ``aws4_request``. Nothing else, whatever the bytes are.
    """
    headers = request.by_name()
    if len(headers) != len(request.headers):
        _refuse_repeats(request.headers)
    unsafe = _NO_NAMES
    are_plain = not b"".join(chain.from_iterable(request.headers)).translate(None, _PRINTABLE)
    if not are_plain:
        unsafe = _find_unsafe(request.headers)

    authorization = headers.get(b"authorization")
    parameters = presigned.find_parameters(request.query) if request.query else None
    token = headers.get(b"x-amz-security-token")
    expires_seconds = None
    if authorization is not None:
        if parameters:
            raise TwoAuthentications
        form: Literal["header", "query"] = "header"
        stamp = headers.get(b"x-amz-date")
        dated = stamp is not None or b"date" in headers
        head, _, signature = authorization.rpartition(_BEFORE_SIGNATURE)
        if dated and len(signature) == 64 and len(head) <= _HEAD_KEPT_BYTES:
            # What stands before the signature is the same in all requests of a client on one day.
            (access_key_id, date, region, service), signed_headers = _read_head(head)
        else:
            credential, signed_text, signature = _split_authorization(authorization, dated=dated)
            access_key_id, date, region, service = _split_credential(credential)
            signed_headers = _split_signed_headers(signed_text)
        # botocore signs Date and drops X-Amz-Date when the caller sets a Date of its own.
        timestamp_ms, timestamp_text = (
            parse_basic(stamp) if stamp is not None else parse_date_header(headers[b"date"])
        )
    elif parameters:
        form = "query"
        presigned.require_parameters(parameters)
        if parameters[b"X-Amz-Algorithm"] != ALGORITHM.encode("ascii"):
            raise MalformedAuthorization("X-Amz-Algorithm only supports 'AWS4-HMAC-SHA256'.")
        credential = parameters[b"X-Amz-Credential"]
        signed_text = parameters[b"X-Amz-SignedHeaders"]
        signature = parameters[b"X-Amz-Signature"]
        access_key_id, date, region, service = _split_credential(credential)
        signed_headers = _split_signed_headers(signed_text)
        timestamp_ms, timestamp_text = parse_basic(parameters[b"X-Amz-Date"])
        expires_seconds = presigned.parse_expiry(parameters[b"X-Amz-Expires"])
        query_token = parameters.get(b"X-Amz-Security-Token")
        if query_token is not None:
            if token is not None:
                raise TwoAuthentications
            token = query_token
    else:
        raise MissingAuthentication

    for name in signed_headers:
        if name not in headers:
            raise AbsentSignedHeader
    if unsafe and not unsafe.isdisjoint(signed_headers):
        raise UnsafeHeader
    check_signature_form(signature)
    # A token is long, and one of plain headers was looked at with them.
    if token is not None and not (are_plain and form == "header") and token.translate(None, _PRINTABLE):
        raise UnsafeHeader
    return Authentication(
        access_key_id=access_key_id,
        date=date,
        region=region,
        service=service,
        signed_headers=signed_headers,
        signature=signature,
        timestamp_ms=timestamp_ms,
        timestamp_text=timestamp_text,
        session_token=None if token is None else token.decode("ascii"),
        expires_seconds=expires_seconds,
        form=form,
    )


def check_signature_form(signature: bytes) -> None:
    """Refuse what is not 64 lower-case hex digits.

    Raises:
        MalformedSignature: It is not.
    """
    if len(signature) != 64 or signature.translate(None, _HEX):
        raise MalformedSignature


def _refuse_repeats(headers: tuple[Header, ...]) -> None:
    """Refuse a second one of the headers that decide something; repeats of others are joined (S-03)."""
    seen: set[bytes] = set()
    for name, _ in headers:
        if name in seen and name in _SINGLE_HEADERS:
            raise RepeatedHeader(name)
        seen.add(name)


def _find_unsafe(headers: tuple[Header, ...]) -> frozenset[bytes]:
    """Refuse line breaks and NUL anywhere; name the headers that must not be signed as they are.

    A tab is a blank: signers collapse it like a space. Unsigned headers (User-Agent) may hold UTF-8.
    """
    unsafe = set()
    for name, value in headers:
        if name.translate(None, _PRINTABLE) or b"\r" in value or b"\n" in value or b"\0" in value:
            raise UnsafeHeader
        if value.translate(None, _PRINTABLE + b"\t"):
            unsafe.add(name)
    return frozenset(unsafe)


def _split_authorization(value: bytes, *, dated: bool) -> tuple[bytes, bytes, bytes]:
    """Take ``AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`` apart, in any order."""
    scheme, _, rest = value.partition(b" ")
    found: dict[bytes, bytes] = {}
    for part in rest.split(b",") if rest else ():
        name, equals, text = part.strip(b" ").partition(b"=")
        if not equals:
            raise MalformedAuthorization(
                "Invalid key=value pair (missing equal-sign) in Authorization header."
            )
        if name in found:
            raise RepeatedParameter
        found[name] = text
    if scheme != b"AWS4-HMAC-SHA256":
        raise MalformedAuthorization("Authorization header requires the 'AWS4-HMAC-SHA256' algorithm.")
    try:
        split = found[b"Credential"], found[b"SignedHeaders"], found[b"Signature"]
    except KeyError:
        split = None
    if split is None or not dated:
        raise IncompleteAuthentication(_missing_sentences(found, dated=dated))
    if len(found) != len(split):
        raise MalformedAuthorization("Authorization header has a parameter that is not known.")
    return split


def _missing_sentences(found: dict[bytes, bytes], *, dated: bool) -> str:
    """Word what an Authorization header lacks as AWS does: a sentence for each part, in its order."""
    sentences = [
        f"Authorization header requires '{name}' parameter."
        for name in _PARAMETERS
        if name.encode("ascii") not in found
    ]
    if not dated:
        sentences.append(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
    return " ".join(sentences)


def _split_credential(credential: bytes) -> tuple[str, str, str, str]:
    """Take ``keyid/date/region/service/aws4_request`` apart; five elements exactly, printable ASCII."""
    if credential.translate(None, _PRINTABLE):
        raise MalformedCredential
    elements = credential.decode("ascii").split("/")
    if len(elements) != 5 or not elements[0]:
        raise MalformedCredential
    access_key_id, date, region, service, terminator = elements
    if terminator != TERMINATOR:
        raise WrongTerminator(terminator)
    return access_key_id, date, region, service


@lru_cache(maxsize=1_024)
def _read_head(head: bytes) -> tuple[tuple[str, str, str, str], tuple[bytes, ...]]:
    """Read an Authorization header up to its signature; a pure function, so what it read may be kept."""
    credential, signed_text, _ = _split_authorization(head + _BEFORE_SIGNATURE + b"0" * 64, dated=True)
    return _split_credential(credential), _split_signed_headers(signed_text)


def _split_signed_headers(text: bytes) -> tuple[bytes, ...]:
    """Read SignedHeaders strictly: it is signed verbatim, so it must have one spelling only (S-04)."""
    if text != text.lower():
        raise MalformedSignedHeaders
    names = tuple(text.split(b";"))
    previous = b""
    for name in names:
        if name <= previous:  # also catches the empty name and the repeated one
            raise MalformedSignedHeaders
        previous = name
    return names
