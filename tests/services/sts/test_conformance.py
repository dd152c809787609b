"""The shapes of STS against the service model, and the completeness of its tables."""

from __future__ import annotations

from strongroom.services.sts import SERVICE
from tests.wire.conformance import Declared, check, load_model

OURS = "the ARN is ours; the model's escapes are Java's"
FOUND_OR_NOT = "it only leaves out control characters; an ARN that has any is refused or found nowhere"


def test_every_shape_agrees_with_the_service_model() -> None:
    """Members, types and constraints are AWS's."""
    check(
        load_model("sts"),
        {each.name: Declared(each.request, each.response) for each in SERVICE.operations},
        allowed={
            "GetCallerIdentity.response.Arn.pattern": OURS,
            "AssumeRole.response.AssumedRoleUser.Arn.pattern": OURS,
            "GetFederationToken.response.FederatedUser.Arn.pattern": OURS,
            "AssumeRoleWithWebIdentity.response.AssumedRoleUser.Arn.pattern": OURS,
            "AssumeRoleWithWebIdentity.request.RoleArn.pattern": FOUND_OR_NOT,
            "AssumeRoleWithWebIdentity.request.PolicyArns.member.arn.pattern": FOUND_OR_NOT,
            "AssumeRole.request.RoleArn.pattern": FOUND_OR_NOT,
            "AssumeRole.request.PolicyArns.member.arn.pattern": FOUND_OR_NOT,
            "AssumeRole.request.ProvidedContexts.member.ProviderArn.pattern": FOUND_OR_NOT,
            "GetFederationToken.request.PolicyArns.member.arn.pattern": FOUND_OR_NOT,
        },
    )


def test_every_operation_of_the_model_is_served_or_refused_with_a_reason() -> None:
    """No operation is forgotten, and none stands in both tables."""
    served = {operation.name for operation in SERVICE.operations}
    assert not served & SERVICE.unserved.keys()
    assert served | SERVICE.unserved.keys() == set(load_model("sts")["operations"])
