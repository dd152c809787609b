"""Signature Version 4, the verifying side: pure functions over a received request.

Rules:
 - A signature is checked over the bytes that arrived, never over decoded or joined forms (threat model S-01).
 - Whatever two readers could read differently is refused, not repaired (S-03).
 - No input or output, no clock, no key storage: the caller brings the time and the key.

The gateway calls, in this order::

    auth = parse_authentication(request)          what the client claims
    check_scope(auth, service=..., regions=...)   S-06
    check_time(auth, now_ms=...)                  S-07
    check_coverage(request, auth)                 S-02, S-05
    signature_matches(request, auth, key)         S-08; the claim is proved only here

Not here: whether an operation may be presigned, whether the key and its token are valid, AWS error codes.
"""

from strongroom.sigv4.authentication import Authentication, parse_authentication
from strongroom.sigv4.canonical import derive_signing_key
from strongroom.sigv4.errors import SignatureMismatch, SigV4Error
from strongroom.sigv4.verify import check_coverage, check_scope, check_time, signature_matches

__all__ = [
    "Authentication",
    "SigV4Error",
    "SignatureMismatch",
    "check_coverage",
    "check_scope",
    "check_time",
    "derive_signing_key",
    "parse_authentication",
    "signature_matches",
]
