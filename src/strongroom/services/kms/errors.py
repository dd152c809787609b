"""The errors of KMS, worded as AWS words them. All are 400.

Source: identity reference 6.2.
"""

from __future__ import annotations

from strongroom.errors import Fault


def invalid_key_id(key_id: str) -> Fault:
    """A text that is neither a key id nor an ARN nor an alias."""
    return Fault("NotFoundException", f"Invalid keyId '{key_id}'")


def key_not_found(arn: str) -> Fault:
    """There is no such key."""
    return Fault("NotFoundException", f"Key '{arn}' does not exist")


def other_region(region: str) -> Fault:
    """An ARN of a Region that the request does not address."""
    return Fault("NotFoundException", f"Invalid arn {region}")


def alias_not_found(arn: str) -> Fault:
    """There is no such alias."""
    return Fault("NotFoundException", f"Alias {arn} is not found.")


def alias_exists(arn: str) -> Fault:
    """The name is taken."""
    return Fault("AlreadyExistsException", f"An alias with the name {arn} already exists")


def alias_prefix() -> Fault:
    """An alias begins with ``alias/``."""
    return Fault(
        "ValidationException",
        'Alias must start with the prefix "alias/". Please see '
        "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
    )


def alias_characters() -> Fault:
    """An alias has other characters than aliases have."""
    return Fault("InvalidAliasNameException", "Alias contains invalid characters for an alias")


def alias_reserved() -> Fault:
    """``alias/aws/`` belongs to the keys of services."""
    return Fault("NotAuthorizedException", "")


def invalid_ciphertext() -> Fault:
    """Another encryption context, changed or cut bytes: all alike, and without a text."""
    return Fault("InvalidCiphertextException", "")


def foreign_ciphertext() -> Fault:
    """A ciphertext names a key that is not there, or one of another account that the caller may not use."""
    return Fault(
        "AccessDeniedException",
        "The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
        "or you are not allowed to access.",
    )


def incorrect_key() -> Fault:
    """The key that the caller named is not the one of the ciphertext."""
    return Fault(
        "IncorrectKeyException",
        "The key ID in the request does not identify a CMK that can perform this operation.",
    )


def disabled(arn: str) -> Fault:
    """The key is disabled."""
    return Fault("DisabledException", f"{arn} is disabled.")


def pending_deletion(arn: str) -> Fault:
    """The key waits for its deletion."""
    return Fault("KMSInvalidStateException", f"{arn} is pending deletion.")


def not_pending_deletion(arn: str) -> Fault:
    """There is no deletion to cancel."""
    return Fault("KMSInvalidStateException", f"{arn} is not pending deletion.")


def wrong_algorithm(arn: str, algorithm: str) -> Fault:
    """A symmetric key encrypts with SYMMETRIC_DEFAULT alone."""
    return Fault("InvalidKeyUsageException", f"{arn} cannot be used with the algorithm {algorithm}.")


def dry_run() -> Fault:
    """Everything was checked, and nothing was done, as asked."""
    return Fault(
        "DryRunOperationException", "The request would have succeeded, but the DryRun option is set."
    )


def validation(message: str) -> Fault:
    """A parameter has a value that the operation does not take."""
    return Fault("ValidationException", message)


def violated(member: str, value: object, constraint: str) -> Fault:
    """A bound that the service has and the model has not, in the words of bounds."""
    return validation(
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    )


def key_usage_missing() -> Fault:
    """Only a symmetric encryption key has a usage by itself."""
    return validation(
        "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
    )


def unsupported(message: str) -> Fault:
    """A form of an operation that is not served."""
    return Fault("UnsupportedOperationException", message)


def malformed_policy(message: str) -> Fault:
    """A key policy breaks a rule of the policy language."""
    return Fault("MalformedPolicyDocumentException", message)


def locked_out() -> Fault:
    """The caller could not change the policy again."""
    return malformed_policy("The new key policy will not allow you to update the key policy in the future.")


def invalid_principals() -> Fault:
    """The policy names somebody who does not exist."""
    return malformed_policy("Policy contains a statement with one or more invalid principals.")


def policy_not_found(name: str) -> Fault:
    """The one policy of a key is called ``default``."""
    return Fault("NotFoundException", f"No such policy exists: {name}")


def limit_exceeded(message: str) -> Fault:
    """A quota is used up."""
    return Fault("LimitExceededException", message)


def rotations_exhausted(arn: str) -> Fault:
    """The on-demand rotations of a key are counted."""
    return limit_exceeded(
        "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be "
        f"performed for this key: {arn}"
    )


def too_many_tags() -> Fault:
    """A key has at most 50 tags."""
    return Fault("TagException", "Too many tags")


def duplicate_tag_keys() -> Fault:
    """A tag key stands twice in a request."""
    return Fault("TagException", "Duplicate tag keys")


def reserved_tag_key() -> Fault:
    """Tag keys that begin with ``aws:`` are AWS's."""
    return Fault("TagException", "Tags beginning with aws: are reserved")


def refused_tag() -> Fault:
    """Wildcards and control characters must not come into policies by way of tags (P-05)."""
    return Fault("TagException", "Tags can't contain *, ? or control characters")


def invalid_marker() -> Fault:
    """The marker is not ours, or was given out for another question or another caller."""
    return Fault("InvalidMarkerException", "Invalid marker")


def invalid_grant_token() -> Fault:
    """A grant token is not one of ours."""
    return Fault("InvalidGrantTokenException", "Invalid grant token")


def grant_not_found(grant_id: str) -> Fault:
    """The key has no such grant."""
    return Fault("NotFoundException", f"Grant ID {grant_id} not found")


def invalid_arn(message: str) -> Fault:
    """An ARN that cannot be one of a principal."""
    return Fault("InvalidArnException", message)
