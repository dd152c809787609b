"""The operations of IAM that are not served, each with the reason that the client is told.

Rules:
 - Every operation of the service model stands either here or in the table of operations; a test compares.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_NOT_KEPT: Final = (
    "only the last use of each access key and role is kept: see GetAccessKeyLastUsed and GetRole."
)
_NOT_MEANT: Final = "it is not among the operations that Strongroom means to serve."

_BY_REASON: Final[Mapping[str, tuple[str, ...]]] = {
    _NOT_KEPT: (
        "GenerateServiceLastAccessedDetails",
        "GetServiceLastAccessedDetails",
        "GetServiceLastAccessedDetailsWithEntities",
    ),
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
        "GetAccountProperties",
        "GetDelegationRequest",
        "GetHumanReadableSummary",
        "GetOrganizationsAccessReport",
        "GetOutboundWebIdentityFederationInfo",
        "GetRoleTemplateVersion",
        "GetSAMLProvider",
        "GetSSHPublicKey",
        "GetServerCertificate",
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
