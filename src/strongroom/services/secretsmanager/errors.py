"""The errors of Secrets Manager, worded as AWS words them.

Source: Secrets Manager reference, section 18; ``[R]`` there marks texts recorded on AWS.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from strongroom.errors import Fault
from strongroom.schedule.errors import (
    DaysOutOfRange,
    DurationExceedsInterval,
    DurationOutOfRange,
    ExpressionMalformed,
    HoursOutOfRange,
    ScheduleRefused,
    WindowExceedsDay,
)


def secret_not_found() -> Fault:
    """There is no such secret."""
    return Fault("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")


def stage_not_found(stage: str) -> Fault:
    """No version with a value carries this staging label."""
    return Fault(
        "ResourceNotFoundException",
        f"Secrets Manager can't find the specified secret value for staging label: {stage}",
    )


def version_not_found(version_id: str) -> Fault:
    """There is no such version, or it has no value yet."""
    return Fault(
        "ResourceNotFoundException",
        f"Secrets Manager can't find the specified secret value for VersionId: {version_id}",
    )


def stage_not_of_version() -> Fault:
    """Version id and staging label point at different versions."""
    return Fault(
        "InvalidRequestException",
        "You provided a VersionStage that is not associated to the provided VersionId.",
    )


def marked_for_deletion() -> Fault:
    """The secret waits for its deletion."""
    return Fault(
        "InvalidRequestException",
        "You can't perform this operation on the secret because it was marked for deletion.",
    )


def name_is_being_deleted() -> Fault:
    """The name belongs to a secret that waits for its deletion."""
    return Fault(
        "InvalidRequestException",
        "You can't create this secret because a secret with this name is already scheduled for deletion.",
    )


def name_exists(name: str) -> Fault:
    """The name is taken."""
    return Fault("ResourceExistsException", f"The operation failed because the secret {name} already exists.")


def token_reused(token: str, arn: str) -> Fault:
    """The token names a version with other content."""
    return Fault(
        "ResourceExistsException",
        f"You can't use ClientRequestToken {token} because that value is already in use for a version of "
        f"secret {arn}.",
    )


def token_missing() -> Fault:
    """The SDKs fill the token; a caller without SDK has to."""
    return Fault(
        "InvalidRequestException",
        "You must provide a ClientRequestToken value. We recommend a UUID-type value.",
    )


def value_missing() -> Fault:
    """Neither a string nor a binary value was given."""
    return Fault("InvalidRequestException", "You must provide either SecretString or SecretBinary.")


def two_values() -> Fault:
    """Both a string and a binary value were given."""
    return Fault(
        "InvalidParameterException",
        "You can't specify both a binary secret value and a string secret value in the same secret.",
    )


def invalid_name() -> Fault:
    """A name, or a secret id that is no ARN, has other characters than names have."""
    return Fault(
        "ValidationException",
        "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: "
        "-/_+=.@!",
    )


def default_key_across_accounts() -> Fault:
    """The default key serves its own account only."""
    return Fault(
        "InvalidRequestException",
        "You can't access a secret from a different AWS account if you encrypt the secret with the default "
        "KMS service key.",
    )


def kms_refused() -> Fault:
    """The key does not exist, or the caller may not use it."""
    return Fault("AccessDeniedException", "Access to KMS is not allowed")


def invalid_key(message: str) -> Fault:
    """The key that a request names is none; what KMS says stands behind."""
    return Fault("InvalidRequestException", f"The operation failed because of an invalid KMS key: {message}")


def cannot_decrypt() -> Fault:
    """The value does not open: the key is not usable, or the stored bytes were changed or moved."""
    return Fault(
        "DecryptionFailure",
        "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
    )


def cannot_encrypt() -> Fault:
    """The key cannot encrypt now."""
    return Fault(
        "EncryptionFailure",
        "Secrets Manager can't encrypt the protected secret text using the provided KMS key. Check that the "
        "KMS key is available, enabled, and not in an invalid state.",
    )


def too_many_labels() -> Fault:
    """A secret has at most 20 staging labels."""
    return Fault("LimitExceededException", "A secret can have at most 20 staging labels.")


def too_many_versions() -> Fault:
    """A secret has about 100 versions; those younger than a day are never removed to make room."""
    return Fault("LimitExceededException", "You've reached the quota of versions for this secret.")


def invalid_parameter(message: str) -> Fault:
    """A parameter has a value that the operation does not take."""
    return Fault("InvalidParameterException", message)


def value_too_long(member: str) -> Fault:
    """A value has more than 65,536 bytes; the text never repeats it."""
    return Fault(
        "ValidationException",
        f"1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have "
        "length less than or equal to 65536",
    )


def malformed_policy(message: str) -> Fault:
    """A resource policy breaks a rule of the policy language; the evaluator's message is AWS's."""
    return Fault("MalformedPolicyDocumentException", message)


def public_policy() -> Fault:
    """The resource policy would let in everybody, and the caller asked for that to be refused."""
    return Fault(
        "PublicPolicyException",
        "You can't attach a resource-based policy that allows broad access to the secret.",
    )


def policy_name_not_found() -> Fault:
    """A secret has one policy, and its name is ``default``."""
    return Fault("ResourceNotFoundException", "Secrets Manager can't find the specified resource policy.")


def no_version_named() -> Fault:
    """Moving a label needs a version to take it from or one to give it to."""
    return Fault(
        "InvalidParameterException", "You must provide either RemoveFromVersionId or MoveToVersionId."
    )


def holder_not_named(stage: str, holder: str) -> Fault:
    """A label moves only when the caller says where it is now."""
    return Fault(
        "InvalidParameterException",
        f"The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to "
        f"version {holder}, so you must explicitly reference that version in RemoveFromVersionId.",
    )


def not_the_holder(stage: str) -> Fault:
    """The caller is wrong about where the label is."""
    return Fault(
        "InvalidParameterException",
        f"When you move staging label {stage}, if you specify RemoveFromVersionId, it must be set to the "
        f"version that currently has the staging label {stage}.",
    )


def current_must_stay(stage: str) -> Fault:
    """AWSCURRENT is moved, never taken away."""
    return Fault(
        "InvalidParameterException",
        f"You can't remove staging label {stage} without moving it to another version; specify "
        "MoveToVersionId.",
    )


def recovery_window_out_of_range() -> Fault:
    """The recovery window is 7 to 30 days."""
    return Fault(
        "InvalidParameterException",
        "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
    )


def window_with_force() -> Fault:
    """Deletion without recovery has no recovery window."""
    return Fault(
        "InvalidParameterException",
        "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
    )


def invalid_next_token() -> Fault:
    """The token is not ours, or was given out for another question or another caller."""
    return Fault("InvalidNextTokenException", "The NextToken value is invalid.")


def password_too_short() -> Fault:
    """Fewer characters than required types."""
    return Fault("InvalidParameterException", "Password length is too short based on the required types.")


def required_type_excluded() -> Fault:
    """Nothing is left of a type that is required."""
    return Fault("InvalidParameterException", "All characters of the desired type have been excluded.")


def every_character_excluded() -> Fault:
    """Nothing is left at all."""
    return Fault("InvalidParameterException", "All characters have been excluded from selection.")


def rotation_token_missing() -> Fault:
    """As ``token_missing``; RotateSecret has another code (recorded)."""
    return Fault(
        "InvalidParameterException",
        "You must provide a ClientRequestToken value. We recommend a UUID-type value.",
    )


def rotation_token_reused(token: str, arn: str) -> Fault:
    """The token names a version that another call made."""
    return Fault(
        "InvalidParameterException",
        f"You can't use ClientRequestToken {token} because that value is already in use for a version of "
        f"secret {arn}.",
    )


def rotation_token_refused() -> Fault:
    """A write claims to be that of a rotation that is not under way."""
    return Fault(
        "InvalidParameterException",
        "The RotationToken isn't valid for a rotation of this secret that is in progress.",
    )


def no_rotation_function() -> Fault:
    """No function was given, none is stored, and the secret's JSON has no known engine (recorded)."""
    return Fault("InvalidRequestException", "No Lambda rotation function ARN is associated with this secret.")


def rotation_function_refused() -> Fault:
    """The function is not there, or does not let the service invoke it (recorded)."""
    return Fault(
        "AccessDeniedException",
        "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants "
        "access to the principal secretsmanager.amazonaws.com.",
    )


def invalid_rotation_function() -> Fault:
    """What was given is not the ARN of a function of this Region."""
    return Fault(
        "InvalidParameterException",
        "Invalid rotation Lambda ARN. Ensure the ARN matches format "
        "arn:aws:lambda:<region>:<account>:function:<functionName>.",
    )


def rotation_not_complete(*, is_driven: bool) -> Fault:
    """A rotation is in progress; when it is ours it is tried again at once, and that change stands."""
    return Fault(
        "InvalidRequestException",
        "A previous rotation isn't complete. That rotation will be reattempted.",
        lets_changes_stand=is_driven,
    )


def frequency_with_expression() -> Fault:
    """Days and an expression exclude each other."""
    return Fault(
        "InvalidParameterException",
        "You cannot specify both rotation frequency and schedule expression together.",
    )


_SCHEDULE_TEXTS: Final[Mapping[type[ScheduleRefused], str]] = {
    ExpressionMalformed: "Invalid schedule expression.",
    HoursOutOfRange: "Rate in hour should be least 4 and less than 24.",
    DaysOutOfRange: "Rate in day should be greater than 0 and less than 1000.",
    DurationOutOfRange: "Duration must be at least 1 hour, at most 24 hour.",
    DurationExceedsInterval: "Duration cannot be greater than Rate in hour.",
    WindowExceedsDay: "Starting hour and duration must be within a day.",
}


def schedule_refused(problem: ScheduleRefused) -> Fault:
    """The schedule breaks a rule; the texts are AWS's."""
    return Fault("InvalidParameterException", _SCHEDULE_TEXTS[type(problem)])


def duration_without_schedule() -> Fault:
    """A duration says how long windows are, but nothing says when they open."""
    return Fault(
        "InvalidParameterException", "You must specify a rotation schedule together with a Duration."
    )


def not_fit_for_rotation(what: str) -> Fault:
    """The value is not as the rotation function needs it; ``what`` names members, never values."""
    return Fault("InvalidRequestException", f"The secret value can't be rotated by this function: {what}.")
