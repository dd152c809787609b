"""The errors of STS, worded as AWS words them; what AWS does not document is worded by us.

Source: identity reference 5.1 and 5.2.
"""

from __future__ import annotations

from strongroom.clock import Instant
from strongroom.errors import Fault


def invalid_arn(arn: str) -> Fault:
    """It is not the ARN of a role."""
    return Fault("ValidationError", f"{arn} is invalid")


def invalid_web_identity_arn() -> Fault:
    """It is not the ARN of a role; said to somebody who is not known yet, so nothing is repeated."""
    return Fault("ValidationError", "Request ARN is invalid")


def root_may_not_assume() -> Fault:
    """The caller is the root of an account."""
    return Fault("AccessDenied", "Roles may not be assumed by root accounts.", status=403)


def session_credentials(operation: str) -> Fault:
    """The operation wants a long-term key."""
    return Fault("AccessDenied", f"Cannot call {operation} with session credentials", status=403)


def longer_than_role_allows() -> Fault:
    """The session is to live longer than the role lets sessions live."""
    return Fault(
        "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    )


def longer_than_chained() -> Fault:
    """A session that assumes a role gets an hour at most."""
    return Fault(
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
    )


def unknown_transitive_key() -> Fault:
    """A key is to go on that no tag has."""
    return Fault(
        "InvalidParameterValue",
        "The specified transitive tag key must be included in the requested tags.",
    )


def duplicate_tag_keys() -> Fault:
    """Two tag keys are the same but for their case."""
    return Fault(
        "InvalidParameterValue",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    )


def reserved_tag_key() -> Fault:
    """A tag key begins with the prefix that belongs to AWS."""
    return Fault("InvalidParameterValue", "Tag keys that begin with aws: are reserved.")


def inherited_tag_key() -> Fault:
    """A tag that goes on from the calling session cannot be set anew."""
    return Fault(
        "InvalidParameterValue",
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
        "from the calling session.",
    )


def other_source_identity() -> Fault:
    """Once it is said who stands behind a session, nothing changes that."""
    return Fault(
        "ValidationError",
        "The specified SourceIdentity differs from the one of the calling session, which cannot be changed.",
    )


def malformed_policy(message: str) -> Fault:
    """The document breaks a rule; the text is that of the policy engine."""
    return Fault("MalformedPolicyDocument", message)


def policy_too_long() -> Fault:
    """The inline policy is longer than AWS documents; the service model of AssumeRole does not say so."""
    return Fault(
        "ValidationError",
        "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length "
        "less than or equal to 2048",
    )


def too_many_policies() -> Fault:
    """More than ten managed policies."""
    return Fault(
        "ValidationError",
        "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length "
        "less than or equal to 10",
    )


def policy_not_found(arn: str) -> Fault:
    """A managed policy is not there, or is of another account."""
    return Fault("ValidationError", f"Policy {arn} does not exist or is not attachable.")


def packed_too_large(percent: int, *, has_policy: bool) -> Fault:
    """Policies and tags do not fit into a token."""
    if has_policy:
        text = f"Packed policy consumes {percent}% of allotted space, please use smaller policy."
    else:
        text = f"Packed size of session tags consumes {percent}% of allotted space."
    return Fault("PackedPolicyTooLarge", text)


def contexts_not_served() -> Fault:
    """Refused rather than ignored: a role may trust on the condition of such a context."""
    return Fault("ValidationError", "ProvidedContexts are not served by Strongroom; leave them out.")


def mfa_unknown() -> Fault:
    """The device is not the caller's, or is not there."""
    return Fault(
        "AccessDenied",
        "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is "
        "valid and associated with this user.",
        status=403,
    )


def mfa_wrong() -> Fault:
    """The code is not right, or was used before."""
    return Fault(
        "AccessDenied", "MultiFactorAuthentication failed with invalid MFA one time pass code. ", status=403
    )


def mfa_incomplete() -> Fault:
    """Only one of the two parts of a second factor was sent."""
    return Fault(
        "ValidationError", "Both SerialNumber and TokenCode are needed for multi-factor authentication."
    )


def invalid_access_key_id() -> Fault:
    """No account can be read from it."""
    return Fault("ValidationError", "The specified AccessKeyId is not valid.")


def invalid_message() -> Fault:
    """The message was not encoded by us."""
    return Fault("InvalidAuthorizationMessageException", "Message is not valid.")


def no_provider(issuer: str) -> Fault:
    """The account has no provider for the issuer of the token."""
    return Fault("InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {issuer}")


def token_unreadable() -> Fault:
    """It is not a signed token of a form and an algorithm that are accepted."""
    return Fault(
        "InvalidIdentityToken",
        "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
    )


def signature_invalid() -> Fault:
    """The provider's key did not make the signature."""
    return Fault("InvalidIdentityToken", "The web identity token has an invalid signature.")


def claim_missing(name: str) -> Fault:
    """The token does not say what it must."""
    return Fault("InvalidIdentityToken", f"Missing a required claim: {name}")


def claim_invalid(name: str) -> Fault:
    """A claim has another form than it must."""
    return Fault("InvalidIdentityToken", f"The claim {name} of the web identity token is not valid.")


def audience_incorrect() -> Fault:
    """The token was made for somebody else."""
    return Fault("InvalidIdentityToken", "Incorrect token audience")


def token_expired(now_ms: Instant, expiry_s: int) -> Fault:
    """The token is too old."""
    return Fault(
        "ExpiredTokenException",
        f"Token expired: current date/time {now_ms // 1000} must be before the expiration date/time {expiry_s}",
    )


def token_not_yet_valid() -> Fault:
    """The token is of the future."""
    return Fault("InvalidIdentityToken", "The web identity token is not valid yet.")


def keys_unavailable() -> Fault:
    """The provider does not give the key of the token."""
    return Fault(
        "InvalidIdentityToken",
        "Couldn't retrieve verification key from your identity provider, please reference "
        "AssumeRoleWithWebIdentity documentation for requirements",
    )


def provider_silent() -> Fault:
    """The provider could not be asked; asking again may help."""
    return Fault("IDPCommunicationError", "The identity provider could not be reached. Try again.")


def not_authorised_web_identity() -> Fault:
    """The role is not there or does not trust the provider: both look alike."""
    return Fault("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", status=403)
