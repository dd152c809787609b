"""The errors of Lambda, worded as AWS words them; what AWS does not document is worded by us.

Source: audit reference 5.1 to 5.4.
"""

from __future__ import annotations

from typing import Final

from strongroom.errors import Fault

LOWER_CODES: Final = frozenset(
    {
        *("AliasLimitExceededException", "CodeStorageExceededException", "InvalidParameterValueException"),
        *("InvalidRequestContentException", "PolicyLengthExceededException", "PreconditionFailedException"),
        *("RequestEntityTooLargeException", "RequestTooLargeException", "SerializationException"),
        *("TooManyRequestsException", "UnsupportedMediaTypeException", "ValidationException"),
    }
)
"""Codes whose text is under ``message``; the others' is under ``Message`` (recorded)."""


def invalid(message: str) -> Fault:
    """A parameter that cannot be."""
    return Fault("InvalidParameterValueException", message)


def violated(value: object, member: str, constraint: str) -> Fault:
    """A constraint that the service model does not have, worded as those that it has."""
    return Fault(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}",
    )


def not_served(what: str) -> Fault:
    """Something of AWS that Strongroom does not have."""
    return invalid(f"{what} is not served by Strongroom.")


def function_not_found(arn: str) -> Fault:
    """There is no such function, version or alias."""
    return Fault("ResourceNotFoundException", f"Function not found: {arn}", status=404)


def other_region(asked: str, here: str) -> Fault:
    """The ARN of a function in another Region."""
    return Fault(
        "ResourceNotFoundException",
        f"Functions from '{asked}' are not reachable in this region ('{here}')",
        status=404,
    )


def function_exists(name: str) -> Fault:
    """The name is taken."""
    return Fault("ResourceConflictException", f"Function already exist: {name}", status=409)


def built_in(name: str) -> Fault:
    """A function that belongs to Strongroom."""
    return invalid(f"The function {name} is built in: it can be neither changed nor deleted.")


def qualifiers_differ() -> Fault:
    """Two qualifiers."""
    return invalid("The derived qualifier from the function name does not match the specified qualifier.")


def qualifier_not_here() -> Fault:
    """A qualifier where the whole function is meant."""
    return invalid(
        "This operation is permitted on Lambda functions only. Aliases and versions are not supported."
    )


def revision_differs() -> Fault:
    """The function is not as the caller last saw it."""
    return Fault(
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to "
        "retrieve the latest Revision Id",
        status=412,
    )


def policy_revision_differs() -> Fault:
    """The policy is not as the caller last saw it."""
    return Fault(
        "PreconditionFailedException",
        "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the "
        "latest Revision Id",
        status=412,
    )


def role_not_assumable() -> Fault:
    """The role does not trust Lambda, or is not there."""
    return invalid("The role defined for the function cannot be assumed by Lambda.")


def bad_archive(cause: str) -> Fault:
    """An archive that breaks a rule; the cause is for operators."""
    return Fault(
        "InvalidParameterValueException",
        "Could not unzip uploaded file. Please check your file, then try to upload again.",
        cause=cause,
    )


def empty_archive() -> Fault:
    """An archive without anything in it."""
    return invalid("Uploaded file must be a non-empty zip")


def unzipped_too_large() -> Fault:
    """Code that is too large, layers included."""
    return invalid("Unzipped size must be smaller than 262144000 bytes")


def zipped_too_large() -> Fault:
    """An archive that is too large."""
    return Fault(
        "RequestEntityTooLargeException", "Zipped size must be smaller than 52428800 bytes", status=413
    )


def code_storage_exceeded() -> Fault:
    """The account keeps too much code."""
    return Fault("CodeStorageExceededException", "Code storage limit exceeded.")


def unsupported_runtime(runtime: str) -> Fault:
    """A runtime that AWS has too, but that is not here."""
    return invalid(f"The runtime {runtime} is not served by Strongroom: it runs Python and Node.js.")


def deprecated_runtime(runtime: str) -> Fault:
    """A runtime whose time is over."""
    return invalid(
        f"The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. "
        "We recommend you use a supported runtime while creating or updating functions."
    )


def environment_too_large(measured: str) -> Fault:
    """Too many variables. What was measured is not shown: the values are secrets."""
    return invalid(
        "Lambda was unable to configure your environment variables because the environment variables you have "
        f"provided exceeded the 4KB limit. String measured: {measured}"
    )


def reserved_variables(names: str) -> Fault:
    """Variables that the runtime sets."""
    return invalid(
        "Lambda was unable to configure your environment variables because the environment variables you have "
        "provided contains reserved keys that are currently not supported for modification. Reserved keys used in "
        f"this request: {names}"
    )


def layer_not_found(arn: str) -> Fault:
    """A layer version that is not there."""
    return invalid(f"Layer version {arn} does not exist.")


def layer_version_not_found() -> Fault:
    """A layer version that is asked for."""
    return Fault("ResourceNotFoundException", "The resource you requested does not exist.", status=404)


def resource_not_found() -> Fault:
    """A function without a policy, or none."""
    return Fault("ResourceNotFoundException", "The resource you requested does not exist.", status=404)


def no_policy() -> Fault:
    """A function without a policy."""
    return Fault("ResourceNotFoundException", "No policy is associated with the given resource.", status=404)


def statement_not_found(statement_id: str) -> Fault:
    """A policy without this statement."""
    return Fault(
        "ResourceNotFoundException", f"Statement {statement_id} is not found in resource policy.", status=404
    )


def statement_exists(statement_id: str) -> Fault:
    """A policy with this statement."""
    return Fault(
        "ResourceConflictException",
        f"The statement id ({statement_id}) provided already exists. Please provide a new statement id, or remove "
        "the existing statement.",
        status=409,
    )


def invalid_principal() -> Fault:
    """A principal that cannot be."""
    return invalid("The provided principal was invalid. Please check the principal and try again.")


def policy_for_latest() -> Fault:
    """A policy for ``$LATEST``."""
    return invalid("We currently do not support adding policies for $LATEST.")


def policy_too_long() -> Fault:
    """A policy that has grown too long."""
    return Fault(
        "PolicyLengthExceededException",
        "The final policy size is bigger than the limit (20480).",
    )


def invalid_marker() -> Fault:
    """A marker that was not given to this caller for this question."""
    return invalid("Invalid value for marker")


def alias_exists(arn: str) -> Fault:
    """The name is taken."""
    return Fault("ResourceConflictException", f"Alias already exists: {arn}", status=409)


def alias_not_found(arn: str) -> Fault:
    """There is no such alias."""
    return Fault("ResourceNotFoundException", f"Cannot find alias arn: {arn}", status=404)


def too_many_aliases() -> Fault:
    """More aliases than a function may have here."""
    return Fault("AliasLimitExceededException", "A function can have at most 100 aliases.")


def version_has_alias(arns: str) -> Fault:
    """A version that an alias names."""
    return Fault(
        "ResourceConflictException", f"Version is used by alias(es), can't delete: [{arns}]", status=409
    )


def malformed_payload(reason: str) -> Fault:
    """A payload that is no JSON."""
    return Fault(
        "InvalidRequestContentException",
        f"Could not parse request body into json: Could not parse payload into json: {reason}",
    )


def payload_too_large(given: int, most: int) -> Fault:
    """A payload that is too large."""
    return Fault(
        "RequestTooLargeException",
        f"{given} byte payload is too large for the Event invocation type (limit {most} bytes)",
        status=413,
    )


def throttled(reason: str) -> Fault:
    """Too many invocations at once."""
    return Fault("TooManyRequestsException", "Rate Exceeded.", status=429, details={"Reason": reason})


def runner_unavailable(cause: str) -> Fault:
    """The function cannot be run now; why is for operators."""
    return Fault(
        "ServiceException", "The function cannot be run on this server now.", status=500, cause=cause
    )


def invalid_client_context() -> Fault:
    """A client context that is no base64 of a JSON object."""
    return Fault(
        "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object."
    )


def sha_differs(given: str, present: str) -> Fault:
    """The code is not the one that the caller means."""
    return invalid(
        f"CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({present}). Please try again with "
        "the CodeSHA256 in $LATEST."
    )


def unreserved_too_few(least: int) -> Fault:
    """A reservation that leaves too little for the others."""
    return invalid(
        "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below "
        f"its minimum value of [{least}]."
    )


def no_event_rules(arn: str) -> Fault:
    """A function without rules for its events."""
    return Fault(
        "ResourceNotFoundException", f"The function {arn} doesn't have an EventInvokeConfig", status=404
    )


def role_gone() -> Fault:
    """The role of a function cannot be assumed any more."""
    return Fault(
        "AccessDeniedException", "The role defined for the function cannot be assumed by Lambda.", status=403
    )


def not_invoked_here(name: str) -> Fault:
    """A built-in function that somebody wants to invoke."""
    return invalid(f"The function {name} is built in: it is invoked by rotations only.")
