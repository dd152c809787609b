"""The shapes of IAM against the service model, and the completeness of its tables."""

from __future__ import annotations

from typing import Any

from strongroom.gateway.operation import Mode, Operation
from strongroom.services.iam import SERVICE
from strongroom.wire.describe import describe
from strongroom.wire.shapes import Shape
from tests.wire.conformance import Declared, check, load_model

OWN_TEXT = "AWS words wrong characters in its own way; lookup.py checks them"
CHECKED_BY_US = {
    "UserName",
    "RoleName",
    "GroupName",
    "PolicyName",
    "InstanceProfileName",
    "VirtualMFADeviceName",
    "Path",
}
BOUNDARY_TYPE = "AWS documents and sends Policy, whatever its service model says"
SOURCE_TYPE = "AWS sends IAM Policy and Resource Policy (recorded), whatever its service model says"
NO_TEMPLATES = "there are no role templates, so no role was made from one"
ROLES_SHOWN = (
    "CreateRole.response.Role",
    "GetRole.response.Role",
    "ListRoles.response.Roles.member",
    "UpdateRoleDescription.response.Role",
    "CreateInstanceProfile.response.InstanceProfile.Roles.member",
    "GetInstanceProfile.response.InstanceProfile.Roles.member",
    "ListInstanceProfiles.response.InstanceProfiles.member.Roles.member",
    "ListInstanceProfilesForRole.response.InstanceProfiles.member.Roles.member",
)


def _checked_members(operation: Operation[Any, Any]) -> set[str]:
    shape: type[Shape] = operation.request
    members = describe(shape)
    return {each.wire_name for each in members if each.wire_name.removeprefix("New") in CHECKED_BY_US}


ALLOWED = {
    **{
        f"{operation}.response.EvaluationResults.member.MatchedStatements.member.SourcePolicyType.enum": SOURCE_TYPE
        for operation in ("SimulateCustomPolicy", "SimulatePrincipalPolicy")
    },
    **{
        f"{operation.name}.request.{member}.pattern": OWN_TEXT
        for operation in SERVICE.operations
        for member in _checked_members(operation)
    },
    **{
        f"{place}.PermissionsBoundary.PermissionsBoundaryType.enum": BOUNDARY_TYPE
        for place in (
            *ROLES_SHOWN,
            "CreateUser.response.User",
            "CreateVirtualMFADevice.response.VirtualMFADevice.User",
            "GetAccountAuthorizationDetails.response.UserDetailList.member",
            "GetGroup.response.Users.member",
            "GetUser.response.User",
            "ListUsers.response.Users.member",
            "ListVirtualMFADevices.response.VirtualMFADevices.member.User",
        )
    },
    **{
        f"{place}.SourceRoleTemplate.missing": NO_TEMPLATES
        for place in (
            *ROLES_SHOWN,
            "GetAccountAuthorizationDetails.response.RoleDetailList.member.InstanceProfileList.member.Roles.member",
        )
    },
}


def test_every_shape_agrees_with_the_service_model() -> None:
    """Members, types and constraints are AWS's, but for the differences that have a reason."""
    check(
        load_model("iam"),
        {each.name: Declared(each.request, each.response) for each in SERVICE.operations},
        allowed=ALLOWED,
    )


def test_every_operation_of_the_model_is_served_or_refused_with_a_reason() -> None:
    """No operation is forgotten, and none stands in both tables."""
    served = {operation.name for operation in SERVICE.operations}
    assert not served & SERVICE.unserved.keys()
    assert served | SERVICE.unserved.keys() == set(load_model("iam")["operations"])
    assert all(reason.endswith(".") for reason in SERVICE.unserved.values())


def test_p02_every_operation_asks_the_evaluator_for_the_action_of_its_name() -> None:
    """IAM has no operation that is open to everybody."""
    assert [each.action for each in SERVICE.operations] == [f"iam:{each.name}" for each in SERVICE.operations]


def test_only_operations_that_change_something_run_as_changes() -> None:
    """Get and List never take a turn of the writer."""
    for operation in SERVICE.operations:
        reads = operation.name.startswith(("Get", "List", "Simulate"))
        assert (operation.mode is not Mode.CHANGE) == reads
