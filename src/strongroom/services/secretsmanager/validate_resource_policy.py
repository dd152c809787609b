"""ValidateResourcePolicy: say what would be wrong with a resource policy, without attaching it.

Three checks: its form, broad access, and whether the caller would lock itself out. All that fail are told. The
caller needs PutResourcePolicy as well. AWS publishes no names of the checks; these are ours.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ValidateResourcePolicy.html; Secrets
Manager reference 12.
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.errors import Fault
from strongroom.gateway.authorisation import authorise
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.secretsmanager import errors
from strongroom.services.secretsmanager.lookup import find_target, live
from strongroom.services.secretsmanager.policy_principals import bind_principals
from strongroom.services.secretsmanager.resource_policies import grants_broad_access, locks_out, read_policy
from strongroom.services.secretsmanager.shapes import ResourcePolicy, SecretId, SecretName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """The policy, and the secret that it is meant for."""

    secret_id: SecretId | None = None
    resource_policy: ResourcePolicy


class ValidationErrorsEntry(Shape):
    """One check that failed."""

    check_name: SecretName | None = None
    error_message: str | None = None


class Response(Shape):
    """Whether all checks passed, and those that did not."""

    policy_validation_passed: bool | None = None
    validation_errors: list[ValidationErrorsEntry] | None = None


def target(context: Context, request: Request) -> Target:
    """Name the secret, or no resource when there is none."""
    if request.secret_id is None:
        return Target("*", context.account)
    return find_target(context, request.secret_id)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Run the checks."""
    authorise(context, "secretsmanager:PutResourcePolicy", target)
    if request.secret_id is not None:
        live(target)
    failed = list(_failed_checks(context, request.resource_policy, target))
    return Response(policy_validation_passed=not failed, validation_errors=failed)


def _failed_checks(context: Context, text: str, target: Target) -> Iterator[ValidationErrorsEntry]:
    try:
        document = read_policy(text)
        bind_principals(context.rows, document)
    except Fault as fault:
        yield ValidationErrorsEntry(check_name="Syntax", error_message=fault.message)
        return  # what cannot be read cannot be judged
    if grants_broad_access(document):
        yield ValidationErrorsEntry(check_name="BroadAccess", error_message=errors.public_policy().message)
    if locks_out(context, document, target):
        yield ValidationErrorsEntry(
            check_name="Lockout",
            error_message="Your requested changes will not allow you to manage this secret in the future.",
        )


VALIDATE_RESOURCE_POLICY = Operation(
    name="ValidateResourcePolicy",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="secretsmanager:ValidateResourcePolicy",
    target=target,
    handle=handle,
    recorded_request=("secret_id", "resource_policy"),
)
