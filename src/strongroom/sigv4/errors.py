"""What a signature check can find wrong, one class for each broken rule.

::

    SigV4Error                        kind
    ├── MissingAuthentication         missing           no signature at all
    ├── IncompleteAuthentication      incomplete        parameters are absent
    ├── MalformedAuthorization        incomplete        not a list of key=value
    ├── MalformedCredential           incomplete        not five elements
    ├── MalformedSignedHeaders        incomplete        S-04
    ├── AbsentSignedHeader            incomplete        S-04: signed, but not in the request
    ├── MalformedSignature            incomplete        not 64 lower hex digits
    ├── MalformedTimestamp            incomplete        no instant can be read
    ├── MalformedExpiry               incomplete        not 1 to 604800 seconds
    ├── RepeatedHeader                ambiguous         S-03
    ├── UnsafeHeader                  ambiguous         S-03: folded, control or non-ASCII bytes
    ├── TwoAuthentications            ambiguous         S-03: header and query together
    ├── RepeatedParameter             ambiguous         S-03
    ├── MisspelledParameter           ambiguous         S-03: X-Amz-* in another case
    ├── WrongTerminator               scope             S-06
    ├── ScopeDateMismatch             scope             S-06
    ├── WrongRegion                   scope             S-06
    ├── WrongService                  scope             S-06
    ├── SignatureExpired              skew              S-07
    ├── SignatureNotYetCurrent        skew              S-07
    ├── PresignedRequestExpired       presign_expired   S-07
    ├── UnsignedHeader                unsigned          S-02
    ├── UnsignedPayload               unsigned          S-05
    ├── PayloadHashMismatch           mismatch          S-05
    └── SignatureMismatch             mismatch          for callers of ``signature_matches``

Rules:
 - ``kind`` says what the caller must answer; AWS codes and HTTP statuses are chosen by the gateway.
 - ``message`` is for the client. It never repeats an Authorization header, a signature or a token: a user
   who puts a secret in the wrong place must not find it in a log.

Source: the documented and observed texts of AWS; where AWS says nothing, our own.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from strongroom.errors import StrongroomError

Kind = Literal[
    "missing", "incomplete", "scope", "skew", "mismatch", "unsigned", "ambiguous", "presign_expired"
]


class SigV4Error(StrongroomError):
    """Root of the reasons for which a request does not count as signed.

    Attributes:
        kind: The class of answer that the gateway gives.
        message: What the client reads.
    """

    kind: ClassVar[Kind]

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class MissingAuthentication(SigV4Error):
    """The request carries no signature of either form. (Query services word it differently.)"""

    kind = "missing"

    def __init__(self) -> None:
        super().__init__("Missing Authentication Token")


class IncompleteAuthentication(SigV4Error):
    """A parameter of the Authorization header or of the presigned query is absent."""

    kind = "incomplete"


class MalformedAuthorization(SigV4Error):
    """The Authorization header, or the algorithm that it names, cannot be read."""

    kind = "incomplete"


class MalformedCredential(SigV4Error):
    """The credential is not ``keyid/date/region/service/term``."""

    kind = "incomplete"

    def __init__(self) -> None:
        super().__init__(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term"
        )


class MalformedSignedHeaders(SigV4Error):
    """SignedHeaders is empty, not in lower case, not sorted or not unique."""

    kind = "incomplete"

    def __init__(self) -> None:
        super().__init__("'SignedHeaders' must be a sorted list of unique header names in lower case.")


class AbsentSignedHeader(SigV4Error):
    """SignedHeaders names a header that the request does not have; absent is not empty."""

    kind = "incomplete"

    def __init__(self) -> None:
        super().__init__("'SignedHeaders' names a header that is not in the request.")


class MalformedSignature(SigV4Error):
    """The signature is not 64 lower-case hex digits."""

    kind = "incomplete"

    def __init__(self) -> None:
        super().__init__("'Signature' must be 64 hexadecimal digits in lower case.")


class MalformedTimestamp(SigV4Error):
    """The date of the request names no instant."""

    kind = "incomplete"

    def __init__(self) -> None:
        super().__init__("Date must be in ISO-8601 'basic format'.")


class MalformedExpiry(SigV4Error):
    """X-Amz-Expires is not a whole number of seconds from 1 to 604800 (7 days)."""

    kind = "incomplete"

    def __init__(self) -> None:
        super().__init__("X-Amz-Expires must be between 1 and 604800 seconds.")


class RepeatedHeader(SigV4Error):
    """A header that may stand once stands several times, so that two readers can see two requests."""

    kind = "ambiguous"

    def __init__(self, name: bytes) -> None:
        super().__init__(f"The header '{name.decode('ascii', 'replace')}' must not be repeated.")


class UnsafeHeader(SigV4Error):
    """A header holds a line break, NUL, or, if it is signed, any byte that is not printable ASCII."""

    kind = "ambiguous"

    def __init__(self) -> None:
        super().__init__("A header holds characters that are not allowed in a signed request.")


class TwoAuthentications(SigV4Error):
    """The request is signed in its Authorization header and in its query, or has two tokens."""

    kind = "ambiguous"

    def __init__(self) -> None:
        super().__init__("Only one authentication mechanism is allowed.")


class RepeatedParameter(SigV4Error):
    """A parameter of the Authorization header or an X-Amz-* query parameter stands several times."""

    kind = "ambiguous"

    def __init__(self) -> None:
        super().__init__("An authentication parameter must not be repeated.")


class MisspelledParameter(SigV4Error):
    """An X-Amz-* query parameter of the signature is spelled in another case."""

    kind = "ambiguous"

    def __init__(self, name: bytes) -> None:
        super().__init__(f"Authentication parameters are case-sensitive: use '{name.decode('ascii')}'.")


class WrongTerminator(SigV4Error):
    """The credential scope does not end with ``aws4_request``."""

    kind = "scope"

    def __init__(self, terminator: str) -> None:
        super().__init__(
            f"Credential should be scoped with a valid terminator: 'aws4_request', not '{terminator}'."
        )


class ScopeDateMismatch(SigV4Error):
    """The credential scope is of another day than the request."""

    kind = "scope"

    def __init__(self, scope_date: str, timestamp: str) -> None:
        super().__init__(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{scope_date}' != '{timestamp[:8]}', from '{timestamp}'."
        )


class WrongRegion(SigV4Error):
    """The credential scope names a region that is not served."""

    kind = "scope"

    def __init__(self, region: str) -> None:
        super().__init__(f"Credential should be scoped to a valid region, not '{region}'.")


class WrongService(SigV4Error):
    """The credential scope names another service than the one the request goes to."""

    kind = "scope"

    def __init__(self, service: str) -> None:
        super().__init__(f"Credential should be scoped to correct service: '{service}'.")


class SignatureExpired(SigV4Error):
    """The request was signed longer ago than the clocks may differ."""

    kind = "skew"


class SignatureNotYetCurrent(SigV4Error):
    """The request was signed further in the future than the clocks may differ."""

    kind = "skew"


class PresignedRequestExpired(SigV4Error):
    """The time for which a presigned request was made is over."""

    kind = "presign_expired"

    def __init__(self) -> None:
        super().__init__("Request has expired.")


class UnsignedHeader(SigV4Error):
    """A header that changes what the request means is not signed."""

    kind = "unsigned"

    def __init__(self, name: bytes) -> None:
        label = (
            "'Host' or ':authority'" if name == b"host" else f"'{name.decode('ascii', 'replace').title()}'"
        )
        super().__init__(f"{label} must be a 'SignedHeader' in the AWS Authorization.")


class UnsignedPayload(SigV4Error):
    """The client declared that its signature does not cover the body."""

    kind = "unsigned"

    def __init__(self) -> None:
        super().__init__("The payload of the request must be signed.")


class PayloadHashMismatch(SigV4Error):
    """X-Amz-Content-SHA256 is not the hash of the body that arrived."""

    kind = "mismatch"

    def __init__(self) -> None:
        super().__init__("The provided 'x-amz-content-sha256' header does not match what was computed.")


class SignatureMismatch(SigV4Error):
    """The signature is not the one that the key of the caller makes over this request."""

    kind = "mismatch"

    def __init__(self) -> None:
        super().__init__(
            "The request signature we calculated does not match the signature you provided. Check your AWS "
            "Secret Access Key and signing method. Consult the service documentation for details."
        )
