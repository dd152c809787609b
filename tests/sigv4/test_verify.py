"""The four judgements: scope, time, coverage, signature."""

from __future__ import annotations

import hashlib
import hmac

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.sigv4 import (
    SigV4Error,
    check_coverage,
    check_time,
    derive_signing_key,
    parse_authentication,
    signature_matches,
)
from strongroom.sigv4.canonical import SigningKey, canonical_path, canonical_query
from strongroom.sigv4.errors import (
    PayloadHashMismatch,
    PresignedRequestExpired,
    ScopeDateMismatch,
    SignatureExpired,
    SignatureNotYetCurrent,
    UnsignedHeader,
    UnsignedPayload,
    WrongRegion,
    WrongService,
)
from tests.sigv4.signing import (
    BODY,
    HEADERS,
    REGION,
    SECRET,
    SERVICE,
    STAMP,
    STAMP_MS,
    accept,
    make_request,
    presign,
    replace,
    sign,
    with_authorization,
    with_header,
)

FORM = b"application/x-www-form-urlencoded; charset=utf-8"
MINUTE_MS = 60_000


def _signing_key() -> SigningKey:
    return derive_signing_key(SECRET, STAMP[:8], REGION, SERVICE)


def test_a_good_request_is_accepted() -> None:
    """Both forms pass all judgements."""
    assert accept(sign(make_request())) is not None
    assert accept(presign()) is not None


# S-01, S-08: the signature


@pytest.mark.parametrize(
    "change",
    [
        {"method": b"PUT"},
        {"path": b"/x"},
        {"query": b"Action=DeleteSecret"},
        {"body": BODY + b" "},
    ],
)
def test_s01_signature_covers_the_request_as_it_arrived(change: dict[str, bytes]) -> None:
    """Method, path, query and body are all under the signature."""
    assert accept(replace(sign(make_request()), **change)) is None


def test_s01_two_spellings_of_a_path_are_two_paths() -> None:
    """What is percent-encoded on the wire is encoded again, never decoded first."""
    assert canonical_path(b"/a%20b") == b"/a%2520b"
    assert canonical_path(b"/a b") == b"/a%20b"
    assert canonical_path(b"/a/../b//./c/") == b"/b/c/"
    assert canonical_path(b"") == canonical_path(b"/../..") == b"/"


def test_query_is_sorted_after_encoding_and_plus_is_a_plus() -> None:
    """Names without a value get an equal sign; only X-Amz-Signature is left out."""
    assert canonical_query(b"b=2&a&a=%2f&%E1=0&X-Amz-Signature=1&A=+") == b"%E1=0&A=%2B&a=&a=%2F&b=2"


def test_s08_a_wrong_signature_does_not_match() -> None:
    """One wrong digit, at either end, is enough."""
    request = sign(make_request())
    auth = parse_authentication(request)
    for signature in (auth.signature[:-1], b"\xc3\xa4" * 32, b"", b"0" * 64):
        changed = msgspec.structs.replace(auth, signature=signature)
        assert not signature_matches(request, changed, _signing_key())
    for index in (0, 63):
        digits = bytearray(auth.signature)
        digits[index] = ord("1") if digits[index] == ord("0") else ord("0")
        changed = msgspec.structs.replace(auth, signature=bytes(digits))
        assert not signature_matches(request, changed, _signing_key())


def test_s08_signatures_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison of the standard library made for this is used, on bytes."""
    compared = []
    real = hmac.compare_digest

    def listen(first: bytes, second: bytes) -> bool:
        compared.append((type(first), type(second), len(first), len(second)))
        return real(first, second)

    monkeypatch.setattr(hmac, "compare_digest", listen)
    assert accept(sign(make_request())) is not None
    assert compared == [(bytes, bytes, 64, 64)]


def test_another_secret_does_not_match() -> None:
    """The key of one secret does not verify what another signed."""
    request = sign(make_request())
    auth = parse_authentication(request)
    other = derive_signing_key(SECRET + b"x", auth.date, auth.region, auth.service)
    assert not signature_matches(request, auth, other)


def test_a_claim_of_another_request_is_an_error_not_a_match() -> None:
    """A signed header that the request lacks is never read as empty."""
    auth = parse_authentication(sign(make_request()))
    with pytest.raises(SigV4Error):
        signature_matches(make_request([(b"host", b"h")]), auth, _signing_key())


# S-06: the scope


def test_s06_scope_date_is_the_date_of_the_request() -> None:
    """A key of yesterday does not sign today."""
    with pytest.raises(ScopeDateMismatch) as caught:
        accept(sign(make_request(), date="20261122"))
    assert caught.value.message == (
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
        "'20261122' != '20261123', from '20261123T101500Z'."
    )


def test_s06_scope_region_is_one_of_ours() -> None:
    """A signature for another region is refused, though it is right in itself."""
    with pytest.raises(WrongRegion) as caught:
        accept(sign(make_request(), region="xx-yy-1"))
    assert caught.value.message == "Credential should be scoped to a valid region, not 'xx-yy-1'."


@pytest.mark.parametrize("region", ["eu-central", "", "e", "EU-CENTRAL-1"])
def test_s06_scope_region_is_compared_whole(region: str) -> None:
    """A part of a region name is not that region."""
    with pytest.raises(WrongRegion):
        accept(sign(make_request(), region=region))


def test_s06_signature_for_sts_does_not_open_secretsmanager() -> None:
    """The service of the scope must be the one that the request goes to."""
    with pytest.raises(WrongService) as caught:
        accept(sign(make_request(), service="sts"))
    assert caught.value.kind == "scope"
    assert caught.value.message == "Credential should be scoped to correct service: 'secretsmanager'."


# S-07: the time


@pytest.mark.parametrize("offset_ms", [-300_000, 0, 300_000])
def test_s07_five_minutes_either_way_are_accepted(offset_ms: int) -> None:
    """The edge of the window belongs to it."""
    assert accept(sign(make_request()), now_ms=STAMP_MS + offset_ms) is not None


def test_s07_older_than_five_minutes_is_refused() -> None:
    """The text names both instants and the limit."""
    with pytest.raises(SignatureExpired) as caught:
        accept(sign(make_request()), now_ms=STAMP_MS + 5 * MINUTE_MS + 1)
    assert caught.value.kind == "skew"
    assert caught.value.message == (
        "Signature expired: 20261123T101500Z is now earlier than 20261123T101500Z (20261123T102000Z - 5 min.)"
    )


def test_s07_further_ahead_than_five_minutes_is_refused() -> None:
    """The text names both instants and the limit."""
    with pytest.raises(SignatureNotYetCurrent) as caught:
        accept(sign(make_request()), now_ms=STAMP_MS - 15 * MINUTE_MS)
    assert caught.value.kind == "skew"
    assert caught.value.message == (
        "Signature not yet current: 20261123T101500Z is still later than 20261123T100500Z "
        "(20261123T100000Z + 5 min.)"
    )


def test_s07_skew_is_a_setting() -> None:
    """The limit in the text is the one in force."""
    auth = parse_authentication(sign(make_request()))
    check_time(auth, now_ms=STAMP_MS + 14 * MINUTE_MS, skew_ms=15 * MINUTE_MS)
    with pytest.raises(SignatureExpired, match=r"- 15 min\.\)$"):
        check_time(auth, now_ms=STAMP_MS + 16 * MINUTE_MS, skew_ms=15 * MINUTE_MS)


def test_s07_presigned_request_lives_as_long_as_it_says() -> None:
    """Longer than the skew, up to its last millisecond, and not a millisecond more."""
    request = presign(expires="900")
    assert accept(request, now_ms=STAMP_MS - 5 * MINUTE_MS) is not None
    assert accept(request, now_ms=STAMP_MS + 15 * MINUTE_MS - 1) is not None
    with pytest.raises(PresignedRequestExpired) as caught:
        accept(request, now_ms=STAMP_MS + 15 * MINUTE_MS)
    assert caught.value.kind == "presign_expired"


def test_s07_presigned_life_is_not_prolonged_by_the_skew() -> None:
    """A life shorter than the skew ends when it says."""
    with pytest.raises(PresignedRequestExpired):
        accept(presign(expires="60"), now_ms=STAMP_MS + 60_000)


def test_s07_presigned_request_of_the_future_is_refused() -> None:
    """A presigned request cannot be made today for next week."""
    with pytest.raises(SignatureNotYetCurrent):
        accept(presign(expires="604800"), now_ms=STAMP_MS - 5 * MINUTE_MS - 1)


# S-02: the coverage


@pytest.mark.parametrize(
    "name",
    [b"x-amz-target", b"x-amz-security-token", b"x-amz-content-sha256", b"x-amz-user-agent", b"x-amz-"],
)
def test_s02_every_x_amz_header_must_be_signed(name: bytes) -> None:
    """A header x-amz-* outside the signature is refused, whether it was there when signing or came later."""
    base = make_request([pair for pair in HEADERS if pair[0] != name])
    for request in (
        with_header(sign(base), name, b"value"),
        sign(with_header(base, name, b"value"), signed=[b"content-type", b"host", b"x-amz-date"]),
    ):
        with pytest.raises(UnsignedHeader) as caught:
            accept(request)
        assert caught.value.kind == "unsigned"


def test_s02_unsigned_target_cannot_swap_the_operation() -> None:
    """The request captured as GetSecretValue is not sent again as DeleteSecret."""
    names = [b"content-type", b"host", b"x-amz-date"]
    request = sign(make_request(), signed=names)
    with pytest.raises(UnsignedHeader, match="'X-Amz-Target' must be a 'SignedHeader'"):
        accept(with_header(request, b"x-amz-target", b"secretsmanager.DeleteSecret"))
    signed = sign(make_request())
    assert accept(with_header(signed, b"x-amz-target", b"secretsmanager.DeleteSecret")) is None


def test_s02_unsigned_date_cannot_be_moved() -> None:
    """X-Amz-Date must be signed; Date where it is the time."""
    with pytest.raises(UnsignedHeader):
        accept(sign(make_request([(b"host", b"h"), (b"x-amz-date", STAMP.encode())]), signed=[b"host"]))
    with pytest.raises(UnsignedHeader, match="'Date' must be"):
        accept(sign(make_request([(b"host", b"h"), (b"date", STAMP.encode())]), signed=[b"host"]))


def test_s02_host_must_be_signed_and_there() -> None:
    """A request for one endpoint is not good for another; without Host there is none to check."""
    names = [b"content-type", b"x-amz-date", b"x-amz-target"]
    wording = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
    for request in (sign(make_request(), signed=names), sign(make_request(HEADERS[1:]), signed=names)):
        with pytest.raises(UnsignedHeader) as caught:
            accept(request)
        assert caught.value.message == wording


@pytest.mark.parametrize("name", [b"content-encoding", b"smithy-protocol"])
def test_s02_headers_that_change_the_meaning_of_the_body_must_be_signed(name: bytes) -> None:
    """An encoding or a protocol that is added on the way is refused."""
    with pytest.raises(UnsignedHeader):
        accept(with_header(sign(make_request()), name, b"gzip"))
    assert accept(sign(with_header(make_request(), name, b"gzip"))) is not None


def test_s02_content_type_that_chooses_the_protocol_must_be_signed() -> None:
    """Without a target, only a form may have an unsigned type: PHP signs none, and only forms hang on it."""
    names = [b"host", b"x-amz-date"]
    for kind in (b"application/json", b"application/cbor", b"", b"application/x-www-form-urlencoded-not"):
        headers = [(b"host", b"h"), (b"content-type", kind), (b"x-amz-date", STAMP.encode())]
        with pytest.raises(UnsignedHeader, match="'Content-Type'"):
            accept(sign(make_request(headers), signed=names))
    headers = [(b"host", b"h"), (b"content-type", FORM), (b"x-amz-date", STAMP.encode())]
    assert accept(sign(make_request(headers), signed=names)) is not None
    assert accept(sign(make_request(), signed=[b"host", b"x-amz-date", b"x-amz-target"])) is not None
    headers = [(b"host", b"h"), (b"content-type", b"application/json"), (b"x-amz-date", STAMP.encode())]
    by_path = make_request(headers, path=b"/2015-03-31/functions")
    assert accept(sign(by_path, signed=names)) is not None


def test_s02_headers_of_proxies_need_no_signature() -> None:
    """x-amzn-trace-id and the like are added on the way and are not x-amz-*."""
    request = sign(make_request())
    for name in (b"x-amzn-trace-id", b"x-forwarded-for", b"connection", b"accept-encoding"):
        request = with_header(request, name, b"anything")
    assert accept(request) is not None


def test_s02_presigned_request_takes_no_unsigned_x_amz_header() -> None:
    """The rule holds for the query form as well."""
    request = presign()
    for name in (b"x-amz-date", b"x-amz-target", b"x-amz-security-token"):
        with pytest.raises(UnsignedHeader):
            accept(with_header(request, name, b"x"))
    with pytest.raises(UnsignedHeader):
        accept(presign(headers=[(b"host", b"h"), (b"accept", b"*/*")], signed=[b"accept"]))


# S-05: the payload


def test_s05_content_hash_is_compared_with_the_body() -> None:
    """A right hash passes; a wrong one is refused even where the signature was made with it."""
    digest = hashlib.sha256(BODY).hexdigest().encode()
    assert accept(sign(with_header(make_request(), b"x-amz-content-sha256", digest))) is not None
    request = sign(with_header(make_request(body=b"evil"), b"x-amz-content-sha256", digest), payload=digest)
    with pytest.raises(PayloadHashMismatch) as caught:
        accept(request)
    assert caught.value.kind == "mismatch"
    assert not signature_matches(request, parse_authentication(request), _signing_key())


@pytest.mark.parametrize(
    "word",
    [
        b"UNSIGNED-PAYLOAD",
        b"STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        b"STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        b"STREAMING-",
    ],
)
def test_s05_unsigned_and_streaming_payloads_are_refused(word: bytes) -> None:
    """The body is always under the signature."""
    request = sign(with_header(make_request(), b"x-amz-content-sha256", word), payload=word)
    with pytest.raises(UnsignedPayload) as caught:
        accept(request)
    assert caught.value.kind == "unsigned"
    assert not signature_matches(request, parse_authentication(request), _signing_key())


@pytest.mark.parametrize("name", ["X-Amz-Content-Sha256", "x-amz-content-sha256"])
def test_s05_content_hash_in_the_query_is_compared_too(name: str) -> None:
    """Some signers move the header into the presigned query."""
    digest = hashlib.sha256(b"").hexdigest()
    assert accept(presign(extra=[(name, digest)])) is not None
    with pytest.raises(PayloadHashMismatch):
        accept(presign(extra=[(name, digest)], body=b"evil", payload=digest.encode()))
    with pytest.raises(UnsignedPayload):
        accept(presign(extra=[(name, "UNSIGNED-PAYLOAD")], payload=b"UNSIGNED-PAYLOAD"))


def test_s05_presigned_body_is_hashed() -> None:
    """A body that was not there when signing breaks a presigned request."""
    assert accept(replace(presign(), body=b"{}")) is None


def test_scope_of_the_claim_is_the_scope_of_the_key() -> None:
    """Moving a claim to another region or service breaks its signature even where both are allowed."""
    request = with_authorization(sign(make_request()), b"/eu-central-1/", b"/us-east-1/")
    assert accept(request, region="us-east-1") is None
    request = with_authorization(sign(make_request()), b"/secretsmanager/", b"/kms/")
    assert accept(request, service="kms") is None


def test_checks_are_free_of_state() -> None:
    """The same request is judged the same again."""
    request = sign(make_request())
    for _ in range(2):
        auth = accept(request)
        assert auth is not None
        check_coverage(request, auth)


@given(key=st.binary(min_size=32, max_size=32), text=st.binary(max_size=300))
def test_a_key_that_is_kept_ready_signs_as_hmac_does(key: bytes, text: bytes) -> None:
    """However often it is used: RFC 2104 with SHA-256, as the standard library has it."""
    ready = SigningKey(key)
    wanted = hmac.digest(key, text, "sha256").hex().encode()
    assert [ready.sign(text), ready.sign(b"another"), ready.sign(text)][::2] == [wanted, wanted]
    assert key.hex() not in repr(ready)
