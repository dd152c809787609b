"""The operations of IAM that are not served, each with the reason that the client is told.

Rules:
 - Every operation of the service model stands either here or in the table of operations; a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_NO_REPORTS: Final = (
    "this version does not report on accounts yet; ListUsers and ListAccessKeys show users and keys."
)
_NOT_MEANT: Final = "it is not among the operations that Strongroom means to serve."

_BY_REASON: Final[Mapping[str, tuple[str, ...]]] = {
    _NO_REPORTS: ("GetAccountAuthorizationDetails",),
    _NOT_MEANT: (
        "AcceptDelegationRequest",
        "AcquireRole",
        "AssociateDelegationRequest",
        "CreateDelegationRequest",
        "CreateSAMLProvider",
        "CreateServiceLinkedRole",
        "CreateServiceSpecificCredential",
        "DeleteSAMLProvider",
        "DeleteSSHPublicKey",
        "DeleteServerCertificate",
        "DeleteServiceLinkedRole",
        "DeleteServiceSpecificCredential",
        "DeleteSigningCertificate",
        "DisableOrganizationsRootCredentialsManagement",
        "DisableOrganizationsRootSessions",
        "DisableOutboundWebIdentityFederation",
        "EnableOrganizationsRootCredentialsManagement",
        "EnableOrganizationsRootSessions",
        "EnableOutboundWebIdentityFederation",
        "GenerateOrganizationsAccessReport",
        "GenerateServiceLastAccessedDetails",
        "GetAccountProperties",
        "GetDelegationRequest",
        "GetHumanReadableSummary",
        "GetOrganizationsAccessReport",
        "GetOutboundWebIdentityFederationInfo",
        "GetRoleTemplateVersion",
        "GetSAMLProvider",
        "GetSSHPublicKey",
        "GetServerCertificate",
        "GetServiceLastAccessedDetails",
        "GetServiceLastAccessedDetailsWithEntities",
        "GetServiceLinkedRoleDeletionStatus",
        "ListDelegationRequests",
        "ListOrganizationsFeatures",
        "ListPoliciesGrantingServiceAccess",
        "ListSAMLProviderTags",
        "ListSAMLProviders",
        "ListSSHPublicKeys",
        "ListServerCertificateTags",
        "ListServerCertificates",
        "ListServiceSpecificCredentials",
        "ListSigningCertificates",
        "PutAccountProperties",
        "RejectDelegationRequest",
        "ResetServiceSpecificCredential",
        "SendDelegationToken",
        "SetSecurityTokenServicePreferences",
        "TagSAMLProvider",
        "TagServerCertificate",
        "UntagSAMLProvider",
        "UntagServerCertificate",
        "UpdateDelegationRequest",
        "UpdateSAMLProvider",
        "UpdateSSHPublicKey",
        "UpdateServerCertificate",
        "UpdateServiceSpecificCredential",
        "UpdateSigningCertificate",
        "UploadSSHPublicKey",
        "UploadServerCertificate",
        "UploadSigningCertificate",
    ),
}

UNSERVED: Final[Mapping[str, str]] = {name: reason for reason, names in _BY_REASON.items() for name in names}
"""The reason by the name of the operation."""
